"""Compares a value returned by code with a test's expected value."""

from __future__ import annotations

from math import isclose, isnan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def same_value(found: Any, expected: Any, tolerance: float, relative: float) -> bool:
    """Return True if a value is the expected one.

    Types matter: neither True nor "1" equals 1. An integer and a float may be equal, and a tuple counts as a
    list, because a JSON record can contain only lists. The running time depends on the size of the expected
    value, not on that of `found`.

    Args:
        found: A plain value.
        expected: A JSON value.
        tolerance: Largest absolute difference between numbers that count as equal.
        relative: Largest relative difference. It applies only if the expected number is a float.
    """
    waiting = [(found, expected)]
    while waiting:
        one, other = waiting.pop()
        if isinstance(other, dict):
            if type(one) is not dict or one.keys() != other.keys():
                return False
            if any(type(key) is not str for key in one):
                return False
            waiting += [(one[key], other[key]) for key in other]
        elif isinstance(other, (list, tuple)):
            if type(one) not in (list, tuple) or len(one) != len(other):
                return False
            waiting += zip(one, other, strict=True)
        elif not _same_scalar(one, other, tolerance, relative):
            return False
    return True


def _same_scalar(one: Any, other: Any, tolerance: float, relative: float) -> bool:
    numbers = (int, float)
    if type(one) in numbers and type(other) in numbers:
        if type(one) is int and type(other) is int and not tolerance:
            return bool(one == other)
        try:
            if isnan(one) or isnan(other):
                return isnan(one) and isnan(other)
            allowed = relative if type(other) is float else 0.0
            if not allowed and not tolerance:
                return bool(one == other)
            return isclose(one, other, rel_tol=allowed, abs_tol=tolerance)
        except OverflowError:  # an integer that is too large for a float
            return bool(one == other)
    return type(one) is type(other) and bool(one == other)


def same_output(found: str, expected: str, how: str, tolerance: float = 0) -> bool:
    """Return True if a program's output is the expected one.

    Args:
        found: The program's output.
        expected: The expected output.
        how: `lines`, `words` or `exact`.
        tolerance: Largest absolute difference between numbers that count as equal. Used only with `words`.
    """
    if how == "exact":
        return found == expected
    if how == "lines":
        return _lines(found) == _lines(expected)
    one, other = found.split(), expected.split()
    if len(one) != len(other):
        return False
    return all(_same_word(*pair, tolerance) for pair in zip(one, other, strict=True))


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.strip().split("\n")]


def _same_word(one: str, other: str, tolerance: float) -> bool:
    if one == other or not tolerance:
        return one == other
    try:
        return abs(float(one) - float(other)) <= tolerance
    except (ValueError, OverflowError):
        return False
