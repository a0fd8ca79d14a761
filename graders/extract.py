r"""Finds the answer inside a completion: after a marker, in a box, in a tag, in a fenced block.

In goes text; out comes the part that answers, or `Missing`, which is false and equal to nothing: what is
missing in the completion and in the reference never compares equal. Nothing here raises on a completion,
whatever it holds, and all of it takes time linear in the text. The last answer counts everywhere, so naming
several never pays more than guessing. What counts as a number is documented in `graders.number_text`.
"""

from __future__ import annotations

from . import choice_text, number_text, structure
from .errors import RecordError
from .marker import line_after
from .missing import Missing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Literal

    from .number_text import Number

__all__ = [
    "Missing",
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


def after_marker(text: str, marker: str = "####", which: Literal["last", "first"] = "last") -> str | Missing:
    r"""Return what stands after a marker: the rest of its line, else the next line that holds something.

    A line of nothing but a fence, `\[` or `$$` holds nothing. The marker is matched as it is written, in its
    case, anywhere in the text.

    Args:
        text: The text to look in.
        marker: What announces the answer.
        which: Which occurrence of the marker counts.

    Returns:
        The line without space around it; `Missing` when there is no marker, or nothing after it.
    """
    return line_after(text, marker, which) or Missing()


def boxed(text: str) -> str | Missing:
    r"""Return the content of the last `\boxed{...}` or `\fbox{...}`; braces in it may nest.

    Args:
        text: A completion.

    Returns:
        The content without space around it; `Missing` without a box, or when the last is not closed or blank.
    """
    return structure.boxed(text) or Missing()


def tag(text: str, name: str = "answer") -> str | Missing:
    """Return the content of the last complete `<name>...</name>`.

    Args:
        text: A completion.
        name: The tag, without brackets and attributes, matched as it is written.

    Returns:
        The content without space around it; `Missing` when there is no complete tag, or it is blank.

    Raises:
        ValueError: The name cannot be a tag's.
    """
    return structure.tag(text, name) or Missing()


def json_block(text: str) -> Any:
    """Return the last JSON value of a text, parsed.

    The last fenced block counts that holds JSON (labelled `json` or not at all); without one, the text as a
    whole; else the last object in the prose. Arrays and plain values count only as a block or the whole text.

    Args:
        text: A completion.

    Returns:
        The value; `Missing` when there is none, also for JSON's null. NaN and infinities are no JSON.
    """
    value = structure.json_block(text)
    return Missing() if value is None else value


def code_block(text: str, language: str | None = None) -> str | Missing:
    """Return the content of the last complete fenced code block.

    Args:
        text: A completion.
        language: Count only blocks whose fence names this language, in any case; None counts all.

    Returns:
        The lines between the fences; `Missing` when there is no such block, or it is blank. A block that is
        never closed was cut off and does not count.
    """
    return structure.code_block(text, language) or Missing()


def choice_letter(text: str, letters: str = "ABCD") -> str | Missing:
    """Return the letter that a text settles on; the rules stand in `graders.choice_text`.

    Args:
        text: A completion, or a reference answer.
        letters: The letters there are to choose from, in upper case.

    Returns:
        One of the letters, in upper case; `Missing` when the text settles on none.

    Raises:
        ValueError: The letters are not two or more different capitals of the Latin alphabet.
    """
    return choice_text.choice_letter(text, letters) or Missing()


def parse_number(text: str) -> Number | Missing:
    """Read the one number that a text holds; `Missing` when it holds none or several.

    Words, units, currencies and markup may stand around the number: `about $72 each` is 72.

    Args:
        text: A short text, such as what stands after a marker.

    Returns:
        An int, or a Fraction where the number is not whole: exact, never a float.
    """
    number = number_text.only(text)
    return Missing() if number is None else number


def last_number(text: str) -> Number | Missing:
    """Read the last number of a text; `Missing` without digits, or when its last digits read as no number.

    Args:
        text: A completion. Of the last line with digits, the last 10,000 characters are read.

    Returns:
        An int, or a Fraction where the number is not whole: exact, never a float.
    """
    number = number_text.last(text)
    return Missing() if number is None else number


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
            slot = line_after(reference, marker)
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
        slot = line_after(completion, marker)
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
