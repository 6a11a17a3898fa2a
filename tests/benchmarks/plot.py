"""The findings as a picture: how fast everyone was, and how far the figures are from their goals."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.benchmarks.findings import Figure, Finding

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MB = 1e6


def draw(findings: Sequence[Finding], path: Path) -> None:
    """Write a PNG. Raises `ImportError` without matplotlib (`pip install '.[bench]'`)."""
    from matplotlib.figure import Figure as Canvas  # noqa: PLC0415 - the one extra that only this needs

    races = [finding for finding in findings if finding.is_race]
    goals = [(finding.name, figure) for finding in findings for figure in finding.figures if figure.goal]
    rows = max(1, sum(len(each.series) for each in races)), max(1, len(goals))
    canvas = Canvas(figsize=(9, 2 + 0.35 * sum(rows)))
    canvas.set_layout_engine("constrained")
    above, below = canvas.subplots(2, 1, height_ratios=rows)
    _draw_races(above, races)
    _draw_goals(below, goals)
    canvas.savefig(path, dpi=120)


def _draw_races(axes: Axes, races: Sequence[Finding]) -> None:
    """Draw each contender's median throughput as a bar, its runs as dots, in terms of the fastest one's."""
    labels: list[str] = []
    for race in races:
        ran = [series for series in race.series if series.runs]
        best = max(series.mb_a_second for series in ran)
        for series in ran:
            row = len(labels)
            labels.append(f"{race.name}: {series.name}")
            axes.barh(row, series.mb_a_second / best, color="C0" if series is ran[0] else "C7", alpha=0.6)
            rates = [series.bytes / run.seconds / _MB / best for run in series.runs]
            axes.plot(rates, [row] * len(rates), "k.", markersize=4)
            axes.text(0.01, row, f"{series.mb_a_second:,.0f} MB/s", va="center", fontsize=7)
    _name_rows(axes, labels)
    axes.set_xlabel("throughput in terms of the fastest (bar: the median; dots: the runs)")


def _draw_goals(axes: Axes, goals: Sequence[tuple[str, Figure]]) -> None:
    """Draw each figure in terms of its goal: left of the line is better."""
    for row, (_, figure) in enumerate(goals):
        share = figure.goal.share(figure.value) if figure.goal else 0.0
        axes.barh(row, share, color="C2" if figure.is_met else "C3")
    _name_rows(axes, [f"{name}: {figure.label}" for name, figure in goals])
    axes.axvline(1.0, color="black")
    axes.set_xlabel("in terms of the goal (1 is the goal, less is better)")


def _name_rows(axes: Any, labels: Sequence[str]) -> None:  # noqa: ANN401 - matplotlib's types differ by version
    axes.set_yticks(range(len(labels)), labels, fontsize=8)
    axes.invert_yaxis()
