"""`luma-archiver export` as whoever types it meets it."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from archiver.cli.main import main
from archiver.domain.sidecar import AssetStatus
from tests.nightly.made import keep


@pytest.fixture(autouse=True)
def _standing_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand where a relative path does no harm."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Return an archive of five generations, of which one is mismatched and one failed."""
    root = tmp_path / "archive"
    keep(root, "a", state="completed", prompt="a cat", manifest_row={"tags": ["cat", "best"], "take": "1"})
    keep(root, "b", state="completed", prompt="a dog", manifest_row={"tags": "dog,best", "take": "12"})
    keep(root, "c", state="completed", prompt="a\ncow", manifest_row={"split": "test"})
    keep(root, "d", state="completed", prompt="a hen", status=AssetStatus.MISMATCHED)
    keep(root, "e", state="failed", prompt="a fox", failure_reason="moderation")
    return root


def export(archive: Path, *words: str) -> int:
    """Run the command."""
    return main(["export", *words, "--archive", str(archive)])


def ids(archive: Path, *options: str) -> list[str]:
    """Return the ids that an export as CSV has."""
    dest = archive.parent / "ds"
    assert export(archive, "csv", str(dest), "--overwrite", *options) == 0
    with (dest / "train.csv").open(newline="", encoding="utf-8") as file:
        return [row["id"] for row in csv.DictReader(file)]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ((), ["a", "b", "c"]),
        (("--include-unverified",), ["a", "b", "c", "d", "e"]),
        (("--include-unverified", "--where", "state = failed or verification = mismatched"), ["d", "e"]),
        (("--where", "prompt ~ CAT"), ["a"]),
        (("--where", "take > 9"), ["b"]),
        (("--where", "split = test"), ["c"]),
        (("--tag", "best"), ["a", "b"]),
        (("--tag", "best", "--tag", "dog"), ["b"]),
        (("--limit", "2"), ["a", "b"]),
    ],
)
def test_selections_choose(archive: Path, options: tuple[str, ...], expected: list[str]) -> None:
    """By documented columns, by what a manifest brought, by tags; verified ones alone unless asked."""
    assert ids(archive, *options) == expected


def test_what_config_toml_says_of_other_commands_is_none_of_an_exports(
    archive: Path, configuration: Path
) -> None:
    """`verify` has a `--sample`, a run has `--assets`: here the same words mean something else."""
    configuration.write_text('sample = "5%"\nassets = ["video"]\n')
    assert ids(archive) == ["a", "b", "c"]
    assert export(archive, "bagit", str(archive.parent / "bag")) == 0


def test_a_null_in_a_list_is_nothing(archive: Path, tmp_path: Path) -> None:
    """No tag that is called `None`, as Python would have it."""
    keep(archive, "f", state="completed", manifest_row={"tags": ["best", None], "list": [1, None]})
    assert ids(archive, "--tag", "best") == ["a", "b", "f"]
    assert ids(archive, "--where", "tags = best and list = 1") == ["f"]
    assert export(archive, "csv", str(tmp_path / "none"), "--tag", "None") == 2


def test_a_sample_is_the_same_every_time_and_another_by_seed(archive: Path) -> None:
    """A draw that can be told to others: so many, by this seed."""
    for number in range(30):
        keep(archive, f"more-{number}", state="completed")
    first = ids(archive, "--sample", "5", "--seed", "7")
    assert len(first) == 5
    assert ids(archive, "--sample", "5", "--seed", "7") == first
    assert ids(archive, "--sample", "5", "--seed", "8") != first


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("tar", "ds"), "is not a format. Choose from webdataset"),
        (("webdatset", "ds"), "did you mean webdataset?"),
        (("csv",), "give a format and a folder"),
        (("csv", "ds", "--where", "hight > 5"), "did you mean height?"),
        (("csv", "ds", "--where", "duration > long"), "the columns are id, "),
        (("csv", "ds", "--split", "train=2"), "--split"),
        (("csv", "ds", "--caption", "{nothing}"), "is not a column"),
        (("csv", "ds", "--shard-size", "huge"), "--shard-size"),
        (("csv", "ds", "--assets", "sound"), "--assets"),
        (("csv", "ds", "--link"), "csv has no files that could be links: leave out --link"),
        (("webdataset", "ds", "--embed"), "webdataset has no files inside of a table: leave out --embed"),
        (("csv", "ds", "--split", "column:spilt"), "'spilt' is not a column; the columns are id, "),
        (("csv", "ds", "--split", "column:take", "--where", "take = 1"), "a: '1' cannot be a split's name"),
        (("csv", "ds", "--overwrite", "--resume"), "exclude each other"),
        (("csv", "ds", "--where", "prompt = nobody"), "nothing to export: of 5 generations 2 not verified"),
        (("--from", "missing.json", "ds"), "cannot be read"),
    ],
)
def test_a_mistake_is_one_line_that_says_what_to_do(
    archive: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    said: str,
) -> None:
    """Exit code 2, no traceback, and no folder is made for it."""
    assert export(archive, *words) == 2
    complaint = capsys.readouterr().err
    assert said in complaint
    assert "Traceback" not in complaint
    assert not (tmp_path / "ds").exists()


def test_json_lines_tell_of_every_file_and_of_the_end(
    archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Programs read what people read, and nothing else is on standard output."""
    assert export(archive, "csv", str(tmp_path / "ds"), "--split", "train=0.5,test=0.5", "--json") == 0
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {event["event"] for event in events} == {"notice", "file", "summary"}
    summary = events[-1]
    assert summary["samples"] == sum(summary["splits"].values()) == 3
    assert summary["files"] == len([event for event in events if event["event"] == "file"])
    assert summary["exit_code"] == 0


def test_a_damaged_clip_ends_the_export_with_3_and_is_named(
    archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What was wanted and is not in the set must not pass for whole."""
    (damaged,) = archive.glob("generations/**/b/video.mp4")
    damaged.write_bytes(b"\1" * 1000)
    options = ("--dedupe", "none", "--assets", "video")
    assert export(archive, "webdataset", str(tmp_path / "ds"), *options) == 3
    told = capsys.readouterr()
    assert "b: left out: video.mp4 is not what its sidecar records" in told.err
    assert "2 samples" in told.out


def test_identical_clips_are_in_a_dataset_once(
    archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Three generations with the same bytes would count three times in training."""
    assert export(archive, "webdataset", str(tmp_path / "ds")) == 0
    told = capsys.readouterr()
    assert "1 sample (" in told.out
    assert "2 with the clip of another (--dedupe none)" in told.err


def test_an_export_into_the_archive_is_refused(archive: Path) -> None:
    """A dataset among the generations would be taken for one of them."""
    assert export(archive, "csv", str(archive / "ds")) == 1
    assert not (archive / "ds").exists()


def test_a_column_of_the_manifest_decides_the_split(archive: Path, tmp_path: Path) -> None:
    """Who has made splits keeps them."""
    words = ("csv", str(tmp_path / "ds"), "--split", "column:split", "--where", "split != null")
    assert export(archive, *words) == 0
    assert sorted(path.name for path in (tmp_path / "ds").glob("*.csv")) == ["test.csv"]


def test_the_quiet_say_nothing(archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A cron job that went well sends no mail."""
    assert export(archive, "csv", str(tmp_path / "ds"), "--quiet") == 0
    told = capsys.readouterr()
    assert (told.out, told.err) == ("", "")


def test_from_makes_the_same_set_of_an_archive_that_has_grown(archive: Path, tmp_path: Path) -> None:
    """The record lists the ids: what came since is not in the set that is made again."""
    assert export(archive, "csv", str(tmp_path / "one")) == 0
    keep(archive, "z", state="completed")
    record = tmp_path / "one" / ".dataset" / "dataset.json"
    assert export(archive, "--from", str(record), str(tmp_path / "two")) == 0
    assert (tmp_path / "two" / "train.csv").read_bytes() == (tmp_path / "one" / "train.csv").read_bytes()
    assert (tmp_path / "two" / ".dataset" / "dataset.json").read_bytes() == record.read_bytes()


def test_from_tells_which_generations_are_gone(
    archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A set that cannot be made again whole says so."""
    assert export(archive, "csv", str(tmp_path / "one")) == 0
    (gone,) = archive.glob("generations/**/b")
    gone.rename(tmp_path / "b")
    assert export(archive, "--from", str(tmp_path / "one"), str(tmp_path / "two")) == 3
    assert "b: left out: it is not in the archive" in capsys.readouterr().err


def test_from_takes_no_other_options(
    archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same set with other options would not be the same set."""
    assert export(archive, "csv", str(tmp_path / "one")) == 0
    assert export(archive, "--from", str(tmp_path / "one"), str(tmp_path / "two"), "--limit", "1") == 2
    assert "leave --limit away" in capsys.readouterr().err
