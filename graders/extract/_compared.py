"""Compares a completion's number with the reference's, exactly or within a tolerance."""

from __future__ import annotations

from functools import lru_cache

from ..errors import RecordError
from ._blocks import after_marker
from ._claims import last_number
from ._missing import Missing
from ._numbers import parse_number
from ._runs import whole

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal

    from ._numbers import Decimal
    from ._runs import Number


def reference_number(
    reference: str | float,
    *,
    marker: str | None = None,
    which: Literal["last", "first"] = "last",
    decimal: Decimal = ".",
    scale: bool = False,
) -> Number:
    """Return the number in a reference answer.

    Args:
        reference: A number or a string. The part after the marker (or the whole string if there is no marker)
            must be exactly one number.
        marker: The text before the answer.
        which: Whether to use the last or the first occurrence of the marker.
        decimal: The decimal separator to assume if the text does not make it clear.
        scale: Whether to accept `72k`, `3.5M` and `2 million`.

    Raises:
        RecordError: The reference is not exactly one number, so no completion could be right.
    """
    number: Number | Missing | None = None
    if isinstance(reference, str):
        number = _text_number(reference, marker, which, decimal, scale)
    elif isinstance(reference, (int, float)) and not isinstance(reference, bool):
        try:
            number = exact(reference)
        except (ValueError, OverflowError):
            pass
    if number is None or isinstance(number, Missing):
        why = "" if number is None else f": {number.reason}"
        raise RecordError(
            f"the reference answer is not one number{why}. "
            "Correct the record, or set the marker that comes before the number"
        )
    return number


@lru_cache(256)  # cached, because completions of one record are graded one after another
def _text_number(
    reference: str, marker: str | None, which: Literal["last", "first"], decimal: Decimal, scale: bool
) -> Number | Missing:
    """Return the number after the marker or, if there is no marker, the whole reference as a number."""
    part: str | Missing = reference
    if marker is not None and marker in reference:
        part = after_marker(reference, marker, which)
    if isinstance(part, Missing):
        return part
    return parse_number(part, decimal=decimal, scale=scale, strict=True)


def same_number(
    completion: str,
    reference: str | float,
    *,
    marker: str | None = None,
    which: Literal["last", "first"] = "last",
    decimal: Decimal = ".",
    scale: bool = False,
    tolerance: float = 0,
    relative: float = 0,
) -> bool:
    """Return True if a completion's number equals the reference's.

    With a marker, the answer is the text after it, which must contain exactly one number. Words and units may
    surround the number, but `#### 72 or 73` is not an answer. Without a marker, `last_number` finds the
    number.

    Args:
        completion: The model's answer.
        reference: The right answer: a number, or a string that contains one. See `reference_number`.
        marker: The text before the answer, or None if answers have no marker.
        which: Whether to use the last or the first occurrence of the marker.
        decimal: The decimal separator to assume if a text does not make it clear.
        scale: Whether to accept `72k`, `3.5M` and `2 million`.
        tolerance: The largest difference between numbers that count as equal.
        relative: The tolerance as a fraction of the reference. The larger of the two tolerances applies.

    Raises:
        RecordError: The reference is not one number.
        ValueError: A tolerance is negative or not finite.

    Example:
        >>> same_number("6 * 12 = 72, so: #### $72.00", "#### 72", marker="####")
        True
    """
    expected = reference_number(reference, marker=marker, which=which, decimal=decimal, scale=scale)
    found: Number | Missing
    if marker is None:
        found = last_number(completion, decimal=decimal, scale=scale)
    else:
        line = after_marker(completion, marker, which)
        found = line if isinstance(line, Missing) else parse_number(line, decimal=decimal, scale=scale)
    if tolerance == 0 and relative == 0:
        return found == expected
    return within(found, expected, allowance("tolerance", tolerance), allowance("relative", relative))


def allowance(name: str, value: float) -> Number:
    """Convert a tolerance to the exact decimal that the user wrote, so that 0.3 is three tenths.

    Raises:
        ValueError: The tolerance is negative or not finite.
    """
    try:
        exactly = exact(value)
    except (ValueError, OverflowError):
        exactly = -1
    if exactly < 0:
        raise ValueError(
            f"{name}={value!r}: write the largest difference that still counts as equal, 0 or more"
        )
    return exactly


def within(found: Number | Missing, expected: Number, tolerance: Number, relative: Number) -> bool:
    """Return True if two numbers differ by at most the larger of two tolerances. `Missing` gives False."""
    if found == expected:
        return True
    if isinstance(found, Missing):
        return False
    apart: Number = found - expected
    share: Number = relative * expected if expected >= 0 else -relative * expected
    return -tolerance <= apart <= tolerance or -share <= apart <= share


def exact(value: float) -> Number:
    """Convert a Python number to the decimal that the user wrote, so that 0.1 is one tenth.

    Raises:
        ValueError: The number is not finite.
    """
    if isinstance(value, int):
        return int(value)
    from fractions import Fraction

    return whole(Fraction(repr(float(value))))


def written(value: float) -> str:
    """Convert a Python number to a string that has the same value with either decimal separator."""
    return str(value).replace(".", DECIMAL_MARK)


DECIMAL_MARK = "\u066b"
"""The Arabic decimal separator, which no language uses to group digits."""
