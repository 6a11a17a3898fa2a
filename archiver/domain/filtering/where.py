"""The expressions of `--where`: read into a function, never evaluated as code.

    expression  = conjunction, { "or", conjunction }
    conjunction = negation, { "and", negation }
    negation    = [ "not" ], ( comparison | "(", expression, ")" )
    comparison  = column, ( "=" | "==" | "!=" | "<" | "<=" | ">" | ">=" | "~" | "!~" ), value
    value       = a word, a text in single or double quotes, or null

`~` finds a text within another, whatever the case of its letters. Numbers are `2.5`, sizes `10MB`, times
`2024-12-22` (the whole day), `2024-12` (the whole month), a moment, or an age (`7d`). What is unknown equals
null alone; it is neither before nor after anything.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, NoReturn

from archiver.domain.errors import UsageError
from archiver.domain.filtering.column import Column, Columns, Predicate, Row, names_of
from archiver.domain.filtering.comparing import Test, comparison, null_test

_TOKEN = re.compile(
    r"""\s*(?:(?P<operator><=|>=|!=|!~|==|[=<>~])
           |(?P<bracket>[()])
           |(?P<quoted>'[^']*'|"[^"]*")
           |(?P<word>[^\s()=<>!~'"]+))""",
    re.VERBOSE,
)
# Deep enough for anybody; Python's own stack is not what ends it.
_DEEPEST = 50
_SHOWN_CHARACTERS = 40


def parse_where(text: str, columns: Columns[Row], now: datetime) -> Predicate[Row]:
    """Return the test that an expression describes; ages count back from `now`.

    Raises `UsageError`, which names the columns.
    """
    try:
        return _Parser(_tokens(text), columns, now).parse()
    except UsageError as error:
        msg = f"{error.message}; the columns are {names_of(columns)}"
        raise UsageError(msg) from error


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str

    def is_word(self, word: str) -> bool:
        return self.kind == "word" and self.text.lower() == word


_END = _Token("end", "the end")


def _refuse(reason: str) -> NoReturn:
    raise UsageError(reason)


def _tokens(text: str) -> list[_Token]:
    tokens, position, end = [], 0, len(text.rstrip())
    while position < end:
        found = _TOKEN.match(text, position)
        if not found or found.lastgroup is None:
            _refuse(f"{text[position : position + _SHOWN_CHARACTERS].strip()!a} cannot be read")
        tokens.append(_Token(found.lastgroup, found[found.lastgroup]))
        position = found.end()
    return tokens


class _Parser(Generic[Row]):
    """Reads tokens from the left; one method a rule of the grammar above."""

    def __init__(self, tokens: list[_Token], columns: Columns[Row], now: datetime) -> None:
        self._tokens = tokens
        self._columns = columns
        self._position = 0
        self._depth = 0
        self._now = now

    def parse(self) -> Predicate[Row]:
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

    def _expression(self) -> Predicate[Row]:
        parts = [self._conjunction()]
        while self._take_word("or"):
            parts.append(self._conjunction())
        return parts[0] if len(parts) == 1 else lambda row: any(part(row) for part in parts)

    def _conjunction(self) -> Predicate[Row]:
        parts = [self._negation()]
        while self._take_word("and"):
            parts.append(self._negation())
        return parts[0] if len(parts) == 1 else lambda row: all(part(row) for part in parts)

    def _negation(self) -> Predicate[Row]:
        is_negated = self._take_word("not")
        found = self._bracketed() if self._next.text == "(" else self._comparison()
        return (lambda row: not found(row)) if is_negated else found

    def _bracketed(self) -> Predicate[Row]:
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

    def _comparison(self) -> Predicate[Row]:
        # A manifest's column may have any signs in its name.
        if self._next.kind not in {"word", "quoted"}:
            self._expect("a column")
        token = self._take()
        name = token.text[1:-1] if token.kind == "quoted" else token.text
        column = self._columns.get(name) or self._columns.get(name.lower()) or self._unknown_column(name)
        if self._next.kind != "operator":
            self._expect(f"an operator (= != < <= > >= ~ !~) after {name}")
        sign = self._take().text
        if self._next.kind not in {"word", "quoted"}:
            self._expect(f"a value after {sign}")
        test = self._test(column, sign, self._take())
        return lambda row: test(column.read(row))

    def _unknown_column(self, name: str) -> NoReturn:
        near = difflib.get_close_matches(name.lower(), self._columns, n=1)
        hint = f", did you mean {near[0]}?" if near else ""
        _refuse(f"{name[:_SHOWN_CHARACTERS]!a} is not a column{hint}")

    def _test(self, column: Column[Row], sign: str, token: _Token) -> Test:
        if sign.startswith("!"):
            test = self._test(column, "=" if sign == "!=" else "~", token)
            return lambda value: not test(value)
        sign = "=" if sign == "==" else sign
        if token.is_word("null"):
            return null_test(sign)
        wanted = token.text[1:-1] if token.kind == "quoted" else token.text
        return comparison(column.kind, sign, wanted, self._now)
