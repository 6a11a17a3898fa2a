"""What is measured, and what it is to be.

Every run is a process of its own, on a disk, from its start to its end, with all checks on and the options as
they are by default. What it left is compared with the corpus, file by file, before its time counts. Runs that
are compared take turns.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from tests.benchmarks.far_away import latency
from tests.benchmarks.findings import Figure, Finding, Goal, ratio_of
from tests.benchmarks.hosting import Site
from tests.benchmarks.limits import memory
from tests.benchmarks.measured import Run
from tests.benchmarks.ours import OURS, Ours
from tests.benchmarks.peers import AT_ONCE, sha256sum
from tests.benchmarks.recipes import large_corpus, small_corpus
from tests.benchmarks.sitting import Attempt, Sitting

# So many are fetched in some fifteen seconds, sixteen at once, at 4 MB/s each.
_CAPPED_SHARE = 0.4
_CAPPED_RATE = "4m"
_CAPPED_GOAL = Goal(limit=1.03)
# Where each connection is slow, more of them are faster: the program may find that out, aria2c may not.
_SIXTEEN = Ours(name=f"--concurrency {AT_ONCE}", options=["--concurrency", str(AT_ONCE)])


def large(sitting: Sitting) -> Finding:
    """Archive 300 generations of 7 MB of video: no slower than aria2c only downloads them."""
    with sitting.hosting.site(large_corpus(sitting)) as site:
        return _beside_peers("large", "7 MB of video each", sitting, site, Goal(limit=1.0))


def small(sitting: Sitting) -> Finding:
    """Archive 1,000 generations of 0.3 MB of video: no slower than aria2c."""
    with sitting.hosting.site(small_corpus(sitting)) as site:
        return _beside_peers("small", "0.3 MB of video each", sitting, site, Goal(limit=1.0))


def capped(sitting: Sitting) -> Finding:
    """Archive 120 generations of 7 MB at 4 MB/s a connection: within 3 % of aria2c, at sixteen as well."""
    corpus = large_corpus(sitting)
    corpus = corpus.first(round(len(corpus.ids) * _CAPPED_SHARE))
    with sitting.hosting.site(corpus, rate=_CAPPED_RATE) as site:
        untuned, fixed, aria2c, curl = sitting.compare(site, OURS, _SIXTEEN)
    return Finding(
        name="capped",
        title="7 MB of video each, 4 MB/s a connection",
        series=[untuned, fixed, aria2c, curl],
        figures=[
            *ratio_of("of aria2c's time", untuned, aria2c, _CAPPED_GOAL),
            *ratio_of("of aria2c's time at sixteen at once", fixed, aria2c, _CAPPED_GOAL),
            *ratio_of("of curl's time", untuned, curl),
        ],
    )


def again(sitting: Sitting) -> Finding:
    """Run a second time over 1,000 archived generations: at most 8 % of the first run's time."""
    corpus = small_corpus(sitting)
    first: list[Run] = []

    def archive_twice(out: Path) -> Run:
        first.append(OURS.download(site, out))
        return OURS.download_again(site, out)

    with sitting.hosting.site(corpus) as site:
        [second] = sitting.take_turns([Attempt(name="second run", corpus=corpus, run=archive_twice)])
    whole = Attempt(name="first run", corpus=corpus, run=archive_twice).series(first)
    return Finding(
        name="again",
        title="a second run over what is archived",
        series=[whole, second],
        figures=ratio_of("of the first run's time", second, whole, Goal(limit=0.08)),
    )


def verify(sitting: Sitting) -> Finding:
    """Verify 300 archived generations of 7 MB: at most 80 % of what two processes of sha256sum take."""
    corpus = large_corpus(sitting)
    with sitting.output() as archive:
        with sitting.hosting.site(corpus) as site:
            OURS.download(site, archive)
        ours = Attempt(name="verify", corpus=corpus, run=lambda _: OURS.verify(corpus, archive))
        plain = Attempt(name="sha256sum", corpus=corpus, run=lambda _: sha256sum(corpus, archive))
        hashed, summed = sitting.take_turns([ours, plain])
    return Finding(
        name="verify",
        title="every file hashed, out of the page cache",
        series=[hashed, summed],
        figures=ratio_of("of sha256sum's time", hashed, summed, Goal(limit=0.8)),
    )


def _beside_peers(name: str, title: str, sitting: Sitting, site: Site, goal: Goal) -> Finding:
    found = sitting.compare(site, OURS)
    ours, aria2c, curl = found
    figures = [
        *ratio_of("of aria2c's time", ours, aria2c, goal),
        *ratio_of("of curl's time", ours, curl),
        Figure(label="of a processor a generation", value=ours.cpu_ms_a_generation, unit=" ms"),
        Figure(label="of that in the main process", value=ours.own_ms_a_generation, unit=" ms"),
        Figure(label="of that in the kernel", value=ours.system_ms_a_generation, unit=" ms"),
    ]
    return Finding(name=name, title=title, series=found, figures=figures)


SCENARIOS: Mapping[str, Callable[[Sitting], Finding]] = {
    each.__name__: each for each in (large, small, capped, again, verify, memory, latency)
}
