"""Where things belong in an archive."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.domain.checks import MediaKind
from archiver.domain.identity import AssetName, parse_id
from archiver.domain.naming import file_name, folder_of

ID = parse_id("id-1")


@pytest.mark.parametrize(
    ("moment", "folder"),
    [
        (datetime(2024, 12, 22, tzinfo=UTC), "generations/2024/12/id-1"),
        (datetime(2025, 1, 1, 0, 30, tzinfo=timezone(timedelta(hours=2))), "generations/2024/12/id-1"),
        (datetime(2024, 2, 1, tzinfo=UTC), "generations/2024/02/id-1"),
        (None, "generations/undated/id-1"),
    ],
)
def test_a_folder_is_by_year_and_month_in_utc(moment: datetime | None, folder: str) -> None:
    """The same on every machine, whatever its zone."""
    assert folder_of(ID, moment) == folder


@given(
    st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}", fullmatch=True).filter(lambda text: ".." not in text)
)
def test_a_folder_never_leaves_the_archive(text: str) -> None:
    """An id is one part of the path, and the last."""
    path = PurePosixPath(folder_of(parse_id(text), None))
    assert path.parts == ("generations", "undated", text)


@pytest.mark.parametrize("asset", AssetName)
@pytest.mark.parametrize("kind", MediaKind)
def test_a_file_is_named_by_its_asset_and_its_bytes(asset: AssetName, kind: MediaKind) -> None:
    """A URL's ending has no say."""
    assert file_name(asset, kind) == f"{asset.value}.{kind.extension}"


def test_extensions_are_those_that_programs_know() -> None:
    """And media types those of IANA."""
    kinds = {kind.extension: kind.media_type for kind in MediaKind}
    assert kinds["jpg"] == "image/jpeg"
    assert kinds["mp4"] == "video/mp4"
    assert len(kinds) == len(MediaKind)
    assert {kind.extension for kind in MediaKind if kind.is_video} == {"mp4", "mov", "webm", "mkv"}
