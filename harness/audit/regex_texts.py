"""Generates strings that match a regular expression by analyzing the expression's syntax."""

from __future__ import annotations

import importlib
import random
import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

__all__ = ["Pump", "pumps_of", "texts_of"]

# Python has no public parser of regular expressions; `re` itself uses this module.
_parser: Any = importlib.import_module("re._parser")

_MORE = 3
_LONGEST = 400
_CATEGORIES = {
    "CATEGORY_DIGIT": "0123456789",
    "CATEGORY_NOT_DIGIT": "ab. ",
    "CATEGORY_SPACE": " \n",
    "CATEGORY_NOT_SPACE": "a1.",
    "CATEGORY_WORD": "ab1_",
    "CATEGORY_NOT_WORD": " .,",
}
_ANY = "abc 1."
_TYPICAL = "abcdefgh ABC0123456789.,:-_#<>/{}[]()\n"


class Pump(NamedTuple):
    """A part of a regular expression that repeats without limit."""

    before: str
    """A string matched by the preceding parts."""
    again: str
    """A string matched by one repetition."""


@lru_cache(maxsize=256)
def _parsed(pattern: str) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # warnings about syntax that will change
            return _parser.parse(pattern)
    except (re.error, OverflowError, RecursionError, ValueError):
        return None


def texts_of(pattern: str, chance: random.Random, count: int = 4) -> list[str]:
    """Generate strings that match a regular expression. If it has lookarounds, they may not match.

    Args:
        pattern: The expression, in the syntax of `re`. If it is invalid, no strings are generated.
        chance: The random generator.
        count: Number of strings, including duplicates, which are dropped.
    """
    tree = _parsed(pattern)
    if tree is None:
        return []
    found: dict[str, None] = {}
    for number in range(count):
        # The first text is the shortest, so that a rewarded text is small from the start.
        text = _Writer(chance, 0 if number == 0 else _MORE).of(tree)
        found[text[:_LONGEST]] = None
    return list(found)


def pumps_of(pattern: str) -> list[Pump]:
    """Return the unbounded repetitions in a regular expression, outermost first.

    Args:
        pattern: The expression. If it is invalid, the list is empty.
    """
    tree = _parsed(pattern)
    if tree is None:
        return []
    return list(dict.fromkeys(_pumps(tree, "", _Writer(random.Random(0), 0))))


def _pumps(tree: Any, before: str, writer: _Writer) -> Iterator[Pump]:
    for op, given in tree:
        name = str(op)
        if name.endswith("_REPEAT"):
            low, high, inner = given
            if high is _parser.MAXREPEAT or high > 100:
                again = _Writer(random.Random(0), 0, least=1).of(inner)
                if again:
                    yield Pump(before, again)
            yield from _pumps(inner, before, writer)
        elif name == "SUBPATTERN":
            yield from _pumps(given[3], before, writer)
        elif name == "BRANCH":
            for branch in given[1]:
                yield from _pumps(branch, before, writer)
        elif name == "ATOMIC_GROUP":
            yield from _pumps(given, before, writer)
        before += writer.one(op, given)


class _Writer:
    """Generates strings that match a regular expression.

    Args:
        chance: The random generator that chooses among alternatives.
        more: Maximum number of repetitions beyond the minimum.
        least: Minimum number of repetitions.
    """

    def __init__(self, chance: random.Random, more: int, least: int = 0) -> None:
        self.chance = chance
        self.more = more
        self.least = least
        self.groups: dict[int, str] = {}
        self.length = 0
        self.write: dict[str, Callable[[Any], str]] = {
            "LITERAL": chr,
            "NOT_LITERAL": lambda given: self._but(chr(given)),
            "ANY": lambda given: self._pick(_ANY),
            "IN": self._in,
            "BRANCH": lambda given: self.of(self._pick(given[1])),
            "SUBPATTERN": self._group,
            "GROUPREF": lambda given: self.groups.get(given, ""),
            "GROUPREF_EXISTS": lambda given: self.of(given[1]),
            "ATOMIC_GROUP": self.of,
            "MAX_REPEAT": self._repeat,
            "MIN_REPEAT": self._repeat,
            "POSSESSIVE_REPEAT": self._repeat,
            # A lookaround adds no text, so the result may not match: `(?=.*a)x` needs an `a` too.
            "ASSERT": lambda given: "",
        }

    def of(self, tree: Any) -> str:
        """Return a string that matches a sequence of parts."""
        return "".join(self.one(op, given) for op, given in tree)

    def one(self, op: Any, given: Any) -> str:
        """Return a string that matches a part. It is empty for zero-width or overlong parts."""
        writes = self.write.get(str(op))
        if writes is None or self.length > _LONGEST:
            return ""
        text = writes(given)
        if str(op) in ("LITERAL", "NOT_LITERAL", "ANY", "IN"):
            self.length += len(text)
        return text

    def _pick(self, among: Sequence[Any]) -> Any:
        return among[0] if self.more == 0 else self.chance.choice(among)

    def _but(self, *without: str) -> str:
        return str(self._pick([each for each in _TYPICAL if each not in without] or ["~"]))

    def _in(self, given: Any) -> str:
        chars: list[str] = []
        negated = False
        for op, value in given:
            name = str(op)
            if name == "NEGATE":
                negated = True
            elif name == "LITERAL":
                chars.append(chr(value))
            elif name == "RANGE":
                low, high = value
                chars += map(chr, range(low, min(high, low + 128) + 1))
            elif name == "CATEGORY":
                chars += _CATEGORIES.get(str(value), "a")
        return self._but(*chars) if negated else str(self._pick(chars or ["a"]))

    def _group(self, given: Any) -> str:
        number, _, _, inner = given
        text = self.of(inner)
        if number is not None:
            self.groups[number] = text
        return text

    def _repeat(self, given: Any) -> str:
        low, high, inner = given
        least = max(low, min(self.least, high))
        times = (
            least if self.more == 0 else self.chance.randint(least, max(least, min(high, least + self.more)))
        )
        return "".join(self.of(inner) for _ in range(min(times, _LONGEST)))
