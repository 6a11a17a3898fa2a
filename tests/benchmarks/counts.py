"""What a run asks of the kernel and of the service, in counts that no other work on the machine changes."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.machine.program import Program
from tests.simulator import Service

# A line of strace -y: the call, its arguments with what descriptors stand for, its result.
_CALL = re.compile(r"(\w+)\((.*)\) += (-?\d+)")
_WRITES = frozenset({"write", "pwrite64", "writev", "pwritev", "pwritev2"})
_SYNCS = frozenset({"fsync", "fdatasync", "syncfs", "sync_file_range", "msync"})
_TRACED = ["%file", "ftruncate", "fallocate", "copy_file_range", *sorted(_WRITES | _SYNCS)]
# Each thread has a file of its own, so that no call is torn apart by another; no byte of what is written.
_STRACE = ("strace", "-ff", "-y", "-s0", "-qq", "-e", f"trace={','.join(_TRACED)}")


@dataclass(frozen=True, slots=True)
class _Call:
    name: str
    arguments: str
    result: int


def can_trace() -> bool:
    """Tell whether strace is here and may trace."""
    strace = shutil.which("strace")
    if strace is None:
        return False
    tried = subprocess.run([strace, "-f", "true"], capture_output=True, check=False)  # noqa: S603 - does nothing
    return tried.returncode == 0


async def count_run(service: Service, folder: Path, ids: Sequence[str]) -> Mapping[str, float]:
    """Archive generations below `folder`, traced; return how much of everything there is for each of them."""
    manifest, archive, traces = folder / "ids.txt", folder / "archive", folder / "trace"
    manifest.write_text("".join(f"{generation_id}\n" for generation_id in ids))
    program = Program(service=service, archive=archive, before=[*_STRACE, "-o", str(traces)])
    ended = await program.run("batch", str(manifest), "--quiet")
    assert ended.code == 0, ended.err
    counts = _count(_calls(folder, f"<{archive}", f'"{archive}'))
    counts["bytes beyond the media's own"] = counts.pop("bytes written") - service.log.media.body_bytes
    counts["questions to the API"] = len(service.log.api)
    counts["requests for media"] = len(service.log.media)
    counts["connections"] = len(service.log.connections)
    return {what: count / len(ids) for what, count in counts.items()}


def _calls(folder: Path, *places: str) -> Iterator[_Call]:
    """Return the calls of all threads that name one of these places."""
    for trace in sorted(folder.glob("trace.*")):
        for line in trace.read_text(encoding="utf-8", errors="replace").splitlines():
            found = _CALL.match(line)
            if found and any(place in line for place in places):
                yield _Call(found[1], found[2], int(found[3]))


def _count(calls: Iterator[_Call]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for call in calls:
        if call.name in _WRITES:
            counts["writes"] += 1
            counts["bytes written"] += max(call.result, 0)
        elif call.name in _SYNCS:
            counts["syncs"] += 1
        else:
            counts["calls that name a file"] += 1
            counts[_kind(call.name)] += 1
    return counts


def _kind(name: str) -> str:
    """Return what a call does, whichever of its variants it is: `renameat2` renames."""
    kinds = {
        "open": "opens",
        "rename": "renames",
        "link": "links",
        "unlink": "removals",
        "mkdir": "folders made",
    }
    return next((kind for start, kind in kinds.items() if name.startswith(start)), name)
