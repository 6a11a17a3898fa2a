"""What ours is compared with, on the same files: aria2c and curl, sixteen at once, and sha256sum.

Neither downloader looks into what it fetched. aria2c syncs each file to the disk (fsync(2)); curl does not.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.benchmarks.corpus import Corpus
from tests.benchmarks.downloads import WrongError, check_code, check_files
from tests.benchmarks.hosting import Site
from tests.benchmarks.measured import Run, run_measured

AT_ONCE = 16
_FILES_A_PROCESS = 64


@dataclass(frozen=True, slots=True)
class Peer:
    """A downloader; `command` writes what it reads into its folder and returns the command line."""

    name: str
    command: Callable[[Site, Path], list[str]]

    @property
    def is_installed(self) -> bool:
        """True where its program is on PATH."""
        return shutil.which(self.name) is not None

    def download(self, site: Site, out: Path) -> Run:
        """Fetch all of a site into `out`. Raises `WrongError`."""
        out.mkdir()
        # No configuration and no proxy of the user's.
        environment = {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(out)}
        run = run_measured(self.command(site, out), environment=environment)
        check_code(self.name, run)
        check_files((out / item.path, item) for item in site.corpus.items)
        return run


def _aria2c(site: Site, out: Path) -> list[str]:
    listed = out / "urls.txt"
    listed.write_text("".join(f"{url}\n  out={path}\n" for url, path in _wanted(site)))
    quiet = ["--quiet", "--no-conf", "--download-result=hide", "--summary-interval=0"]
    return ["aria2c", *quiet, f"-j{AT_ONCE}", "-x1", "-s1", f"--dir={out}", f"--input-file={listed}"]


def _curl(site: Site, out: Path, at_once: int = AT_ONCE) -> list[str]:
    listed = out / "urls.txt"
    listed.write_text("".join(f'url = "{url}"\noutput = "{out / path}"\n' for url, path in _wanted(site)))
    quiet = ["-q", "--silent", "--show-error", "--no-progress-meter", "--fail"]
    parallel = ["--parallel", "--parallel-max", str(at_once)]
    return ["curl", *quiet, *parallel, "--create-dirs", "--config", str(listed)]


def _wanted(site: Site) -> list[tuple[str, str]]:
    return list(zip(site.urls, (item.path for item in site.corpus.items), strict=True))


ARIA2C = Peer("aria2c", _aria2c)
CURL = Peer("curl", _curl)
CURL_WIDE = Peer("curl", partial(_curl, at_once=64))
PEERS: Sequence[Peer] = (ARIA2C, CURL)


def sha256sum(corpus: Corpus, archive: Path) -> Run:
    """Hash an archive's media, each file once, in two processes. Raises `WrongError`."""
    wanted = {str(archive / item.archived[0]): item.sha256 for item in corpus.items}
    with tempfile.NamedTemporaryFile("w") as listed:
        listed.write("\0".join(wanted))
        listed.flush()
        command = ["xargs", "-0", "-P2", f"-n{_FILES_A_PROCESS}", "-a", listed.name, "sha256sum"]
        run = run_measured(command)
    check_code("sha256sum", run)
    lines = [line.partition("  ") for line in run.out.splitlines()]
    if {path: found for found, _, path in lines} != wanted:
        msg = "sha256sum found other sums than the corpus has"
        raise WrongError(msg)
    return run
