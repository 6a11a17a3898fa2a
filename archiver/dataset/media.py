"""The files of samples as they go into a dataset, read once and held against their digests on the way."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import BinaryIO, Protocol

from archiver.dataset.digesting import RunningDigest
from archiver.dataset.events import ExportObserver, SampleLost
from archiver.dataset.output import Output
from archiver.dataset.plan import Sample
from archiver.domain.errors import ArchiverError
from archiver.domain.identity import GenerationId
from archiver.storage.errors import archive_error

# Large enough that system calls do not show, small enough for the processor's cache, and for the end of a
# file, where its digest has to be waited for.
CHUNK_BYTES = 256 << 10
# So many chunks are hashed, or wait for it, while the next is read.
_AHEAD = 4


class LostSampleError(ArchiverError):
    """A file of a sample is missing or not what its sidecar records: the sample is left out."""

    kind = "damaged"


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaFile:
    """A file of a sample. `field` is what it is: an asset's name, or `frame_003`; `path` is absolute."""

    field: str
    extension: str
    size: int
    sha256: str
    path: Path
    opened: Callable[[], BinaryIO]
    """Opens it for reading, through no symbolic link. Raises `LostSampleError`."""

    def chunks(self) -> Iterator[memoryview]:
        """Give the bytes, `CHUNK_BYTES` at most at a time; a chunk is valid until the next is asked for.

        Raises `LostSampleError`, at the latest after the last chunk, where they are not the recorded ones.
        """
        room = min(CHUNK_BYTES, self.size + 1)
        buffers = cycle([memoryview(bytearray(room)) for _ in range(_AHEAD + 1)])
        return self._read_into(lambda: next(buffers))

    def copy_to(self, output: Output) -> None:
        """Append the bytes to a staged file. Raises what `chunks` and `Output.take` raise."""
        with closing(self._read_into(lambda: output.room()[:CHUNK_BYTES])) as chunks:
            for chunk in chunks:
                output.take(len(chunk))

    def read(self) -> bytes:
        """Return all bytes. Raises `LostSampleError`."""
        return b"".join(bytes(chunk) for chunk in self.chunks())

    def _read_into(self, room: Callable[[], memoryview]) -> Generator[memoryview]:
        """Give what was read each time: in the memory that `room` gives, hashed while the next is read."""
        size = 0
        with self.opened() as file, RunningDigest(_AHEAD) as digest:
            while size <= self.size and (chunk := self._read(file, room()[: self.size + 1 - size])):
                digest.feed(chunk)
                size += len(chunk)
                yield chunk
            found = digest.hexdigest()
        if (size, found) != (self.size, self.sha256):
            msg = f"{self.path.name} is not what its sidecar records: run `luma-archiver verify --repair`"
            raise LostSampleError(msg)

    def _read(self, file: BinaryIO, buffer: memoryview) -> memoryview:
        """Return the next bytes, in the buffer. Raises `LostSampleError`."""
        try:
            return buffer[: file.readinto(buffer)]  # type: ignore[attr-defined]  # a raw file has it
        except OSError as error:
            raise LostSampleError(archive_error(error, "read", self.path.name).message) from error


class Media(Protocol):
    """Whoever has the files of samples."""

    def files(self, sample: Sample) -> tuple[MediaFile, ...]:
        """Return a sample's files: those that the plan names, in its order. Raises `LostSampleError`."""
        ...

    def pass_by(self, sample: Sample) -> None:
        """Take note that a sample is dealt with, of which no files are asked for."""
        ...

    def lose(self, sample: Sample, error: LostSampleError) -> None:
        """Take note that a sample is left out."""
        ...

    def is_lost(self, sample: Sample) -> bool:
        """Tell whether a sample was left out."""
        ...


class Losses:
    """The samples that were left out of an export, with the reason; whoever watches is told of each once."""

    def __init__(self, observer: ExportObserver) -> None:
        self._observer = observer
        self._reasons: dict[GenerationId, str] = {}

    def add(self, generation_id: GenerationId, reason: str) -> None:
        """Take note of one."""
        if generation_id not in self._reasons:
            self._reasons[generation_id] = reason
            self._observer(SampleLost(generation_id, reason))

    def __contains__(self, generation_id: GenerationId) -> bool:
        return generation_id in self._reasons

    def __len__(self) -> int:
        return len(self._reasons)

    def among(self, samples: Iterable[Sample]) -> dict[str, str]:
        """Return those among these samples."""
        ids = (sample.example.id for sample in samples)
        return {name: self._reasons[name] for name in ids if name in self._reasons}


def open_regular(path: Path) -> BinaryIO:
    """Open a file for unbuffered reading, not through a link. Raises `OSError`."""
    return os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC), "rb", buffering=0)
