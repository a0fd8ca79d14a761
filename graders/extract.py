r"""Finds the answer inside a completion: after a marker, in a box, in a tag, in a fenced block.

In goes text; out comes the part that answers, or None where there is none, never an empty string. None equals
None: compare with `same_number` or a ready check, or look for None first, so that two missing answers never
earn anything. Nothing here raises on a completion, whatever it holds, and all of it takes time linear in the
text. The last answer counts everywhere, so naming several never pays more than guessing. What counts as a
number is documented in `graders.number_text`.
"""

from __future__ import annotations

from . import number_text
from .choice_text import choice_letter
from .errors import RecordError
from .structure import boxed, code_block, json_block, tag

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal

    from .number_text import Number

__all__ = [
    "after_marker",
    "boxed",
    "choice_letter",
    "code_block",
    "json_block",
    "last_number",
    "parse_number",
    "reference_number",
    "same_number",
    "tag",
]


def after_marker(text: str, marker: str = "####", which: Literal["last", "first"] = "last") -> str | None:
    r"""Return what stands after a marker: the rest of its line, else the next line that holds something.

    A line of nothing but a fence, `\[` or `$$` holds nothing. The marker is matched as it is written, in its
    case, anywhere in the text.

    Args:
        text: The text to look in.
        marker: What announces the answer.
        which: Which occurrence of the marker counts.

    Returns:
        The line without space around it; None when there is no marker, or nothing after it.
    """
    if which == "last":
        at = text.rfind(marker)
    elif which == "first":
        at = text.find(marker)
    else:
        raise ValueError(f"which={which!r}: write 'last' or 'first'")
    if not marker:
        raise ValueError("the marker is empty: write what stands before the answer, such as '####'")
    if at < 0:
        return None
    start = at + len(marker)
    end = text.find("\n", start)
    line = (text[start:] if end < 0 else text[start:end]).strip()
    if line and line[0] not in "`\\$":
        return line
    return _next_line(line, text[end:] if end >= 0 else "")


def _next_line(line: str, rest: str) -> str | None:
    """The line, or the first of the rest that holds something; only a few empty fences are skipped."""
    for _ in range(4):
        fence = line.startswith("```") and "`" not in line[3:]
        if line and not fence and line not in ("\\[", "$$"):
            return line
        rest = rest.lstrip()
        line, _, rest = rest.partition("\n")
        line = line.rstrip()
    return None


def parse_number(text: str) -> Number | None:
    """Read the one number that a text holds; None when it holds none or several.

    Words, units, currencies and markup may stand around the number: `about $72 each` is 72.

    Args:
        text: A short text, such as what stands after a marker.

    Returns:
        An int, or a Fraction where the number is not whole: exact, never a float.
    """
    return number_text.only(text)


def last_number(text: str) -> Number | None:
    """Read the last number of a text; None when it has no digits, or its last digits read as no number.

    Args:
        text: A completion. Of the last line with digits, the last 10,000 characters are read.

    Returns:
        An int, or a Fraction where the number is not whole: exact, never a float.
    """
    return number_text.last(text)


def reference_number(reference: str | float, *, marker: str | None = None) -> Number:
    """Read the number of a reference answer.

    Args:
        reference: A number, or a text: with a marker, one number stands after the last of them, or is the
            only one of a text that lacks the marker; without, the last number of the text counts.
        marker: What stands before the answer.

    Raises:
        RecordError: There is no such number, so nothing could ever be right.
    """
    number: Number | None = None
    if isinstance(reference, str):
        if marker is None:
            number = number_text.last(reference)
        else:
            slot = after_marker(reference, marker)
            if slot is None and marker not in reference:
                slot = reference
            number = None if slot is None else number_text.only(slot)
    elif isinstance(reference, (int, float)) and not isinstance(reference, bool):
        try:
            number = number_text.exact(reference)
        except (ValueError, OverflowError):
            number = None
    if number is None:
        missing = (
            "no number at its end" if marker is None else f"not one number after {marker!r}, nor one in all"
        )
        raise RecordError(f"the reference answer has {missing}: correct the record, or name its marker")
    return number


def same_number(
    completion: str, reference: str | float, *, marker: str | None = None, tolerance: float = 0
) -> bool:
    """Whether a completion's number is the reference's, compared exactly.

    With a marker, the line after the last marker answers, and has to hold exactly one number (words and
    units may stand beside it): `#### 72 or 73` is no answer. Without one, the last number of the completion
    answers.

    Args:
        completion: What the model answered.
        reference: The right answer, a number or a text that holds it; see `reference_number`.
        marker: What stands before the answer; None when nothing does.
        tolerance: How far the two numbers may lie apart, as an absolute difference.

    Raises:
        RecordError: The reference has no number.

    Example:
        >>> same_number("6 * 12 = 72, so: #### $72.00", "#### 72", marker="####")
        True
    """
    expected = reference_number(reference, marker=marker)
    if marker is None:
        found = number_text.last(completion)
    else:
        slot = after_marker(completion, marker)
        found = None if slot is None else number_text.only(slot)
    if found is None:
        return False
    return found == expected if tolerance == 0 else _within(found, expected, tolerance)


def _within(found: Number, expected: Number, tolerance: float) -> bool:
    """Whether two numbers lie no further apart than a tolerance, which is taken as it is written.

    Args:
        found: One number.
        expected: The other.
        tolerance: The largest difference, 0 or more: 0.3 is three tenths here, not the float nearest to it.

    Raises:
        ValueError: The tolerance is negative or not finite.
    """
    limit = number_text.exact(tolerance)
    if limit < 0:
        raise ValueError(
            f"tolerance={tolerance!r}: write the largest difference that counts as none, 0 or more"
        )
    difference: Number = found - expected
    return -limit <= difference <= limit
