"""The scenario of a line that is long and narrow: the program is to find out by itself how wide to go."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from tests.benchmarks.findings import Figure, Finding, Goal, Series
from tests.benchmarks.hosting import Site, free_port
from tests.benchmarks.measured import Run
from tests.benchmarks.ours import OURS, Ours
from tests.benchmarks.peers import CURL_WIDE
from tests.benchmarks.proxy import Line, Proxy, far_away
from tests.benchmarks.recipes import large_corpus
from tests.benchmarks.sitting import Attempt, Sitting

LINE = Line(round_trip_s=0.06, rate=2e6)
_WIDTHS = (4, 8, 16, 32, 64)
# A narrow run is slow: so many generations for each file in flight make it as long as a wide one.
_GENERATIONS_A_FILE = 10
_MOST_ROUNDS = 3
_BEST_SHARE = 0.9


def latency(sitting: Sitting) -> Finding:
    """Archive over 60 ms and 2 MB/s a connection, untuned: 90 % of the best fixed width's throughput."""
    port, busy = free_port(), [0.0]
    with (
        sitting.hosting.site(large_corpus(sitting), base=f"http://127.0.0.1:{port}") as site,
        far_away(port, site.port, LINE) as proxy,
    ):
        attempts = [_watched(each, proxy, busy) for each in _attempts(site)]
        found = sitting.take_turns(attempts, rounds=min(sitting.rounds, _MOST_ROUNDS))
    return Finding(
        name="latency",
        title="60 ms of round trip, 2 MB/s a connection",
        series=found,
        figures=[
            *_share_of_best(found[0], found[1 : 1 + len(_WIDTHS)]),
            Figure(label="of a processor, the proxy at its busiest", value=max(busy)),
        ],
    )


def _attempts(site: Site) -> list[Attempt]:
    attempts = [replace(Attempt.of(OURS, site), name="untuned")]
    for width in _WIDTHS:
        part = replace(site, corpus=site.corpus.first(width * _GENERATIONS_A_FILE))
        fixed = Ours(name=f"--concurrency {width}", options=["--concurrency", str(width)])
        attempts.append(Attempt.of(fixed, part))
    if CURL_WIDE.is_installed:
        attempts.append(replace(Attempt.of(CURL_WIDE, site), name="curl, 64 at once"))
    return attempts


def _watched(attempt: Attempt, proxy: Proxy, busy: list[float]) -> Attempt:
    """Return an attempt that also notes how busy it keeps the proxy, which is not to be what is measured."""

    def run(out: Path, inner: Callable[[Path], Run] = attempt.run) -> Run:
        before_s = proxy.cpu_s
        found = inner(out)
        busy.append((proxy.cpu_s - before_s) / found.seconds)
        return found

    return replace(attempt, run=run)


def _share_of_best(untuned: Series, fixed: list[Series]) -> list[Figure]:
    best = max(fixed, key=lambda series: series.mb_a_second)
    share = untuned.mb_a_second / best.mb_a_second
    goal = Goal(limit=_BEST_SHARE, at_least=True)
    return [
        Figure(label=f"of the best fixed width's throughput ({best.name})", value=share, goal=goal),
        *(Figure(label=f"MB/s with {series.name}", value=series.mb_a_second) for series in fixed),
        Figure(label="MB/s untuned", value=untuned.mb_a_second),
    ]
