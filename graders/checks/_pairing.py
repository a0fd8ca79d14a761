"""Pairs what a completion holds with what a reference expects, as many as can be right at once."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    Fits = Callable[[int, int], bool]


def one_to_one(made: int, expected: int, fits: Fits) -> int:
    """Return the largest number of pairs in which nothing stands twice.

    A pair that was made is taken apart where that lets more be made: what fits two expected ones must not
    take the place of what fits only one of them.

    Args:
        made: How many a completion holds.
        expected: How many the reference expects.
        fits: Whether one made, by its index, is one expected, by its index.
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
    """Return the largest number of pairs that stand in the same order on both sides.

    Args:
        made: How many a completion holds.
        expected: How many the reference expects.
        fits: Whether one made, by its index, is one expected, by its index.
    """
    row = [0] * (expected + 1)
    for one in range(made):
        before, row = row, [0] * (expected + 1)
        for other in range(expected):
            pair = before[other] + 1 if fits(one, other) else 0
            row[other + 1] = max(pair, before[other + 1], row[other])
    return row[expected]
