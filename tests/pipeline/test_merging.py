"""What came beside what is held: a table of cases, without a network or a disk."""

from __future__ import annotations

import pytest

from archiver.domain.identity import AssetName
from archiver.domain.sidecar import AssetRecord, AssetStatus
from archiver.pipeline.item import HeldGeneration
from archiver.pipeline.merging import Merged, merge
from tests.storage.samples import missing, record

VIDEO, RAW, THUMBNAIL = AssetName.VIDEO, AssetName.VIDEO_RAW, AssetName.THUMBNAIL
OLD, NEW = record("video.mp4", b"old"), record("video.mp4", b"new")


def _of(held: HeldGeneration, **found: AssetRecord) -> Merged:
    return merge(held, {AssetName(name): record for name, record in found.items()}, {})


@pytest.mark.parametrize("group", ["flagged", "lost", "missing"])
def test_what_came_takes_the_place_of_what_stood(group: str) -> None:
    """Whatever was wrong with it."""
    held = HeldGeneration(folder="f", **{group: {VIDEO: missing() if group == "missing" else OLD}})
    merged = _of(held, video=NEW)
    assert (merged.committed, merged.reported) == ({VIDEO: NEW}, {VIDEO: NEW})
    assert merged.is_news


def test_that_nothing_came_takes_no_flagged_files_place() -> None:
    """It is kept, and said to be what it is."""
    merged = _of(HeldGeneration(folder="f", flagged={VIDEO: OLD}), video=missing())
    assert (merged.committed, merged.reported) == ({VIDEO: OLD}, {VIDEO: OLD})


def test_a_lost_file_keeps_its_digest_and_is_told_as_missing() -> None:
    """The record is what a copy from a backup is held against; the result says what is there."""
    merged = _of(HeldGeneration(folder="f", lost={VIDEO: OLD}), video=missing())
    assert merged.committed == {VIDEO: OLD}
    assert merged.reported[VIDEO].status is AssetStatus.MISSING
    assert not merged.is_news


def test_a_lost_file_that_nobody_asked_for_is_told_all_the_same() -> None:
    """The generation is not whole."""
    merged = _of(HeldGeneration(folder="f", lost={VIDEO: OLD}), thumbnail=record("thumbnail.jpg", b"new"))
    assert merged.committed[VIDEO] == OLD
    assert merged.reported[VIDEO].status is AssetStatus.MISSING
    assert merged.is_news


def test_what_could_not_be_had_before_stays_recorded_where_nobody_asks_for_it() -> None:
    """And a fresh reason takes the place of an old one."""
    old, fresh = missing(), AssetRecord(status=AssetStatus.MISSING, url="https://host/fresh")
    held = HeldGeneration(folder="f", assets={THUMBNAIL: record("thumbnail.jpg", b"x")}, missing={VIDEO: old})
    assert _of(held).committed[VIDEO] == old
    assert _of(held, video=fresh).committed[VIDEO] == fresh


def test_of_two_twins_one_points_at_the_other() -> None:
    """Never each at the other, never at other bytes."""
    one, other = record("video.mp4", b"x", same_as=RAW), record("video_raw.mp4", b"x", same_as=VIDEO)
    merged = _of(HeldGeneration(folder="f", assets={RAW: other}), video=one)
    assert [merged.committed[name].same_as for name in (VIDEO, RAW)] == [None, VIDEO]
    apart = _of(HeldGeneration(folder="f", assets={RAW: other}), video=NEW)
    assert apart.committed[RAW].same_as is None


def test_the_first_time_nothing_stands_in_the_way() -> None:
    """Even a generation of which nothing could be had is recorded."""
    merged = _of(HeldGeneration(), video=missing())
    assert merged.committed[VIDEO].status is AssetStatus.MISSING
    assert merged.is_news
