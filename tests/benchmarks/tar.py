"""`python -m tests.benchmarks.tar`: how long shards take, beside what `tar` takes for the same files.

`tar` copies. An export also holds every clip against its digest, computes the shard's, reads the sidecars,
reads the shards' headers again, and ends when all is on the disk. Both begin with files that the system has
in memory; beside tar's own time stands tar's with the sync that makes its bytes as safe as the export's.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from archiver.dataset.formats.webdataset import WebdatasetLayout
from archiver.domain.identity import AssetName, parse_id
from archiver.domain.sidecar import encode_sidecar
from tests.dataset.shards import export, plan_of
from tests.dataset.shelf import CLIP
from tests.storage.samples import record, sidecar

ROUNDS = 5


@dataclass(slots=True)
class Times:
    """Seconds of each round."""

    tar: list[float] = field(default_factory=list)
    safe_tar: list[float] = field(default_factory=list)
    export: list[float] = field(default_factory=list)

    @property
    def ratio(self) -> float:
        """How many times as long as `tar` an export takes: medians."""
        return statistics.median(self.export) / statistics.median(self.tar)

    @property
    def safe_ratio(self) -> float:
        """The same beside tar with a sync."""
        return statistics.median(self.export) / statistics.median(self.safe_tar)


def make_clips(root: Path, count: int, size: int) -> None:
    """Make an archive of so many clips of so many bytes, each of its own."""
    for generation_id in (parse_id(f"clip-{number:06d}") for number in range(count)):
        folder = root / "generations/2024/12" / generation_id
        folder.mkdir(parents=True)
        body = os.urandom(size)
        (folder / "video.mp4").write_bytes(body)
        video = msgspec.structs.replace(record("video.mp4", body), measured=CLIP)
        made = sidecar({AssetName.VIDEO: video}, generation_id=generation_id)
        (folder / "sidecar.json").write_bytes(encode_sidecar(made))


def measure(folder: Path, count: int, size: int, rounds: int = ROUNDS) -> Times:
    """Make an archive in `folder`, then time both in turn; a first round of each is not counted."""
    archive, times = folder / "archive", Times()
    make_clips(archive, count, size)
    os.sync()
    for number in range(rounds + 1):
        tar_s = _seconds(lambda: _tar(archive, folder / "x.tar"))
        sync_s = _seconds(lambda: _sync(folder / "x.tar"))
        (folder / "x.tar").unlink()
        export_s = _seconds(lambda: export(WebdatasetLayout(), plan_of(archive), folder / "dataset"))
        shutil.rmtree(folder / "dataset")
        if number:
            times.tar.append(tar_s)
            times.safe_tar.append(tar_s + sync_s)
            times.export.append(export_s)
    return times


def _tar(archive: Path, target: Path) -> None:
    command = ["tar", "--format=ustar", "-cf", str(target), "-C", str(archive), "generations"]
    subprocess.run(command, check=True)  # noqa: S603 - whichever tar there is


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)


def _seconds(work: Callable[[], object]) -> float:
    began_s = time.perf_counter()
    work()
    return time.perf_counter() - began_s


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.tar", description=__doc__)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--size-mb", type=float, default=7)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="luma-archiver-tar-") as folder:
        times = measure(Path(folder), given.count, int(given.size_mb * 1_000_000))
    for name, seconds in (("tar", times.tar), ("tar, synced", times.safe_tar), ("export", times.export)):
        shown = " ".join(f"{value:.2f}" for value in sorted(seconds))
        sys.stdout.write(f"{name}: {statistics.median(seconds):.2f} s ({shown})\n")
    sys.stdout.write(f"export / tar: {times.ratio:.2f}; export / tar, synced: {times.safe_ratio:.2f}\n")


if __name__ == "__main__":
    main()
