r"""Checks of numbers: the answer's number is the reference's.

Numbers are compared exactly or within a declared tolerance. A completion without a readable number is wrong
and reports the metric `unread`; a reference that is not one number is a `RecordError`. What reads as a number
is documented in `graders.extract.parse_number`. There is no default tolerance, and none that depends on the
size of the reference unless `relative` asks for it: a tolerance that suits 1,000 accepts 0 for 0.05.
"""

from __future__ import annotations

from itertools import islice

from ..errors import DecorationError
from ..extract import Missing, after_marker, boxed, last_number, parse_number
from ..extract._numbers import allowance, exact, numbers, plain, within
from ._answers import comparing
from ._options import flag_options, number_option, text_option

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, Literal, TypeAlias

    from ..extract._numbers import Number
    from ..reward import Reward
    from ..sample import Sample
    from ._answers import Take

    Which: TypeAlias = Literal["last", "first"]

_LONGEST_LIST = 1000


def number(
    *,
    marker: str | None = None,
    which: Which = "last",
    take: Take | None = None,
    tolerance: float = 0,
    relative: float = 0,
) -> Callable[[Sample[Any]], Reward]:
    """Make a check that the answer's number is the reference's.

    Without a marker it pays for a completion that ends in the right number, whatever the number is of.

    Args:
        marker: What stands before the answer, in completion and reference; the line after it has to hold
            exactly one number. None takes the last number of the completion.
        which: The marker that counts where there are several, `last` or `first`.
        take: Finds the text that has to hold exactly one number, instead of a marker.
        tolerance: How far the numbers may lie apart.
        relative: The same as a share of the reference; the larger of the two allowances holds.

    Raises:
        DecorationError: An option cannot be meant.
    """
    find = _slot(marker, which, take)
    return comparing(  # type: ignore[misc]  # mypy solves no union in a union
        lambda text, strict: parse_number(text) if strict or find else last_number(text),
        _sameness(tolerance, relative),
        what="one number",
        take=find,
    )


def boxed_number(
    *, take: Take | None = None, tolerance: float = 0, relative: float = 0
) -> Callable[[Sample[Any]], Reward]:
    r"""Make a check that the number in the last `\boxed{...}` is the reference's.

    The reference holds it in a box too, or is one number.

    Args:
        take: Finds the text with the box; None looks in all of it.
        tolerance: How far the numbers may lie apart.
        relative: The same as a share of the reference; the larger of the two allowances holds.

    Raises:
        DecorationError: An option cannot be meant.
    """

    def read(text: str, strict: bool) -> Number | Missing:
        box = boxed(text)
        if isinstance(box, Missing):
            return parse_number(text) if strict and box.kind == "none" else box
        return parse_number(box)

    same = _sameness(tolerance, relative)
    return comparing(read, same, what="one number, in a box or in all", take=take)  # type: ignore[misc]


def list_of_numbers(
    *,
    marker: str | None = None,
    which: Which = "last",
    take: Take | None = None,
    ordered: bool = True,
    tolerance: float = 0,
    relative: float = 0,
) -> Callable[[Sample[Any]], Reward]:
    """Make a check that the answer's numbers are the reference's, as many and no others.

    Separate them by a comma and a space, or by anything else that is not part of a number: `100,200` is one.
    The reference may be a list of numbers, or a text.

    Args:
        marker: What stands before the answer; None takes every number of the completion.
        which: The marker that counts where there are several, `last` or `first`.
        take: Finds the text that holds the numbers, instead of a marker.
        ordered: Whether they have to stand in the reference's order.
        tolerance: How far each number may lie from its own.
        relative: The same as a share of the reference's; the larger of the two allowances holds.

    Raises:
        DecorationError: An option cannot be meant.
    """
    flag_options(ordered=ordered)
    find = _slot(marker, which, take)
    alike = _sameness(tolerance, relative)

    def same(found: Sequence[Number], expected: Sequence[Number]) -> bool:
        if len(found) != len(expected):
            return False
        if not ordered:
            found, expected = sorted(found), sorted(expected)
        return all(map(alike, found, expected))

    return comparing(
        lambda text, strict: _all(text), same, what="a list of numbers", take=find, references=_list_text
    )


def _slot(marker: str | None, which: Which, take: Take | None) -> Take | None:
    """What finds the text that holds the answer and nothing else; None where no slot is declared."""
    if which not in ("last", "first"):
        raise DecorationError(f"which={which!r}: write 'last' or 'first'")
    if marker is None:
        return take
    text_option("marker", marker)
    if take is not None:
        raise DecorationError("take= and marker= both say where the answer is: leave one of them out")
    return lambda text: after_marker(text, marker, which)


def _sameness(tolerance: float, relative: float) -> Callable[[Number, Number], bool]:
    """A comparison within the two allowances."""
    number_option("tolerance", tolerance, 0)
    number_option("relative", relative, 0)
    limit, share = allowance("tolerance", tolerance), allowance("relative", relative)
    return lambda found, expected: within(found, expected, limit, share)


def _all(text: str) -> tuple[Number, ...] | Missing:
    """Every number of a text; missing when one does not read, or there are too many to be an answer."""
    read = list(islice(numbers(plain(text)), _LONGEST_LIST + 1))
    found = tuple(value for value in read if value is not None)
    if len(found) < len(read):
        return Missing("some of its digits read as no number", "not exact")
    if len(read) > _LONGEST_LIST:
        return Missing(f"there are more than {_LONGEST_LIST} numbers", "several")
    return found or Missing("there is no number")


def _list_text(sample: Sample[Any]) -> Sequence[str]:
    """The reference's numbers as one text."""
    reference = sample.reference_answer
    if isinstance(reference, list) and reference:
        return (", ".join(one if isinstance(one, str) else str(exact(one)) for one in reference),)
    return (sample.reference_text,)
