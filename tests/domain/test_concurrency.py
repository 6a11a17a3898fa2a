"""How many are in flight: found by itself, near the best fixed setting, and never too many."""

from __future__ import annotations

from statistics import fmean

from hypothesis import given
from hypothesis import strategies as st

from archiver.domain.concurrency import MOST, START, Bounds, Search, Window, shortest_window_s
from tests.domain.links import TICK_S, Link, Simulation

AUTO = Bounds()
LONG_S = 120

connection_rates = st.floats(min_value=1e5, max_value=1e7)
links = st.builds(
    lambda rate, width, **facts: Link(connection_rate=rate, line_rate=rate * width, **facts),
    rate=connection_rates,
    width=st.floats(min_value=0.5, max_value=200),
    file_size=st.integers(min_value=20_000, max_value=50_000_000),
    latency_s=st.floats(min_value=0.0005, max_value=0.5),
    bears=st.one_of(st.just(1000), st.integers(min_value=1, max_value=80)),
    noise=st.lists(st.floats(min_value=-0.02, max_value=0.02), min_size=5, max_size=40),
)


@given(links)
def test_it_comes_to_nine_tenths_of_the_best_fixed_setting(link: Link) -> None:
    """Whatever limits: the connection, the line, the round trip, a host that refuses more than it bears."""
    ticks = Simulation(link, AUTO).run(LONG_S)
    settled = ticks[len(ticks) // 2 :]
    assert fmean(tick.rate for tick in settled) >= 0.9 * link.best(MOST)


@given(links, st.integers(min_value=1, max_value=100), st.integers(min_value=0, max_value=100))
def test_it_neither_exceeds_the_hard_limit_nor_starves(link: Link, start: int, room: int) -> None:
    """However wrong what was measured may be."""
    bounds = Bounds(start=start, most=start + room)
    limits = [tick.limit for tick in Simulation(link, bounds).run(60)]
    assert min(limits) >= 1
    assert max(limits) <= bounds.most


@given(links, st.integers(min_value=1, max_value=100))
def test_a_number_that_was_given_stands(link: Link, given_number: int) -> None:
    """`--concurrency 5` is five, where no host minds."""
    willing = Link(connection_rate=link.connection_rate, line_rate=link.line_rate, noise=link.noise)
    ticks = Simulation(willing, Bounds(start=given_number, most=given_number)).run(20)
    assert {tick.limit for tick in ticks} == {given_number}


@given(connection_rates, st.floats(min_value=0.001, max_value=0.3))
def test_a_wide_line_is_filled_within_a_second(rate: float, latency_s: float) -> None:
    """A run may be short: what is found in its last second is found in vain."""
    link = Link(connection_rate=rate, line_rate=1000 * rate, latency_s=latency_s)
    ticks = Simulation(link, AUTO).run(1.0)
    assert ticks[-1].limit == MOST


@given(connection_rates, st.floats(min_value=1, max_value=MOST / 2))
def test_what_brings_nothing_is_given_back(rate: float, width: float) -> None:
    """Doubling goes beyond; what is kept is not much more than the line needs, or than there was at first."""
    link = Link(connection_rate=rate, line_rate=rate * width)
    ticks = Simulation(link, AUTO).run(LONG_S)
    assert fmean(tick.limit for tick in ticks[len(ticks) // 2 :]) <= max(START + 1, 1.7 * link.width)


@given(connection_rates)
def test_a_rate_that_is_enough_asks_for_no_more(rate: float) -> None:
    """`--limit-rate` is reached by what is in flight: there is nothing to look for."""
    bounds = Bounds(enough=10 * rate)
    ticks = Simulation(Link(connection_rate=rate, line_rate=10 * rate), bounds).run(60)
    assert {tick.limit for tick in ticks} == {START}


@given(st.floats(min_value=0, max_value=0.8 * START), st.integers(min_value=0, max_value=10**9))
def test_a_window_with_fewer_in_flight_than_allowed_says_nothing(in_flight: float, received: int) -> None:
    """The work was scarce then: that little came is not the limit's doing."""
    search = Search.begin(AUTO)
    window = Window(received=received, seconds=TICK_S, in_flight=in_flight)
    assert search.after(window) == search


def test_a_line_that_becomes_wider_is_noticed() -> None:
    """The neighbour's film has ended."""
    simulation = Simulation(Link(connection_rate=1e6, line_rate=1.2e7), AUTO)
    simulation.run(60)
    simulation.link = Link(connection_rate=1e6, line_rate=1e9)
    ticks = simulation.run(120)
    assert ticks[-1].limit == MOST


@given(st.floats(min_value=0, max_value=1e4))
def test_a_window_is_as_long_as_an_answer_takes_to_begin(head_s: float) -> None:
    """By way of a satellite a new connection brings its first byte after a second; there are bounds."""
    assert 0.25 <= shortest_window_s(head_s) <= 5.0
    assert shortest_window_s(0.6) == 0.6
