"""The machine that a sitting was on: what a reader needs to make sense of its numbers."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

_GB = 1e9
_KIB = 1024
# The option that makes each tell its version, and where in its first line that stands.
_TOLD_BY = {"nginx": "-v", "aria2c": "--version", "curl": "--version"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """Processors, memory, the file system that was written to, and whose versions took part."""

    processor: str
    cores: int
    memory_gb: float
    file_system: str
    kernel: str
    versions: str

    @classmethod
    def this(cls, work: Path) -> Machine:
        """Return this one; `work` is what was written to."""
        return cls(
            processor=_field(Path("/proc/cpuinfo"), "model name") or platform.machine(),
            cores=os.cpu_count() or 1,
            memory_gb=int((_field(Path("/proc/meminfo"), "MemTotal") or "0").split()[0]) * _KIB / _GB,
            file_system=_file_system(work),
            kernel=platform.release(),
            versions=", ".join(
                [f"Python {platform.python_version()}", *filter(None, map(_version, _TOLD_BY))]
            ),
        )

    def __str__(self) -> str:
        return (
            f"{self.cores} cores of {self.processor}, {self.memory_gb:.0f} GB of memory, {self.file_system}, "
            f"Linux {self.kernel}; {self.versions}"
        )


def _field(file: Path, name: str) -> str:
    lines = file.read_text().splitlines() if file.exists() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(name)), "")


def _file_system(folder: Path) -> str:
    """Return the type of the file system that holds a folder: that of the longest mount point above it."""
    mounts = [line.split() for line in Path("/proc/self/mounts").read_text().splitlines()]
    above = [mount for mount in mounts if folder.resolve().is_relative_to(mount[1])]
    return max(above, key=lambda mount: len(mount[1]))[2]


def _version(program: str) -> str:
    if not shutil.which(program):
        return ""
    told = subprocess.run([program, _TOLD_BY[program]], capture_output=True, text=True, check=False)  # noqa: S603 - one of ours above
    words = (told.stdout + told.stderr).replace("/", " ").split()
    return f"{program} {next((word for word in words if word[:1].isdigit()), '')}"
