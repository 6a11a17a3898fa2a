"""What thirty nights are to come to: a model of the archive, reckoned from the story alone.

It knows the rules that people are told (`docs/nightly.md`, `archiver/domain/owed.py`), and none of the code.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from tests.nightly.story import Kind, Life, Night, State

_OUTCOMES = ("archived", "unchanged", "mismatched", "incomplete", "failed", "pending", "error")
_AUDITED = ("intact", "damaged", "missing", "mismatched", "repaired")
_UNFINISHED = ("incomplete", "failed", "error")
_ALL = frozenset({"video", "video_raw", "thumbnail", "last_frame"})
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)

Fetched = Counter[tuple[str, str]]
"""How often each file comes from the host, by id and name; a `video_raw` that is the same file is none."""


class Record(StrEnum):
    """What a sidecar says of a generation as a whole."""

    WHOLE = "whole"
    PARTIAL = "partial"
    TOMBSTONE = "tombstone"


@dataclass(frozen=True, slots=True)
class Debt:
    """An entry of the list of what is owed: why, since when for this reason, when it is due."""

    reason: str
    since: datetime
    due: datetime


@dataclass(slots=True)
class Kept:
    """What the archive has of one generation, and what it owes of it."""

    life: Life
    debt: Debt | None
    has_answer: bool
    """The list holds a saved answer, which spares the first question."""
    record: Record | None = None
    held: set[str] = field(default_factory=set)
    rotten: set[str] = field(default_factory=set)
    found_whole: datetime = _NEVER

    @property
    def is_final(self) -> bool:
        """True where a run leaves it alone: nothing is missing, as far as a look at names and sizes tells."""
        return self.record is Record.TOMBSTONE or (self.record is Record.WHOLE and self.held == _ALL)

    @property
    def is_sound(self) -> bool:
        """True where all of it is there as it was served."""
        return self.record is Record.WHOLE and self.held == _ALL and not self.rotten


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedRun:
    """One run as it is to be: `exit_code` and `counts` are those of its row in the ledger."""

    command: str
    exit_code: int
    counts: Mapping[str, int]
    fetched: Fetched


@dataclass(slots=True)
class Expectation:
    """The archive as it is to be, by id, in the order in which the ids were added."""

    kept: dict[str, Kept] = field(default_factory=dict)

    def add(self, lives: Iterable[Life], moment: datetime) -> None:
        """Put these on the list, due at once."""
        for life in lives:
            debt = Debt("added", moment, moment)
            self.kept[life.id] = Kept(life, debt, has_answer=life.way == "answers")

    def rot(self, life: Life, name: str) -> set[str]:
        """Let a file rot; return the assets whose bytes it is."""
        assets = {"video", "video_raw"} if name == "video" and life.kind is not Kind.MARKED else {name}
        self.kept[life.id].rotten |= assets
        return assets

    def lose(self, life: Life, name: str) -> None:
        """Let a file go."""
        self.kept[life.id].held.remove(name)

    def run(self, night: Night, *, without: Life | None = None) -> ExpectedRun:
        """Let the night's run come; `without` is one that it does not come to the end of."""
        work = self.kept.values() if night.command == "batch" else self._due(night)
        trying = _Trying(night)
        for kept in list(work):
            if kept.life != without:
                trying.work_on(kept)
        return trying.ended(night.command)

    def audit(self, night: Night, part: float) -> ExpectedRun:
        """Let `verify --repair` look at so large a part: those whose last look is longest ago."""
        recorded = sorted((kept for kept in self.kept.values() if kept.record), key=lambda kept: kept.life.id)
        chosen = sorted(recorded, key=lambda kept: kept.found_whole)[: math.ceil(len(recorded) * part)]
        trying = _Trying(night)
        audited: Counter[str] = Counter(dict.fromkeys(_AUDITED, 0))
        for kept in chosen:
            audited.update(trying.look_at(kept))
        return trying.ended("verify", audited)

    def _due(self, night: Night) -> list[Kept]:
        kept = self.kept.values()
        due = [one for one in kept if one.debt and one.debt.due <= night.moment]
        return due + [one for one in kept if one.debt is None and not one.is_final]


@dataclass(slots=True)
class _Trying:
    """One run's tries."""

    night: Night
    counts: Counter[str] = field(default_factory=Counter)
    fetched: Fetched = field(default_factory=Counter)

    def work_on(self, kept: Kept) -> None:
        """Try one generation, and note what is owed of it then."""
        if kept.is_final:
            self.counts["unchanged"] += 1
            kept.debt = None
            return
        outcome = self._outcome(kept, _ALL - kept.held)
        self.counts[outcome] += 1
        kept.debt = _debt_after(outcome, kept.debt, self.night.moment)

    def look_at(self, kept: Kept) -> Counter[str]:
        """Audit one generation and try to repair it; return its assets by how they are found in the end."""
        if kept.record is Record.TOMBSTONE:
            kept.found_whole = self.night.moment
            return Counter()
        mismatched = {"video_raw"} if kept.life.kind is Kind.MISMATCHED else set[str]()
        missing, damaged = _ALL - kept.held, frozenset(kept.rotten)
        rest = _ALL - missing - damaged
        found = Counter(intact=len(rest - mismatched), mismatched=len(rest & mismatched))
        if not missing and not damaged:
            kept.found_whole = self.night.moment
            return found
        kept.found_whole = _NEVER
        self.counts[self._outcome(kept, missing | damaged)] += 1
        found["missing"] = len(missing - kept.held)
        found["damaged"] = len(damaged & kept.rotten)
        found["repaired"] = len(missing & kept.held) + len(damaged - kept.rotten)
        return found

    def ended(self, command: str, audited: Mapping[str, int] = MappingProxyType({})) -> ExpectedRun:
        """Return the run: an audit's count of mismatched assets stands where others count generations."""
        counts = {**{name: self.counts[name] for name in (*_OUTCOMES, "bad_rows")}, **audited}
        lost = (
            any(self.counts[name] for name in _UNFINISHED) or counts.get("damaged") or counts.get("missing")
        )
        code = 3 if lost else 4 if self.counts["mismatched"] else 0
        return ExpectedRun(command=command, exit_code=code, counts=counts, fetched=self.fetched)

    def _outcome(self, kept: Kept, wanted: frozenset[str]) -> str:
        """Ask about one generation, or read its saved answer, and fetch what is `wanted` of it."""
        state, has_answer = kept.life.state_at(self.night.number), kept.has_answer
        kept.has_answer = False
        if has_answer:
            return self._fetch(kept, wanted, frozenset() if kept.life.kind is Kind.EXPIRED_AND_LOST else _ALL)
        match state:
            case State.LOST:
                return "error"
            case State.PENDING:
                return "pending"
            case State.FAILED:
                kept.record = Record.TOMBSTONE
                return "failed"
            case State.COMPLETED:
                late = self.night.number < kept.life.thumbnail_from
                return self._fetch(kept, wanted, _ALL - {"thumbnail"} if late else _ALL)

    def _fetch(self, kept: Kept, wanted: frozenset[str], there: frozenset[str]) -> str:
        came = wanted & there
        kept.held |= came
        kept.rotten -= came
        self.fetched.update((kept.life.id, name) for name in {_file_of(kept.life, name) for name in came})
        kept.record = Record.WHOLE if kept.held == _ALL else Record.PARTIAL
        if kept.record is Record.PARTIAL:
            return "incomplete"
        return "mismatched" if kept.life.kind is Kind.MISMATCHED else "archived"


def _file_of(life: Life, name: str) -> str:
    return "video" if name == "video_raw" and life.kind is not Kind.MARKED else name


def _debt_after(outcome: str, debt: Debt | None, moment: datetime) -> Debt | None:
    """Return what is owed after a try.

    The pause is none in the first hour, then a quarter of the time since when, at most a week.
    """
    if outcome not in {"pending", "incomplete", "error"}:
        return None
    if debt and debt.reason == outcome == "pending" and moment < debt.due:
        # Asked before it was due: that is no try of the list's.
        return debt
    since = debt.since if debt and debt.reason == outcome else moment
    age = moment - since
    pause = timedelta() if age < timedelta(hours=1) else min(timedelta(days=7), age / 4)
    return Debt(outcome, since, moment + pause)


def files_of(kept: Kept) -> Sequence[str]:
    """Return the files that can rot or go: one of two names of the same bytes stands for both."""
    return sorted(_file_of(kept.life, name) for name in kept.held - kept.rotten if name != "video_raw")
