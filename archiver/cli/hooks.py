"""The user's own commands: one for each archived generation, one after the run.

The rules:

1. A command is a list of words; no shell reads it. What it needs to know is in its environment, and as JSON
   on its standard input, the line that `--json` prints. The API key is not handed on.
2. One at a time, in the order in which generations ended, beside the run; its end waits for the rest.
3. What fails, or takes too long, is reported and changes nothing else. What a command prints is shown only
   then: its last line.
"""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from queue import SimpleQueue
from typing import IO, Any

import msgspec

from archiver.cli.jsonlines import generation_line, summary_line
from archiver.cli.key import VARIABLE
from archiver.cli.reporting import Command, Reporting
from archiver.cli.text import clean
from archiver.domain.events import Event, GenerationFinished
from archiver.domain.outcome import GenerationResult, Outcome, RunReport
from archiver.domain.timing import show_duration

# Whose files are in the archive, as this run found them at the service.
_ARCHIVED = {Outcome.ARCHIVED, Outcome.MISMATCHED}
# Of a command that always fails these tell enough; the rest are counted.
_REPORTED_FAILURES = 10
_SHOWN_BYTES, _SHOWN_CHARACTERS = 4096, 200
# Between the polite signal and the one that nothing outlives.
_GRACE_S = 5.0


@contextmanager
def open_hooks(reporting: Reporting, complain: Callable[[str], None]) -> Iterator[Hooks]:
    """Give the output that runs the commands; `complain` takes what failed, from any thread."""
    hooks = Hooks(reporting, complain)
    try:
        yield hooks
    finally:
        hooks.close()


class Hooks:
    """Runs the commands."""

    def __init__(self, reporting: Reporting, complain: Callable[[str], None]) -> None:
        self._reporting = reporting
        self._complain = complain
        self._waiting: SimpleQueue[GenerationResult | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="hooks", daemon=True)
        self._failures = 0

    def __call__(self, event: Event) -> None:
        """Let the command for an archived generation have its turn."""
        if not (self._reporting.each and isinstance(event, GenerationFinished)):
            return
        if event.result.outcome in _ARCHIVED:
            if not self._thread.is_alive():
                self._thread.start()
            self._waiting.put(event.result)

    def finish(self, report: RunReport) -> None:
        """Wait for the commands that are left, then run the one for the end."""
        self.close()
        if self._thread.ident:
            self._thread.join()
        if self._failures > _REPORTED_FAILURES:
            self._complain(f"--exec failed {self._failures} times in all")
        if self._reporting.after:
            call = Call(self._reporting.after, self._told_of_run(report), summary_line(report))
            if failure := call.run(self._reporting.hook_time_limit_s):
                self._complain(f"--exec-after: {failure}")

    def close(self) -> None:
        """Take no more."""
        self._waiting.put(None)

    def _work(self) -> None:
        while result := self._waiting.get():
            call = Call(self._reporting.each, self._told_of(result), generation_line(result))
            if failure := call.run(self._reporting.hook_time_limit_s):
                self._failures += 1
                if self._failures <= _REPORTED_FAILURES:
                    self._complain(f"--exec for {result.id}: {failure}")

    def _told_of(self, result: GenerationResult) -> dict[str, str]:
        return {
            "LUMA_ARCHIVE": str(self._reporting.archive),
            "LUMA_GENERATION_ID": result.id,
            "LUMA_GENERATION_STATE": result.state,
            "LUMA_GENERATION_OUTCOME": result.outcome,
            "LUMA_GENERATION_FOLDER": str(self._reporting.archive / (result.path or "")),
        }

    def _told_of_run(self, report: RunReport) -> dict[str, str]:
        counts = {f"LUMA_RUN_{name.upper()}": str(count) for name, count in report.tally.counts.items()}
        return {
            "LUMA_ARCHIVE": str(self._reporting.archive),
            "LUMA_RUN_EXIT_CODE": str(report.exit_code),
            "LUMA_RUN_BYTES": str(report.tally.bytes_fetched),
            "LUMA_RUN_SECONDS": str(report.seconds),
            **counts,
        }


@dataclass(frozen=True, slots=True)
class Call:
    """One command with what it is told: variables, and a value that becomes JSON."""

    command: Command
    variables: Mapping[str, str]
    told: Mapping[str, Any]

    def run(self, time_limit_s: float) -> str | None:
        """Run it to its end; return in words what went wrong, or None."""
        try:
            # The temporary file can fail, too: its disk may be full.
            with tempfile.TemporaryFile() as said:
                # A group of its own: Ctrl-C is for the run, and all of a command can be ended together.
                process = subprocess.Popen(  # noqa: S603 - the user's own command, and no shell
                    self.command,
                    stdin=subprocess.PIPE,
                    stdout=said,
                    stderr=subprocess.STDOUT,
                    env=self._environment(),
                    start_new_session=True,
                )
                return self._see_through(process, said, time_limit_s)
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            return f"{self._name} cannot be run: {reason}"

    @property
    def _name(self) -> str:
        return clean(self.command[0])

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if name != VARIABLE}
        return kept | dict(self.variables)

    def _see_through(
        self, process: subprocess.Popen[bytes], said: IO[bytes], time_limit_s: float
    ) -> str | None:
        with process:
            try:
                process.communicate(msgspec.json.encode(self.told) + b"\n", timeout=time_limit_s)
            except subprocess.TimeoutExpired:
                _end(process)
                return f"{self._name} was ended after {show_duration(time_limit_s)} (--exec-timeout)"
        if process.returncode == 0:
            return None
        ended = (
            f"exit code {process.returncode}" if process.returncode > 0 else f"signal {-process.returncode}"
        )
        return f"{self._name} ended with {ended}{_last_line(said)}"


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a command and all that it started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(_GRACE_S)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _last_line(said: IO[bytes]) -> str:
    size = said.seek(0, os.SEEK_END)
    said.seek(max(0, size - _SHOWN_BYTES))
    lines = said.read().decode(errors="replace").split("\n")
    last = next((line.strip() for line in reversed(lines) if line.strip()), "")
    return f": {clean(last[:_SHOWN_CHARACTERS])}" if last else ""
