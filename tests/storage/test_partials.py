"""A finished run leaves nothing unfinished behind, and removes nothing that is not its own."""

from __future__ import annotations

from archiver.domain.identity import AssetName
from archiver.storage.archive import Archive
from tests.storage.samples import GENERATION, everything_in, stage


def test_an_archive_without_partials_has_none_to_list_or_remove(archive: Archive) -> None:
    """The usual case."""
    assert archive.partials.ids() == []
    archive.partials.discard(GENERATION)
    archive.partials.release(GENERATION)
    archive.partials.tidy()
    assert everything_in(archive.root) == []


def test_tidying_removes_litter_and_keeps_what_can_be_gone_on_with(archive: Archive) -> None:
    """A killed run leaves temporary files, journals whose bytes were committed, and empty folders."""
    part = stage(archive, AssetName.VIDEO, b"half")
    part.with_suffix(".json").write_bytes(b"{}")
    (part.parent / "0123.tmp").write_bytes(b"")
    (part.parent / "thumbnail.json").write_bytes(b"{}")
    (part.parent.parent / "abcd.tmp").write_bytes(b"")
    (part.parent.parent / "empty").mkdir()
    archive.partials.tidy()
    assert everything_in(part.parent.parent) == [
        GENERATION,
        f"{GENERATION}/video.json",
        f"{GENERATION}/video.part",
    ]


def test_tidying_removes_the_folder_itself_once_it_is_empty(archive: Archive) -> None:
    """A finished run leaves none."""
    stage(archive, AssetName.VIDEO, b"half")
    archive.partials.discard(GENERATION)
    archive.partials.tidy()
    assert everything_in(archive.root) == []


def test_a_strangers_file_is_never_removed(archive: Archive) -> None:
    """Somebody put it there, and may want it back."""
    note = stage(archive, AssetName.VIDEO, b"half").with_name("note.txt")
    note.write_bytes(b"mine")
    (archive.root / ".partial" / "not..an id").mkdir()
    archive.partials.discard(GENERATION)
    archive.partials.tidy()
    assert everything_in(archive.root / ".partial") == [GENERATION, f"{GENERATION}/note.txt", "not..an id"]
