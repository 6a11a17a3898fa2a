"""Thirty nights of one archive, and what goes wrong in them: at the end all is there that could be had."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from tests.nightly.nights import FIRST_NIGHT
from tests.nightly.spoiling import path_of
from tests.nightly.story import NIGHTS, Fault, Kind, Life, Night, Way, draw_story
from tests.nightly.thirty import Play, wrong_at_the_end
from tests.simulator import Service


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 12))
async def test_thirty_nights_leave_all_that_could_be_had(service: Service, tmp_path: Path, seed: int) -> None:
    """Each exit code and each row of the ledger is right, and no byte comes twice without need."""
    play = Play(service, tmp_path)
    await play.play(draw_story(seed))
    assert play.complaints == []
    assert list(wrong_at_the_end(play)) == []


@pytest.mark.parametrize("seed", range(1, 12))
def test_no_story_leaves_anything_out(seed: int) -> None:
    """Every kind of generation and every fault, whatever the seed."""
    story = draw_story(seed)
    assert [night.number for night in story] == list(range(1, NIGHTS + 1))
    assert {night.fault for night in story} == set(Fault)
    assert {life.kind for night in story for life in night.added} == set(Kind)
    assert {night.command for night in story} == {"sync", "batch"}


async def test_the_play_sees_what_is_not_as_it_was_to_be(service: Service, tmp_path: Path) -> None:
    """A comparison that never complains proves nothing: behind its back a list is lost, bytes are changed."""
    play = Play(service, tmp_path)
    await play.play([_night(1, _life("ready", done=1), _life("slow", done=2))])
    assert play.complaints == []
    (play.nights.archive / "owed.jsonl").unlink()
    await play.play([_night(2)])
    assert play.complaints[0] == "night 2 (none): the row of sync says {} instead of {'archived': 1}"
    assert len(play.complaints) == 4
    path_of(play.nights.archive, "ready", "thumbnail").write_bytes(b"other bytes")
    wrong = "\n".join(wrong_at_the_end(play))
    assert "ready: thumbnail is " in wrong
    assert "slow: there are [], expected is whole" in wrong


def _life(name: str, *, done: int) -> Life:
    return Life(id=name, kind=Kind.SLOW, added=1, way=Way.IDS, done=done)


def _night(number: int, *lives: Life) -> Night:
    moment = FIRST_NIGHT + timedelta(days=number)
    return Night(number=number, moment=moment, fault=Fault.NONE, lot=0.0, added=lives)
