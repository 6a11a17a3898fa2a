"""The tree of errors, and what each asks of whoever catches it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from archiver.domain import errors
from archiver.domain.errors import (
    ArchiverError,
    Disposition,
    ErrorRecord,
    RunError,
    StatusError,
    TransferError,
)

_NODE = re.compile(r"^ {4}(?P<indent>[│├└─ ]*)(?P<name>\w+Error)\b", re.MULTILINE)


def _drawn() -> dict[str, str]:
    """Return each class's parent as the docstring draws it; four characters are a level."""
    parents, path = {}, list[str]()
    for found in _NODE.finditer(errors.__doc__ or ""):
        path[len(found["indent"]) // 4 :] = [found["name"]]
        parents[path[-1]] = path[-2] if len(path) > 1 else "Exception"
    return parents


def _descendants(root: type[ArchiverError]) -> Iterator[type[ArchiverError]]:
    yield root
    for child in root.__subclasses__():
        yield from _descendants(child)


ALL = [cls for cls in _descendants(ArchiverError) if cls.__module__ == errors.__name__]


def test_the_tree_in_the_docstring_is_the_tree_of_classes() -> None:
    """A drawing that lies is worse than none."""
    assert _drawn() == {cls.__name__: cls.__base__.__name__ for cls in ALL if cls.__base__}


def test_every_error_has_a_kind_of_its_own() -> None:
    """Programs tell errors apart by it; the classes in between that are never raised share `error`."""
    kinds = [cls.kind for cls in ALL if cls.kind != "error"]
    assert len(kinds) == len(set(kinds))
    assert {cls for cls in ALL if cls.kind == "error"} == {ArchiverError, RunError}


@pytest.mark.parametrize("cls", ALL)
def test_only_what_ends_the_run_aborts(cls: type[ArchiverError]) -> None:
    """One generation's trouble never stops another's."""
    assert (cls.disposition is Disposition.ABORT) == issubclass(cls, RunError)


@pytest.mark.parametrize(
    ("name", "disposition"),
    [
        ("ConnectError", Disposition.RETRY),
        ("StalledError", Disposition.RETRY),
        ("BrokenError", Disposition.RETRY),
        ("WrongBodyError", Disposition.RETRY),
        ("BadAnswerError", Disposition.RETRY),
        ("TooLargeError", Disposition.SKIP),
        ("AddressRefusedError", Disposition.SKIP),
        ("UrlRefusedError", Disposition.SKIP),
        ("RedirectError", Disposition.SKIP),
        ("RetryLaterError", Disposition.SKIP),
        ("WrongIdError", Disposition.SKIP),
        ("NotFoundError", Disposition.SKIP),
        ("ServiceRefusedError", Disposition.SKIP),
        ("ManifestRowError", Disposition.SKIP),
    ],
)
def test_what_may_pass_is_tried_again_and_what_stays_is_not(name: str, disposition: Disposition) -> None:
    """A broken line mends, a private address does not."""
    assert getattr(errors, name).disposition is disposition


def test_a_record_says_how_often_it_was_tried() -> None:
    """One try goes without saying."""
    assert TransferError("cut").record() == ErrorRecord(kind="transfer", message="cut")
    assert TransferError("cut", attempts=3).record().message == "cut (after 3 tries)"


def test_a_status_error_carries_what_its_answer_asked_for() -> None:
    """It decides by its status what to do, the others by their class."""
    error = StatusError("busy", status=503, disposition=Disposition.RETRY, retry_after_s=2.0)
    assert (error.status, error.disposition, error.retry_after_s) == (503, Disposition.RETRY, 2.0)
    assert StatusError("gone", status=410, disposition=Disposition.RE_RESOLVE).retry_after_s is None


def test_an_error_s_text_is_its_message() -> None:
    """One line for a person."""
    assert str(ArchiverError("what, where")) == "what, where"
