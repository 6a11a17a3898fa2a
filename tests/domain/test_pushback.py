"""What a host bears: found with few refusals, kept to, and tried again now and then."""

from __future__ import annotations

from statistics import fmean

from hypothesis import given
from hypothesis import strategies as st

from archiver.domain.concurrency import Bounds
from archiver.domain.pushback import Crowd, HostLimit
from tests.domain.links import TICK_S, Link, Simulation


def _refused(known: HostLimit, now_s: float, in_flight: int, *, served: int = 1) -> HostLimit:
    return known.refused(now_s, now_s + 0.01, Crowd(in_flight=in_flight, served=served))


@given(st.integers(min_value=2, max_value=200), st.integers(min_value=1, max_value=200))
def test_a_refusal_lowers_to_what_is_served_within_bounds(in_flight: int, served: int) -> None:
    """Those that are served now are a good guess; a busy moment is no reason to drop to one, nor to stay."""
    limit = _refused(HostLimit(), 1.0, in_flight, served=min(served, in_flight - 1)).limit
    assert limit
    assert in_flight // 2 <= limit <= max(1, in_flight * 3 // 4)
    assert limit == served or limit in {1, in_flight // 2, in_flight * 3 // 4}


@given(st.integers(min_value=2, max_value=200), st.integers(min_value=1, max_value=200))
def test_what_was_asked_for_together_is_refused_once(in_flight: int, others: int) -> None:
    """Ten answers of 429 to one crowd are one message, not ten."""
    known = once = _refused(HostLimit(), 1.0, in_flight)
    for _ in range(others):
        known = known.refused(1.0, 1.02, Crowd(in_flight=in_flight, served=1))
    assert known == once


def test_a_host_that_serves_nobody_has_another_trouble() -> None:
    """Fewer at once would not help; all of it is paused and asked by one at a time (`domain.courtesy`)."""
    assert _refused(HostLimit(), 1.0, 16, served=0) == HostLimit()


def test_one_alone_is_no_crowd() -> None:
    """A limit of none would end the run."""
    assert _refused(HostLimit(), 1.0, 1) == HostLimit()


@given(st.integers(min_value=1, max_value=63))
def test_a_host_that_bears_so_many_gets_so_many_with_few_refusals(bears: int) -> None:
    """From a minute on there is one try a minute, and each is refused a single request."""
    link = Link(connection_rate=1e6, line_rate=1e9, bears=bears)
    ticks = Simulation(link, Bounds()).run(300)
    later = ticks[int(120 / TICK_S) :]
    assert fmean(min(tick.limit, bears) for tick in later) >= 0.9 * bears
    assert sum(tick.refused for tick in later) <= 4
    assert sum(tick.refused for tick in ticks) <= 64


@given(st.integers(min_value=2, max_value=16))
def test_a_host_that_bears_more_again_gets_more(bears: int) -> None:
    """It was restarting: what it refused then holds no longer than needs be."""
    simulation = Simulation(Link(connection_rate=1e6, line_rate=1e9, bears=bears), Bounds())
    simulation.run(10)
    simulation.link = Link(connection_rate=1e6, line_rate=1e9)
    ticks = simulation.run(60)
    assert ticks[-1].limit == Bounds().most
    assert simulation.host.limit is None


@given(st.integers(min_value=5, max_value=64))
def test_single_breaks_are_nobodys_wish(in_flight: int) -> None:
    """Every tenth connection breaks on a bad day; a host that drops a quarter of a crowd means it."""
    crowd = Crowd(in_flight=in_flight, served=in_flight)
    known = HostLimit()
    for _ in range(in_flight // 4):
        known = known.broke(1.0, 2.0, crowd)
    assert known.limit is None
    assert known.broke(1.0, 2.0, crowd).limit == in_flight * 3 // 4


@given(st.integers(min_value=0, max_value=100))
def test_breaks_that_are_far_apart_never_add_up(breaks: int) -> None:
    """A night has many."""
    known = HostLimit()
    for number in range(breaks):
        known = known.broke(10.0 * number, 10.0 * number + 9, Crowd(in_flight=16, served=16))
    assert known.limit is None


@given(st.integers(min_value=0, max_value=4))
def test_a_few_that_break_are_no_crowd(in_flight: int) -> None:
    """Three retries of one file are not to make the other three wait."""
    known = HostLimit()
    for moment in range(10):
        known = known.broke(moment, moment + 0.5, Crowd(in_flight=in_flight, served=in_flight))
    assert known == HostLimit()


@given(st.integers(min_value=1, max_value=60), st.floats(min_value=0, max_value=0.99))
def test_a_limit_is_left_alone_for_a_while(limit: int, seconds: float) -> None:
    """A good answer a moment later says nothing about what the host bears."""
    known = HostLimit(limit=limit, changed_s=5.0)
    assert known.bore(5.0 + seconds, most=64) == known
