"""What is final at the service."""

from __future__ import annotations

from archiver.domain.generation import State


def test_two_states_are_final() -> None:
    """The others are asked for again."""
    assert {state for state in State if state.is_final} == {State.COMPLETED, State.FAILED}
