"""One comparison of a column with a value, as a test of its values. What is unknown equals null alone."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from datetime import datetime
from math import isfinite

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
_WHOLE = re.compile(r"[+-]?[0-9]+")


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
    """Return a number; a whole one as it is: as a float, seeds over 2**53 would be others' too."""
    try:
        return int(text) if _WHOLE.fullmatch(text) else float(text)
    except ValueError as error:
        msg = f"{text[:40]!a} is not a number"
        raise UsageError(msg) from error


def _is_near(value: float, wanted: float) -> bool:
    if isinstance(value, int) and isinstance(wanted, int):
        return value == wanted
    try:
        return abs(value - wanted) <= _AS_GOOD_AS_EQUAL
    except OverflowError:  # no float is as large
        return False


def _number_test(sign: str, wanted: float, kind: str) -> Test:
    if sign == "~":
        msg = f"~ is for texts, not for {kind}"
        raise UsageError(msg)
    if sign == "=":
        return lambda value: isinstance(value, int | float) and _is_near(value, wanted)
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
        number = _parse_number(wanted)
        as_number = _number_test(sign, number, "numbers") if _is_finite(number) else None
    except UsageError:
        as_number = None
    if as_number is None:
        return lambda value: as_text(None if value is None else str(value))
    # A CSV's columns are texts, whatever they look like; a JSON line's may be numbers.
    return lambda value: as_number(_as_number(value)) if _is_numeric(value) else as_text(value)


def _as_number(value: Value) -> float | None:
    if isinstance(value, str):
        try:
            value = _parse_number(value)
        except UsageError:
            return None
    return value if isinstance(value, int | float) and _is_finite(value) else None


def _is_finite(number: float) -> bool:
    # A whole number may be larger than any float.
    return isinstance(number, int) or isfinite(number)


def _is_numeric(value: Value) -> bool:
    return _as_number(value) is not None
