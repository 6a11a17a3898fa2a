"""One comparison of a column with a value, as a test of its values. What is unknown equals null alone."""

from __future__ import annotations

import operator
from collections.abc import Callable
from datetime import datetime

from archiver.domain.errors import UsageError
from archiver.domain.filtering.column import Kind, Value
from archiver.domain.filtering.moments import Span, parse_span
from archiver.domain.quantity import parse_size

Test = Callable[[Value], bool]

_ORDERS: dict[str, Callable[[float, float], bool]] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
# Durations come as 5.041667: who writes 5.04 means them. Half of the last digit that any answer has.
_AS_GOOD_AS_EQUAL = 5e-7


def comparison(kind: Kind, sign: str, wanted: str, now: datetime) -> Test:
    """Return the test for `=`, `<`, `<=`, `>`, `>=` or `~` and a value as it was written.

    Raises `UsageError` where the value is none of this kind.
    """
    match kind:
        case Kind.TEXT:
            return _text_test(sign, wanted)
        case Kind.SIZE:
            return _number_test(sign, parse_size(wanted), "sizes")
        case Kind.NUMBER:
            return _number_test(sign, _parse_number(wanted), "numbers")
        case Kind.MOMENT:
            return _moment_test(sign, parse_span(wanted, now))
        case Kind.ANY:
            return _any_test(sign, wanted)


def null_test(sign: str) -> Test:
    """Return the test for what is unknown. Raises `UsageError`."""
    if sign != "=":
        msg = "null can only be compared by = and !="
        raise UsageError(msg)
    return lambda value: value is None


def _text_test(sign: str, wanted: str) -> Test:
    if sign == "~":
        folded = wanted.casefold()
        return lambda value: isinstance(value, str) and folded in value.casefold()
    if sign == "=":
        return lambda value: value == wanted
    order: Callable[[str, str], bool] = {
        "<": operator.lt,
        "<=": operator.le,
        ">": operator.gt,
        ">=": operator.ge,
    }[sign]
    return lambda value: isinstance(value, str) and order(value, wanted)


def _parse_number(text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        msg = f"{text[:40]!a} is not a number"
        raise UsageError(msg) from error


def _number_test(sign: str, wanted: float, kind: str) -> Test:
    if sign == "~":
        msg = f"~ is for texts, not for {kind}"
        raise UsageError(msg)
    if sign == "=":
        return lambda value: isinstance(value, int | float) and abs(value - wanted) <= _AS_GOOD_AS_EQUAL
    order = _ORDERS[sign]
    return lambda value: isinstance(value, int | float) and order(value, wanted)


def _moment_test(sign: str, span: Span) -> Test:
    tests: dict[str, Callable[[datetime], bool]] = {
        "=": span.holds,
        "<": lambda moment: moment < span.begin,
        "<=": lambda moment: moment < span.end,
        ">": lambda moment: moment >= span.end,
        ">=": lambda moment: moment >= span.begin,
    }
    if sign not in tests:
        msg = "~ is for texts, not for times"
        raise UsageError(msg)
    test = tests[sign]
    return lambda value: isinstance(value, datetime) and test(value)


def _any_test(sign: str, wanted: str) -> Test:
    as_text = _text_test(sign, wanted)
    try:
        as_number = _number_test(sign, float(wanted), "numbers")
    except (ValueError, UsageError):
        return lambda value: as_text(None if value is None else str(value))
    # A CSV's columns are texts, whatever they look like; a JSON line's may be numbers.
    return lambda value: as_number(_as_number(value)) if _is_numeric(value) else as_text(value)


def _as_number(value: Value) -> float | None:
    try:
        return float(value) if isinstance(value, int | float | str) else None
    except ValueError:
        return None


def _is_numeric(value: Value) -> bool:
    return _as_number(value) is not None
