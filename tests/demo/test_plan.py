"""What the demo offers is the same on every machine."""

from __future__ import annotations

from uuid import NAMESPACE_URL, uuid5

from hypothesis import given
from hypothesis import strategies as st

from archiver.demo.plan import plan_demo


def test_ten_generations_are_nine_clips_and_one_failure() -> None:
    """A demo shows both a whole archive and how a failure is told."""
    assert [bool(each.failure_reason) for each in plan_demo()] == [False] * 9 + [True]


def test_ids_are_written_down_elsewhere_and_never_change() -> None:
    """Sample manifests list them."""
    expected = [str(uuid5(NAMESPACE_URL, f"https://luma-archiver.invalid/demo/{n}")) for n in range(3)]
    assert [each.id for each in plan_demo(3)] == expected
    assert expected[0] == "e0eb80b6-3653-560d-adbe-7b3620ed8a09"


@given(st.integers(0, 60), st.integers(0, 60))
def test_a_longer_plan_begins_with_the_shorter_one(one: int, other: int) -> None:
    """A demo with another `--count` finds what the first one archived unchanged."""
    shorter, longer = sorted((one, other))
    assert plan_demo(longer)[:shorter] == plan_demo(shorter)


def test_no_two_generations_are_alike() -> None:
    """Lists and galleries of a demo are for looking at."""
    plan = plan_demo(60)
    for values in ({g.id for g in plan}, {g.prompt for g in plan}, {g.created_at for g in plan}):
        assert len(values) == 60


def test_the_generations_lie_in_several_months_of_2024() -> None:
    """The archive's folders are by year and month: a demo shows more than one."""
    months = {(each.created_at.year, each.created_at.month) for each in plan_demo()}
    assert {year for year, _ in months} == {2024}
    assert len(months) >= 5
