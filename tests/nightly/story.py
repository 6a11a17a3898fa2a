"""Thirty nights of a service and of a disk, drawn from a seed: what is added, and what goes wrong.

Nights count from 1. All of this is values: who plays it stages the service, who expects it reckons.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import takewhile
from typing import Any

from tests.nightly.nights import FIRST_NIGHT

NIGHTS = 30
NEVER = NIGHTS + 1
# Whatever can be had by then, is had by the last night: the longest pause is a week.
_LAST_ADDED, _EVERYTHING_EVERY, _SAMPLE_EVERY, _BATCH_EVERY = 22, 10, 5, 8
_SAMPLE = 0.3


class Kind(StrEnum):
    """What is special about a generation."""

    READY = "ready"
    SLOW = "slow"
    FAILED = "failed"
    MARKED = "marked"
    """Its two videos are two files."""
    MISMATCHED = "mismatched"
    LATE_THUMBNAIL = "late-thumbnail"
    """The host does not have it at first."""
    UNKNOWN = "unknown"
    """The service does not know the id."""
    VANISHED = "vanished"
    """Pending at first, and then the service knows it no more."""
    FORGOTTEN = "forgotten"
    """The service knows it no more some nights after it was archived."""
    EXPIRED = "expired"
    """Known from a saved answer whose links are dead."""
    EXPIRED_AND_LOST = "expired-and-lost"
    SAVED = "saved"
    """Known from a saved answer whose links are good, and from nothing else."""
    LARGE = "large"
    """Large enough for a run to be killed, or the disk to be full, half-way."""


class Way(StrEnum):
    """How a generation is added."""

    IDS = "ids"
    TABLE = "table"
    ANSWERS = "answers"


class State(StrEnum):
    """What the service says of a generation."""

    PENDING = "pending"
    COMPLETED = "completed"
    FAILED = "failed"
    LOST = "lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """One generation: added before the night `added`, final from `done` on, unknown from `lost` on."""

    id: str
    kind: Kind
    added: int
    way: Way
    done: int
    lost: int = NEVER
    thumbnail_from: int = 0

    @property
    def has_dead_links(self) -> bool:
        """True where the links of its saved answer open nothing."""
        return self.kind in {Kind.EXPIRED, Kind.EXPIRED_AND_LOST}

    @property
    def could_be_had(self) -> bool:
        """True where the service, or the saved answer, always led to all of it in the end."""
        return self.kind not in {
            Kind.FAILED,
            Kind.UNKNOWN,
            Kind.VANISHED,
            Kind.FORGOTTEN,
            Kind.EXPIRED_AND_LOST,
        }

    def state_at(self, night: int) -> State:
        """Return what the service says on a night."""
        if night >= self.lost:
            return State.LOST
        if night < self.done:
            return State.PENDING
        return State.FAILED if self.kind is Kind.FAILED else State.COMPLETED


class Fault(StrEnum):
    """What goes wrong on a night."""

    NONE = "none"
    KILLED_AT_ONCE = "killed before the service answered"
    KILLED_HALF_WAY = "killed with half of a large clip held"
    DISK_FULL = "disk full"
    FILE_LIMIT = "limit on the size of files"
    INDEX_LOST = "index lost"
    INDEX_ROTTEN = "index rotten"
    ROT = "bit rot"
    FILE_LOST = "file lost"

    @property
    def needs_large(self) -> bool:
        """True where it strikes half-way through a large clip."""
        return self in {Fault.KILLED_HALF_WAY, Fault.DISK_FULL, Fault.FILE_LIMIT}

    @property
    def ends_the_run(self) -> bool:
        """True where the night's run does not come to its end."""
        return self.needs_large or self is Fault.KILLED_AT_ONCE


# Every kind of trouble comes, most of them more than once. What rots is drawn when the night has come.
_FAULTS = (
    *(Fault.ROT,) * 5,
    *(Fault.KILLED_HALF_WAY, Fault.KILLED_AT_ONCE, Fault.DISK_FULL, Fault.FILE_LIMIT) * 2,
    *(Fault.INDEX_LOST, Fault.INDEX_ROTTEN, Fault.FILE_LOST),
)
# A large one comes with the faults that strike half-way through it.
_KINDS = tuple(kind for kind in Kind if kind is not Kind.LARGE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Night:
    """One night: when its run begins, what is added before, what goes wrong; `lot` draws the victim."""

    number: int
    moment: datetime
    fault: Fault
    lot: float
    added: Sequence[Life]

    @property
    def command(self) -> str:
        """The run: `sync`, or now and then `batch` of all that was ever added."""
        is_batch = self.number % _BATCH_EVERY == 0 and not self.fault.ends_the_run
        return "batch" if is_batch else "sync"

    @property
    def audited(self) -> float | None:
        """How large a part is verified, and repaired, after the run; None for nothing."""
        if self.fault.ends_the_run or self.number % _SAMPLE_EVERY:
            return None
        return _SAMPLE if self.number % _EVERYTHING_EVERY else 1.0


def draw_story(seed: int) -> list[Night]:
    """Return thirty nights."""
    chance = random.Random(seed)  # noqa: S311 - a test's dice
    faults, kinds = _draw_faults(chance), _draw_kinds(chance)
    nights = []
    for number in range(1, NIGHTS + 1):
        fault = faults.get(number, Fault.NONE)
        tonight = [*kinds[number], *_brought_by(fault)]
        lives = [_live(chance, kind, f"{number:02}-{place}", number) for place, kind in enumerate(tonight)]
        # A timer starts within its hour: no pause of the list ends at the very moment of a run.
        moment = FIRST_NIGHT + timedelta(days=number - 1, seconds=chance.randrange(1, 3600))
        nights.append(Night(number=number, moment=moment, fault=fault, lot=chance.random(), added=lives))
    return nights


def _brought_by(fault: Fault) -> list[Kind]:
    """Return what a fault needs to strike at."""
    if fault.needs_large:
        return [Kind.LARGE]
    return [Kind.READY] if fault.ends_the_run else []


def _draw_faults(chance: random.Random) -> dict[int, Fault]:
    """Give each fault a night: not the first ones, which have nothing to lose, and not the last."""
    while True:
        faults = dict(zip(chance.sample(range(3, NIGHTS), len(_FAULTS)), _FAULTS, strict=True))
        if all(_may_come(number, faults) for number in faults):
            return faults


def _may_come(number: int, faults: Mapping[int, Fault]) -> bool:
    """Tell whether a night's fault may come after those of the nights before it that did not end, either."""
    before = [faults.get(night, Fault.NONE) for night in range(number - 1, 0, -1)]
    unended = list(takewhile(lambda fault: fault.ends_the_run, before))
    if faults[number] is Fault.FILE_LOST:
        # An index that was not closed takes the folders as they are: then only `verify` misses the file.
        return not unended
    # A large one that was left unfinished would come to the limit as well.
    return not (faults[number].needs_large and any(fault.needs_large for fault in unended))


def _draw_kinds(chance: random.Random) -> dict[int, list[Kind]]:
    """Give every kind two nights, so that they meet the faults in any order; some nights add nothing."""
    nights: dict[int, list[Kind]] = {number: [] for number in range(1, NIGHTS + 1)}
    # The first night has something that later ones can spoil.
    nights[1].append(Kind.READY)
    for kind in (*_KINDS, *_KINDS):
        nights[chance.randint(1, _LAST_ADDED)].append(kind)
    return nights


def _live(chance: random.Random, kind: Kind, name: str, night: int) -> Life:
    """Draw a life of a kind."""
    later = night + chance.randint(1, 5)
    special: dict[Kind, dict[str, Any]] = {
        Kind.SLOW: {"done": later},
        Kind.FAILED: {"done": chance.choice((night, later))},
        Kind.LATE_THUMBNAIL: {"thumbnail_from": later},
        Kind.UNKNOWN: {"lost": night},
        Kind.VANISHED: {"done": NEVER, "lost": later},
        Kind.FORGOTTEN: {"lost": later},
        Kind.EXPIRED: {"way": Way.ANSWERS},
        Kind.EXPIRED_AND_LOST: {"way": Way.ANSWERS, "lost": night},
        Kind.SAVED: {"way": Way.ANSWERS, "lost": night},
    }
    way = chance.choice((Way.IDS, Way.TABLE))
    life = Life(id=f"{name}-{kind}", kind=kind, added=night, way=way, done=night)
    return replace(life, **special.get(kind, {}))
