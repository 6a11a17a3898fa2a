"""Symbolic links in the archive, planted by another user or brought by a copy: nothing outside is touched."""

from __future__ import annotations

from pathlib import Path

import pytest

from archiver.domain.errors import ArchiveError
from tests.runs.running import look, options_for, run_ids
from tests.simulator import Service

CANARY = b"not yours"
HOME = "generations/2024/12/g-1"
FOLDERS = ("generations", "generations/2024", "generations/2024/12", HOME, ".partial", ".partial/g-1")
FILES = (
    *(f"{HOME}/{name}" for name in ("sidecar.json", "video.mp4", "video_raw.mp4", "thumbnail.jpg")),
    *(f".partial/g-1/{name}" for name in ("video.part", "video.json", "thumbnail.part", "thumbnail.json")),
    *("index.sqlite3", "index.sqlite3-wal", "index.sqlite3-shm", "index.sqlite3-journal", ".lock"),
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


@pytest.mark.parametrize("target", ["folder", "absent"])
@pytest.mark.parametrize("place", FOLDERS)
async def test_a_link_where_a_folder_belongs_is_not_followed(
    service: Service, archive: Path, outside: Outside, place: str, target: str
) -> None:
    """The run, or the generation, ends with one line that names the place; a link is nobody's folder."""
    service.serve("g-1")
    _plant(archive / place, getattr(outside, target))
    run = await run_ids(options_for(service, archive), "g-1")
    assert outside.is_untouched
    assert run.report.exit_code in {1, 3}
    assert run.report.error is None or isinstance(run.report.error, ArchiveError)
    assert (archive / place).is_symlink()


@pytest.mark.parametrize("target", ["file", "absent"])
@pytest.mark.parametrize("place", FILES)
async def test_a_link_where_a_file_belongs_is_not_written_through(
    service: Service, archive: Path, outside: Outside, place: str, target: str
) -> None:
    """It is replaced by the file itself, or refused; what it names stays as it is."""
    service.serve("g-1")
    _plant(archive / place, getattr(outside, target))
    run = await run_ids(options_for(service, archive), "g-1")
    assert outside.is_untouched
    assert run.report.error is None or isinstance(run.report.error, ArchiveError)
    if run.report.exit_code == 0:
        found = look(archive, "g-1")
        assert not any(path.is_symlink() for path in found.folder.iterdir())
    else:
        assert run.report.exit_code in {1, 3, 11}


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
