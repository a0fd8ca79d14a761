r"""Checks of numbers: the answer's number is the reference's.

Numbers are compared exactly or within a declared tolerance. A completion without a readable number is wrong;
a reference without one is a `RecordError`. What reads as a number is documented in
`graders.extract.parse_number`. There is no default tolerance, and none that depends on the size of the
reference unless `relative` asks for it: a tolerance that suits 1,000 accepts 0 for 0.05.
"""

from __future__ import annotations

from itertools import islice

from ..errors import RecordError
from ..extract import Missing, after_marker, boxed, parse_number, reference_number
from ..extract._numbers import allowance, answer, numbers, plain, within
from ._options import flag_options, number_option, text_option

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ..extract._numbers import Number
    from ..sample import Sample

_LONGEST_LIST = 1000


def number(
    *, marker: str | None = None, tolerance: float = 0, relative: float = 0
) -> Callable[[Sample[Any]], bool]:
    """Make a check that the answer's number is the reference's.

    Args:
        marker: What stands before the answer, in completion and reference; the line after the last one has to
            hold exactly one number. None takes the last number of the completion.
        tolerance: How far the numbers may lie apart.
        relative: The same as a share of the reference; the larger of the two allowances holds.

    Raises:
        DecorationError: An option cannot be meant.
    """
    if marker is not None:
        text_option("marker", marker)
    same = _sameness(tolerance, relative)

    def number_is_right(sample: Sample[Any]) -> bool:
        """Whether the number is right."""
        expected = reference_number(sample.reference_text, marker=marker)
        return same(answer(sample.completion, marker), expected)

    return number_is_right


def boxed_number(*, tolerance: float = 0, relative: float = 0) -> Callable[[Sample[Any]], bool]:
    r"""Make a check that the number in the last `\boxed{...}` is the reference's.

    The reference holds it in a box too, or is a text with one number in all.

    Args:
        tolerance: How far the numbers may lie apart.
        relative: The same as a share of the reference; the larger of the two allowances holds.

    Raises:
        DecorationError: An option cannot be meant.
    """
    same = _sameness(tolerance, relative)

    def boxed_number_is_right(sample: Sample[Any]) -> bool:
        """Whether the boxed number is right."""
        reference = sample.reference_text
        expected = parse_number(boxed(reference) or reference)
        if isinstance(expected, Missing):
            raise RecordError(
                "the reference answer has not one number, in a box or in all: correct the record"
            )
        box = boxed(sample.completion)
        return same(parse_number(box or ""), expected)

    return boxed_number_is_right


def list_of_numbers(
    *, marker: str | None = None, ordered: bool = True, tolerance: float = 0, relative: float = 0
) -> Callable[[Sample[Any]], bool]:
    """Make a check that the answer's numbers are the reference's, as many and no others.

    Separate them by a comma and a space, or by anything else that is not part of a number: `100,200` is one.
    The reference may be a list of numbers, or a text.

    Args:
        marker: What stands before the answer; None takes every number of the completion.
        ordered: Whether they have to stand in the reference's order.
        tolerance: How far each number may lie from its own.
        relative: The same as a share of the reference's; the larger of the two allowances holds.

    Raises:
        DecorationError: An option cannot be meant.
    """
    flag_options(ordered=ordered)
    if marker is not None:
        text_option("marker", marker)
    same = _sameness(tolerance, relative)

    def numbers_are_right(sample: Sample[Any]) -> bool:
        """Whether all the numbers are right."""
        expected = _expected(sample, marker)
        slot = sample.completion if marker is None else after_marker(sample.completion, marker)
        found = _all(slot or "")
        if found is None or len(found) != len(expected):
            return False
        if not ordered:
            found, expected = sorted(found), sorted(expected)
        return all(map(same, found, expected))

    return numbers_are_right


def _sameness(tolerance: float, relative: float) -> Callable[[Number | Missing, Number], bool]:
    """A comparison within the two allowances."""
    number_option("tolerance", tolerance, 0)
    number_option("relative", relative, 0)
    limit, share = allowance("tolerance", tolerance), allowance("relative", relative)
    return lambda found, expected: within(found, expected, limit, share)


def _all(text: str) -> list[Number] | None:
    """Every number of a text; None when one does not read, or there are too many to be an answer."""
    read = list(islice(numbers(plain(text)), _LONGEST_LIST + 1))
    found = [value for value in read if value is not None]
    return found if len(found) == len(read) <= _LONGEST_LIST else None


def _expected(sample: Sample[Any], marker: str | None) -> list[Number]:
    """The reference's numbers.

    Raises:
        RecordError: There are none, or one does not read.
    """
    reference = sample.reference_answer
    if isinstance(reference, list) and reference:
        return [reference_number(one) for one in reference]
    text = sample.reference_text
    if marker is not None and marker in text:  # a text without the marker is the answer itself
        text = after_marker(text, marker) or ""
    found = _all(text)
    if not found:
        raise RecordError("the reference answer is no list of readable numbers: correct the record")
    return found
