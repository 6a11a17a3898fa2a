"""A run in numbers for Prometheus: node_exporter's textfile collector reads the file.

(prometheus.io/docs/instrumenting/exposition_formats, github.com/prometheus/node_exporter#textfile-collector)
Seven gauges, written once a run: a registry of a process's metrics would be a dependency of every install.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from archiver.cli.text import clean
from archiver.domain.events import Event
from archiver.domain.outcome import RunReport
from archiver.runtime.clock import Clock

_SUCCESS = "luma_archiver_last_success_timestamp_seconds"
_HELP = {
    "luma_archiver_last_run_timestamp_seconds": "When the last run ended, in seconds since 1970.",
    "luma_archiver_last_run_exit_code": "The last run's exit code.",
    "luma_archiver_last_run_duration_seconds": "How long the last run took.",
    "luma_archiver_last_run_received_bytes": "Bytes of media that the last run received.",
    "luma_archiver_last_run_generations": "Generations that the last run worked on, by outcome.",
    "luma_archiver_last_run_bad_rows": "Rows of manifests that the last run could not use.",
    _SUCCESS: "When the last run with exit code 0 ended, in seconds since 1970.",
}
# node_exporter runs as another user.
_READABLE_BY_ALL = 0o644
_LONGEST_BYTES = 65_536


class MetricsFile:
    """Writes the file when the run ends, in one step: whoever reads meets a whole one."""

    def __init__(self, path: Path, archive: Path, clock: Clock, complain: Callable[[str], None]) -> None:
        self._path = path
        self._archive = archive
        self._clock = clock
        self._complain = complain

    def __call__(self, _event: Event) -> None:
        """Take no note: the report has the counts."""

    def finish(self, report: RunReport) -> None:
        """Write the file."""
        try:
            text = show_metrics(report, str(self._archive), self._clock.now().timestamp(), self._earlier())
            _replace(self._path, text.encode())
        except OSError as error:
            self._complain(f"--metrics-file: {clean(str(self._path))}: cannot be written: {error.strerror}")

    def _earlier(self) -> float | None:
        """Return when the last success was, as the file says that this one replaces."""
        with suppress(OSError, ValueError):
            with self._path.open(encoding="utf-8") as file:
                text = file.read(_LONGEST_BYTES)
            found = re.search(rf"^{_SUCCESS}\{{.*\}} (\S+)$", text, re.MULTILINE)
            return float(found[1]) if found else None
        return None


def show_metrics(report: RunReport, archive: str, now_s: float, last_success_s: float | None) -> str:
    """Return the file's text; `last_success_s` is of the runs before."""
    tally = report.tally
    success_s = now_s if report.exit_code == 0 else last_success_s
    values: dict[str, float | None] = {
        "luma_archiver_last_run_timestamp_seconds": now_s,
        "luma_archiver_last_run_exit_code": report.exit_code,
        "luma_archiver_last_run_duration_seconds": report.seconds,
        "luma_archiver_last_run_received_bytes": tally.bytes_fetched,
        "luma_archiver_last_run_bad_rows": tally.bad_rows,
        _SUCCESS: success_s,
    }
    labels = f'archive="{_escaped(archive)}"'
    samples = {name: [f"{{{labels}}} {value}"] for name, value in values.items() if value is not None}
    samples["luma_archiver_last_run_generations"] = [
        f'{{{labels},outcome="{outcome}"}} {count}' for outcome, count in tally.counts.items()
    ]
    return "".join(_family(name, samples[name]) for name in _HELP if name in samples)


def _family(name: str, samples: list[str]) -> str:
    lines = [f"# HELP {name} {_HELP[name]}", f"# TYPE {name} gauge", *(name + sample for sample in samples)]
    return "\n".join(lines) + "\n"


def _escaped(text: str) -> str:
    plain = text.encode(errors="backslashreplace").decode()
    return plain.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _replace(path: Path, data: bytes) -> None:
    # The collector reads `*.prom` alone: a file under way has another ending.
    temporary = path.with_name(f"{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _READABLE_BY_ALL)
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(descriptor, _READABLE_BY_ALL)
            file.write(data)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
