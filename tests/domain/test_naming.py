"""Where things belong in an archive."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import PurePosixPath
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.domain.checks import MediaKind
from archiver.domain.identity import AssetName, parse_id
from archiver.domain.naming import file_name, folder_of, id_of_partial_folder, partial_folder_of

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


_LETTERS = "abcABCmNzZ019"
_IDS = st.text(_LETTERS + "._-", min_size=1, max_size=128).filter(
    lambda text: text[0] in _LETTERS and ".." not in text
)


@given(_IDS, st.randoms(use_true_random=False))
def test_no_two_folders_of_unfinished_downloads_differ_by_case_alone(text: str, chance: Random) -> None:
    """They would be one on many a disk, and two downloads would write into one file."""
    other = "".join(chance.choice((letter.lower(), letter.upper())) for letter in text)
    one, two = partial_folder_of(parse_id(text)), partial_folder_of(parse_id(other))
    assert (one.lower() == two.lower()) == (text == other)
    assert len(one.encode()) <= 255


@given(_IDS)
def test_the_folder_of_an_unfinished_download_names_its_generation(text: str) -> None:
    """A later run finds out what is unfinished from the names alone."""
    assert id_of_partial_folder(partial_folder_of(parse_id(text))) == text


@pytest.mark.parametrize("name", ["ABC", "abc+0", "abc+1", "ABC+f", "a..b", "", "+7", "0123.tmp+", "ABC+7+7"])
def test_a_strangers_folder_is_no_generations(name: str) -> None:
    """Whatever has no name that the archiver gives is not the archiver's to remove."""
    assert id_of_partial_folder(name) is None
