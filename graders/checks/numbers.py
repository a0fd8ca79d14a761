r"""Checks that compare the numbers in an answer with the reference.

Numbers are compared exactly, or within a tolerance if one is given. A completion without a number that can be
parsed is wrong, and its metric `unread` is 1. A reference that is not a number raises a `RecordError`.
`graders.extract.parse_number` documents the supported formats. Only `relative` scales with the reference. A
`tolerance` that is right for 1,000 may accept 0 for 0.05.
"""

from __future__ import annotations

from operator import eq

from ..errors import DecorationError, RecordError
from ..extract import Missing, after_marker, boxed, last_number, parse_number
from ..extract._claims import boxed_number_of
from ..extract._compared import allowance, within, written
from ..extract._numbers import all_numbers
from ._answers import comparing
from ._options import flag_options, number_option, share_option, text_option

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, Literal, TypeAlias

    from ..extract._numbers import Decimal
    from ..extract._runs import Number
    from ..reward import Reward
    from ..sample import Sample
    from ._answers import Take

    Which: TypeAlias = Literal["last", "first"]


def number(
    *,
    marker: str | None = None,
    which: Which = "last",
    take: Take | None = None,
    decimal: Decimal = ".",
    scale: bool = False,
    tolerance: float = 0,
    relative: float = 0,
) -> Callable[[Sample[Any]], Reward]:
    r"""Create a check that the answer's number equals the reference's.

    Without a marker, `graders.extract.last_number` chooses a completion's number: the boxed number, the
    number claimed as the answer, or else the last number, even if it is not the answer. The whole reference
    must be one number. `docs/answers.md` has a table of examples.

    It rewards a right number after wrong reasoning, and lucky guesses if answers are small numbers.
    Without a marker, it also rewards a completion that happens to end in the number.

    Args:
        marker: The text right before the answer, in both the completion and the reference. The rest of the
            line or, if it is empty, the next line must contain exactly one number.
        which: The marker to use if there are several: `last` or `first`.
        take: Extracts the text that must contain exactly one number. Use it instead of a marker.
        decimal: The decimal separator, `.` or `,`, for ambiguous texts: `1,234` is 1234 or 1.234.
        scale: Whether to accept numbers such as `72k`, `3.5M` and `2 million`. Otherwise they are unread.
        tolerance: The largest difference between numbers that count as equal.
        relative: The largest difference as a fraction of the reference. The larger of the two tolerances
            applies.

    Raises:
        DecorationError: An option is invalid.

    Example:
        >>> check = number(marker="####")
        >>> [check(make_sample(text, "#### 72")).value for text in ("40 + 32\n#### 72.0", "72")]
        [1.0, 0.0]
    """
    find = _slot(marker, which, take)
    _reading_options(decimal, scale)
    return comparing(  # type: ignore[misc]  # mypy solves no union in a union
        lambda text, strict: (
            parse_number(text, decimal=decimal, scale=scale, strict=strict)
            if strict or find
            else last_number(text, decimal=decimal, scale=scale)
        ),
        _sameness(tolerance, relative),
        what="one number",
        take=find,
        references=_number_text,
    )


def boxed_number(
    *,
    take: Take | None = None,
    decimal: Decimal = ".",
    scale: bool = False,
    tolerance: float = 0,
    relative: float = 0,
) -> Callable[[Sample[Any]], Reward]:
    r"""Create a check that the number in the last `\boxed{...}` equals the reference's.

    The reference must also contain a box, or be one number.

    It rewards a right number after wrong reasoning, and lucky guesses if answers are small numbers.

    Args:
        take: Extracts the text that contains the box. None searches the whole text.
        decimal: The decimal separator, `.` or `,`, for ambiguous texts.
        scale: Whether to accept numbers such as `72k`, `3.5M` and `2 million`.
        tolerance: The largest difference between numbers that count as equal.
        relative: The largest difference as a fraction of the reference. The larger of the two tolerances
            applies.

    Raises:
        DecorationError: An option is invalid.

    Example:
        >>> check = boxed_number()
        >>> [check(make_sample(text, "72")).value for text in (r"so \boxed{72}", "72")]
        [1.0, 0.0]
    """
    _reading_options(decimal, scale)

    def read(text: str, strict: bool) -> Number | Missing:
        if not strict:
            return boxed_number_of(text, decimal=decimal, scale=scale)
        box = boxed(text)
        if isinstance(box, Missing):
            if box.kind != "none":
                return box
            box = text
        return parse_number(box, decimal=decimal, scale=scale, strict=True)

    same, what = _sameness(tolerance, relative), "one number, boxed or alone"
    return comparing(read, same, what=what, take=take, references=_number_text)  # type: ignore[misc]


def list_of_numbers(
    *,
    marker: str | None = None,
    which: Which = "last",
    take: Take | None = None,
    decimal: Decimal = ".",
    scale: bool = False,
    ordered: bool = True,
    tolerance: float = 0,
    relative: float = 0,
) -> Callable[[Sample[Any]], Reward]:
    """Create a check that the answer contains all numbers of the reference and no others.

    Numbers may be separated by a comma and a space or by any other text that is not part of a number.
    `100,200` is one number. The reference may be a list of numbers or a string.

    It rewards a right list after wrong reasoning and ignores surrounding words, as in `the opposite of 1,
    2`. Without a marker, a completion with any other number earns nothing, so the model learns to leave out
    its reasoning.

    Args:
        marker: The text right before the answer. None uses every number in the completion.
        which: The marker to use if there are several: `last` or `first`.
        take: Extracts the text that contains the numbers. Use it instead of a marker.
        decimal: The decimal separator, `.` or `,`, for ambiguous texts.
        scale: Whether to accept numbers such as `72k`, `3.5M` and `2 million`.
        ordered: Whether the numbers must be in the reference's order.
        tolerance: The largest difference between numbers that count as equal.
        relative: The largest difference as a fraction of the reference's number. The larger of the two
            tolerances applies.

    Raises:
        DecorationError: An option is invalid.

    Example:
        >>> check = list_of_numbers(marker="####")
        >>> [check(make_sample(text, "1, 2")).value for text in ("#### 1 and 2", "#### 2, 1")]
        [1.0, 0.0]
    """
    flag_options(ordered=ordered)
    _reading_options(decimal, scale)
    find = _slot(marker, which, take)
    alike = _sameness(tolerance, relative)

    def same(found: Sequence[Number], expected: Sequence[Number]) -> bool:
        if len(found) != len(expected):
            return False
        if not ordered:
            found, expected = sorted(found), sorted(expected)
        return all(map(alike, found, expected))

    return comparing(
        lambda text, strict: all_numbers(text, decimal=decimal, scale=scale, strict=strict),
        same,
        what="a list of numbers",
        take=find,
        references=_list_text,
    )


def _slot(marker: str | None, which: Which, take: Take | None) -> Take | None:
    """Return the function that extracts the answer, or None if no option requires one."""
    if which not in ("last", "first"):
        raise DecorationError(f"which={which!r}: write 'last' or 'first'")
    if marker is None:
        return take
    text_option("marker", marker)
    if take is not None:
        raise DecorationError("take= and marker= both say where the answer is: leave one out")
    return lambda text: after_marker(text, marker, which)


def _sameness(tolerance: float, relative: float) -> Callable[[Number, Number], bool]:
    number_option("tolerance", tolerance, 0)
    share_option("relative", relative)
    if not tolerance and not relative:
        return eq
    limit, share = allowance("tolerance", tolerance), allowance("relative", relative)
    return lambda found, expected: within(found, expected, limit, share)


def _reading_options(decimal: object, scale: object) -> None:
    """Check the options for parsing numbers."""
    flag_options(scale=scale)
    if decimal not in (".", ","):
        raise DecorationError(f"decimal={decimal!r}: write '.' or ','")


def _number_text(sample: Sample[Any]) -> Sequence[str]:
    """Return the reference as a string. JSON numbers have a decimal point even if strings use a comma."""
    reference = sample.reference_answer
    if type(reference) is str and not reference.isspace() and reference:
        return (reference,)
    text = sample.reference_text
    return (written(reference) if isinstance(reference, float) else text,)


def _list_text(sample: Sample[Any]) -> Sequence[str]:
    """Return the reference's numbers as a single string."""
    reference = sample.reference_answer
    if not isinstance(reference, list) or not reference:
        return _number_text(sample)
    for one in reference:
        if isinstance(one, bool) or not isinstance(one, (str, int, float)):
            raise RecordError(f"the reference answer lists a {type(one).__name__}: list numbers")
    return ("; ".join(one if isinstance(one, str) else written(one) for one in reference),)
