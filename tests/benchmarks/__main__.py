"""`python -m tests.benchmarks`: make the corpora, run ours and the peers in turn, tell how they compare."""

from __future__ import annotations

import argparse
import shlex
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.benchmarks.findings import Finding
from tests.benchmarks.hosting import has_nginx
from tests.benchmarks.machine import Machine
from tests.benchmarks.peers import PEERS
from tests.benchmarks.plot import draw
from tests.benchmarks.report import as_markdown, as_text, rewrite_section, write_json
from tests.benchmarks.scenarios import SCENARIOS
from tests.benchmarks.sitting import Sitting


def main() -> int:
    """Measure what is asked for and report it; return the exit code."""
    given = _parse()
    if not has_nginx():
        _say(
            "nginx is not installed, and there is nothing else to download from: apt-get install nginx-light"
        )
        return 2
    for peer in PEERS:
        if not peer.is_installed:
            _say(f"{peer.name} is not installed: nothing is compared with it")
    # Not the system's own folder for temporary files, which may be memory: a disk is what is to be measured.
    home = given.work or Path.cwd()
    home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="luma-archiver-benchmarks-", dir=home) as folder:
        _measure(given, Path(folder))
    return 0


def _measure(given: argparse.Namespace, work: Path) -> None:
    machine = Machine.this(work)
    _say(f"on {machine}")
    sitting = Sitting(
        work=work,
        corpora=(given.work or work) / "corpora",
        rounds=given.rounds,
        is_quick=given.quick,
        say=_say,
    )
    findings = []
    for name in given.only or SCENARIOS:
        _say(f"\n{name}: {SCENARIOS[name].__doc__}")
        findings.append(SCENARIOS[name](sitting))
        _say(as_text(findings[-1]))
    _report(findings, machine, given)


def _report(findings: Sequence[Finding], machine: Machine, given: argparse.Namespace) -> None:
    command = f"python -m tests.benchmarks{_command_line(given)}"
    section = as_markdown(findings, machine, command)
    _say(f"\n{section}")
    if given.markdown:
        rewrite_section(given.markdown, section)
    if given.json:
        write_json(findings, machine, command, given.json)
    if given.plot:
        try:
            draw(findings, given.plot)
        except ImportError:
            _say("matplotlib is not installed, there is no plot: pip install '.[bench]'")


def _command_line(given: argparse.Namespace) -> str:
    """Return the options that decide what is measured."""
    only = shlex.join(given.only or [])
    parts = [
        " --quick" if given.quick else "",
        f" --only {only}" if only else "",
        f" --rounds {given.rounds}",
    ]
    return "".join(parts)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="less of everything: to try it")
    parser.add_argument("--only", nargs="+", choices=SCENARIOS, metavar="NAME", help=" ".join(SCENARIOS))
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="runs of each (default: 5)")
    parser.add_argument("--work", type=Path, metavar="DIR", help="keep the corpora here for the next time")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything that was measured")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw a PNG (needs matplotlib)")
    parser.add_argument(
        "--markdown", type=Path, metavar="FILE", help="rewrite the tables of docs/performance.md"
    )
    return parser.parse_args()


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
