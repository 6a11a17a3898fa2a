"""How far the bytes of an unfinished download can be trusted."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from archiver.domain.identity import MediaUrl
from archiver.domain.transfer import Validator
from archiver.storage.journal import Journal, decode_journal, encode_journal, trusted_length

_URL = MediaUrl.parse("https://media.example/clip.mp4?signature=one")
_SIZES = st.integers(min_value=0, max_value=10**12)
_BOOTS = st.sampled_from([None, "this", "that"])
_VALIDATORS = st.builds(
    Validator, etag=st.none() | st.text(), last_modified=st.none() | st.text(), date=st.none() | st.text()
)
_JOURNALS = st.builds(
    Journal,
    resource=st.just(_URL.resource),
    validator=_VALIDATORS,
    total=st.none() | _SIZES,
    durable=_SIZES,
    boot=_BOOTS,
)


@given(journal=_JOURNALS, size=_SIZES, boot=_BOOTS)
def test_no_more_is_trusted_than_is_there_and_can_be(journal: Journal, size: int, boot: str | None) -> None:
    """What is trusted is spliced to new bytes: one byte too many spoils the file."""
    length = trusted_length(journal, _URL, size=size, boot=boot)
    assert 0 <= length <= size
    if journal.total is not None:
        assert length <= journal.total
    if boot is None or journal.boot != boot:
        assert length <= journal.durable


@given(journal=_JOURNALS, size=_SIZES)
def test_in_the_same_boot_every_byte_counts(journal: Journal, size: int) -> None:
    """A killed process loses nothing that it had handed to the system."""
    if journal.boot is not None and (journal.total is None or size <= journal.total):
        assert trusted_length(journal, _URL, size=size, boot=journal.boot) == size


@given(journal=_JOURNALS, size=_SIZES)
def test_bytes_of_another_resource_are_worth_nothing(journal: Journal, size: int) -> None:
    """Two clips have nothing to do with each other, whatever their lengths."""
    other = MediaUrl.parse("https://media.example/other.mp4?signature=one")
    assert trusted_length(journal, other, size=size, boot=journal.boot) == 0


@given(journal=_JOURNALS, size=_SIZES, boot=_BOOTS)
def test_a_fresh_signature_is_the_same_resource(journal: Journal, size: int, boot: str | None) -> None:
    """Signed URLs live an hour; what was fetched under the old one goes on under the new."""
    fresh = MediaUrl.parse("https://media.example/clip.mp4?signature=two")
    assert trusted_length(journal, fresh, size=size, boot=boot) == trusted_length(
        journal, _URL, size=size, boot=boot
    )


@given(_JOURNALS)
def test_a_journal_reads_as_it_was_written(journal: Journal) -> None:
    """What is lost on the way would be missing at the resume."""
    assert decode_journal(encode_journal(journal)) == journal


@given(st.binary())
def test_rubbish_is_no_journal(data: bytes) -> None:
    """A power cut leaves zeros, or another file's bytes."""
    assert decode_journal(data) is None


def test_a_journal_of_another_version_is_not_used() -> None:
    """What a later program means by its fields is not known here; the download starts anew."""
    data = encode_journal(
        Journal(version=2, resource=_URL.resource, validator=Validator(), total=None, durable=1, boot=None)
    )
    assert decode_journal(data) is None
