"""Small Python functions to write, each with the calls that test it."""

from __future__ import annotations

from random import Random
from typing import Any, NamedTuple

from support.planted.tasks import PLACES, Task

__all__ = ["code_task"]


class _Function(NamedTuple):
    name: str
    asks: str
    right: str
    wrong: str
    inputs: tuple[list[Any], ...]


_FUNCTIONS = (
    _Function(
        "count_{0}_letters",
        "takes a text and returns how many times the letter {0} occurs in it, in any case",
        "    return given.lower().count('{0}')",
        "    return given.count('{0}')",
        (["Anna eats rice and corn soup"], ["AEIOU aeiou LMNRST lmnrst"], ["xyz xyz"], [""], ["Lemon tree"]),
    ),
    _Function(
        "multiples_of_{1}",
        "takes a list of whole numbers and returns those that {1} divides, in their order",
        "    return [number for number in given if number % {1} == 0]",
        "    return [number for number in given if number % {1} == 1]",
        ([[1, 2, 3, 4, 5, 6, 7, 8, 9, 60, 61, 2520]], [[]], [[-2520, 0, 1]], [[11, 13]]),
    ),
    _Function(
        "rotate_{1}",
        "takes a list and returns it rotated to the left by {1} places",
        "    return given[{1} % len(given):] + given[:{1} % len(given)] if given else []",
        "    return given[-{1} % len(given):] + given[:-{1} % len(given)] if given else []",
        ([[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]], [["a", "b", "c", "d", "e"]], [[]], [[7]]),
    ),
    _Function(
        "longest_without_{0}",
        "takes a list of words and returns the first of the longest ones without the letter {0}, or ''",
        "    return max((word for word in given if '{0}' not in word), key=len, default='')",
        "    return max((word for word in given), key=len, default='')",
        ([["lamp", "storage", "it", "umbrella", "onion", "pity"]], [["zoo", "sky"]], [[]], [["try", "why"]]),
    ),
    _Function(
        "total_above_{1}",
        "takes a list of numbers and returns the sum of those that are greater than {1}",
        "    return sum(number for number in given if number > {1})",
        "    return sum(number for number in given if number >= {1})",
        ([[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]], [[0.5, 90.25]], [[]], [[-4, 100]]),
    ),
)


def code_task(chance: Random) -> Task:
    """Draw a function to write, with `entry_point` and `tests` (objects of `args` and `expected`)."""
    pattern = chance.choice(_FUNCTIONS)
    letter, number = chance.choice("aeiorlnst"), chance.randrange(2, 12)
    name = pattern.name.format(letter, number)
    right = f"def {name}(given):\n{pattern.right.format(letter, number)}"
    wrong = f"def {name}(given):\n{pattern.wrong.format(letter, number)}"
    place: dict[str, Any] = {}
    exec(right, place)  # generated above
    tests = [{"args": inputs, "expected": place[name](*inputs)} for inputs in pattern.inputs]
    prompt = f"Write a Python function `{name}` that {pattern.asks.format(letter, number)}."
    told = chance.choice(
        ("", " Use the standard library only.", " Keep it short.", " Do not print anything.")
    )
    told += f" It is for the report of the {chance.choice(PLACES)} office."
    working = "One pass over the argument is enough."
    return Task(prompt + told, right, wrong, working, {"entry_point": name, "tests": tests})
