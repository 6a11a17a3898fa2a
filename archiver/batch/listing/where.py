"""The expressions of `--where`: read into a function, never evaluated as code.

    expression  = conjunction, { "or", conjunction }
    conjunction = negation, { "and", negation }
    negation    = [ "not" ], ( comparison | "(", expression, ")" )
    comparison  = column, ( "=" | "!=" | "<" | "<=" | ">" | ">=" | "~" | "!~" ), value
    value       = a word, a text in single or double quotes, or null

`~` finds a text within another, whatever the case of its letters. Sizes are `10MB`, times `2024-12-22` (the
whole day), `2024-12` (the whole month), a moment, or an age (`7d`). What is unknown equals null alone; it is
neither before nor after anything.
"""

from __future__ import annotations

import difflib
import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import NoReturn

from archiver.batch.listing.columns import COLUMNS, Column, Kind, Listed, Value, column_names
from archiver.batch.listing.moments import Span, parse_span
from archiver.domain.errors import UsageError
from archiver.domain.quantity import parse_size

Predicate = Callable[[Listed], bool]
_Test = Callable[[Value], bool]

_TOKEN = re.compile(
    r"""\s*(?:(?P<operator><=|>=|!=|!~|[=<>~])
           |(?P<bracket>[()])
           |(?P<quoted>'[^']*'|"[^"]*")
           |(?P<word>[^\s()=<>!~'"]+))""",
    re.VERBOSE,
)
# Deep enough for anybody; Python's own stack is not what ends it.
_DEEPEST = 50
_SHOWN_CHARACTERS = 40
_ORDERS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


def parse_where(text: str, now: datetime) -> Predicate:
    """Return the test that an expression describes; ages count back from `now`. Raises `UsageError`."""
    return _Parser(_tokens(text), now).parse()


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str

    def is_word(self, word: str) -> bool:
        return self.kind == "word" and self.text.lower() == word


_END = _Token("end", "the end")


def _refuse(reason: str) -> NoReturn:
    msg = f"{reason}; the columns are {column_names()}"
    raise UsageError(msg)


def _tokens(text: str) -> list[_Token]:
    tokens, position, end = [], 0, len(text.rstrip())
    while position < end:
        found = _TOKEN.match(text, position)
        if not found or found.lastgroup is None:
            _refuse(f"{text[position : position + _SHOWN_CHARACTERS].strip()!a} cannot be read")
        tokens.append(_Token(found.lastgroup, found[found.lastgroup]))
        position = found.end()
    return tokens


class _Parser:
    """Reads tokens from the left; one method a rule of the grammar above."""

    def __init__(self, tokens: list[_Token], now: datetime) -> None:
        self._tokens = tokens
        self._position = 0
        self._depth = 0
        self._now = now

    def parse(self) -> Predicate:
        found = self._expression()
        if self._next is not _END:
            self._expect("'and', 'or' or the end")
        return found

    @property
    def _next(self) -> _Token:
        return self._tokens[self._position] if self._position < len(self._tokens) else _END

    def _take(self) -> _Token:
        token = self._next
        self._position += 1
        return token

    def _take_word(self, word: str) -> bool:
        is_there = self._next.is_word(word)
        self._position += is_there
        return is_there

    def _expect(self, what: str) -> NoReturn:
        found = self._next.text if self._next is _END else ascii(self._next.text[:_SHOWN_CHARACTERS])
        _refuse(f"expected {what}, found {found}")

    def _expression(self) -> Predicate:
        parts = [self._conjunction()]
        while self._take_word("or"):
            parts.append(self._conjunction())
        return parts[0] if len(parts) == 1 else lambda row: any(part(row) for part in parts)

    def _conjunction(self) -> Predicate:
        parts = [self._negation()]
        while self._take_word("and"):
            parts.append(self._negation())
        return parts[0] if len(parts) == 1 else lambda row: all(part(row) for part in parts)

    def _negation(self) -> Predicate:
        is_negated = self._take_word("not")
        found = self._bracketed() if self._next.text == "(" else self._comparison()
        return (lambda row: not found(row)) if is_negated else found

    def _bracketed(self) -> Predicate:
        self._take()
        self._depth += 1
        if self._depth > _DEEPEST:
            _refuse(f"brackets are nested over {_DEEPEST} deep")
        found = self._expression()
        if self._next.text != ")":
            self._expect("')'")
        self._take()
        self._depth -= 1
        return found

    def _comparison(self) -> Predicate:
        if self._next.kind != "word":
            self._expect("a column")
        name = self._take().text
        column = COLUMNS.get(name.lower()) or _unknown_column(name)
        if self._next.kind != "operator":
            self._expect(f"an operator (= != < <= > >= ~ !~) after {name}")
        sign = self._take().text
        if self._next.kind not in {"word", "quoted"}:
            self._expect(f"a value after {sign}")
        test = _test(column, sign, self._take(), self._now)
        return lambda row: test(column.read(row))


def _unknown_column(name: str) -> NoReturn:
    near = difflib.get_close_matches(name.lower(), COLUMNS, n=1)
    hint = f", did you mean {near[0]}?" if near else ""
    _refuse(f"{name[:_SHOWN_CHARACTERS]!a} is not a column{hint}")


def _test(column: Column, sign: str, token: _Token, now: datetime) -> _Test:
    if sign.startswith("!"):
        test = _test(column, "=" if sign == "!=" else "~", token, now)
        return lambda value: not test(value)
    text = token.text[1:-1] if token.kind == "quoted" else token.text
    if token.is_word("null"):
        return _null_test(sign)
    try:
        match column.kind:
            case Kind.TEXT:
                return _text_test(sign, text)
            case Kind.SIZE:
                return _size_test(sign, parse_size(text))
            case Kind.MOMENT:
                return _moment_test(sign, parse_span(text, now))
    except UsageError as error:
        _refuse(error.message)


def _null_test(sign: str) -> _Test:
    if sign != "=":
        _refuse("null can only be compared by = and !=")
    return lambda value: value is None


def _text_test(sign: str, wanted: str) -> _Test:
    if sign == "~":
        folded = wanted.casefold()
        return lambda value: isinstance(value, str) and folded in value.casefold()
    if sign == "=":
        return lambda value: value == wanted
    order = _ORDERS[sign]
    return lambda value: isinstance(value, str) and order(value, wanted)


def _size_test(sign: str, wanted: int) -> _Test:
    if sign == "~":
        _refuse("~ is for texts, not for sizes")
    order = _ORDERS.get(sign, operator.eq)
    return lambda value: isinstance(value, int) and order(value, wanted)


def _moment_test(sign: str, span: Span) -> _Test:
    tests: dict[str, Callable[[datetime], bool]] = {
        "=": span.holds,
        "<": lambda moment: moment < span.begin,
        "<=": lambda moment: moment < span.end,
        ">": lambda moment: moment >= span.end,
        ">=": lambda moment: moment >= span.begin,
    }
    if sign not in tests:
        _refuse("~ is for texts, not for times")
    test = tests[sign]
    return lambda value: isinstance(value, datetime) and test(value)
