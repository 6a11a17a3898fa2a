"""One sitting: where it works, how much it does, and runs that take turns on the same machine."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.benchmarks.corpus import Corpus, CorpusRecipe, load_corpus
from tests.benchmarks.downloads import Downloader
from tests.benchmarks.findings import Series
from tests.benchmarks.hosting import Hosting, Site
from tests.benchmarks.measured import Run
from tests.benchmarks.peers import PEERS


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """Something measured that handles a corpus; `run` is given a path at which there is nothing."""

    name: str
    corpus: Corpus
    run: Callable[[Path], Run]

    @classmethod
    def of(cls, downloader: Downloader, site: Site) -> Attempt:
        """Download a site."""
        return cls(name=downloader.name, corpus=site.corpus, run=lambda out: downloader.download(site, out))

    def series(self, runs: Sequence[Run]) -> Series:
        """Return these runs of it."""
        return Series(name=self.name, runs=runs, generations=len(self.corpus.ids), bytes=self.corpus.bytes)


@dataclass(slots=True, kw_only=True)
class Sitting:
    """Works below `work`, keeps corpora below `corpora`, tells `say` how it goes. A quick one does less."""

    work: Path
    corpora: Path
    rounds: int
    is_quick: bool
    say: Callable[[str], None]
    hosting: Hosting = field(init=False)
    _loaded: dict[CorpusRecipe, Corpus] = field(default_factory=dict, init=False)
    _outputs: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self.hosting = Hosting(self.work)

    def corpus(self, recipe: CorpusRecipe) -> Corpus:
        """Return a corpus, made or read but once."""
        if recipe not in self._loaded:
            self.say(f"corpus {recipe.name}: {recipe.generations} generations")
            self._loaded[recipe] = load_corpus(recipe, self.corpora)
        return self._loaded[recipe]

    def compare(self, site: Site, *ours: Downloader) -> list[Series]:
        """Let ours and every installed peer download a site in turn; ours come first."""
        here = [peer for peer in PEERS if peer.is_installed]
        found = self.take_turns([Attempt.of(each, site) for each in (*ours, *here)])
        return found + [Series(name=peer.name, runs=[]) for peer in PEERS if peer not in here]

    def take_turns(self, attempts: Sequence[Attempt], *, rounds: int | None = None) -> list[Series]:
        """Run each once a round; what a run left is removed before the next."""
        runs: list[list[Run]] = [[] for _ in attempts]
        for number in range(rounds or self.rounds):
            for attempt, found in zip(attempts, runs, strict=True):
                with self.output() as out:
                    run = attempt.run(out)
                found.append(run)
                self.say(f"  {number + 1} {attempt.name}: {_in_words(run)}")
        return [attempt.series(found) for attempt, found in zip(attempts, runs, strict=True)]

    @contextmanager
    def output(self) -> Iterator[Path]:
        """Give a path at which there is nothing; what is there in the end is removed, from the disk too."""
        self._outputs += 1
        out = self.work / f"out-{self._outputs}"
        try:
            yield out
        finally:
            shutil.rmtree(out, ignore_errors=True)
            os.sync()


def _in_words(run: Run) -> str:
    memory = f"{run.pss_mb:.0f} MB at once" if run.pss_mb else f"{run.peak_mb:.0f} MB"
    return f"{run.seconds:.2f} s, processor {run.cpu_s:.2f} s, {memory}, sync after it {run.sync_s:.2f} s"
