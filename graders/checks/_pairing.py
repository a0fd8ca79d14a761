"""Pairs the items of a completion with the items that the reference expects."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    Fits = Callable[[int, int], bool]


def one_to_one(made: int, expected: int, fits: Fits) -> int:
    """Return the largest possible number of matching pairs in which no item occurs twice.

    An item that fits two expected items must not block one that fits only one of them, so a pair is undone if
    that allows more pairs.

    Args:
        made: The number of items in the completion.
        expected: The number of items in the reference.
        fits: Returns True if an item fits an expected item, given their indexes.
    """
    options = [[other for other in range(expected) if fits(one, other)] for one in range(made)]
    taken: dict[int, int] = {}

    def paired(one: int, tried: set[int]) -> bool:
        for other in options[one]:
            if other not in tried:
                tried.add(other)
                if other not in taken or paired(taken[other], tried):
                    taken[other] = one
                    return True
        return False

    return sum(paired(one, set()) for one in range(made))


def in_order(made: int, expected: int, fits: Fits) -> int:
    """Return the largest possible number of matching pairs that are in the same order on both sides.

    Args:
        made: The number of items in the completion.
        expected: The number of items in the reference.
        fits: Returns True if an item fits an expected item, given their indexes.
    """
    row = [0] * (expected + 1)
    for one in range(made):
        before, row = row, [0] * (expected + 1)
        for other in range(expected):
            pair = before[other] + 1 if fits(one, other) else 0
            row[other + 1] = max(pair, before[other + 1], row[other])
    return row[expected]
