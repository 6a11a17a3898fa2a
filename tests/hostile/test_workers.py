"""Files are looked into by processes under limits: whatever a file does to one, here it is a value."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio
import uvloop

from archiver.domain.checks import Damaged, Measurement, MediaKind, NotMedia
from archiver.domain.errors import ArchiveError, RunError
from archiver.media.messages import (
    FindDecodeError,
    FoundDamage,
    Inspect,
    Measured,
    read_reply,
    to_inspection,
)
from archiver.media.pool import Allowance, PoolOptions, Unbearable, WorkerPool
from archiver.pipeline.inspector import Inspector
from tests.hostile.workers import endless_gif, has_ended, is_looking, large_png, worker_ids
from tests.simulator import Clip

KEY = "sk-not-for-children-0123456789"
ENOUGH = Allowance(cpu_s=60, wall_s=60)
LOOPS = [asyncio.new_event_loop, uvloop.new_event_loop]


@pytest_asyncio.fixture
async def pool() -> AsyncIterator[WorkerPool]:
    """Return a pool of one worker."""
    async with WorkerPool(PoolOptions(workers=1)) as pool:
        yield pool


@pytest.fixture
def video(tmp_path: Path, clip: Clip) -> Path:
    """Return the usual clip as a file."""
    return _file(tmp_path / "video.mp4", clip.video.data)


@pytest.fixture
def endless(tmp_path: Path) -> Path:
    """Return a picture that takes a minute to decode."""
    return _file(tmp_path / "endless.gif", endless_gif())


def _file(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def _inspect(path: Path) -> Inspect:
    return Inspect(os.fsencode(path))


def _decode(path: Path) -> FindDecodeError:
    return FindDecodeError(os.fsencode(path))


async def test_one_worker_serves_file_after_file_and_ends_with_the_pool(video: Path) -> None:
    """A start costs as much as twenty clips; and a run leaves no process behind."""
    async with Inspector() as inspector:
        assert not worker_ids()
        found = [await inspector.inspect(video) for _ in range(3)]
        assert len(worker_ids()) == 1
    assert isinstance(found[0], Measurement)
    assert found == 3 * [found[0]]
    assert not worker_ids()


async def test_many_files_at_once_never_have_more_workers_than_allowed(tmp_path: Path, video: Path) -> None:
    """Decoding is bound by the processor: more processes would only take memory."""
    endless = [_file(tmp_path / f"{number}.gif", endless_gif()) for number in range(2)]
    async with WorkerPool(PoolOptions(workers=2)) as pool:
        asked = [pool.ask(_decode(path), Allowance(cpu_s=60, wall_s=1.0)) for path in endless]
        looking = asyncio.gather(*asked, pool.ask(_inspect(video), ENOUGH))
        while len(worker_ids()) < 2 and not looking.done():  # noqa: ASYNC110 - no one tells of a new process
            await asyncio.sleep(0.01)
        assert len(worker_ids()) == 2
        found = await looking
    assert found[:2] == 2 * [Unbearable("not done within 1 s")]
    assert isinstance(found[2], Measured)


async def test_a_file_that_takes_too_much_computing_is_given_up(
    pool: WorkerPool, endless: Path, video: Path
) -> None:
    """The kernel ends the worker (SIGXCPU); the next file has another one."""
    answer = await pool.ask(_decode(endless), Allowance(cpu_s=1, wall_s=60))
    assert answer == Unbearable("reading it takes too much computing")
    assert isinstance(await pool.ask(_inspect(video), ENOUGH), Measured)


async def test_a_file_that_takes_too_long_is_given_up_with_its_worker(
    pool: WorkerPool, endless: Path, video: Path
) -> None:
    """A decoder that hangs without computing would hang the run."""
    assert isinstance(await pool.ask(_inspect(video), ENOUGH), Measured)
    (worker,) = worker_ids()
    assert await pool.ask(_decode(endless), Allowance(cpu_s=60, wall_s=0.2)) == Unbearable(
        "not done within 0 s"
    )
    assert has_ended(worker)
    assert isinstance(await pool.ask(_inspect(video), ENOUGH), Measured)


async def test_the_limit_of_time_is_each_files_own(pool: WorkerPool, video: Path) -> None:
    """The kernel counts what a process used since its start: an old worker must not be out of time."""
    for _ in range(150):
        assert isinstance(await pool.ask(_inspect(video), Allowance(cpu_s=1, wall_s=60)), Measured)
    assert len(worker_ids()) == 1


async def test_a_file_that_takes_too_much_memory_is_given_up(tmp_path: Path) -> None:
    """A decompression bomb: a small file, a large picture."""
    bomb = _file(tmp_path / "bomb.png", large_png())
    options = PoolOptions(workers=1, memory_bytes=256 << 20, large_memory_bytes=300 << 20)
    async with Inspector(options) as inspector:
        found = await inspector.inspect(bomb)
    assert found == Damaged(MediaKind.PNG, "reading it takes over 314.6 MB of memory")


async def test_a_large_picture_has_a_worker_with_more_memory(tmp_path: Path, video: Path) -> None:
    """What the contract allows is decoded; that all workers could have so much at once is not needed."""
    large = _file(tmp_path / "large.png", large_png())
    options = PoolOptions(workers=1, memory_bytes=256 << 20)
    async with Inspector(options) as inspector:
        found = await inspector.inspect(large)
        assert isinstance(await inspector.inspect(video), Measurement)
    assert isinstance(found, Measurement)
    assert (found.width, found.height) == (6000, 6000)


async def test_a_worker_that_died_is_replaced_and_its_file_looked_at_again(video: Path) -> None:
    """The machine's killer of processes may have taken it: that says nothing about the file."""
    async with Inspector() as inspector:
        await inspector.inspect(video)
        (worker,) = worker_ids()
        os.kill(worker, signal.SIGKILL)
        assert isinstance(await inspector.inspect(video), Measurement)
        assert has_ended(worker)


async def test_a_file_that_crashes_every_worker_is_damaged(endless: Path) -> None:
    """A decoder's fault is not the run's end; of the second, fresh worker nobody can say that it was worn."""
    async with Inspector() as inspector:
        looking = asyncio.create_task(inspector.find_decode_error(endless))
        crashed: set[int] = set()
        while not looking.done():
            await asyncio.sleep(0.01)
            for worker in worker_ids() - crashed:
                if is_looking(worker):
                    os.kill(worker, signal.SIGSEGV)
                    crashed.add(worker)
        assert await looking == "reading it crashed its process (SIGSEGV)"
        assert len(crashed) == 2


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("after_s", [0.0, 0.1, 0.35])
def test_whoever_is_cancelled_leaves_no_worker(
    endless: Path, after_s: float, loop: Callable[[], asyncio.AbstractEventLoop]
) -> None:
    """Ctrl-C in the middle of a look, or of a worker's start, on either event loop."""

    async def interrupted() -> None:
        async with Inspector() as inspector, asyncio.timeout(after_s):
            await inspector.find_decode_error(endless)

    with asyncio.Runner(loop_factory=loop) as runner, pytest.raises(TimeoutError):
        runner.run(interrupted())
    assert not worker_ids()


def test_a_killed_run_leaves_no_worker(video: Path) -> None:
    """SIGKILL gives nobody the time to end anything: the worker's input ends, and so does it."""
    program = (
        "import asyncio, sys; from pathlib import Path; from archiver.pipeline.inspector import Inspector\n"
        "async def main():\n"
        "    async with Inspector() as inspector:\n"
        "        print(await inspector.inspect(Path(sys.argv[1])), flush=True); await asyncio.sleep(60)\n"
        "asyncio.run(main())"
    )
    command = [sys.executable, "-c", program, str(video)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as run:  # noqa: S603 - this interpreter
        assert run.stdout
        assert run.stdout.readline().startswith(b"Measurement")
        (worker,) = worker_ids(run.pid)
        run.kill()
    assert has_ended(worker)


async def test_a_worker_has_no_secret_and_no_right_that_it_does_not_need(
    pool: WorkerPool, video: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever takes it over finds no key in its environment, and gains nothing by a set-user-ID program."""
    monkeypatch.setenv("LUMA_API_KEY", KEY)
    monkeypatch.setenv("LUMA_ARCHIVER_PROXY", f"http://user:{KEY}@proxy.example")
    await pool.ask(_inspect(video), ENOUGH)
    (worker,) = worker_ids()
    process = Path(f"/proc/{worker}")
    assert KEY.encode() not in (process / "environ").read_bytes() + (process / "cmdline").read_bytes()
    assert "\nNoNewPrivs:\t1\n" in (process / "status").read_text()
    limits = {line[:26].strip(): line[26:].split() for line in (process / "limits").read_text().splitlines()}
    assert limits["Max address space"][:2] == 2 * [str(1 << 30)]
    assert limits["Max core file size"][:2] == ["0", "0"]
    assert limits["Max file size"][:2] == ["0", "0"]
    assert os.getsid(worker) == worker
    opened = {str(entry.readlink()) for entry in (process / "fd").iterdir()}
    assert {kind.partition(":")[0] for kind in opened} <= {"pipe", "/dev/null"}


async def test_a_relative_path_and_a_strange_name_are_found(
    tmp_path: Path, clip: Clip, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker stands elsewhere; a name may look like an option or a protocol, or be no UTF-8."""
    monkeypatch.chdir(tmp_path)
    async with Inspector() as inspector:
        for name in (b"-i", b"http:video", b"%03d.mp4", b"caf\xe9 \x1b[31m.mp4"):
            path = _file(Path(os.fsdecode(name)), clip.video.data)
            assert isinstance(await inspector.inspect(path), Measurement)
            assert await inspector.find_decode_error(path) is None


async def test_a_file_that_cannot_be_read_is_the_archives_trouble(tmp_path: Path) -> None:
    """It is not damage: nothing may be recorded of bytes that nobody has seen."""
    async with Inspector() as inspector:
        with pytest.raises(ArchiveError, match=r"/absent\.mp4: No such file or directory$"):
            await inspector.inspect(tmp_path / "absent.mp4")
        with pytest.raises(ArchiveError, match=r": Is a directory$"):
            await inspector.inspect(tmp_path)


async def test_no_process_that_can_be_started_ends_the_run(
    video: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That, too, says nothing about a file."""
    monkeypatch.setattr(sys, "executable", "/absent/python")
    async with Inspector() as inspector:
        with pytest.raises(RunError, match=r"^no process can be started to look into files: No such file"):
            await inspector.inspect(video)
    monkeypatch.setattr(sys, "executable", "/bin/false")
    async with Inspector() as inspector:
        with pytest.raises(RunError, match=r"does not start: reading it ended its process \(exit code 1\)"):
            await inspector.inspect(video)


async def test_what_is_no_media_is_told_in_the_workers_words(tmp_path: Path) -> None:
    """The answer comes through the pipe as it was."""
    async with Inspector() as inspector:
        page = _file(tmp_path / "page", b"<!doctype html><html></html>")
        assert await inspector.inspect(page) == NotMedia("an HTML page")
        empty = _file(tmp_path / "empty", b"")
        assert await inspector.inspect(empty) == NotMedia("an empty body")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xc1",
        b"\x93\x01\x02\x03",
        b"\x81\xa4type\xa4Eval",
        b"\x81\xa4type\xa8Measured",
        b"\x82\xa4type\xabFoundDamage\xa4kind\x01",
    ],
)
def test_an_answer_that_is_nonsense_is_refused(data: bytes) -> None:
    """A worker that was taken over may say anything: it is data, and never code."""
    with pytest.raises(ValueError, match=r"."):
        read_reply(data)


def test_an_answer_about_a_kind_that_there_is_not_is_refused() -> None:
    """The kind chooses a file's extension."""
    with pytest.raises(ValueError, match=r"no kind of media: '\.\./\.\./etc'"):
        to_inspection(FoundDamage("../../etc", "reason"))
