"""An unfinished download goes on where it stopped, or starts anew; it never splices what does not belong."""

from __future__ import annotations

import os

import pytest

from archiver.domain.errors import ArchiveError
from archiver.domain.identity import MediaUrl
from archiver.domain.transfer import Held
from archiver.storage.archive import Archive
from archiver.storage.writer import CHECKPOINT_BYTES
from tests.storage.downloads import BODY, SOURCE, break_off, clip, journal, part, receive, rewrite_journal
from tests.storage.samples import URL, VALIDATOR, digest


async def test_a_whole_body_is_staged_with_its_digest(archive: Archive) -> None:
    """The digest is made while writing: nothing is read twice."""
    partial = clip(archive)
    await receive(partial, BODY)
    staged = await partial.seal()
    assert staged.path.read_bytes() == BODY
    assert (staged.size, staged.sha256, staged.validator) == (len(BODY), digest(BODY), VALIDATOR)


async def test_a_broken_transfer_goes_on_where_it_stopped(archive: Archive) -> None:
    """Every byte that arrived is kept, also those not yet gathered to a block."""
    await break_off(archive, BODY[:1_500_001])
    partial = clip(archive)
    held = await partial.recall(URL)
    assert held == Held(length=1_500_001, validator=VALIDATOR, total=len(BODY))
    assert await partial.tail(1000) == BODY[1_499_001:1_500_001]
    await receive(partial, BODY[1_500_001:], at=1_500_001)
    staged = await partial.seal()
    assert staged.sha256 == digest(BODY)
    assert staged.path.read_bytes() == BODY


async def test_after_another_boot_only_synced_bytes_count(archive: Archive) -> None:
    """A power cut may leave zeros where bytes were written and not synced."""
    await break_off(archive, BODY[:2_000_000])
    rewrite_journal(archive, boot="another", durable=1_000_000)
    partial = clip(archive)
    held = await partial.recall(URL)
    assert held
    assert held.length == partial.length == part(archive).stat().st_size == 1_000_000
    assert await partial.tail(10) == BODY[999_990:1_000_000]


async def test_a_file_shorter_than_its_journal_counts_as_long_as_it_is(archive: Archive) -> None:
    """A repaired file system cuts files; what is left of them is still their beginning."""
    await break_off(archive, BODY[:2_000_000])
    rewrite_journal(archive, boot="another", durable=2_000_000)
    os.truncate(part(archive), 700)
    held = await clip(archive).recall(URL)
    assert held
    assert held.length == 700


@pytest.mark.parametrize("rubbish", [b"", b"\0" * 300, b'{"resource": 1}', b"<html>"])
async def test_bytes_whose_journal_is_rubbish_are_discarded(archive: Archive, rubbish: bytes) -> None:
    """Of what file they are the beginning nobody knows."""
    await break_off(archive, BODY[:1000])
    part(archive).with_suffix(".json").write_bytes(rubbish)
    assert await clip(archive).recall(URL) is None
    assert not part(archive).exists()


async def test_bytes_of_another_url_are_discarded(archive: Archive) -> None:
    """A generation made again under its id has another file."""
    await break_off(archive, BODY[:1000])
    assert await clip(archive).recall(MediaUrl.parse("https://media.example/other.mp4")) is None
    assert not part(archive).exists()


async def test_more_bytes_than_the_whole_has_are_discarded(archive: Archive) -> None:
    """They are not the beginning of that file."""
    await break_off(archive, BODY[:1000])
    rewrite_journal(archive, total=999)
    assert await clip(archive).recall(URL) is None


async def test_nothing_held_is_nothing_to_recall(archive: Archive) -> None:
    """The usual case, which must not make folders."""
    assert await clip(archive).recall(URL) is None
    assert not (archive.root / ".partial").exists()


async def test_starting_anew_cuts_off_what_was_held(archive: Archive) -> None:
    """A changed file that is shorter must not keep the old one's end."""
    await break_off(archive, BODY[:2_000_000])
    partial = clip(archive)
    await receive(partial, b"short")
    assert part(archive).read_bytes() == b"short"
    assert (await partial.seal()).sha256 == digest(b"short")


async def test_going_on_before_the_end_of_what_is_held_cuts_there(archive: Archive) -> None:
    """The digest is of what is in the file, not of what once was."""
    await break_off(archive, BODY[:2_000_000])
    partial = clip(archive)
    await receive(partial, b"other end", at=1_000_000)
    assert (await partial.seal()).sha256 == digest(BODY[:1_000_000] + b"other end")
    assert part(archive).read_bytes() == BODY[:1_000_000] + b"other end"


async def test_going_on_after_the_end_of_what_is_held_is_refused(archive: Archive) -> None:
    """The gap would be zeros under a good name."""
    await break_off(archive, BODY[:1000])
    with pytest.raises(ArchiveError, match="holds 1000 bytes, not 1001"):
        await receive(clip(archive), b"x", at=1001)
    assert part(archive).read_bytes() == BODY[:1000]


async def test_a_recalled_whole_body_is_hashed_when_it_is_sealed(archive: Archive) -> None:
    """A run that ended between the last byte and the commit fetches nothing again."""
    await receive(clip(archive), BODY)
    partial = clip(archive)
    held = await partial.recall(URL)
    assert held
    assert held.is_whole
    assert (await partial.seal()).sha256 == digest(BODY)


async def test_a_long_body_is_synced_on_the_way(archive: Archive) -> None:
    """A power cut costs at most what came since, whatever the body's length."""
    async with clip(archive).appending(at=0, source=SOURCE) as writer:
        for _ in range(CHECKPOINT_BYTES // 1_048_576):
            await writer.write(BODY[:1_048_576])
        assert journal(archive).durable == CHECKPOINT_BYTES
        assert writer.length == CHECKPOINT_BYTES


async def test_what_is_gathered_counts_and_is_not_written_yet(archive: Archive) -> None:
    """A hop to a thread for every few bytes would cost more than the transfer."""
    async with clip(archive).appending(at=0, source=SOURCE) as writer:
        await writer.write(b"ab")
        await writer.write(b"c")
        assert writer.length == 3
        assert not part(archive).exists()


async def test_a_discarded_download_is_gone(archive: Archive) -> None:
    """An HTML page in a video's place must not be gone on with."""
    partial = clip(archive)
    await receive(partial, b"<html>")
    await partial.discard()
    assert partial.length == 0
    assert not part(archive).exists()
    assert await clip(archive).recall(URL) is None


async def test_a_signature_is_never_written_down(archive: Archive) -> None:
    """A signed URL opens the file to whoever reads it."""
    await break_off(archive, b"x")
    assert b"signature" not in part(archive).with_suffix(".json").read_bytes()
