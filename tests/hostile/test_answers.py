"""Answers that lie: about whom they are, and about where the files are."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from archiver.domain.identity import AssetName
from archiver.domain.outcome import Outcome
from archiver.domain.sidecar import AssetStatus
from archiver.transport.options import HttpEngine
from tests.runs.running import is_archived, look, options_for, run_ids
from tests.simulator import Service, Shape, make_clip
from tests.simulator.faults import Always, OtherId, Redirect

VIDEO, THUMBNAIL = AssetName.VIDEO, AssetName.THUMBNAIL
PASSWORD = "hunter2-in-a-url"  # noqa: S105 - no one's
SIGNATURE = "X-Amz-Signature=5ec4e7"
URLS = (
    *("/etc/passwd", "etc/passwd", "../../../etc/passwd", "C:\\Windows\\win.ini", "\\\\host\\share\\x"),
    *("file:///etc/passwd", "FILE:///etc/passwd", "file:/etc/passwd", f"file:///x?{SIGNATURE}"),
    *(f"ftp://user:{PASSWORD}@127.0.0.1/x", "gopher://127.0.0.1/x", "unix:/run/docker.sock", "smb://h/x"),
    *("data:video/mp4;base64,AAAA", "javascript:alert(1)", "about:blank", "blob:http://h/x", "ws://h/x"),
    *("http://", "http:///x", "http:x", "http:/x", "//127.0.0.1/x", "http://?x", "http://:80/"),
    *(f"http://user:{PASSWORD}@127.0.0.1/x", f"http://:{PASSWORD}@h/x", "http://@h/x"),
    *("http://127.0.0.1:99999/x", "http://127.0.0.1:x/", "http://[::1", "http://[::1]x/", "http://[v1.x]/"),
    *("http://a b/", "http://127.0.0.1/\r\nX-Evil: 1", "http://h\n/x", "http://h\0/x", "http://h/\x1b[2J"),
    *("\x1b]0;pwned\x07", "rubbish", "?", "#", f"?{SIGNATURE}", "x" * 100_000, "http://h/" + "x" * 100_000),
    *("http://\u202emoc.live/x", "http://\uff48ost/x", f"https://u:{PASSWORD}@h:99999/?{SIGNATURE}"),
)


async def test_an_answers_hostile_urls_are_not_fetched_and_cost_one_asset_each(
    service: Service, archive: Path, engine: HttpEngine
) -> None:
    """Only http and https; and what is said of them shows neither a password nor a signature."""
    for number, url in enumerate(URLS):
        changed = {"video": {"url": url, "download_url": url}}
        service.serve(f"g-{number}", make_clip(), shape=Shape(changes=changed))
    options = replace(options_for(service, archive, engine), assets=frozenset({VIDEO, THUMBNAIL}))
    run = await run_ids(options, *(f"g-{number}" for number in range(len(URLS))))
    for number, url in enumerate(URLS):
        record = look(archive, f"g-{number}").record("video")
        assert (url, record.status) == (url, AssetStatus.MISSING)
        assert record.error
        assert (url, record.error.kind) == (url, "url_refused")
        assert PASSWORD not in record.error.message
        assert "5ec4e7" not in record.error.message
        assert record.error.message.isprintable()
        assert len(record.error.message) < 200
        assert look(archive, f"g-{number}").record("thumbnail").status is AssetStatus.VERIFIED
    assert {result.outcome for result in run.results.values()} == {Outcome.INCOMPLETE}
    assert {exchange.path.rpartition("/")[2] for exchange in service.log.media} == {"public"}


REDIRECTS = (
    *("file:///etc/passwd", f"ftp://user:{PASSWORD}@127.0.0.1/x?{SIGNATURE}", "data:video/mp4;base64,AAAA"),
    *(f"http://user:{PASSWORD}@127.0.0.1/x?{SIGNATURE}", "//", "http://[::1", "http://127.0.0.1:99999/"),
    *("\x1b]0;pwned\x07", "http://\x07/", "http://h/" + "x" * 60_000),
)


async def test_a_redirect_to_no_http_url_is_not_followed(
    service: Service, archive: Path, engine: HttpEngine
) -> None:
    """The host is a stranger: `file:` would read from this machine's disk."""
    for number, url in enumerate(REDIRECTS):
        service.serve(f"g-{number}", faults=[Always(Redirect(url))])
    options = replace(options_for(service, archive, engine), assets=frozenset({VIDEO}))
    run = await run_ids(options, *(f"g-{number}" for number in range(len(REDIRECTS))))
    assert {result.outcome for result in run.results.values()} == {Outcome.INCOMPLETE}
    for number, url in enumerate(REDIRECTS):
        error = look(archive, f"g-{number}").record("video").error
        assert error
        assert (url, error.kind in {"url_refused", "redirect", "broken"}) == (url, True)
        assert PASSWORD not in error.message
        assert "5ec4e7" not in error.message
        assert error.message.isprintable()


OTHERS = ("../../outside", "g-2", "", "\x1b[2Jx", "G-1", "g-1\0", "x" * 100_000)


async def test_an_answer_about_another_id_is_no_archive_entry(service: Service, archive: Path) -> None:
    """It would file one generation under another's name."""
    ids = [f"h-{number}" for number in range(len(OTHERS))]
    for name, other in zip(ids, OTHERS, strict=True):
        service.serve(name, faults={"api": [Always(OtherId(other))]})
    run = await run_ids(options_for(service, archive), *ids)
    for name in ids:
        error = run.results[name].error
        assert error
        assert error.kind in {"wrong_id", "bad_answer"}
        assert error.message.isprintable()
        assert len(error.message) < 300
        assert not is_archived(archive, name)
    assert not (archive / "generations").exists()
