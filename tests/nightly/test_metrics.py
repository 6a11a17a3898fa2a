"""Metrics for node_exporter, pings for a monitor: what they say, and that their trouble is their own."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from archiver.cli.metrics import MetricsFile, show_metrics
from archiver.cli.pings import open_pings
from archiver.domain.errors import DiskFullError
from archiver.domain.identity import MediaUrl
from tests.cli.samples import HandClock, report
from tests.nightly.program import at, run_process
from tests.simulator import Service

_NOW_S = HandClock().now().timestamp()


def _samples(text: str) -> dict[str, float]:
    """Read the exposition format, strictly: HELP, TYPE, then samples of that name alone."""
    values: dict[str, float] = {}
    for family in re.split(r"(?m)^(?=# HELP )", text)[1:]:
        about, kind, *samples = family.splitlines()
        name = about.split()[2]
        assert kind == f"# TYPE {name} gauge"
        for sample in samples:
            found = re.fullmatch(rf'{name}\{{archive="/a",?(?:outcome="(\w+)")?\}} (\S+)', sample)
            assert found
            values[name.removeprefix("luma_archiver_") + (f".{found[1]}" if found[1] else "")] = float(
                found[2]
            )
    assert text.endswith("\n")
    return values


def test_a_run_is_told_in_the_exposition_format() -> None:
    """Every sample under its HELP and TYPE, with the archive as its label."""
    values = _samples(show_metrics(report(archived=10, pending=1), "/a", _NOW_S, None))
    assert values["last_run_exit_code"] == 0
    assert values["last_run_timestamp_seconds"] == values["last_success_timestamp_seconds"] == _NOW_S
    assert values["last_run_generations.archived"] == 10
    assert values["last_run_generations.error"] == 0
    assert (values["last_run_received_bytes"], values["last_run_duration_seconds"]) == (45_678, 12.3)


def test_a_failed_run_keeps_the_time_of_the_last_success(tmp_path: Path) -> None:
    """That is what an alert looks at; where none is known there is no such sample."""
    path = tmp_path / "luma.prom"
    metrics = MetricsFile(path, Path("/a"), HandClock(), pytest.fail)
    metrics.finish(report(error=1))
    assert "last_success_timestamp_seconds" not in _samples(path.read_text())
    metrics.finish(report(archived=1))
    success = path.read_text()
    metrics.finish(report(error=1))
    values = _samples(path.read_text())
    assert values["last_success_timestamp_seconds"] == _NOW_S
    assert values["last_run_exit_code"] == 3
    assert path.read_text() != success


def test_the_file_is_replaced_in_one_step_and_readable_by_all(tmp_path: Path) -> None:
    """The collector, another user, may read at any moment; it never meets half a file or a file under way."""
    path = tmp_path / "luma.prom"
    path.write_text("old")
    with path.open() as reader:
        MetricsFile(path, Path("/a"), HandClock(), pytest.fail).finish(report())
        assert reader.read() == "old"
    assert [file.name for file in tmp_path.glob("*luma*")] == ["luma.prom"]
    assert path.stat().st_mode & 0o777 == 0o644


def test_a_file_that_cannot_be_written_is_reported(tmp_path: Path) -> None:
    """And the run's exit code stays its own."""
    said: list[str] = []
    MetricsFile(tmp_path / "absent" / "luma.prom", Path("/a"), HandClock(), said.append).finish(report())
    assert len(said) == 1
    assert "--metrics-file" in said[0]
    assert "No such file or directory" in said[0]


def test_a_label_is_escaped() -> None:
    """An archive's folder may have any name."""
    text = show_metrics(report(), 'a"\\\n', _NOW_S, None)
    assert '{archive="a\\"\\\\\\n"}' in text


@dataclass(slots=True)
class Monitor:
    """A monitor on loopback: the pings that it got, and the status that it answers."""

    url: MediaUrl
    pings: list[tuple[str, str]] = field(default_factory=list)
    runs: set[str] = field(default_factory=set)
    status: int = 200


@pytest.fixture(name="monitor")
def _monitor() -> Iterator[Monitor]:
    """Run a monitor."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            target = urlsplit(self.path)
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            monitor.pings.append((target.path, body))
            monitor.runs.update(parse_qs(target.query)["rid"])
            self.send_response(monitor.status)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_arguments: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        monitor = Monitor(MediaUrl.parse(f"http://127.0.0.1:{server.server_port}/ping/uuid"))
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield monitor
        server.shutdown()
        thread.join()


def test_start_and_success_are_told_with_the_summary(monitor: Monitor) -> None:
    """Both under one run id, the start first."""
    with open_pings(monitor.url, pytest.fail) as pings:
        pings.finish(report(archived=1))
    assert monitor.pings == [("/ping/uuid/start", ""), ("/ping/uuid", "1 archived: 45.7 kB in 12 s")]
    assert len(monitor.runs) == 1


def test_a_failure_is_told_with_its_reason(monitor: Monitor) -> None:
    """Whoever is woken at night reads it on the telephone."""
    with open_pings(monitor.url, pytest.fail) as pings:
        pings.finish(report(DiskFullError("no room")))
    path, text = monitor.pings[-1]
    assert path == "/ping/uuid/fail"
    assert text.endswith("\nluma-archiver: no room")


def test_a_run_that_breaks_off_without_a_report_is_a_failure(monitor: Monitor) -> None:
    """A fault of the program itself must not pass for silence."""
    with pytest.raises(ZeroDivisionError), open_pings(monitor.url, pytest.fail):
        raise ZeroDivisionError
    assert [path for path, _ in monitor.pings] == ["/ping/uuid/start", "/ping/uuid/fail"]


def test_a_monitor_that_is_gone_or_refuses_is_reported_without_its_url(monitor: Monitor) -> None:
    """The path is as good as a password."""
    said: list[str] = []
    monitor.status = 500
    with open_pings(monitor.url, said.append) as pings:
        pings.finish(report())
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        gone = MediaUrl.parse(f"http://127.0.0.1:{taken.getsockname()[1]}/ping/uuid")
        with open_pings(gone, said.append) as pings:
            pings.finish(report())
    assert (
        said
        == ["--ping-url: 127.0.0.1 answered HTTP 500"] * 2
        + ["--ping-url: 127.0.0.1: not told: ConnectError"] * 2
    )


async def test_a_whole_run_tells_both(
    service: Service, archive: Path, tmp_path: Path, monitor: Monitor
) -> None:
    """A failing monitor changes nothing; a dry run tells nobody."""
    service.serve("g-1")
    monitor.status = 404
    path = tmp_path / "luma.prom"
    options = ("--ping-url", monitor.url.full, "--metrics-file", path, "--log-file", tmp_path / "log")
    environment = at(service, archive)
    dry = await run_process("get", "g-1", "--dry-run", *options, environment=environment)
    assert (dry.exit_code, monitor.pings, path.exists()) == (0, [], False)
    ended = await run_process("get", "g-1", "--quiet", *options, environment=environment)
    assert (ended.exit_code, ended.out) == (0, "")
    assert ended.err == "luma-archiver: --ping-url: 127.0.0.1 answered HTTP 404\n" * 2
    assert 'generations{archive="' + str(archive) + '",outcome="archived"} 1' in path.read_text()
    logged = (tmp_path / "log").read_text()
    assert logged.count("ERROR --ping-url: 127.0.0.1 answered HTTP 404\n") == 2
