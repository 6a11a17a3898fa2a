"""What is held against the metadata, at the edges of every tolerance."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.domain.checks import (
    DURATION_TOLERANCE_S,
    PALETTE_TOLERANCE,
    SIMILARITY_THRESHOLD,
    Check,
    Damaged,
    Measurement,
    MediaKind,
    check_asset,
    check_decode,
    check_last_frame,
    palette_distance,
)
from archiver.domain.generation import Promise
from archiver.domain.identity import AssetName

CLIP = Measurement(
    kind=MediaKind.MP4,
    width=1360,
    height=752,
    duration_s=5.041667,
    codec="h264",
    frame_rate="24/1",
    frames=121,
)
PICTURE = Measurement(kind=MediaKind.JPEG, width=1360, height=752, palette=bytes(75))
SIDES = Promise(width=1360, height=752)


def _check(
    name: AssetName, promise: Promise, found: Measurement | Damaged, fallback_s: float | None = None
) -> dict[str, Check]:
    promises = {AssetName.VIDEO_RAW: Promise(duration_s=fallback_s), name: promise}
    checks = check_asset(name, promises, found)
    assert len({check.name for check in checks}) == len(checks)
    return {check.name: check for check in checks}


def _duration(promised_s: float, found: Measurement) -> bool:
    return _check(AssetName.VIDEO_RAW, Promise(duration_s=promised_s), found)["duration"].ok


def test_a_clip_that_is_what_was_promised_passes_every_check() -> None:
    """The page's example, as its file is."""
    checks = _check(AssetName.VIDEO_RAW, replace(SIDES, duration_s=5.041667), CLIP)
    assert list(checks) == ["container", "width", "height", "duration"]
    assert all(check.ok and not check.advisory for check in checks.values())


def test_what_is_unknown_is_not_checked() -> None:
    """0 and null mean unknown, and nothing follows from it."""
    assert list(_check(AssetName.VIDEO, Promise(), CLIP)) == ["container"]
    assert list(_check(AssetName.LAST_FRAME, Promise(duration_s=5), PICTURE)) == ["container"]


@pytest.mark.parametrize(("width", "height"), [(1359, 752), (1361, 752), (1360, 751), (752, 1360)])
def test_a_side_is_equal_or_wrong(width: int, height: int) -> None:
    """Pixels have no tolerance; a clip that lies on its side has both wrong."""
    checks = _check(AssetName.VIDEO, SIDES, replace(CLIP, width=width, height=height))
    assert checks["width"] == Check(name="width", ok=width == 1360, expected=1360, measured=width)
    assert checks["height"] == Check(name="height", ok=height == 752, expected=752, measured=height)


@pytest.mark.parametrize("name", AssetName)
@pytest.mark.parametrize("kind", MediaKind)
def test_a_container_must_be_of_the_right_kind(name: AssetName, kind: MediaKind) -> None:
    """A picture where a clip should be: nothing else about it is worth a check."""
    checks = _check(name, SIDES, replace(CLIP, kind=kind))
    assert checks["container"].ok == (name.is_video == kind.is_video)
    assert (len(checks) == 1) == (not checks["container"].ok)


@pytest.mark.parametrize("kind", [MediaKind.MP4, MediaKind.JPEG])
def test_a_damaged_file_fails_as_a_container_and_says_why(kind: MediaKind) -> None:
    """There is nothing to measure in it."""
    checks = _check(AssetName.VIDEO, SIDES, Damaged(kind, "no moov box"))
    assert list(checks) == ["container"]
    assert not checks["container"].ok
    assert checks["container"].measured == f"{kind.media_type}: no moov box"


@pytest.mark.parametrize(
    ("frame_rate", "tolerance_s"),
    [
        ("24/1", DURATION_TOLERANCE_S),
        ("20/1", 0.05),
        ("10/1", 0.1),
        ("30000/1001", DURATION_TOLERANCE_S),
        ("8", 0.125),
        (None, DURATION_TOLERANCE_S),
        ("0/1", DURATION_TOLERANCE_S),
    ],
)
def test_a_duration_may_be_off_by_a_frame_or_a_twentieth_second(
    frame_rate: str | None, tolerance_s: float
) -> None:
    """Whichever is larger, both ways; a millisecond more is a mismatch."""
    found = replace(CLIP, duration_s=5.0, frame_rate=frame_rate)
    for sign in (-1, 1):
        assert _duration(5.0 + sign * tolerance_s, found)
        assert not _duration(5.0 + sign * (tolerance_s + 0.001), found)


def test_a_promise_rounded_to_six_digits_is_not_held_against_a_clip() -> None:
    """121 frames at 24 a second are 5.0416666…, the page says 5.041667."""
    exact = replace(CLIP, duration_s=5.0, frame_rate="24000/1001")
    assert _duration(5.0 + 0.05 + 5e-7, exact)


def test_a_duration_that_could_not_be_measured_fails() -> None:
    """It was promised, and nothing shows that it is there."""
    check = _check(AssetName.VIDEO_RAW, Promise(duration_s=5.0), replace(CLIP, duration_s=None))["duration"]
    assert (check.ok, check.expected, check.measured) == (False, 5.0, None)


def test_video_is_held_to_the_duration_of_video_raw() -> None:
    """The page promises one for the raw file alone; a promise of its own wins."""
    by_raw = _check(AssetName.VIDEO, Promise(), CLIP, 9.0)["duration"]
    by_own = _check(AssetName.VIDEO, Promise(duration_s=5.0), CLIP, 9.0)["duration"]
    assert (by_raw.ok, by_raw.expected) == (False, 9.0)
    assert (by_own.ok, by_own.expected) == (True, 5.0)


@pytest.mark.parametrize("name", [AssetName.THUMBNAIL, AssetName.LAST_FRAME])
def test_a_picture_has_no_duration(name: AssetName) -> None:
    """Whatever the video's is."""
    assert "duration" not in _check(name, SIDES, PICTURE, 5.0)


@pytest.mark.parametrize(("shade", "is_ok"), [(0, True), (12, True), (13, False), (255, False)])
def test_a_palette_is_advisory_and_has_a_tolerance(shade: int, *, is_ok: bool) -> None:
    """Resampling differs between programs; another picture differs by more."""
    promise = Promise(palette=bytes([shade]) * 75)
    check = _check(AssetName.THUMBNAIL, promise, PICTURE)["palette"]
    assert check.advisory
    assert (check.ok, check.expected, check.measured) == (is_ok, PALETTE_TOLERANCE, shade)


def test_a_palette_is_compared_where_both_are_known_and_for_the_thumbnail_alone() -> None:
    """The contract's table."""
    promise = Promise(palette=bytes(75))
    assert "palette" not in _check(AssetName.LAST_FRAME, promise, PICTURE)
    assert "palette" not in _check(AssetName.THUMBNAIL, promise, replace(PICTURE, palette=None))
    assert "palette" not in _check(AssetName.THUMBNAIL, Promise(), PICTURE)


PALETTES = st.binary(min_size=75, max_size=75)


@given(PALETTES, PALETTES)
def test_the_distance_of_palettes_is_a_distance(one: bytes, other: bytes) -> None:
    """Zero to itself, the same both ways, 255 at most."""
    assert palette_distance(one, one) == 0
    assert palette_distance(one, other) == palette_distance(other, one)
    assert 0 <= palette_distance(one, other) <= 255


def test_palettes_of_different_lengths_are_not_compared() -> None:
    """That is a mistake of the caller's."""
    with pytest.raises(ValueError, match="zip"):
        palette_distance(bytes(75), bytes(74))


@pytest.mark.parametrize(
    ("similarity", "is_ok"),
    [(None, False), (0.0, False), (0.8999, False), (SIMILARITY_THRESHOLD, True), (1.0, True)],
)
def test_the_last_frame_is_advisory(similarity: float | None, *, is_ok: bool) -> None:
    """A pair that could not be compared is reported, too."""
    check = check_last_frame(similarity)
    assert (check.ok, check.advisory, check.measured) == (is_ok, True, similarity)


def test_one_complaint_of_the_decoder_is_a_mismatch() -> None:
    """`--deep` asks for every frame."""
    assert check_decode(None).ok
    assert check_decode("frame 7: invalid NAL") == Check(
        name="decode", ok=False, expected="no error", measured="frame 7: invalid NAL"
    )


@pytest.mark.parametrize(
    ("frame_rate", "seconds"),
    [
        ("24/1", 1 / 24),
        ("30000/1001", 1001 / 30000),
        ("25", 1 / 25),
        ("0/0", 0),
        ("0/1", 0),
        ("", 0),
        (None, 0),
    ],
)
def test_a_frame_is_shown_for_as_long_as_its_rate_says(frame_rate: str | None, seconds: float) -> None:
    """An unknown rate is no time at all, not a division by zero."""
    assert replace(CLIP, frame_rate=frame_rate).frame_s == pytest.approx(seconds)
