"""The program under test, as a person runs it: a process of its own, with all of its checks on."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.corpus import Corpus
from tests.benchmarks.downloads import WrongError, check_code, check_files
from tests.benchmarks.hosting import Site
from tests.benchmarks.measured import Run, run_measured

_ROOT = Path(__file__).parents[2]
_COMMAND = (sys.executable, "-m", "archiver")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ours:
    """`luma-archiver`; `options` are those a user would add."""

    name: str = "luma-archiver"
    options: Sequence[str] = ()
    with_pss: bool = False

    def download(self, site: Site, out: Path) -> Run:
        """Archive all of a site into `out`. Raises `WrongError`."""
        run = self._batch(site, out)
        _check_summary(run, "archived", len(site.corpus.ids))
        check_archive(site.corpus, out)
        return run

    def download_again(self, site: Site, out: Path) -> Run:
        """Archive what is archived already. Raises `WrongError`."""
        run = self._batch(site, out)
        _check_summary(run, "unchanged", len(site.corpus.ids))
        return run

    def verify(self, corpus: Corpus, out: Path) -> Run:
        """Hash all that is in an archive. Raises `WrongError`."""
        run = self._run("verify", "--archive", str(out))
        files = sum(len(item.archived) for item in corpus.items)
        _check_summary(run, "intact", files)
        return run

    def _batch(self, site: Site, out: Path) -> Run:
        manifest = site.corpus.write_ids(out.with_suffix(".txt"))
        where = ["--archive", str(out), "--api-base", site.base, "--allow-private-hosts"]
        return self._run("batch", str(manifest), *where, *self.options)

    def _run(self, *arguments: str) -> Run:
        own = {"LUMA_API_KEY": "benchmark", "XDG_CONFIG_HOME": "/nonexistent", "PYTHONPATH": str(_ROOT)}
        return run_measured(
            [*_COMMAND, *arguments, "--quiet", "--json"],
            environment={**os.environ, **own},
            folder=_ROOT,
            with_pss=self.with_pss,
        )


OURS = Ours()


def check_archive(corpus: Corpus, out: Path) -> None:
    """See that an archive holds all of a corpus, verified. Raises `WrongError`."""
    check_files((out / path, item) for item in corpus.items for path in item.archived)
    folders = {path.rpartition("/")[0] for item in corpus.items for path in item.archived}
    for folder in folders:
        sidecar = json.loads((out / folder / "sidecar.json").read_text())
        if sidecar["verification"] != "verified":
            msg = f"{folder} is {sidecar['verification']}"
            raise WrongError(msg)
    if (out / ".partial").exists():
        msg = f"{out} has unfinished downloads"
        raise WrongError(msg)


def _check_summary(run: Run, outcome: str, count: int) -> None:
    check_code("luma-archiver", run)
    summary = json.loads(run.out.splitlines()[-1])
    if summary["event"] != "summary" or summary[outcome] != count:
        msg = f"luma-archiver: {count} were to be {outcome}: {summary}"
        raise WrongError(msg)
