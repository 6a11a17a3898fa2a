"""The JSON lines of the contract: programs parse them, so their keys and order are fixed."""

from __future__ import annotations

import json

from archiver.cli.jsonlines import JsonLines
from archiver.domain.events import (
    AssetStarted,
    BytesReceived,
    Event,
    GenerationPlanned,
    GenerationWaiting,
    Noticed,
    RowRejected,
)
from archiver.domain.identity import AssetName
from archiver.domain.outcome import Outcome
from tests.cli.samples import ID, PATH, finished, report


def _written(*events: Event) -> list[str]:
    lines: list[str] = []
    output = JsonLines(lines.append)
    for event in events:
        output(event)
    return lines


def test_a_generation_has_the_contracts_keys_in_their_order() -> None:
    """Byte for byte: what is compared is the line."""
    (line,) = _written(finished(Outcome.ARCHIVED))
    assert line == (
        f'{{"event":"generation","id":"{ID}","state":"completed","outcome":"archived","path":"{PATH}",'
        '"bytes":4567,"seconds":1.235,"assets":{"video":"verified","thumbnail":"verified"},"error":null}'
    )


def test_an_error_is_an_object_with_a_kind_and_a_message() -> None:
    """The kind is for programs; the message has line ends and all in one JSON string."""
    (line,) = _written(finished(Outcome.ERROR, "no\nroute \udcff"))
    assert json.loads(line)["error"] == {"kind": "connect", "message": "no\nroute \\udcff"}


def test_a_bad_row_names_file_and_line() -> None:
    """A file's name may hold bytes that are no UTF-8: the line must be UTF-8 all the same."""
    (line,) = _written(RowRejected("ids\udcff.txt", 3, "why"))
    assert line == '{"event":"row","file":"ids\\\\udcff.txt","line":3,"error":"why"}'


def test_the_summary_counts_every_outcome() -> None:
    """Also those with no generation: a program need not ask whether a key is there."""
    lines: list[str] = []
    JsonLines(lines.append).finish(report(archived=10, unchanged=5, pending=1))
    assert "".join(lines) == (
        '{"event":"summary","archived":10,"unchanged":5,"mismatched":0,"incomplete":0,"failed":0,'
        '"pending":1,"error":0,"bytes":45678,"seconds":12.3,"exit_code":0}'
    )


def test_a_plan_is_a_line_of_its_own() -> None:
    """A dry run has no outcome; null is a size that the host did not say."""
    (line,) = _written(GenerationPlanned(ID, PATH, {AssetName.VIDEO: 5, AssetName.THUMBNAIL: None}))
    assert line == (
        f'{{"event":"planned","id":"{ID}","path":"{PATH}","assets":{{"video":5,"thumbnail":null}}}}'
    )


def test_nothing_else_is_written() -> None:
    """Progress and messages are for standard error."""
    others = (
        AssetStarted(ID, AssetName.VIDEO, 1, 0),
        BytesReceived(1),
        Noticed("x"),
        GenerationWaiting(ID, "pending", 1),
    )
    assert _written(*others) == []
