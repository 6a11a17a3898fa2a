"""The simulated service as the story has it: what it says and serves on each night, and lists of it."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from tests.nightly.story import Kind, Life, State
from tests.simulator import HostedFile, Recipe, Served, Service, Shape, make_clip
from tests.simulator.answering import Resource
from tests.simulator.answers import build_answer
from tests.simulator.faults import Always, Fault, Status

LARGE_BYTES = 4_000_000
COLUMNS = {"split": "train"}
"""What a table says of each of its generations, beside the id."""

_NOT_FOUND = Always(Status(404, body=b'{"detail": "task not found"}'))
_WRONG = {"video_raw": {"width": 9}}


@dataclass(slots=True)
class Stage:
    """What is served, by id; `folder` is where lists of it are written."""

    service: Service
    folder: Path
    lives: dict[str, Life] = field(default_factory=dict)
    served: dict[str, Served] = field(default_factory=dict)

    def bring_on(self, life: Life) -> None:
        """Serve one more generation; links that a saved answer has of it may be dead."""
        recipe = Recipe(seed=len(self.lives), watermarked=life.kind is Kind.MARKED)
        clip = make_clip(recipe)
        if life.kind is Kind.LARGE:
            clip = clip.padded_to(LARGE_BYTES, seed=recipe.seed)
        self.lives[life.id] = life
        self.served[life.id] = self.service.serve(life.id, clip, shape=_shape(life))
        if life.has_dead_links:
            self.service.revoke(life.id)

    def turn_to(self, night: int) -> None:
        """Let the service say what it says on that night."""
        for life in self.lives.values():
            served, state = self.served[life.id], life.state_at(night)
            served.task.states = (state.value,)
            _let(served.task, _NOT_FOUND, is_on=state is State.LOST)
            _let(served.thumbnail, Always(Status(404)), is_on=night < life.thumbnail_from)

    def file(self, generation_id: str, name: str) -> HostedFile:
        """Return a file of a generation."""
        found: HostedFile = getattr(self.served[generation_id], name)
        return found

    def write_table(self, lives: Iterable[Life]) -> Path:
        """Write a CSV with a column beside the ids."""
        table = io.StringIO()
        writer = csv.DictWriter(table, ["id", *COLUMNS])
        writer.writeheader()
        writer.writerows({"id": life.id, **COLUMNS} for life in lives)
        return _write(self.folder / "table.csv", table.getvalue())

    def write_answers(self, lives: Iterable[Life]) -> Path:
        """Write the answers that were saved when these were made, with the links of that time."""
        answers = [
            build_answer(life.id, "completed", self.served[life.id].task.links, _shape(life))
            for life in lives
        ]
        return _write(self.folder / "answers.jsonl", "".join(json.dumps(answer) + "\n" for answer in answers))

    def write_ids(self) -> Path:
        """Write the list of all that was ever added."""
        return _write(self.folder / "ids.txt", "".join(f"{name}\n" for name in self.lives))


def _shape(life: Life) -> Shape:
    return Shape(changes=_WRONG if life.kind is Kind.MISMATCHED else {})


def _let(resource: Resource, fault: Fault, *, is_on: bool) -> None:
    resource.faults.clear()
    if is_on:
        resource.faults.append(fault)


def _write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path
