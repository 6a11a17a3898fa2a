"""A body that is whole before anything of it was written: one write, no journal, no folder of its own."""

from __future__ import annotations

from dataclasses import replace

import pytest

from archiver.domain.identity import AssetName
from archiver.domain.transfer import Held
from archiver.storage.archive import Archive
from archiver.storage.partfile import BodySource
from archiver.storage.partial import PartialDownload
from tests.storage.downloads import SOURCE, break_off, clip, journal, part
from tests.storage.samples import FOLDER, GENERATION, URL, VALIDATOR, digest, everything_in, record, sidecar

_SHORT = b"picture" * 1000
_OF_IT = replace(SOURCE, total=len(_SHORT))


async def _receive(
    partial: PartialDownload, body: bytes = _SHORT, source: BodySource = _OF_IT, *, chunk: int = 700
) -> None:
    async with partial.appending(at=0, source=source) as writer:
        for start in range(0, len(body), chunk):
            await writer.write(body[start : start + chunk])


@pytest.mark.parametrize("chunk", [1, 700, 4096, 7000])
async def test_it_is_staged_with_its_digest_however_it_came(archive: Archive, chunk: int) -> None:
    """A chunk of one byte must not cost a call to the system, and none may be lost on the way."""
    partial = clip(archive)
    await _receive(partial, chunk=chunk)
    staged = await partial.seal()
    assert staged.path.read_bytes() == _SHORT
    assert (staged.size, staged.sha256, staged.validator) == (len(_SHORT), digest(_SHORT), VALIDATOR)
    assert not part(archive).parent.exists()


async def test_without_a_length_its_end_is_what_the_transport_says(archive: Archive) -> None:
    """A chunked body has none, and its last chunk is its end."""
    partial = clip(archive)
    await _receive(partial, source=replace(SOURCE, total=None))
    assert (await partial.seal()).sha256 == digest(_SHORT)


async def test_one_that_ended_early_gets_a_journal(archive: Archive) -> None:
    """It is the beginning of a body, as good as one that broke off."""
    await _receive(clip(archive), _SHORT[:5000])
    assert part(archive).read_bytes() == _SHORT[:5000]
    assert journal(archive).total == len(_SHORT)


async def test_a_commit_takes_it_and_leaves_nothing(archive: Archive) -> None:
    """Also not the one that it has no use for: two URLs gave the same bytes."""
    partial, twin = clip(archive), archive.partial(GENERATION, AssetName.VIDEO_RAW)
    await _receive(partial)
    await _receive(twin)
    staged = await partial.seal()
    archive.commit(
        FOLDER,
        sidecar({AssetName.VIDEO: record("video.mp4", _SHORT)}),
        {"video.mp4": staged.path},
    )
    assert (archive.root / FOLDER / "video.mp4").read_bytes() == _SHORT
    assert everything_in(archive.root / ".partial") == []


async def test_one_that_is_kept_is_found_by_a_later_run(archive: Archive) -> None:
    """The archive's folder became unwritable: that must not cost what was fetched."""
    partial = clip(archive)
    await _receive(partial)
    await partial.keep()
    assert (await partial.seal()).path == part(archive)
    again = clip(Archive.open(archive.root))
    expected = Held(length=len(_SHORT), validator=VALIDATOR, total=len(_SHORT))
    # Where the system does not name its boots, what was not synced cannot be trusted.
    assert await again.recall(URL) == (expected if journal(archive).boot else None)


async def test_one_that_is_kept_takes_the_place_of_an_earlier_beginning(archive: Archive) -> None:
    """The earlier journal must not speak of bytes that are not its own."""
    await break_off(archive, b"of another version")
    partial = clip(archive)
    await _receive(partial)
    await partial.keep()
    assert part(archive).read_bytes() == _SHORT
    assert journal(archive).total == len(_SHORT)


async def test_one_that_was_left_by_a_killed_run_is_tidied_away(archive: Archive) -> None:
    """Without a journal nobody knows what it is of."""
    await _receive(clip(archive))
    later = Archive.open(archive.root)
    later.partials.tidy()
    assert not (archive.root / ".partial").exists()


async def test_one_that_is_discarded_is_gone(archive: Archive) -> None:
    """What is no picture is fetched again."""
    partial = clip(archive)
    await _receive(partial)
    await partial.discard()
    assert everything_in(archive.root / ".partial") == []
    assert partial.length == 0


async def test_a_break_on_the_way_keeps_what_came(archive: Archive) -> None:
    """Short or not."""
    await break_off(archive, _SHORT[:3000])
    assert part(archive).read_bytes() == _SHORT[:3000]
    assert journal(archive).durable == 3000


async def test_what_this_run_has_begun_is_recalled_without_another_look_at_the_rest(archive: Archive) -> None:
    """After tidying it is known of which generations something is here: others need no look at the disk."""
    archive.partials.tidy()
    await break_off(archive, b"beginning")
    held = await clip(archive).recall(URL)
    assert held
    assert held.length == len(b"beginning")


async def test_what_an_earlier_run_left_is_recalled_after_tidying(archive: Archive) -> None:
    """It is what tidying keeps."""
    await break_off(archive, b"beginning")
    later = Archive.open(archive.root)
    later.partials.tidy()
    assert await clip(later).recall(URL)
