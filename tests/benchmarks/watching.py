"""A process and all its descendants, looked at from outside while they run: memory, and whose time it is."""

from __future__ import annotations

import threading
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.scale.measured import peak_kib

# A process's own peak is a high-water mark that the kernel keeps: it need not be looked at often.
_PEAK_INTERVAL_S, _PSS_INTERVAL_S = 0.1, 0.03
_KIB, _MB = 1024, 1e6
# USER_HZ, which is 100 wherever Linux runs.
_TICKS_A_SECOND = 100


class Watch:
    """Looks at a process tree until the block ends."""

    def __init__(self, pid: int, *, with_pss: bool) -> None:
        self._pid = pid
        self._with_pss = with_pss
        self._peaks_kib: dict[int, int] = {}
        self._pss_kib = 0
        self._own_s = 0.0
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end.set()
        self._thread.join()

    @property
    def peak_mb(self) -> float:
        """The sum of the most that each process had resident."""
        return sum(self._peaks_kib.values()) * _KIB / _MB

    @property
    def pss_mb(self) -> float:
        """The largest sum of proportional set sizes at any one time; 0 where it was not asked for."""
        return self._pss_kib * _KIB / _MB

    @property
    def own_s(self) -> float:
        """The processor time of the process alone, as last seen: up to a tenth of a second too little."""
        return self._own_s

    def _watch(self) -> None:
        while not self._end.wait(_PSS_INTERVAL_S if self._with_pss else _PEAK_INTERVAL_S):
            tree = _tree(self._pid)
            self._own_s = max(self._own_s, processor_s(self._pid))
            for pid in tree:
                self._peaks_kib[pid] = max(self._peaks_kib.get(pid, 0), peak_kib(Path(f"/proc/{pid}/status")))
            if self._with_pss:
                self._pss_kib = max(self._pss_kib, sum(map(_pss_kib, tree)))


def processor_s(pid: int) -> float:
    """Return what a process has taken so far (proc_pid_stat(5), `utime` and `stime`); 0 where it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / _TICKS_A_SECOND


def _tree(pid: int) -> list[int]:
    """Return a process and all its descendants. A process's children are listed under each of its threads."""
    children: list[int] = []
    for listed in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children += map(int, listed.read_text().split())
        except OSError:  # the thread has ended
            continue
    return [pid, *(each for child in children for each in _tree(child))]


def _pss_kib(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:  # the process has ended
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)
