"""Whatever the bytes are, they are looked at without an exception: an answer always comes."""

from __future__ import annotations

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archiver.domain.checks import Damaged, Measurement, NotMedia
from tests.media.conftest import Look
from tests.media.samples import FILMS, PICTURES, film, picture, promising_fragments

_ALL = [*(film(recipe) for recipe in FILMS.values()), promising_fragments(), *map(picture, PICTURES)]
_HEAD = 700
# Where a file says how it is built, a changed byte does most: these places are drawn as often as all others.
_PLACES = st.one_of(st.integers(0, _HEAD), st.floats(0, 1, exclude_max=True))
_CHANGES = st.lists(
    st.tuples(
        st.sampled_from(["flip", "insert", "delete", "zero"]), _PLACES, st.binary(min_size=1, max_size=8)
    ),
    min_size=1,
    max_size=6,
)


def _mutate(data: bytes, changes: list[tuple[str, float, bytes]]) -> bytes:
    changed = bytearray(data)
    for change, place, value in changes:
        at = min(place if isinstance(place, int) else int(place * len(data)), len(changed))
        end = at + len(value)
        changed[at : at if change == "insert" else end] = {
            "flip": bytes(a ^ b for a, b in zip(changed[at:end], value, strict=False)),
            "insert": value,
            "delete": b"",
            "zero": bytes(len(changed[at:end])),
        }[change]
    return bytes(changed)


@pytest.mark.filterwarnings("default")  # as in a run: a warning is no exception there
@given(st.sampled_from(_ALL), _CHANGES)
@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_changed_bytes_always_get_an_answer(
    look: Look, data: bytes, changes: list[tuple[str, float, bytes]]
) -> None:
    """PyAV and Pillow raise many things; one that is not foreseen would end a run of a million files."""
    found = look(_mutate(data, changes))
    assert isinstance(found, Measurement | Damaged | NotMedia)
    if not isinstance(found, Measurement):
        assert found.reason.isprintable()
        assert 0 < len(found.reason) <= 160


@given(st.sampled_from(_ALL), st.integers(0), st.integers(1, 400))
@settings(max_examples=100)
def test_a_run_of_random_bytes_always_gets_an_answer(look: Look, data: bytes, seed: int, length: int) -> None:
    """Where a disk or a cache mixed up its blocks."""
    chance = random.Random(seed)  # noqa: S311 - nothing secret
    at = chance.randrange(len(data))
    noise = chance.randbytes(length)
    assert isinstance(look(data[:at] + noise + data[at + length :]), Measurement | Damaged | NotMedia)
