"""The archive's own files, as a dataset takes them."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import msgspec
import pytest

from archiver.dataset.example import Example, example_of
from archiver.dataset.media import LostSampleError
from archiver.dataset.originals import original_files, sidecar_file
from archiver.domain.errors import ArchiveError
from archiver.domain.identity import AssetName
from archiver.domain.sidecar import decode_sidecar, encode_sidecar
from tests.nightly.made import BODY, keep


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Return an archive with one generation, which has a clip and a thumbnail."""
    keep(tmp_path / "archive", "g-1", picture=b"a picture")
    return tmp_path / "archive"


def example_in(archive: Path) -> Example:
    """Return the archive's one example."""
    (path,) = archive.glob("generations/*/*/g-1/sidecar.json")
    return example_of(decode_sidecar(path.read_bytes()), path.parent.relative_to(archive).as_posix())


def test_files_come_in_the_order_that_was_asked_for_and_with_their_bytes(archive: Path) -> None:
    """Layouts take the first file as the sample's main one."""
    files = original_files(archive, example_in(archive), (AssetName.THUMBNAIL, AssetName.VIDEO))
    assert [(file.field, file.extension) for file in files] == [("thumbnail", "jpg"), ("video", "mp4")]
    assert [file.read() for file in files] == [b"a picture", BODY]


def test_paths_are_absolute_wherever_the_program_was_started(
    archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`--archive` is often relative; a hard link is made by the path."""
    monkeypatch.chdir(archive.parent)
    (file,) = original_files(Path("archive"), example_in(archive), (AssetName.VIDEO,))
    assert file.path.is_absolute()
    assert file.path.read_bytes() == BODY
    assert sidecar_file(Path("archive"), example_in(archive)).path.is_absolute()


def test_a_missing_file_loses_the_sample_when_it_is_opened(archive: Path) -> None:
    """One deleted clip must not end an export of a hundred thousand."""
    example = example_in(archive)
    (file,) = original_files(archive, example, (AssetName.VIDEO,))
    file.path.unlink()
    with pytest.raises(LostSampleError, match=r"g-1/video\.mp4: it does not exist"):
        file.read()


@pytest.mark.parametrize("what", ["file", "folder"])
def test_a_symbolic_link_is_not_followed(archive: Path, tmp_path: Path, what: str) -> None:
    """A dataset is published: a link in a shared archive must not bring a private file into it."""
    example = example_in(archive)
    (file,) = original_files(archive, example, (AssetName.VIDEO,))
    linked = file.path if what == "file" else file.path.parent
    elsewhere = tmp_path / "elsewhere"
    shutil.move(linked, elsewhere)
    linked.symlink_to(elsewhere)
    with pytest.raises(LostSampleError, match="symbolic link"):
        file.read()


def test_what_is_no_regular_file_loses_the_sample_and_does_not_hang(archive: Path) -> None:
    """A FIFO would be waited for."""
    (file,) = original_files(archive, example_in(archive), (AssetName.VIDEO,))
    file.path.unlink()
    os.mkfifo(file.path)
    with pytest.raises(LostSampleError, match="not a regular file"):
        file.read()


def test_other_bytes_of_the_same_length_lose_the_sample(archive: Path) -> None:
    """A disk that rots keeps the sizes."""
    (file,) = original_files(archive, example_in(archive), (AssetName.VIDEO,))
    file.path.write_bytes(BODY[:-1] + b"\1")
    with pytest.raises(LostSampleError, match="not what its sidecar records"):
        file.read()


def test_an_archive_that_went_away_ends_the_run(archive: Path) -> None:
    """A disk that was unplugged is not a hundred thousand damaged samples."""
    (file,) = original_files(archive, example_in(archive), (AssetName.VIDEO,))
    shutil.rmtree(archive)
    with pytest.raises(ArchiveError):
        file.read()


def test_the_sidecar_is_taken_verbatim(archive: Path) -> None:
    """Whoever wrote it with other white space gets these bytes back."""
    (path,) = archive.glob("generations/*/*/g-1/sidecar.json")
    path.write_bytes(b"\n" + path.read_bytes() + b"\n\n")
    file = sidecar_file(archive, example_in(archive))
    assert (file.field, file.extension) == ("sidecar", "json")
    assert file.read() == path.read_bytes()


def test_a_sidecar_that_changed_since_it_was_read_loses_the_sample(archive: Path) -> None:
    """A repair that runs meanwhile replaces files and sidecar: a mixture of both would agree with neither."""
    example = example_in(archive)
    (path,) = archive.glob("generations/*/*/g-1/sidecar.json")
    changed = msgspec.structs.replace(decode_sidecar(path.read_bytes()), archived_at="2025-01-01T00:00:00Z")
    path.write_bytes(encode_sidecar(changed))
    with pytest.raises(LostSampleError, match="changed during the export"):
        sidecar_file(archive, example)


@pytest.mark.parametrize("data", [b"", b"{", b'{"schema_version": 99}'])
def test_a_sidecar_that_is_none_loses_the_sample(archive: Path, data: bytes) -> None:
    """It was one when the export began."""
    example = example_in(archive)
    (path,) = archive.glob("generations/*/*/g-1/sidecar.json")
    path.write_bytes(data)
    with pytest.raises(LostSampleError):
        sidecar_file(archive, example)
