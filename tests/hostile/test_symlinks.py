"""Symbolic links in the archive, planted by another user or brought by a copy: nothing outside is touched."""

from __future__ import annotations

from pathlib import Path

import pytest

from archiver.domain.errors import ArchiveError
from archiver.domain.outcome import Outcome
from tests.runs.running import Run, look, options_for, run_ids
from tests.simulator import Service

CANARY = b"not yours"
HOME = "generations/2024/12"
FOLDERS = ("generations", "generations/2024", HOME, ".partial")
FILES = ("index.sqlite3", "index.sqlite3-wal", "index.sqlite3-shm", "index.sqlite3-journal", ".lock")
# Two generations meet them, in one run: `g-1` links to what is there, `g-2` to what is not.
OWN_FOLDERS = (HOME + "/{}", ".partial/{}")
OWN_FILES = (
    *(f"{HOME}/{{}}/{name}" for name in ("sidecar.json", "video.mp4", "video_raw.mp4", "thumbnail.jpg")),
    *(f".partial/{{}}/{name}" for name in ("video.part", "video.json", "thumbnail.part", "thumbnail.json")),
)


class Outside:
    """A folder beside the archive that nobody may touch."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.file, self.folder, self.absent = root / "file", root / "folder", root / "absent"
        (self.folder / "below").mkdir(parents=True)
        for path in (self.file, self.folder / "file", self.folder / "below/video.mp4"):
            path.write_bytes(CANARY)
        self._before = self._look()

    def _look(self) -> dict[Path, tuple[int, bytes | None]]:
        paths = self.root.rglob("*")
        return {path: (path.stat().st_ino, path.read_bytes() if path.is_file() else None) for path in paths}

    @property
    def is_untouched(self) -> bool:
        """True while every name, byte and file is what it was."""
        return self._look() == self._before


@pytest.fixture
def outside(tmp_path: Path) -> Outside:
    """Return a folder outside the archive."""
    return Outside(tmp_path / "outside")


def _plant(link: Path, target: Path) -> None:
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(target)


@pytest.mark.parametrize("target", ["there", "absent"])
@pytest.mark.parametrize("place", FOLDERS + FILES)
async def test_a_link_in_a_place_of_the_archives_own_is_not_followed(
    service: Service, archive: Path, outside: Outside, place: str, target: str
) -> None:
    """It is replaced or refused, with one line that names the place."""
    service.serve("g-1")
    there = outside.folder if place in FOLDERS else outside.file
    _plant(archive / place, there if target == "there" else outside.absent)
    run = await run_ids(options_for(service, archive), "g-1")
    assert outside.is_untouched
    _check_end(run)
    if run.report.exit_code == 0:
        assert look(archive, "g-1").files > {"sidecar.json", "video.mp4"}


@pytest.mark.parametrize("place", OWN_FOLDERS + OWN_FILES)
async def test_a_link_in_a_generations_place_is_not_followed(
    service: Service, archive: Path, outside: Outside, place: str
) -> None:
    """Its files replace a link, or it is refused; what the link names stays as it is, or is not made."""
    for name, target in {
        "g-1": outside.folder if place in OWN_FOLDERS else outside.file,
        "g-2": outside.absent,
    }.items():
        service.serve(name)
        _plant(archive / place.format(name), target)
    run = await run_ids(options_for(service, archive), "g-1", "g-2")
    assert outside.is_untouched
    _check_end(run)
    for name, result in run.results.items():
        if result.outcome is Outcome.ARCHIVED:
            assert not any(path.is_symlink() for path in look(archive, name).folder.iterdir())


def _check_end(run: Run) -> None:
    """Check that a run ended as it should, or because of the archive: never by a fault of the program."""
    assert run.report.exit_code in {0, 1, 3}
    assert run.report.error is None or isinstance(run.report.error, ArchiveError)


async def test_a_link_among_archived_files_is_not_taken_for_the_file(
    service: Service, archive: Path, outside: Outside
) -> None:
    """The next run sees that the file is not there, and fetches it."""
    service.serve("g-1")
    options = options_for(service, archive)
    await run_ids(options, "g-1")
    thumbnail = look(archive, "g-1").folder / "thumbnail.jpg"
    thumbnail.unlink()
    thumbnail.symlink_to(outside.file)
    run = await run_ids(options, "g-1")
    assert outside.is_untouched
    assert run.report.exit_code == 0
    assert not thumbnail.is_symlink()
    assert look(archive, "g-1").bytes_of("thumbnail") != CANARY


async def test_an_archive_that_is_itself_behind_a_link_is_fine(
    service: Service, archive: Path, tmp_path: Path
) -> None:
    """The user chose it: `--archive` may be a link to another disk."""
    service.serve("g-1")
    _plant(archive, tmp_path / "disk")
    (tmp_path / "disk").mkdir()
    run = await run_ids(options_for(service, archive), "g-1")
    assert run.report.exit_code == 0
    assert look(tmp_path / "disk", "g-1").files > {"sidecar.json", "video.mp4"}
