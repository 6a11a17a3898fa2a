"""The two files of an unfinished download, as blocking calls: the bytes, and the journal beside them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

from archiver.domain.errors import ArchiveError
from archiver.domain.identity import AssetName, GenerationId, MediaUrl
from archiver.domain.naming import PARTIAL, partial_folder_of
from archiver.domain.transfer import Validator
from archiver.runtime.boot import boot_id
from archiver.storage.durability import sync_file
from archiver.storage.errors import MissingFileError, translated
from archiver.storage.files import TEMPORARY_SUFFIX, sha256_of, write_atomic
from archiver.storage.folder import Folder
from archiver.storage.hashing import HashingFile, write_hashed
from archiver.storage.journal import Journal, decode_journal, encode_journal

PART_SUFFIX = ".part"
JOURNAL_SUFFIX = ".json"
# A URL has 8 KB at most, and headers hardly more: what is longer is no journal.
_LONGEST_JOURNAL_BYTES = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class BodySource:
    """What a body is a version of, and its length in bytes where that is known."""

    url: MediaUrl
    validator: Validator
    total: int | None


def loose_name(generation_id: GenerationId, asset: AssetName) -> str:
    """Return the name in `.partial` of a body that is whole and has no journal; no id begins with a `+`."""
    return f"+{partial_folder_of(generation_id)}.{asset}{TEMPORARY_SUFFIX}"


class PartFile:
    """`.partial/<id>/<asset>.part` and `<asset>.json`; or, loose, a short body beside that folder.

    Every method raises `ArchiveError`.
    """

    def __init__(self, root: Path, generation_id: GenerationId, asset: AssetName) -> None:
        self._root = root
        self._folder = partial_folder_of(generation_id)
        self._home = f"{PARTIAL}/{self._folder}"
        self._loose = loose_name(generation_id, asset)
        self.name = asset + PART_SUFFIX
        self.journal_name = asset + JOURNAL_SUFFIX

    @property
    def path(self) -> Path:
        """Where the bytes are."""
        return self._root / self._home / self.name

    @property
    def loose_path(self) -> Path:
        """Where the bytes of a short body are."""
        return self._root / PARTIAL / self._loose

    def look(self) -> tuple[Journal | None, int]:
        """Return the journal, None where there is none of use, and the file's size in bytes."""
        try:
            with self._open_home() as home:
                descriptor = home.open_file(self.journal_name, os.O_RDONLY)
                with translated("read", home.where(self.journal_name)), os.fdopen(descriptor, "rb") as file:
                    journal = decode_journal(file.read(_LONGEST_JOURNAL_BYTES))
                return journal, home.size_of(self.name) or 0
        except MissingFileError:
            return None, 0

    def cut(self, length: int) -> None:
        """Keep the first `length` bytes alone."""
        with self._open_home() as home:
            descriptor = home.open_file(self.name, os.O_WRONLY)
            with translated("cut", home.where(self.name)), os.fdopen(descriptor, "wb") as file:
                file.truncate(length)

    def read(self, start: int, count: int) -> bytes:
        """Return `count` bytes from `start` on, or what there is of them."""
        with self._open_home() as home:
            descriptor = home.open_file(self.name, os.O_RDONLY)
            with translated("read", home.where(self.name)), os.fdopen(descriptor, "rb") as file:
                file.seek(start)
                return file.read(count)

    def sha256(self) -> str:
        """Return the SHA-256 of the bytes, in hexadecimal."""
        with self._open_home() as home:
            return sha256_of(home, self.name)

    def remove(self) -> None:
        """Remove both files; the bytes go first, for bytes without a journal are worth nothing."""
        with suppress(MissingFileError), self._open_aside() as aside:
            aside.remove(self._loose)
            with aside.child(self._folder) as home:
                home.remove(self.name)
                home.remove(self.journal_name)

    def write_loose(self, pieces: Sequence[bytes | memoryview | bytearray]) -> str:
        """Write a whole body, without a journal and a folder; return its SHA-256, in hexadecimal."""
        with self._make_aside() as aside:
            descriptor = aside.open_file(self._loose, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            try:
                with translated("write", aside.where(self._loose)):
                    return write_hashed(descriptor, pieces)
            finally:
                os.close(descriptor)

    def vouch(self, source: BodySource) -> None:
        """Let a loose body be found by a later run: its bytes are all there, and not synced."""
        with (
            self._open_aside() as aside,
            aside.make_child(self._folder, durable=False) as home,
        ):
            # What an earlier journal speaks of goes first, then the new one comes, then its bytes.
            home.remove(self.name)
            _write_journal(home, self.journal_name, source, 0, durable=False)
            aside.rename(self._loose, home, self.name)

    def begin(self, at: int, source: BodySource) -> OpenPart:
        """Open the file to continue after its first `at` bytes; what it holds beyond them is cut off."""
        with ExitStack() as undo:
            with Folder.open_root(self._root) as root:
                home = undo.enter_context(root.make_descent(self._home, durable=False))
            # An earlier journal must not, after a power cut, vouch for the bytes that come now. Where there
            # is none, a cut costs what was in flight, and no more: the sync waits for the first checkpoint.
            is_durable = home.size_of(self.journal_name) is not None
            part = OpenPart(home, undo.enter_context(self._open_cut(home, at)), self, source)
            part.record(at, durable=is_durable)
            undo.pop_all()
        return part

    def _open_cut(self, home: Folder, at: int) -> HashingFile:
        held = home.size_of(self.name) or 0
        if held < at:
            msg = f"cannot continue {home.where(self.name)}: it holds {held} bytes, not {at}: run again"
            raise ArchiveError(msg)
        file = HashingFile(home.open_file(self.name, os.O_RDWR | os.O_CREAT))
        try:
            with translated("write", home.where(self.name)):
                file.cut(at)
        except ArchiveError:
            file.close()
            raise
        return file

    def _open_aside(self) -> Folder:
        return Folder.open_below(self._root, PARTIAL)

    def _make_aside(self) -> Folder:
        with suppress(MissingFileError):
            return self._open_aside()
        with Folder.open_root(self._root) as root:
            return root.make_child(PARTIAL, durable=False)

    def _open_home(self) -> Folder:
        with Folder.open_root(self._root) as root:
            return root.descend(self._home)


class OpenPart:
    """An unfinished download that is open for writing."""

    def __init__(self, home: Folder, file: HashingFile, names: PartFile, source: BodySource) -> None:
        self.file = file
        self.path = home.where(names.name)
        self._home = home
        self._journal_name = names.journal_name
        self._source = source

    def record(self, synced_bytes: int, *, durable: bool) -> None:
        """Write the journal: so many bytes are synced. A `durable` one outlives a power cut."""
        _write_journal(self._home, self._journal_name, self._source, synced_bytes, durable=durable)

    def checkpoint(self) -> None:
        """Sync what is written, then let the journal say so."""
        length = self.file.length
        with translated("write", self.path):
            sync_file(self.file.fileno())
        self.record(length, durable=True)

    def close(self) -> None:
        """Close file and folder."""
        try:
            with translated("write", self.path):
                self.file.close()
        finally:
            self._home.close()


def _write_journal(home: Folder, name: str, source: BodySource, synced_bytes: int, *, durable: bool) -> None:
    journal = Journal(
        resource=source.url.resource,
        validator=source.validator,
        total=source.total,
        durable=synced_bytes,
        boot=boot_id(),
    )
    write_atomic(home, name, encode_journal(journal), aside=home, durable=durable)
