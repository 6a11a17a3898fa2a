"""`verify` says of every file whether its bytes are still those that the sidecar records."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from archiver.assembly.verifying import AuditOptions, verify
from archiver.batch.audit.selecting import Scope
from archiver.batch.budget import Budget
from archiver.domain.audit import AuditStatus
from archiver.domain.errors import RunInterruptedError
from archiver.domain.events import Event, GenerationAudited
from archiver.domain.sidecar import AssetStatus
from archiver.runtime.stopping import Stop
from archiver.storage.holder import Holder
from archiver.storage.lock import ArchiveLock
from tests.nightly.made import index, keep
from tests.nightly.nights import Nights, audit_of, findings, notices, trouble
from tests.nightly.program import Program
from tests.runs.running import look, with_network
from tests.simulator import Recipe, Shape, make_clip


def _flip(path: Path) -> None:
    """Change one bit, as a disk does: size and date of the file stay."""
    found = path.stat()
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns))


def _cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 1)


def _make_unreadable(path: Path) -> None:
    """Put something there that cannot be read as a file, as root, too."""
    path.unlink()
    path.symlink_to("elsewhere")


@pytest.fixture
def kept(archive: Path) -> list[Path]:
    """Return the folders of three generations that are whole, and indexed."""
    folders = [keep(archive, f"g-{number}", picture=b"picture") for number in range(3)]
    index(archive)
    return folders


def test_a_whole_archive_is_intact(program: Program, kept: list[Path]) -> None:
    """Every asset has a line, the end a summary with the contract's keys."""
    ended = program("verify", "--json")
    assert (len(kept), ended.exit_code, ended.err) == (3, 0, "")
    *assets, summary = ended.lines
    assert {(line["event"], line["status"], line["error"]) for line in assets} == {("asset", "intact", None)}
    assert sorted((line["id"], line["asset"]) for line in assets) == [
        (f"g-{number}", name) for number in range(3) for name in ("thumbnail", "video")
    ]
    assert list(assets[0]) == ["event", "id", "asset", "status", "path", "bytes", "error"]
    del summary["seconds"]
    assert summary == {
        "event": "summary",
        "intact": 6,
        **dict.fromkeys(("damaged", "missing", "mismatched", "repaired", "unknown", "bytes"), 0),
        "checked": 3 * 1007,
        "exit_code": 0,
    }


@pytest.mark.parametrize(
    ("spoil", "status"),
    [
        (_flip, "damaged"),
        (_cut, "damaged"),
        (_make_unreadable, "missing"),
        (Path.unlink, "missing"),
    ],
)
def test_rot_is_found_and_named(
    program: Program, kept: list[Path], *, spoil: Callable[[Path], None], status: str
) -> None:
    """One bad file among good ones: its path, why, exit code 3; no sidecar is touched."""
    sidecar = (kept[1] / "sidecar.json").read_bytes()
    spoil(kept[1] / "video.mp4")
    ended = program("verify", "--json")
    assert ended.exit_code == 3
    (bad,) = (line for line in ended.lines[:-1] if line["status"] != "intact")
    assert (bad["id"], bad["asset"], bad["status"]) == ("g-1", "video", status)
    assert bad["path"] == "generations/2024/12/g-1/video.mp4"
    assert bad["error"]["message"]
    assert ended.err.startswith(f"{status} g-1: video, generations/2024/12/g-1/video.mp4: ")
    assert (kept[1] / "sidecar.json").read_bytes() == sidecar
    assert ended.lines[-1][status] == 1


def test_a_missing_asset_that_the_sidecar_knows_of_is_missing(program: Program, archive: Path) -> None:
    """The archive is not whole, whoever knows it."""
    keep(archive, "g-1", status=AssetStatus.MISSING)
    index(archive)
    ended = program("verify", "--json")
    assert (ended.lines[0]["status"], ended.exit_code) == ("missing", 3)


def test_a_damaged_sidecar_is_damage(program: Program, kept: list[Path]) -> None:
    """Without it nobody knows what the files should be."""
    (kept[0] / "sidecar.json").write_bytes(b'{"id": "g-0"')
    ended = program("verify", "--json")
    (bad,) = (line for line in ended.lines[:-1] if line["status"] != "intact")
    assert (bad["asset"], bad["status"], bad["error"]["kind"]) == (None, "damaged", "bad_sidecar")
    assert bad["path"] == "generations/2024/12/g-0/sidecar.json"
    assert ended.exit_code == 3


def test_what_the_index_knows_and_the_disk_does_not_is_missing(program: Program, kept: list[Path]) -> None:
    """A folder, or its sidecar, went away behind our back."""
    shutil.rmtree(kept[0])
    (kept[1] / "sidecar.json").unlink()
    ended = program("verify", "--json")
    missing = {line["id"] for line in ended.lines[:-1] if line["status"] == "missing"}
    assert (missing, ended.exit_code) == ({"g-0", "g-1"}, 3)


def test_files_that_nobody_records_are_named_and_left_alone(program: Program, kept: list[Path]) -> None:
    """They may be somebody's notes; they fail nothing."""
    (kept[0] / "notes.txt").write_text("mine")
    ended = program("verify", "--json")
    assert {"event": "unknown", "path": "generations/2024/12/g-0/notes.txt"} in ended.lines
    assert (ended.lines[-1]["unknown"], ended.exit_code) == (1, 0)
    assert (kept[0] / "notes.txt").read_text() == "mine"


def test_given_ids_alone_are_looked_at(program: Program, kept: list[Path]) -> None:
    """One that the archive does not have is missing."""
    _flip(kept[0] / "video.mp4")
    assert program("verify", "g-1", "g-2").exit_code == 0
    ended = program("verify", "g-1", "g-9", "--json")
    assert [(line["id"], line["asset"]) for line in ended.lines if line.get("status") == "missing"] == [
        ("g-9", None)
    ]
    assert ended.exit_code == 3


async def test_shared_bytes_are_read_once(nights: Nights) -> None:
    """`video` and `video_raw` are one file under two names."""
    nights.service.serve("g-1")
    await nights.get("g-1")
    run = await nights.verify()
    found = look(nights.archive, "g-1")
    size = sum({found.inode(name): len(found.bytes_of(name)) for name in found.sidecar.assets}.values())
    assert audit_of(run).bytes_checked == size
    assert audit_of(run).counts[AuditStatus.INTACT] == 4


async def test_a_known_mismatch_is_told_and_fails_nothing(nights: Nights) -> None:
    """It is recorded, and final: the next night is not the worse for it."""
    nights.service.serve("g-1", shape=Shape(changes={"video_raw": {"width": 9}}))
    await nights.get("g-1")
    run = await nights.verify()
    assert audit_of(run).counts[AuditStatus.MISMATCHED] == 1
    assert run.report.exit_code == 0


async def test_a_mismatch_that_is_found_now_ends_with_4(nights: Nights) -> None:
    """Archived with --no-verify; --deep holds it against its promise."""
    nights.service.serve("g-1", shape=Shape(changes={"video_raw": {"width": 9}}))
    await nights.get("g-1", verify=False)
    assert (await nights.verify()).report.exit_code == 0
    run = await nights.verify(deep=True)
    assert run.report.exit_code == 4
    (finding,) = (found for found in findings(run) if found.status is AuditStatus.MISMATCHED)
    assert finding.is_new
    assert finding.error
    assert finding.error.message == "width is 64, promised 9"


async def test_what_does_not_decode_is_found_by_looking_deeply(nights: Nights) -> None:
    """The bytes are those that came; what came is broken in the middle."""
    clip = make_clip(Recipe(width=128, height=96, frames=48))
    body = bytearray(clip.video_raw.data)
    frames = body.index(b"mdat") + 4
    body[frames + 900 : frames + 1700] = b"\x55" * 800
    broken = replace(clip.video_raw, data=bytes(body))
    nights.service.serve("g-1", replace(clip, video=broken, video_raw=broken))
    await nights.get("g-1")
    assert (await nights.verify()).report.exit_code == 0
    run = await nights.verify(deep=True)
    assert run.report.exit_code == 4
    assert trouble(run) == {
        "g-1 video": AuditStatus.MISMATCHED,
        "g-1 video_raw": AuditStatus.MISMATCHED,
    }


async def test_an_audit_needs_no_lock_and_writes_nothing_of_the_archives(nights: Nights) -> None:
    """A run may be under way: the lock is held, and the audit goes on beside it."""
    nights.service.serve("g-1")
    await nights.get("g-1")
    before = {path: path.read_bytes() for path in nights.archive.rglob("*") if path.is_file()}
    holder = Holder.of_this_process(since="now", command="another")
    with ArchiveLock.try_acquire(nights.archive, holder):
        run = await nights.verify()
    assert run.report.exit_code == 0
    after = {path: path.read_bytes() for path in nights.archive.rglob("*") if path.is_file()}
    changed = {path.name for path in after if after[path] != before.get(path)}
    assert changed == {"runs.jsonl", "audits.sqlite3"}
    assert nights.runs[0].begin.command == "verify"


async def test_an_audit_that_was_broken_off_is_gone_on_with(nights: Nights, archive: Path) -> None:
    """Nothing is hashed twice, and the person hears of it; --restart begins anew."""
    for number in range(30):
        keep(archive, f"g-{number:02}")
    index(archive)
    stop = Stop()
    seen: list[str] = []

    def interrupt(event: Event) -> None:
        if isinstance(event, GenerationAudited):
            seen.append(event.id)
            stop.request(RunInterruptedError(signal.SIGINT))

    first = await verify(nights.options, AuditOptions(scope=Scope()), interrupt, stop, nights.clock)
    assert first.exit_code == 130
    assert first.tally.audit
    assert 0 < first.tally.audit.counts[AuditStatus.INTACT] == len(seen) < 30
    nights.pass_time(days=1)
    second = await nights.verify()
    assert audit_of(second).counts[AuditStatus.INTACT] == 30 - len(seen)
    (notice,) = notices(second)
    assert notice == (f"goes on with the audit of 2025-01-01T03:00:00Z: {len(seen)} of 30 are looked at")
    nights.pass_time(days=1)
    assert audit_of(await nights.verify()).counts[AuditStatus.INTACT] == 30


async def test_beginning_anew_is_possible(nights: Nights, archive: Path) -> None:
    """Whoever mended a disk wants all of it read again."""
    for number in range(5):
        keep(archive, f"g-{number}")
    index(archive)
    await nights.verify(budget=Budget(max_duration_s=0.0))
    run = await nights.verify(Scope(anew=True))
    assert (audit_of(run).counts[AuditStatus.INTACT], notices(run)) == (5, [])


async def test_a_budget_ends_an_audit_with_work_left(nights: Nights, archive: Path) -> None:
    """As in any run: exit code 3, and the next one goes on."""
    keep(archive, "g-1")
    index(archive)
    run = await nights.verify(budget=Budget(max_duration_s=0.0))
    assert run.report.exit_code == 3
    assert run.report.tally.left_over


async def test_samples_come_round_to_all(nights: Nights, archive: Path) -> None:
    """A part a night: after so many nights every file was read, none of them twice."""
    for number in range(10):
        keep(archive, f"g-{number}")
    index(archive)
    looked_at: list[str] = []
    for _ in range(5):
        run = await nights.verify(Scope(sample=0.2))
        looked_at += [found.id for found in findings(run)]
        nights.pass_time(days=1)
    assert sorted(looked_at) == [f"g-{number}" for number in range(10)]


async def test_what_was_found_whole_lately_is_passed_over(nights: Nights, archive: Path) -> None:
    """`--older-than 30d`: each file once a month; what is damaged is not found whole."""
    keep(archive, "g-1")
    damaged = keep(archive, "g-2") / "video.mp4"
    index(archive)
    _flip(damaged)
    scope = Scope(older_than_s=30 * 86_400.0)
    assert len(findings(await nights.verify(scope))) == 2
    nights.pass_time(days=29)
    again = await nights.verify(scope)
    assert trouble(again) == {"g-2 video": AuditStatus.DAMAGED}
    assert len(findings(again)) == 1
    nights.pass_time(days=2)
    assert len(findings(await nights.verify(scope))) == 2


async def test_what_was_read_was_not_decoded(nights: Nights) -> None:
    """`--deep --older-than`: a look at the bytes is no look at the frames."""
    nights.service.serve("g-1")
    await nights.get("g-1")
    scope = Scope(older_than_s=86_400.0)
    await nights.verify(scope)
    assert findings(await nights.verify(scope)) == []
    assert findings(await nights.verify(scope, deep=True)) != []
    assert findings(await nights.verify(scope)) == findings(await nights.verify(scope, deep=True)) == []


async def test_reading_is_limited_and_stops_at_once(nights: Nights, archive: Path) -> None:
    """`--limit-rate` is for disks, too; whoever waits for his turn is woken at the end."""
    for number in range(4):
        keep(archive, f"g-{number}")
    index(archive)
    options = with_network(nights.options, limit_rate=1000)
    stop = Stop()
    loop = asyncio.get_running_loop()
    loop.call_later(0.3, stop.request, RunInterruptedError(signal.SIGTERM))
    began_s = loop.time()
    report = await verify(options, AuditOptions(scope=Scope()), lambda _: None, stop, nights.clock)
    assert report.exit_code == 143
    assert report.tally.audit
    assert report.tally.audit.bytes_checked <= 2000
    assert loop.time() - began_s < 2


async def test_a_damaged_history_costs_the_history_alone(nights: Nights, archive: Path) -> None:
    """All is due again, saying so."""
    keep(archive, "g-1")
    index(archive)
    (archive / "audits.sqlite3").write_bytes(b"no database" * 500)
    run = await nights.verify(Scope(older_than_s=86_400.0))
    assert notices(run) == ["audits.sqlite3 was damaged: every generation is due again"]
    assert (len(findings(run)), run.report.exit_code) == (1, 0)


async def test_where_the_history_cannot_be_written_the_audit_goes_on(nights: Nights, archive: Path) -> None:
    """An archive on a read-only disk can be verified."""
    keep(archive, "g-1")
    index(archive)
    (archive / "audits.sqlite3").symlink_to("/nowhere")
    run = await nights.verify()
    assert run.report.exit_code == 0
    assert "audits.sqlite3 is not a regular file" in notices(run)[0]


@pytest.mark.skipif(not shutil.which("sha256sum"), reason="sha256sum is not installed")
async def test_plain_sha256sum_verifies_the_archive(nights: Nights) -> None:
    """Whoever does not have this program can check; the file itself is no unknown one."""
    nights.service.serve("g-1")
    nights.service.serve("g-2", state="failed")
    await nights.get("g-1", "g-2")
    run = await nights.verify(sums=True)
    assert audit_of(run).unknown_files == 0
    exit_code, said = _sha256sum(nights.archive)
    assert (exit_code, said.count(": OK\n")) == (0, 4)
    _flip(look(nights.archive, "g-1").folder / "thumbnail.jpg")
    assert "thumbnail.jpg: FAILED" in _sha256sum(nights.archive)[1]


def _sha256sum(archive: Path) -> tuple[int, str]:
    command = ("sha256sum", "-c", "--strict", "SHA256SUMS")
    ended = subprocess.run(command, cwd=archive, capture_output=True, text=True, check=False)  # noqa: S603 - fixed
    return ended.returncode, ended.stdout


def test_an_archive_that_is_not_there_is_an_error(program: Program) -> None:
    """A misspelt folder must not pass for an archive that is whole."""
    ended = program("verify")
    assert (ended.out, ended.exit_code) == ("nothing was done: 0 B in 0.0 s\n", 1)
    assert "does not exist" in ended.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--sample", "5"], "--sample: '5' is not a part of the whole"),
        (["--older-than", "soon"], "--older-than: 'soon' is not a duration"),
        (["g-1", "--sample", "5%"], "exclude each other"),
        (["../etc"], "is not a generation id"),
    ],
)
def test_a_usage_error_is_one_line(program: Program, arguments: list[str], words: str) -> None:
    """Exit code 2."""
    ended = program("verify", *arguments)
    assert (ended.out, ended.exit_code) == ("", 2)
    assert words in ended.err
