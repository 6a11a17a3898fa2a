"""The findings for a terminal, as Markdown, as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from tests.benchmarks.findings import Figure, Finding, Series
from tests.benchmarks.machine import Machine

_BEGIN, _END = "<!-- benchmarks -->", "<!-- /benchmarks -->"


def as_text(finding: Finding) -> str:
    """Return a line for each contender and each figure."""
    lines = [f"{finding.name}: {finding.title}"]
    lines += ["  " + "  ".join(_cells(series)) for series in finding.series]
    lines += [f"  {_shown(figure)} {figure.label}{_judged(figure)}" for figure in finding.figures]
    return "\n".join(lines)


def as_markdown(findings: Sequence[Finding], machine: Machine, command: str) -> str:
    """Return the section of a document: machine and command, the goals, the runs."""
    goals = [
        (finding.name, f"{_shown(figure)} {figure.label}", str(figure.goal or ""), _verdict(figure))
        for finding in findings
        for figure in finding.figures
    ]
    runs = [(finding.name, *_cells(series)) for finding in findings for series in finding.series]
    parts = [
        f"`{command}`, on {machine}.",
        _table(("scenario", "found", "goal", ""), goals),
        _table(("scenario", *_HEADINGS), runs),
    ]
    return "\n\n".join(parts)


def rewrite_section(document: Path, section: str) -> None:
    """Put the section between its marks in a document, or make a file of it alone where there are none."""
    text = document.read_text(encoding="utf-8") if document.exists() else f"{_BEGIN}\n{_END}\n"
    before, begin, rest = text.partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not begin or not end:
        msg = f"{document} has no {_BEGIN} and {_END}"
        raise ValueError(msg)
    document.write_text(f"{before}{_BEGIN}\n{section}\n{_END}{after}", encoding="utf-8")


def write_json(findings: Sequence[Finding], machine: Machine, command: str, path: Path) -> None:
    """Write everything that was measured; not what the programs printed."""
    found = {
        "command": command,
        "machine": asdict(machine),
        "scenarios": [_as_json(finding) for finding in findings],
    }
    path.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


_HEADINGS = (
    *("", "generations", "median, s", "least to most, s", "MB/s"),
    *("processor, ms a generation", "memory, MB", "sync after it, s"),
)


def _cells(series: Series) -> tuple[str, ...]:
    if not series.runs:
        return (series.name, "not installed", *[""] * (len(_HEADINGS) - 2))
    seconds = [run.seconds for run in series.runs]
    return (
        series.name,
        f"{series.generations:,}",
        f"{series.seconds:.2f}",
        f"{min(seconds):.2f} to {max(seconds):.2f}",
        f"{series.mb_a_second:.0f}",
        f"{series.cpu_ms_a_generation:.1f}",
        f"{series.pss_mb:.0f} (PSS)" if series.pss_mb else f"{series.peak_mb:.0f}",
        f"{series.sync_s:.2f}",
    )


def _shown(figure: Figure) -> str:
    digits = 3 if not figure.unit and figure.value < 10 else 1 if figure.value < 100 else 0
    return f"{figure.value:.{digits}f}{figure.unit}"


def _judged(figure: Figure) -> str:
    return f" (goal {figure.goal}: {_verdict(figure)})" if figure.goal else ""


def _verdict(figure: Figure) -> str:
    return {None: "", True: "met", False: "**missed**"}[figure.is_met]


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "\n".join(map(_row, (headings, ["---"] * len(headings), *rows)))


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _as_json(finding: Finding) -> dict[str, object]:
    found = asdict(finding)
    for series in found["series"]:
        for run in series["runs"]:
            del run["out"], run["err"]
    for figure, kept in zip(finding.figures, found["figures"], strict=True):
        kept["is_met"] = figure.is_met
    return found
