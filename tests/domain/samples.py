"""The service's own example of a completed task, and ways to bend it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from archiver.domain.answer import read_answer
from archiver.domain.errors import ArchiverError
from archiver.domain.generation import Generation
from archiver.domain.identity import parse_id

EXAMPLE_BYTES = (Path(__file__).parent / "data" / "luma-task-example.json").read_bytes()
EXAMPLE_ID = parse_id("4665a07c-7641-4809-a133-10786201bb56")

Json = dict[str, Any]


def refusal_of(refused: type[ArchiverError], call: Callable[..., object], *arguments: object) -> str | None:
    """Call; return the message where `refused` is raised, None where nothing is. Others go through."""
    try:
        call(*arguments)
    except refused as error:
        return error.message
    return None


def example(**changes: object) -> Json:
    """Return the example with fields of its top level changed; `...` removes one."""
    answer: Json = json.loads(EXAMPLE_BYTES)
    answer.update(changes)
    return {name: value for name, value in answer.items() if value is not ...}


def read(answer: object) -> Generation:
    """Read an answer about the example's id."""
    return read_answer(json.dumps(answer).encode(), EXAMPLE_ID)


def with_asset(name: str, *, artifact: bool = False, **changes: object) -> Json:
    """Return the example with fields of one asset changed at the top level, under `artifact` too if asked."""
    answer = example()
    for place in (answer, answer["artifact"]) if artifact else (answer,):
        bent = {**place[name], **changes}
        place[name] = {field: value for field, value in bent.items() if value is not ...}
    return answer
