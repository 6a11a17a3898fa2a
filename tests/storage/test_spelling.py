"""Two ids that differ by case alone, on a file system that takes them for one name."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from archiver.domain.errors import OtherGenerationError
from archiver.storage.folder import Folder
from archiver.storage.spelling import refuse_other_spelling


class CaselessFolder(Folder):
    """A folder as macOS has them: a name is found under any spelling, and listed as it was made."""

    def stat(self, name: str) -> os.stat_result | None:
        """Look for the name under any spelling."""
        found = next((entry for entry in self.names() if entry.lower() == name.lower()), name)
        return super().stat(found)


def _caseless(path: Path) -> CaselessFolder:
    return CaselessFolder(Folder.open_root(path).descriptor, "generations/2024/12")


def test_a_folder_made_for_another_id_is_refused(tmp_path: Path) -> None:
    """Its files would be replaced, one by one, by those of another generation."""
    (tmp_path / "abc").mkdir()
    with (
        _caseless(tmp_path) as month,
        pytest.raises(OtherGenerationError, match="ABC is, on this disk, the folder of another id, abc:"),
    ):
        refuse_other_spelling(month, "ABC")


@pytest.mark.parametrize("name", ["abc", "0123-4567", "aBc"])
def test_an_own_folder_is_used(tmp_path: Path, name: str) -> None:
    """Whoever made it comes again, with letters or without any."""
    (tmp_path / name).mkdir()
    with _caseless(tmp_path) as month:
        refuse_other_spelling(month, name)
        assert month.names() == [name]


def test_where_case_counts_both_have_their_folders(tmp_path: Path) -> None:
    """Linux: `abc` and `ABC` are two names."""
    for name in ("abc", "ABC"):
        (tmp_path / name).mkdir()
    with Folder.open_root(tmp_path) as month:
        for name in ("abc", "ABC"):
            refuse_other_spelling(month, name)
        assert sorted(month.names()) == ["ABC", "abc"]
