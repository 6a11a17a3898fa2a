"""Exports that break off, whatever breaks them: what is left on disk, and what the next one makes of it."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from archiver.cli.main import main
from archiver.dataset.journal import Held, Journal
from archiver.dataset.options import FormatName
from tests.dataset.shelf import put

SPLIT = ("--split", "train=0.5,test=0.5")
PIPE_BYTES = 4096
"""The least that a pipe holds (fcntl(2), F_SETPIPE_SZ): an export that nobody listens to comes no further."""


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an archive whose export tells of more files than a pipe holds. Do not write to it."""
    root = tmp_path_factory.mktemp("export-failures") / "archive"
    for number in range(60):
        put(root, f"clip-{number:02}", prompt=f"cat {number}")
    return root


@pytest.fixture
def own_archive(tmp_path: Path) -> Path:
    """Return a small archive to be damaged."""
    for name in ("a", "b", "c"):
        put(tmp_path / "archive", name, prompt=name)
    return tmp_path / "archive"


def export(name: str, dest: Path, archive: Path, *options: str) -> int:
    """Run the command."""
    return main(["export", name, str(dest), "--archive", str(archive), *options])


def files_in(dest: Path) -> dict[str, bytes]:
    """Return all files below a folder by their paths; the lock's own is not the dataset's."""
    paths = (path for path in dest.rglob("*") if path.is_file() and path.name != ".lock")
    return {path.relative_to(dest).as_posix(): path.read_bytes() for path in paths}


def names_in(dest: Path) -> set[str]:
    """Return the names that are in a dataset's folder, the lock's aside."""
    return {path.name for path in dest.iterdir()} - {".lock"}


@contextmanager
def held_up(name: str, dest: Path, archive: Path, *options: str) -> Iterator[subprocess.Popen[bytes]]:
    """Give an export that has begun, and waits amid its files for somebody to read what it tells."""
    words = [sys.executable, "-m", "archiver", "export", name, str(dest), "--archive", str(archive), "--json"]
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
    with subprocess.Popen([*words, *options], stdout=writer, stderr=subprocess.PIPE) as process:  # noqa: S603 - our own program
        os.close(writer)
        try:
            os.read(reader, 1)
            yield process
        finally:
            process.kill()
            os.close(reader)


def break_off_amid_the_names(name: str, dest: Path, archive: Path, whole: Path) -> Path:
    """Export to `dest` where a folder is in the way of the last file of `whole`; return that folder."""
    last = max(path for path in files_in(whole) if not path.startswith("."))
    obstacle = dest / last
    obstacle.mkdir(parents=True)
    assert export(name, dest, archive, *SPLIT, "--overwrite") == 1
    assert not (dest / ".dataset" / "dataset.json").exists()
    return obstacle


@pytest.mark.usefixtures("heard_signals")
@pytest.mark.parametrize(
    "code", [signal.SIGKILL, signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.slow)]
)
@pytest.mark.parametrize(
    ("name", "options"),
    [("webdataset", ("--shard-samples", "1")), ("videofolder", ()), ("bagit", ("--link",))],
)
def test_an_export_that_was_killed_is_gone_on_with(
    archive: Path, tmp_path: Path, name: str, options: tuple[str, ...], code: signal.Signals
) -> None:
    """Nothing has a name until all is there, and in the end no byte tells that it came in two runs."""
    assert export(name, tmp_path / "whole", archive, *options) == 0
    with held_up(name, tmp_path / "ds", archive, *options) as process:
        process.send_signal(code)
        assert process.wait() == (-code if code is signal.SIGKILL else 128 + code)
        assert process.stderr
        kept = b"luma-archiver: interrupted: what is whole is kept, --resume goes on with it\n"
        assert process.stderr.read() == (b"" if code is signal.SIGKILL else kept)
    assert names_in(tmp_path / "ds") == {".partial"}
    assert export(name, tmp_path / "ds", archive, *options) == 2
    assert export(name, tmp_path / "ds", archive, *options, "--resume") == 0
    assert files_in(tmp_path / "ds") == files_in(tmp_path / "whole")


def test_two_exports_never_write_to_one_folder(
    archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The second says who is there, and touches nothing."""
    with held_up("videofolder", tmp_path / "ds", archive):
        before = names_in(tmp_path / "ds")
        for allowed in ("--resume", "--overwrite"):
            assert export("videofolder", tmp_path / "ds", archive, allowed) == 11
        assert names_in(tmp_path / "ds") == before
    assert "export" in capsys.readouterr().err


def test_a_reader_that_went_away_ends_the_export_without_a_word(archive: Path, tmp_path: Path) -> None:
    """`| head -1` has what it wanted: no traceback (the shell's 141), and nothing has a name."""
    words = ["export", "videofolder", str(tmp_path / "ds"), "--archive", str(archive), "--json"]
    reader, writer = os.pipe()
    os.close(reader)
    process = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-m", "archiver", *words], stdout=writer, stderr=subprocess.PIPE, check=False
    )
    os.close(writer)
    assert (process.returncode, process.stderr) == (141, b"")
    assert names_in(tmp_path / "ds") == {".partial"}


@pytest.mark.parametrize(
    ("options", "replacing"), [((), ""), (("--overwrite",), " instead of --overwrite")], ids=["new", "again"]
)
def test_a_full_disk_ends_the_export_and_the_next_one_goes_on(
    own_archive: Path, tmp_path: Path, options: tuple[str, ...], replacing: str
) -> None:
    """What is whole is kept; a file that had no room leaves nothing under its name; what to do is said."""
    words = [sys.executable, "-m", "archiver", "export", "csv", str(tmp_path / "ds"), *options, "--archive"]
    limited = ["/bin/sh", "-c", 'ulimit -f 4; exec "$@"', "sh", *words, str(own_archive)]
    process = subprocess.run(limited, capture_output=True, check=False)  # noqa: S603 - our own program
    assert process.returncode == 1
    (complaint,) = process.stderr.decode().splitlines()
    assert "cannot write train.csv: larger than" in complaint
    assert complaint.endswith(f": what is whole is kept, --resume{replacing} goes on with it")
    assert names_in(tmp_path / "ds") == {".partial"}
    assert export("csv", tmp_path / "ds", own_archive, "--resume") == 0
    assert names_in(tmp_path / "ds") == {".dataset", "README.md", "train.csv"}


@pytest.mark.parametrize("name", list(FormatName))
def test_a_break_amid_the_naming_is_gone_on_with(archive: Path, tmp_path: Path, name: str) -> None:
    """Half of the files have their names by then: they keep them, the others follow, the record last."""
    assert export(name, tmp_path / "whole", archive, *SPLIT) == 0
    break_off_amid_the_names(name, tmp_path / "ds", archive, tmp_path / "whole").rmdir()
    assert export(name, tmp_path / "ds", archive, *SPLIT, "--resume") == 0
    assert files_in(tmp_path / "ds") == files_in(tmp_path / "whole")


def test_another_dataset_over_a_half_named_one_leaves_nothing_of_it(archive: Path, tmp_path: Path) -> None:
    """A shard of the broken-off export beside the new ones would be loaded with them."""
    assert export("webdataset", tmp_path / "whole", archive, *SPLIT) == 0
    break_off_amid_the_names("webdataset", tmp_path / "ds", archive, tmp_path / "whole").rmdir()
    assert export("webdataset", tmp_path / "ds", archive, "--split", "other", "--overwrite") == 0
    assert names_in(tmp_path / "ds") == {".dataset", "README.md", "other-000000.tar"}


def test_a_crash_before_all_is_cleared_up_costs_nothing(archive: Path, tmp_path: Path) -> None:
    """The record stands by then, and what lies aside is half removed, or begun: the dataset is whole."""
    assert export("csv", tmp_path / "whole", archive, *SPLIT) == 0
    break_off_amid_the_names("csv", tmp_path / "ds", archive, tmp_path / "whole").rmdir()
    shutil.copytree(tmp_path / "ds" / ".partial", tmp_path / "aside")
    assert export("csv", tmp_path / "ds", archive, *SPLIT, "--resume") == 0
    for removed in ((), ("journal.jsonl",), ("journal.jsonl", "whole.json")):
        shutil.copytree(tmp_path / "aside", tmp_path / "ds" / ".partial")
        for name in removed:
            (tmp_path / "ds" / ".partial" / name).unlink()
        assert export("csv", tmp_path / "ds", archive, *SPLIT, "--resume") == 0
        assert files_in(tmp_path / "ds") == files_in(tmp_path / "whole")


def test_a_staged_file_that_vanished_amid_the_naming_is_told(
    archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A dataset with a hole in it must not get its record."""
    assert export("csv", tmp_path / "whole", archive, *SPLIT) == 0
    obstacle = break_off_amid_the_names("csv", tmp_path / "ds", archive, tmp_path / "whole")
    obstacle.rmdir()
    (tmp_path / "ds" / ".partial" / "files" / obstacle.name).unlink()
    assert export("csv", tmp_path / "ds", archive, *SPLIT, "--resume") == 1
    said = capsys.readouterr().err
    assert f"{obstacle.name} was written and is gone or damaged" in said
    assert "--resume goes on" not in said
    assert not (tmp_path / "ds" / ".dataset" / "dataset.json").exists()


def test_a_kill_before_the_journals_first_line_is_gone_on_with(archive: Path, tmp_path: Path) -> None:
    """An empty folder for what is unfinished holds nothing that could be of another export."""
    (tmp_path / "ds" / ".partial" / "files").mkdir(parents=True)
    assert export("csv", tmp_path / "ds", archive, "--resume") == 0


def test_a_kill_costs_about_a_second_of_work(tmp_path: Path) -> None:
    """Not a hundred shards of a gigabyte, nor a hundred clips that took seconds each to encode."""
    seconds = 0.0
    journal = Journal(tmp_path, lambda: seconds)
    for number in range(5):
        seconds += 0.4
        journal.note(Held(path=f"train-00000{number}.tar", bytes=1, sha256="00", samples=1))
    assert [held.path for held in Journal(tmp_path).entries()] == [
        "train-000000.tar",
        "train-000001.tar",
        "train-000002.tar",
    ]


def test_a_dataset_around_the_archive_is_refused(own_archive: Path, tmp_path: Path) -> None:
    """A bag has a folder `data`: around an archive of that name it would be written over the originals."""
    own_archive.rename(tmp_path / "data")
    before = files_in(tmp_path)
    assert export("bagit", tmp_path, tmp_path / "data", "--overwrite") == 1
    assert files_in(tmp_path) == before


def test_another_archive_is_no_place_for_a_dataset(archive: Path, own_archive: Path) -> None:
    """It has a `.partial` of its own, and unfinished downloads in it."""
    (own_archive / ".partial").mkdir()
    (own_archive / ".partial" / "half").write_bytes(b"half of a clip")
    before = files_in(own_archive)
    assert export("csv", own_archive, archive, "--overwrite") == 2
    assert files_in(own_archive) == before


def test_a_dataset_of_which_nothing_is_left_gets_no_name(
    own_archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """When the disk below the archive is gone, the dataset that stands is worth more than an empty one."""
    assert export("webdataset", tmp_path / "ds", own_archive) == 0
    before = files_in(tmp_path / "ds")
    for clip in own_archive.rglob("video.mp4"):
        clip.write_bytes(b"")
    assert export("webdataset", tmp_path / "ds", own_archive, "--overwrite") == 1
    assert "every sample was left out" in capsys.readouterr().err
    assert files_in(tmp_path / "ds").items() >= before.items()


def test_what_a_dataset_lacks_is_told_again_until_it_is_in_it(
    own_archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A nightly `--resume` that finds the dataset there must not turn 3 into 0; a repair adds nothing."""
    (clip,) = own_archive.glob("generations/**/b/video.mp4")
    body = clip.read_bytes()
    clip.write_bytes(b"rot")
    assert export("webdataset", tmp_path / "ds", own_archive) == 3
    clip.write_bytes(body)
    capsys.readouterr()
    assert export("webdataset", tmp_path / "ds", own_archive, "--resume") == 3
    assert "b: left out: damaged when the dataset was made: --overwrite" in capsys.readouterr().err
    assert export("webdataset", tmp_path / "ds", own_archive, "--overwrite") == 0


def test_a_broken_sidecar_of_another_generation_does_not_touch_a_set_that_is_made_again(
    own_archive: Path, tmp_path: Path
) -> None:
    """The record says what belongs to the set: all of it is there."""
    assert export("csv", tmp_path / "one", own_archive) == 0
    later = put(own_archive, "z")
    (later / "sidecar.json").write_bytes(b"{")
    again = ["export", "--from", str(tmp_path / "one"), str(tmp_path / "two"), "--archive", str(own_archive)]
    assert main(again) == 0
    assert files_in(tmp_path / "two") == files_in(tmp_path / "one")


def test_an_edited_record_removes_nothing_outside_of_the_dataset(own_archive: Path, tmp_path: Path) -> None:
    """What is replaced goes by the standing record, and anybody may have written into that."""
    (tmp_path / "mine.txt").write_text("mine")
    assert export("csv", tmp_path / "ds", own_archive) == 0
    path = tmp_path / "ds" / ".dataset" / "dataset.json"
    record = json.loads(path.read_bytes())
    record["files"][0]["path"] = "../mine.txt"
    path.write_text(json.dumps(record))
    assert export("csv", tmp_path / "ds", own_archive, "--overwrite") == 0
    assert (tmp_path / "mine.txt").read_text() == "mine"


def test_a_refusal_leaves_nothing_to_go_on_with(own_archive: Path, tmp_path: Path) -> None:
    """Who mistook an option types it right: no folder stands in the way then."""
    assert export("bagit", tmp_path / "ds", own_archive, "--assets", "video") == 2
    assert export("bagit", tmp_path / "ds", own_archive) == 0


def test_a_name_that_no_disk_takes_is_told_in_one_line(
    own_archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What, where, and what to do."""
    assert export("csv", tmp_path / ("n" * 300), own_archive) == 1
    assert "the path is too long" in capsys.readouterr().err


@pytest.mark.parametrize("strange", ["fifo", "link"])
def test_a_sidecar_that_is_no_file_costs_its_generation_alone(
    own_archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], strange: str
) -> None:
    """One thing that somebody put there must not keep all others from being exported."""
    (sidecar,) = own_archive.glob("generations/**/b/sidecar.json")
    sidecar.unlink()
    if strange == "fifo":
        os.mkfifo(sidecar)
    else:
        sidecar.symlink_to("/etc/passwd")
    assert export("csv", tmp_path / "ds", own_archive) == 3
    assert "b/sidecar.json: " in capsys.readouterr().err
    record = json.loads((tmp_path / "ds" / ".dataset" / "dataset.json").read_bytes())
    assert record["ids"] == {"train": ["a", "c"]}


@pytest.mark.parametrize(
    ("part", "name", "value"),
    [("transform", "frames", 0), ("transform", "resize", 1), ("layout", "shard_samples", 0)],
)
def test_an_edited_record_is_held_to_what_an_option_may_be(
    own_archive: Path, tmp_path: Path, part: str, name: str, value: int
) -> None:
    """No still of a clip, or a shard of nothing, would be worked at for ever."""
    assert export("csv", tmp_path / "one", own_archive) == 0
    path = tmp_path / "one" / ".dataset" / "dataset.json"
    record = json.loads(path.read_bytes())
    record["options"][part][name] = value
    path.write_text(json.dumps(record))
    again = ["export", "--from", str(path), str(tmp_path / "two"), "--archive", str(own_archive)]
    assert main(again) == 2
