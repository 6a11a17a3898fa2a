"""Which rows of a listing are wanted, and in which order."""

from __future__ import annotations

import difflib
import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from archiver.batch.listing.columns import COLUMNS, Listed
from archiver.domain.errors import UsageError
from archiver.domain.filtering.column import Predicate, Value, names_of
from archiver.domain.generation import State
from archiver.domain.outcome import Outcome
from archiver.domain.owed import Reason
from archiver.domain.timing import parse_timestamp

_OUTCOMES = [outcome for outcome in Outcome if outcome is not Outcome.UNCHANGED]
# In this order, each once: "failed" and "pending" are words for both.
_STATES = list(dict.fromkeys(map(str, [*State, *_OUTCOMES, Reason.ADDED])))


@dataclass(frozen=True, slots=True)
class Order:
    """By a column; what is unknown comes last either way."""

    column: str
    is_descending: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What is wanted: `states` are states at the service or outcomes; none is all."""

    states: frozenset[str] = frozenset()
    since: datetime | None = None
    where: Predicate[Listed] | None = None
    order: Order | None = None
    limit: int | None = None

    def matches(self, row: Listed) -> bool:
        """Tell whether a row is wanted."""
        if self.states and not self.states & {row.state, row.outcome}:
            return False
        if self.since and not _is_since(row, self.since):
            return False
        return self.where is None or self.where(row)


def _is_since(row: Listed, since: datetime) -> bool:
    moment = parse_timestamp(row.updated_at) if row.updated_at else None
    return moment is not None and moment >= since


class Selection:
    """The rows that a query wants, in its order; after the iteration `left_out` counts those over its limit.

    Without an order nothing is held; with one and a limit, as many rows as the limit; else all of them.
    """

    def __init__(self, rows: Iterable[Listed], query: Query) -> None:
        self._rows = rows
        self._query = query
        self._matched = 0
        self._given = 0

    @property
    def left_out(self) -> int:
        """How many match beyond those given."""
        return self._matched - self._given

    def __iter__(self) -> Iterator[Listed]:
        limit = self._query.limit
        for row in self._ordered():
            if limit is None or self._given < limit:
                self._given += 1
                yield row

    def _matching(self) -> Iterator[Listed]:
        for row in self._rows:
            if self._query.matches(row):
                self._matched += 1
                yield row

    def _ordered(self) -> Iterable[Listed]:
        order, limit = self._query.order, self._query.limit
        if order is None:
            return self._matching()
        read = COLUMNS[order.column].read

        def key(row: Listed) -> tuple[bool, Value]:
            value = read(row)
            # True is more than False: what is unknown is the least going down, the most going up.
            return (value is None) is not order.is_descending, value if value is not None else ""

        if limit is None:
            return sorted(self._matching(), key=key, reverse=order.is_descending)
        choose = heapq.nlargest if order.is_descending else heapq.nsmallest
        return choose(limit, self._matching(), key=key)


def parse_states(text: str) -> frozenset[str]:
    """Return states from `error,pending`. Raises `UsageError`."""
    return frozenset(_one_of(part.strip().lower(), _STATES, "a state") for part in text.split(","))


def parse_order(text: str) -> Order:
    """Return the order of `bytes` or, from the largest down, `-bytes`. Raises `UsageError`."""
    name = text.strip().lower()
    column = _one_of(name.removeprefix("-"), list(COLUMNS), "a column")
    return Order(column, is_descending=name.startswith("-"))


def _one_of(text: str, names: list[str], what: str) -> str:
    if text in names:
        return text
    near = difflib.get_close_matches(text, names, n=1)
    choice = names_of(COLUMNS) if what == "a column" else ", ".join(names)
    hint = f", did you mean {near[0]}?" if near else "."
    msg = f"{text[:40]!a} is not {what}{hint} Choose from {choice}"
    raise UsageError(msg)
