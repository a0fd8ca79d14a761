"""Compares a completion's number with its reference's, exactly or within a declared allowance."""

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
    """Read the number of a reference answer.

    Args:
        reference: A number, or a text that is one number as a whole: after the marker where the text has it,
            else all of the text.
        marker: What stands before the answer.
        which: The marker that counts where there are several.
        decimal: The decimal sign where the text does not tell.
        scale: Whether `72k`, `3.5M` and `2 million` are read.

    Raises:
        RecordError: It is no such number, so nothing could ever be right.
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
            "Correct the record, or name what stands before the number"
        )
    return number


@lru_cache(256)  # the completions of one record follow each other
def _text_number(
    reference: str, marker: str | None, which: Literal["last", "first"], decimal: Decimal, scale: bool
) -> Number | Missing:
    """The number that a reference is as a whole, or behind its marker."""
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
    """Whether a completion's number is the reference's, compared exactly.

    With a marker, the line after it answers, and has to hold exactly one number (words and units may stand
    beside it): `#### 72 or 73` is no answer. Without one, `last_number` says which number answers.

    Args:
        completion: What the model answered.
        reference: The right answer, a number or a text that holds it; see `reference_number`.
        marker: What stands before the answer; None when nothing does.
        which: The marker that counts where there are several.
        decimal: The decimal sign where a text does not tell.
        scale: Whether `72k`, `3.5M` and `2 million` are read.
        tolerance: How far the two numbers may lie apart, as an absolute difference.
        relative: The same as a share of the reference; the larger of the two allowances holds.

    Raises:
        RecordError: The reference is not one number.
        ValueError: An allowance is negative or not finite.

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
    """The largest difference that counts as none, as it is written: 0.3 is three tenths.

    Raises:
        ValueError: It is negative or not finite.
    """
    try:
        exactly = exact(value)
    except (ValueError, OverflowError):
        exactly = -1
    if exactly < 0:
        raise ValueError(f"{name}={value!r}: write the largest difference that counts as none, 0 or more")
    return exactly


def within(found: Number | Missing, expected: Number, tolerance: Number, relative: Number) -> bool:
    """Whether two numbers lie no further apart than the larger of two allowances; `Missing` never does."""
    if found == expected:
        return True
    if isinstance(found, Missing):
        return False
    apart: Number = found - expected
    share: Number = relative * expected if expected >= 0 else -relative * expected
    return -tolerance <= apart <= tolerance or -share <= apart <= share


def exact(value: float) -> Number:
    """Turn a number of Python's into the number that it is written as, so that 0.1 is one tenth.

    Raises:
        ValueError: It is not finite.
    """
    if isinstance(value, int):
        return int(value)
    from fractions import Fraction

    return whole(Fraction(repr(float(value))))


def written(value: float) -> str:
    """A number of Python's as a text that reads as that number whatever the decimal sign is."""
    return str(value).replace(".", DECIMAL_MARK)


DECIMAL_MARK = "\u066b"
"""Arabic's decimal separator, which groups in no language."""
