"""The comparison with other downloaders, so far as it needs none of them."""

from __future__ import annotations

from tests.faults.peers import OURS, PASSING, Verdict, as_markdown, measure


async def test_the_comparison_counts_ours_as_whole() -> None:
    """The command that makes the table of `docs/faults.md` still runs."""
    faults = [fault for fault in PASSING if fault.name in {"cut-chunked", "changed-without-a-sign"}]
    verdicts = await measure([OURS], faults)
    assert verdicts == [[Verdict.WHOLE], [Verdict.WHOLE]]
    assert as_markdown([OURS], faults, verdicts).splitlines() == [
        "| of 2 faults | whole | silently wrong | failed |",
        "|---|---|---|---|",
        "| luma-archiver | 2 | 0 | 0 |",
        "",
        "| fault | luma-archiver |",
        "|---|---|",
        "| cut-chunked | whole |",
        "| changed-without-a-sign | whole |",
    ]


def test_there_are_faults_enough_to_compare() -> None:
    """As many as the public tools were measured against, at least."""
    assert len(PASSING) >= 29
