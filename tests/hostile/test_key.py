"""The key: it goes to the API's own origin, and is seen nowhere else."""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from archiver.cli.failure import conceal, trace
from archiver.cli.main import main
from archiver.domain.errors import RunError, UsageError
from archiver.domain.identity import ApiKey
from archiver.transport.options import HttpEngine
from tests.hostile.workers import worker_ids
from tests.machine.program import Program, until
from tests.runs.running import as_json, look, options_for, run_ids, with_network
from tests.simulator import API_KEY, Recipe, Service, Shape, make_clip
from tests.simulator.faults import Always, ErrorObject, OtherId, Raw, Redirect, SlowBody, Status

SIGNATURE = "X-Amz-Signature"


def _holds(archive: Path, secret: str) -> list[str]:
    """Return the files in the archive, the index among them, that hold a secret."""
    files = (path for path in archive.rglob("*") if path.is_file())
    return [str(path) for path in files if secret.encode() in path.read_bytes()]


async def test_the_key_is_nowhere_but_in_the_questions(program: Program, tmp_path: Path) -> None:
    """Neither on disk nor on a screen, and no media host is sent it."""
    service, log = program.service, tmp_path / "log"
    service.serve("g-1")
    service.serve("g-2", faults={"thumbnail": [Always(Status(404))]})
    program = replace(program, options=("--verbose", "--deep", "--log-file", str(log)))
    ended = await program.run("get", "g-1", "g-2", "g-3")
    assert ended.code == 3
    assert API_KEY not in ended.out + ended.err + log.read_text()
    assert _holds(program.archive, API_KEY) == []
    assert {exchange.headers["authorization"] for exchange in service.log.api} == {f"Bearer {API_KEY}"}
    assert not any(API_KEY in str(exchange.headers) for exchange in service.log.media)


async def test_a_key_that_the_service_echoes_is_masked(program: Program, tmp_path: Path) -> None:
    """Relays quote the token that they refuse; and the answer is kept verbatim, but for this."""
    service, log = program.service, tmp_path / "log"
    echo = f"invalid token {API_KEY}"
    service.serve("whole", shape=Shape(prompt=echo, extra={"echo": echo, API_KEY: 1}))
    service.serve("failed", state="failed", shape=Shape(extra={"failure_reason": echo}))
    service.serve("error", faults={"api": [Always(ErrorObject(echo))]})
    service.serve("error-400", faults={"api": [Always(ErrorObject(echo, status=400))]})
    service.serve("error-500", faults={"api": [Always(ErrorObject(echo, status=500))]})
    service.serve("other", faults={"api": [Always(OtherId(API_KEY))]})
    service.serve("page", faults={"api": [Always(Raw(echo.encode()))]})
    service.serve("redirect", faults={"api": [Always(Redirect(f"file:///{API_KEY}"))]})
    service.serve("url", shape=Shape(changes={"video": {"url": f"ftp://h/{API_KEY}"}}))
    program = replace(program, options=("--verbose", "--retries", "1", "--log-file", str(log)))
    ids = ("whole", "failed", "error", "error-400", "error-500", "other", "page", "redirect", "url")
    ended = await program.run("get", *ids)
    assert ended.code == 3
    assert API_KEY not in ended.out + ended.err + log.read_text()
    assert "invalid token ***" in ended.err
    assert _holds(program.archive, API_KEY) == []
    assert as_json(look(program.archive, "whole"))["prompt"] == "invalid token ***"
    as_lines = await replace(program, options=("--json", "--retries", "0")).run("get", *ids)
    assert API_KEY not in as_lines.out + as_lines.err


@pytest.mark.parametrize("status", [401, 403])
async def test_a_refused_key_is_not_quoted(program: Program, status: int) -> None:
    """The one line that ends the run is the one that people copy into a bug report."""
    program.service.serve("g-1", faults={"api": [ErrorObject(f"bad key {API_KEY}", status=status)]})
    ended = await program.run("get", "g-1", "--verbose")
    assert ended.code == 12
    assert API_KEY not in ended.out + ended.err
    assert "***" in ended.err


async def test_a_redirect_to_another_origin_takes_no_key_along(
    service: Service, archive: Path, engine: HttpEngine
) -> None:
    """Another port is another origin (RFC 6454): whoever listens there is somebody else."""
    service.serve("g-1")
    other = service.listen()
    target = f"{other}/luma/generations/g-1"
    service.api_faults.append(Redirect(target))
    await run_ids(options_for(service, archive, engine), "g-1")
    there = [exchange for exchange in service.log.api if exchange.port == urlsplit(other).port]
    assert there
    assert not any(API_KEY in str(exchange.headers) for exchange in there)


async def test_a_media_url_on_the_apis_own_origin_gets_no_key(archive: Path, engine: HttpEngine) -> None:
    """The URL came from an answer: that it names the API's host makes it no question."""
    async with Service(shared_port=True) as service:
        service.serve("g-1")
        run = await run_ids(options_for(service, archive, engine), "g-1")
        assert run.report.exit_code == 0
        assert service.log.media
        assert not any("authorization" in exchange.headers for exchange in service.log.media)


async def test_no_other_process_is_given_the_key(program: Program) -> None:
    """`ps` shows everybody the command lines, and children are given an environment: not this one."""
    program.service.serve("g-1")
    clip = make_clip(Recipe(noise=True)).padded_to(400_000)
    program.service.serve("g-2", clip, faults=[SlowBody(600_000)])
    async with program.started("get", "--deep", "g-1", "g-2") as running:
        me = running.process.pid
        await until(lambda: bool(worker_ids(me)))
        children = worker_ids(me)
        assert not _seen(me, "cmdline")
        for child in children:
            assert not _seen(child, "cmdline")
            assert not _seen(child, "environ")
        assert (await running.end()).code == 0


def _seen(process: int, what: str) -> bool:
    try:
        return API_KEY.encode() in Path(f"/proc/{process}/{what}").read_bytes()
    except OSError:
        return False


async def test_ffmpeg_is_not_given_the_key(program: Program, tmp_path: Path) -> None:
    """A program of somebody else's, started by a worker and by the demo."""
    seen = tmp_path / "seen"
    seen.mkdir()
    fake = tmp_path / "bin" / "ffmpeg"
    fake.parent.mkdir()
    fake.write_text(f"#!/bin/sh\nenv > {seen}/$$\ncat /proc/$$/cmdline >> {seen}/$$\nexit 1\n")
    fake.chmod(0o755)
    program = replace(program, environment={"PATH": f"{fake.parent}:/usr/bin:/bin"})
    program.service.serve("g-1")
    await program.run("get", "--deep", "g-1")
    await program.run("verify", "--deep", "g-1")
    # A worker may write no file: what its ffmpeg says of itself is not there.
    environ = {**program.environ, "LUMA_API_KEY": API_KEY}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "archiver", "demo", "--count", "1", "--archive", str(tmp_path / "demo")),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        env=environ,
    )
    assert await process.wait()
    assert _holds(seen, "PATH=")
    assert _holds(seen, API_KEY) == []


async def test_a_key_file_that_others_can_read_is_warned_of_in_a_run(
    program: Program, tmp_path: Path
) -> None:
    """As ssh does; the run goes on, and the warning shows the file and not what is in it."""
    path = tmp_path / "key"
    path.write_text(API_KEY)
    path.chmod(0o644)
    program.service.serve("g-1")
    program = replace(program, options=("--api-key-file", str(path)), environment={"LUMA_API_KEY": ""})
    ended = await program.run("get", "g-1")
    assert ended.code == 0
    assert f"{path}: others can read the key in it: chmod 600 it" in ended.err
    assert API_KEY not in ended.out + ended.err


@pytest.mark.parametrize("text", ["sk-\x1b[31m", "sk-1\r\nX-Evil: 1", "sk-é", "sk-\u200b", "sk 1", "sk-\x7f"])
def test_what_can_be_no_key_is_refused_where_it_is_read(
    archive: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    """It would break the header, or put in another; it is not shown, and there is no run."""
    monkeypatch.setenv("LUMA_API_KEY", text)
    assert main(["get", "g-1", "--archive", str(archive)]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert "sk" not in told.err
    assert not archive.exists()
    with pytest.raises(UsageError, match=r"^the API key holds characters"):
        ApiKey(text)


async def test_signatures_are_masked_on_screens_and_in_logs_and_kept_in_sidecars(
    program: Program, tmp_path: Path
) -> None:
    """A signed URL opens the file for whoever sees it; the record keeps it, as the answer gave it."""
    service, log = program.service, tmp_path / "log"
    signed = Shape(signed=True)
    service.serve("whole", shape=signed)
    service.serve("status", shape=signed, faults=[Always(Status(404))])
    service.serve("cut", shape=signed, faults=[Always(Raw(b"<html>"))])
    elsewhere = service.refusing_base() + f"/x?{SIGNATURE}=1"
    service.serve("redirect", shape=signed, faults=[Always(Redirect(elsewhere))])
    service.serve("file", shape=signed, faults=[Always(Redirect(f"file:///x?{SIGNATURE}=1"))])
    ids = ("whole", "status", "cut", "redirect", "file")
    base = replace(program, options=("--retries", "1", "--log-file", str(log)))
    for options in (("--verbose",), ("--json",)):
        ended = await base.run("get", *options, *ids)
        assert ended.code == 3
        assert SIGNATURE not in ended.out + ended.err + log.read_text()
    sidecar = json.dumps(as_json(look(program.archive, "whole")))
    assert SIGNATURE in sidecar
    assert _holds(program.archive / "index.sqlite3", SIGNATURE) == []


async def test_no_error_of_a_library_quotes_the_key(
    service: Service, archive: Path, engine: HttpEngine
) -> None:
    """Whatever the connection does: the text of no event, result or report holds it."""
    service.serve("g-1", faults={"api": [Always(Status(500))]})
    options = with_network(options_for(service, archive, engine), proxy=service.refusing_base())
    for tried in (options_for(service, archive, engine), options):
        run = await run_ids(tried, "g-1")
        assert API_KEY not in repr((run.events, run.report, tried))


def test_a_traceback_is_safe_to_show_and_has_no_key() -> None:
    """`--verbose` is what people run before they write a bug report."""
    key = ApiKey(API_KEY)
    try:
        try:
            raise ValueError(f"Illegal header value b'Bearer {API_KEY}' \x1b[2J")  # noqa: EM102, TRY003, TRY301 - a library's
        except ValueError as error:
            msg = f"again {API_KEY}"
            raise RuntimeError(msg) from error
    except RuntimeError as error:
        lines, concealed = trace(error, key), conceal(error, key)
    assert all(line.isprintable() for line in lines)
    assert any("Illegal header value b'Bearer ***' \\x1b[2J" in line for line in lines)
    assert API_KEY not in "".join(lines)
    assert isinstance(concealed, RunError)
    assert concealed.exit_code == 1
    assert concealed.message.startswith("RuntimeError: again ***. This is a fault of the program")


@pytest.mark.parametrize(
    ("key", "body"),
    [
        ("sk-0123456789/+", b'{"a": "sk-0123456789/+"}'),
        ("sk-0123456789/+", b'{"a": "sk-0123456789\\/+"}'),
        ('sk-0123456789"\\', b'{"a": "sk-0123456789\\"\\\\"}'),
        ("sk-0123456789/+", b'{"a": "sk-0123456789\\u002F\\u002b"}'),
        ("sk-0123456789/+", b'{"a": "' + b"".join(b"\\u%04x" % c for c in b"sk-0123456789/+") + b'"}'),
    ],
)
def test_a_key_is_masked_as_json_spells_it(key: str, body: bytes) -> None:
    """Some libraries escape slashes, some plus signs as well; all of it may be."""
    assert ApiKey(key).redact_json(body) == b'{"a": "***"}'


def test_a_placeholder_for_a_key_does_not_spoil_answers() -> None:
    """A relay at home may want none: `x` occurs in every answer."""
    assert ApiKey("video").redact_json(b'{"video": 1}') == b'{"video": 1}'
