"""What a standing sidecar may still say while its files are replaced."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from archiver.domain.identity import AssetName
from archiver.domain.sidecar import AssetRecord, AssetStatus, verification_of
from archiver.storage.replacement import obsolete_files, withdraw
from tests.storage.samples import missing, record, sidecar

_BODIES = st.sampled_from([b"one", b"other"])
_PATHS = st.sampled_from(["a.mp4", "b.mp4", "c.jpg"])
_RECORDS = st.builds(record, _PATHS, _BODIES) | st.builds(missing)
_ASSETS = st.dictionaries(st.sampled_from(AssetName), _RECORDS)
_NAMES = st.sets(_PATHS)


@given(standing=_ASSETS, coming=_ASSETS, names=_NAMES)
def test_what_remains_is_true_of_old_and_of_new_bytes(
    standing: dict[AssetName, AssetRecord], coming: dict[AssetName, AssetRecord], names: set[str]
) -> None:
    """At any moment of the replacement a name may hold the one or the other."""
    rest = withdraw(sidecar(standing), sidecar(coming), names) or sidecar(standing)
    promised = {found.path: found.sha256 for found in coming.values()}
    for found in rest.assets.values():
        if found.path in names:
            assert found.sha256 == promised.get(found.path)


@given(standing=_ASSETS, coming=_ASSETS, names=_NAMES)
def test_nothing_else_is_withdrawn(
    standing: dict[AssetName, AssetRecord], coming: dict[AssetName, AssetRecord], names: set[str]
) -> None:
    """A crash then costs one asset's download, not the generation's."""
    rest = withdraw(sidecar(standing), sidecar(coming), names)
    if rest is None:
        return
    assert rest.verification == verification_of(rest.assets)
    assert rest.assets.keys() == standing.keys()
    for name, found in standing.items():
        if found.path not in names:
            assert rest.assets[name] == found


def test_a_withdrawn_asset_lends_its_bytes_to_nobody() -> None:
    """`same_as` would point to a file that is not recorded any more; the other name keeps its bytes."""
    raw = record("video_raw.mp4", b"clip", same_as=AssetName.VIDEO)
    standing = sidecar({AssetName.VIDEO: record("video.mp4", b"clip"), AssetName.VIDEO_RAW: raw})
    rest = withdraw(standing, sidecar({AssetName.VIDEO: record("video.mp4", b"new")}), {"video.mp4"})
    assert rest
    assert rest.assets[AssetName.VIDEO].status is AssetStatus.MISSING
    assert rest.assets[AssetName.VIDEO_RAW] == msgspec.structs.replace(raw, same_as=None)


def test_only_an_assets_own_earlier_files_are_obsolete() -> None:
    """Its name, an extension of media, recorded no more; an asset that is missing keeps what is there."""
    coming = sidecar({AssetName.THUMBNAIL: record("thumbnail.jpg", b"x"), AssetName.VIDEO: missing()})
    names = [
        "thumbnail.webp",
        "thumbnail.jpg",
        "thumbnail.txt",
        "thumbnail",
        "thumbnail.old.webp",
        "video.mp4",
        "sidecar.json",
    ]
    assert obsolete_files(names, coming) == ["thumbnail.webp"]
