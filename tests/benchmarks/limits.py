"""The scenario of memory: how much at sixteen files at once, and that more to do takes no more."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

from tests.benchmarks.corpus import Corpus
from tests.benchmarks.findings import Figure, Finding, Goal, Series
from tests.benchmarks.ours import Ours
from tests.benchmarks.recipes import large_corpus, tiny_corpus
from tests.benchmarks.sitting import Attempt, Sitting
from tests.scale.runs import measure_rows

_LARGEST_MB = 200
# What allocators leave lying about is no growth: a hundred times the work may take this much more.
_FLAT = 1.15
_OURS = Ours(with_pss=True)
_SIXTEEN = Ours(options=("--concurrency", "16"), with_pss=True)


def memory(sitting: Sitting) -> Finding:
    """Take at most 200 MB at sixteen files at once, and no more for 100,000 generations or 1,000,000 rows."""
    few, many = (200, 4_000) if sitting.is_quick else (1_000, 100_000)
    one = tiny_corpus(sitting)
    series = [
        _archive("7 MB of video each, sixteen at once", large_corpus(sitting), sitting, ours=_SIXTEEN),
        _archive("7 MB of video each, untuned", large_corpus(sitting), sitting),
        _archive(f"{few:,} tiny ones", one.copies(few), sitting, copies_of=one),
        _archive(f"{many:,} tiny ones", one.copies(many), sitting, copies_of=one),
    ]
    large, _, first, last = series
    growth = last.pss_mb / first.pss_mb
    figures = [
        Figure(label="at sixteen at once", value=large.pss_mb, unit=" MB", goal=Goal(limit=_LARGEST_MB)),
        Figure(label=f"times the memory of {few:,} for {many:,}", value=growth, goal=Goal(limit=_FLAT)),
        *_manifests(sitting),
    ]
    return Finding(
        name="memory", title="all processes together", series=series, figures=figures, is_race=False
    )


def _archive(
    name: str, corpus: Corpus, sitting: Sitting, *, copies_of: Corpus | None = None, ours: Ours = _OURS
) -> Series:
    with sitting.hosting.site(corpus, copies_of=copies_of) as site:
        attempt = Attempt(name=name, corpus=corpus, run=lambda out: ours.download(site, out))
        [found] = sitting.take_turns([attempt], rounds=1)
    return found


def _manifests(sitting: Sitting) -> list[Figure]:
    few, many = (2_000, 100_000) if sitting.is_quick else (20_000, 1_000_000)
    with tempfile.TemporaryDirectory(dir=sitting.work) as folder:
        small, large = (asyncio.run(measure_rows(Path(folder), rows)).peak_mb for rows in (few, many))
    sitting.say(f"  manifests of {few:,} and {many:,} rows: {small:.0f} and {large:.0f} MB")
    label = f"times the memory of {few:,} rows for {many:,}"
    return [
        Figure(label=f"for a manifest of {many:,} rows", value=large, unit=" MB"),
        Figure(label=label, value=large / small, goal=Goal(limit=_FLAT)),
    ]
