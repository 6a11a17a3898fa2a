"""Told to stop, the program stops within five seconds, whatever it is doing, and keeps what it has."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from archiver.domain.transfer import OVERLAP_UNDER_VALIDATOR_BYTES
from archiver.storage.archive import Archive
from archiver.storage.holder import Holder
from archiver.storage.lock import ArchiveLock
from tests.machine.program import Program, started, until
from tests.runs.running import look
from tests.simulator import Service, make_clip
from tests.simulator.faults import Silence, StallAfter

LONGEST_S = 5.0
_SIZE, _SENT, _FIRST_WRITE = 3_000_000, 2_500_000, 1 << 20
# A decoder, or a disk that hangs: a thread that hears of nothing.
_DEAF = """
import asyncio, time
from archiver.cli.loop import run_until_stopped
from archiver.runtime.stopping import Stop

stop = Stop()

async def work():
    deaf = asyncio.ensure_future(asyncio.to_thread(time.sleep, 60))
    print("ready", flush=True)
    await stop.wait()
    print("summary", flush=True)

run_until_stopped(work, stop)
"""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGHUP, 129)])
async def test_a_stalled_download_is_left_and_its_bytes_are_kept(
    program: Program, service: Service, archive: Path, number: signal.Signals, code: int
) -> None:
    """The next run asks for the rest alone."""
    clip = make_clip().padded_to(_SIZE)
    served = service.serve("g-1", clip, faults=[StallAfter(_SENT)])
    part = archive / ".partial/g-1/video.part"
    async with program.started("get", "g-1", "--json") as running:
        await until(lambda: part.exists() and part.stat().st_size >= _FIRST_WRITE)
        ended = await running.end(number)
    assert (ended.code, ended.seconds < LONGEST_S) == (code, True), ended.err
    assert ended.events[-1]["exit_code"] == code
    assert ended.complaints == ["luma-archiver: interrupted: what was finished is kept, the next run goes on"]
    held = part.stat().st_size
    assert (await program.run("get", "g-1")).code == 0
    assert look(archive, "g-1").bytes_of("video") == clip.video.data
    again = service.log.to(served.video.path)[1]
    assert again.body_bytes == _SIZE - held + OVERLAP_UNDER_VALIDATOR_BYTES


async def test_a_silent_standard_input_keeps_nobody(
    program: Program, service: Service, archive: Path
) -> None:
    """`tail -f ids | luma-archiver batch -`: a row is worked on when it comes, and Ctrl-C ends it."""
    service.serve("g-1")
    async with program.started("batch", "-", "--json") as running:
        running.say("g-1\n")
        assert '"outcome":"archived"' in await running.line()
        ended = await running.end(signal.SIGINT)
    assert (ended.code, ended.seconds < LONGEST_S) == (130, True), ended.err
    assert ended.events[-1]["archived"] == 1
    assert look(archive, "g-1").sidecar.verification == "verified"


async def test_a_fifo_that_nobody_opens_keeps_nobody(program: Program, archive: Path, tmp_path: Path) -> None:
    """`open` hangs until there is a writer."""
    fifo = tmp_path / "ids"
    os.mkfifo(fifo)
    async with program.started("batch", str(fifo)) as running:
        await until((archive / ".lock").exists)
        ended = await running.end(signal.SIGTERM)
    assert (ended.code, ended.seconds < LONGEST_S) == (143, True), ended.err
    assert not (archive / ".lock").exists()


async def test_waiting_for_another_run_can_be_stopped(program: Program, archive: Path) -> None:
    """`--lock-wait 1h`, and then somebody thinks better of it."""
    holder = Holder.of_this_process(since="2024-12-22T13:38:40Z", command="another")
    with ArchiveLock.try_acquire(Archive.open(archive).root, holder):
        before = _changed_ns(archive)
        async with program.started("get", "g-1", "--lock-wait", "1h") as running:
            # It tries the archive by writing, then asks for the lock.
            await until(lambda: _changed_ns(archive) != before)
            ended = await running.end(signal.SIGINT)
    assert (ended.code, ended.seconds < LONGEST_S) == (130, True), ended.err


@pytest.mark.parametrize("state", ["pending", "completed"])
async def test_waiting_for_the_service_can_be_stopped(program: Program, service: Service, state: str) -> None:
    """Between two questions an hour apart, and while the API does not answer."""
    service.serve("g-1", state=state, faults={"api": [Silence()] if state == "completed" else []})
    patience = ("--wait", "2h", "--poll-interval", "1h", "--api-timeout", "1h")
    async with program.started("get", "g-1", *patience) as running:
        await until(lambda: len(service.log.api) > 0)
        ended = await running.end(signal.SIGINT)
    assert (ended.code, ended.seconds < LONGEST_S) == (130, True), ended.err


async def test_verification_can_be_stopped(program: Program, service: Service) -> None:
    """`--deep` decodes every frame of everything: that takes its time."""
    served = [service.serve(f"g-{number}", make_clip()) for number in range(60)]
    async with program.started("batch", "-", "--deep", "--concurrency", "1", "--json") as running:
        running.say("".join(f"g-{number}\n" for number in range(len(served))))
        assert '"outcome":"archived"' in await running.line()
        ended = await running.end(signal.SIGTERM)
    assert (ended.code, ended.seconds < LONGEST_S) == (143, True), ended.err
    assert ended.events[-1]["archived"] < len(served)


async def test_an_audit_can_be_stopped_while_a_film_is_decoded(program: Program, tmp_path: Path) -> None:
    """Its worker is ended, and what that had started; the summary is printed all the same."""
    program.service.serve("g-1")
    await program.run("get", "g-1")
    begun = tmp_path / "begun"
    os.mkfifo(begun)
    decoder = tmp_path / "bin" / "ffmpeg"
    decoder.parent.mkdir()
    # A worker may write no file: opening a pipe for reading is what it can do to be noticed.
    decoder.write_text(f"#!/bin/sh\nread line < {begun}\nexec sleep 60\n")
    decoder.chmod(0o755)
    program = replace(program, environment={"PATH": f"{decoder.parent}:/usr/bin:/bin"})
    async with program.started("verify", "--deep", "--json") as running:
        writer = await asyncio.to_thread(os.open, begun, os.O_WRONLY)
        ended = await running.end(signal.SIGINT)
        os.close(writer)
    assert (ended.code, ended.seconds < LONGEST_S - 2) == (130, True), ended.err
    assert ended.events[-1]["event"] == "summary"


async def test_the_demo_can_be_stopped_while_it_makes_clips(program: Program, tmp_path: Path) -> None:
    """Nothing is left in the temporary folder either."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    command = [sys.executable, "-m", "archiver", "demo", "--archive", str(tmp_path / "demo")]
    async with started(command, {**program.environ, "TMPDIR": str(folder)}) as running:
        await until(lambda: any(folder.glob("*/*/*.mp4")))
        ended = await running.end(signal.SIGINT)
    assert (ended.code, ended.seconds < LONGEST_S) == (130, True), ended.err
    assert list(folder.iterdir()) == []


async def test_a_thread_that_hears_of_nothing_is_left_behind(program: Program) -> None:
    """The loop waits for its threads; the process does not, for longer than it may live."""
    async with started([sys.executable, "-c", _DEAF], program.environ) as running:
        assert await running.line() == "ready"
        ended = await running.end(signal.SIGTERM)
    assert (ended.code, ended.seconds < LONGEST_S, ended.out) == (143, True, "summary\n")


async def test_a_second_interrupt_leaves_at_once(program: Program) -> None:
    """Whoever presses Ctrl-C twice means it."""
    async with started([sys.executable, "-c", _DEAF], program.environ) as running:
        await running.line()
        running.send(signal.SIGINT)
        assert await running.line() == "summary"
        ended = await running.end(signal.SIGINT)
    assert (ended.code, ended.seconds < 2) == (130, True), ended.err


async def test_what_nohup_ignores_stays_ignored(program: Program, service: Service) -> None:
    """`nohup luma-archiver …`: the terminal goes away, the run goes on."""
    service.serve("g-1")
    # An ignored signal stays ignored over exec(2): that is all that nohup does about it.
    nohup = replace(program, before=["/bin/sh", "-c", 'trap "" HUP; exec "$0" "$@"'])
    async with nohup.started("batch", "-", "--json") as running:
        running.say("g-1\n")
        await running.line()
        running.send(signal.SIGHUP)
        service.serve("g-2")
        running.say("g-2\n")
        assert '"outcome":"archived"' in await running.line()
        await asyncio.wait_for(_close(running.process.stdin), 10)
        ended = await running.end()
    assert ended.code == 0


def _changed_ns(folder: Path) -> int:
    return folder.stat().st_mtime_ns


async def _close(stream: asyncio.StreamWriter | None) -> None:
    assert stream
    stream.close()
    await stream.wait_closed()
