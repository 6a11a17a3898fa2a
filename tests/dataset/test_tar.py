"""Tars that every program reads, and that are the same bytes each time."""

from __future__ import annotations

import io
import shutil
import subprocess
import tarfile
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.dataset.output import Output
from archiver.dataset.tar import header_of, read_members, write_end, write_member
from tests.dataset.writing import PlainOutput

NAMES = st.from_regex(r"[A-Za-z0-9_-]{1,128}(\.[a-z0-9_]{1,12}){1,2}", fullmatch=True)
BODIES = st.binary(max_size=1500)
# tar(5): the size has eleven octal digits.
LARGEST_USTAR = 8**11 - 1


def _write(output: Output, body: bytes) -> None:
    output.write(body)


def tar_of(members: dict[str, bytes]) -> bytes:
    """Return a tar of these members."""
    file = io.BytesIO()
    output = PlainOutput(file)
    for name, body in members.items():
        write_member(output, name, len(body), partial(_write, body=body))
    write_end(output)
    return file.getvalue()


@given(st.dictionaries(NAMES, BODIES, max_size=5))
def test_what_is_written_is_what_python_reads(members: dict[str, bytes]) -> None:
    """Names, bodies and their order, whatever their sizes; and nothing of whoever wrote it."""
    with tarfile.open(fileobj=io.BytesIO(tar_of(members)), mode="r:") as tar:
        found = list(tar)
        bodies = [file.read() for member in found if (file := tar.extractfile(member))]
    assert dict(zip([member.name for member in found], bodies, strict=True)) == members
    assert [member.name for member in found] == list(members)
    for member in found:
        assert member.isreg()
        assert (member.mtime, member.uid, member.gid, member.mode) == (0, 0, 0, 0o644)
        assert (member.uname, member.gname) == ("", "")


@given(st.dictionaries(NAMES, BODIES, max_size=5))
def test_the_same_members_are_the_same_bytes(members: dict[str, bytes]) -> None:
    """A digest published with a dataset can be had again; and a tar is whole blocks (tar(5))."""
    assert tar_of(members) == tar_of(members)
    assert len(tar_of(members)) % 512 == 0
    assert tar_of(members).endswith(bytes(1024))


@pytest.mark.skipif(shutil.which("tar") is None, reason="needs tar")
def test_tar_itself_extracts_it(tmp_path: Path) -> None:
    """The oldest reader there is, which stops at a header that is not right."""
    members = {"a.mp4": b"\1" * 1000, "a.txt": b"", f"{'k' * 120}.last_frame.jpg": b"2", "b.mp4": b"\3" * 512}
    (tmp_path / "x.tar").write_bytes(tar_of(members))
    subprocess.run(["tar", "-xf", "x.tar"], cwd=tmp_path, check=True)  # noqa: S607 - whichever tar there is
    (tmp_path / "x.tar").unlink()
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == members


@given(NAMES.filter(lambda name: len(name) <= 100), st.integers(0, LARGEST_USTAR))
def test_headers_are_plain_ustar_wherever_they_can_be(name: str, size: int) -> None:
    """One block, magic `ustar` and version 00 (POSIX, pax): readers that know nothing else read it."""
    header = header_of(name, size)
    assert len(header) == 512
    assert header[257:265] == b"ustar\x0000"


@given(NAMES, st.integers(LARGEST_USTAR + 1, 1 << 50))
def test_what_ustar_has_no_room_for_is_still_read(name: str, size: int) -> None:
    """A clip of over 8 GiB, an id of 128 characters: rare, and no reason to leave them out."""
    with tarfile.open(fileobj=io.BytesIO(header_of(name, size)), mode="r:") as tar:
        member = tar.next()
    assert member is not None
    assert (member.name, member.size) == (name, size)


@pytest.mark.skipif(shutil.which("tar") is None, reason="needs tar")
def test_a_member_of_over_8_gib_is_listed_by_tar_itself(tmp_path: Path) -> None:
    """Python reading what Python wrote proves little; the file is sparse."""
    size = LARGEST_USTAR + 513
    with (tmp_path / "x.tar").open("wb") as file:
        file.write(header_of("a.mp4", size))
        file.truncate(512 + size + 512 + 1024)
    listed = subprocess.run(
        ["tar", "-tvf", "x.tar"],  # noqa: S607 - as above
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    )
    assert str(size) in listed.stdout.split()


@pytest.mark.parametrize("cut", [1, 600, 1500, 1536])
def test_a_tar_that_was_cut_is_not_whole(tmp_path: Path, cut: int) -> None:
    """Its members would be fewer, and nothing would say so."""
    whole = tar_of({"a.mp4": b"\1" * 1000, "b.mp4": b"\2" * 1000})
    path = tmp_path / "x.tar"
    path.write_bytes(whole)
    assert list(read_members(path)) == [("a.mp4", 1000), ("b.mp4", 1000)]
    path.write_bytes(whole[: -1024 - cut])
    with pytest.raises(ValueError, match=r"x\.tar is not a whole tar"):
        list(read_members(path))


def test_a_link_in_a_tar_is_no_member(tmp_path: Path) -> None:
    """Loaders pass over it in silence."""
    link = tarfile.TarInfo("a.mp4")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    (tmp_path / "x.tar").write_bytes(link.tobuf(tarfile.USTAR_FORMAT) + bytes(1024))
    with pytest.raises(ValueError, match="not a file"):
        list(read_members(tmp_path / "x.tar"))
