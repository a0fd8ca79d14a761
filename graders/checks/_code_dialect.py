"""Recognizes code that behaves the same way on Monty and CPython.

Monty rejects features that it does not support, and such code then runs on CPython. But where Monty silently
differs, wrong code could pass. In Monty, objects that are lazy in CPython (`map`, `zip`, generators) are
lists, and sets keep insertion order. `round` with a number of digits rounds the written value rather than the
stored one. Monty also runs some code that CPython does not compile. So Monty's verdict counts only for code
that none of these differences can affect. `docs/code.md` describes how the differences were found.
"""

from __future__ import annotations

import re
from functools import lru_cache

from ._code_compiled import is_compiled

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

_TOKENS = re.compile(
    r"(?P<text>(?P<prefix>[A-Za-z]{0,2})(?:\"\"\"(?:[^\\]|\\.)*?\"\"\"|'''(?:[^\\]|\\.)*?'''"
    r"|\"(?:[^\"\\\n]|\\.)*+\"|'(?:[^'\\\n]|\\.)*+'))"
    r"|(?P<comment>#[^\n]*+)|(?P<word>[^\W\d]\w*+)|(?P<number>\d[\w.]*+)|(?P<space>\s++|\\\n)|(?P<sign>[=!<>]=|\*\*|.)",
    re.DOTALL,
)
_CLOSES = {"(": ")", "[": "]", "{": "}"}
_LAZY = frozenset({"map", "filter", "zip", "reversed", "enumerate"})
_SETS = frozenset({"set", "frozenset"})
# Functions that consume an iterator immediately, so a list gives the same result.
_CONSUMERS = frozenset(
    """list tuple sorted sum max min any all dict set frozenset join extend update Counter fsum prod
    map filter zip enumerate""".split()
)
_ORDERLESS = frozenset({"len", "sorted", "set", "frozenset"})
_COMPARISONS = frozenset({"==", "!=", "in", "<=", ">="})
_UNSHARED = frozenset(
    """hasattr getattr id hash vars dir globals locals eval exec compile deque re nan isclose cbrt
    setrecursionlimit __dict__ __class__""".split()
)
_SINGLE = frozenset({"None", "True", "False"})
_METHODS = frozenset(
    "__init__ __eq__ __repr__ __str__ __call__ __contains__ __add__ __radd__ __iter__".split()
)
_IN_TEXT = re.compile(r"\b(?:map|filter|zip|reversed|enumerate|set|frozenset|round|hasattr|for|nan)\b")


@lru_cache(256)
def is_shared(source: str) -> bool:
    """Return True if code that Monty accepts behaves the same way on CPython."""
    words = _words(source)
    return words is not None and _Scan(words).is_shared() and is_compiled(source)


def _words(source: str) -> list[str] | None:
    """Split code into words and signs, with `""` for each string, or return None if a string may differ."""
    found: list[str] = []
    for match in _TOKENS.finditer(source):
        kind = match.lastgroup
        if kind == "text":
            if "f" in match["prefix"].lower() and _IN_TEXT.search(match[0]):
                return None
            if "nan" in match[0].lower() and len(match[0]) < 8:
                return None
            found.append('""')
        elif kind in ("word", "number", "sign"):
            if match[0] in "\"'":  # an unterminated string
                return None
            found.append(match[0])
    return found


class _Scan:
    """Inspects each word of the code in context."""

    def __init__(self, words: Sequence[str]) -> None:
        self._words = words
        self._closing = _pairs(words)

    def is_shared(self) -> bool:
        """Return True if no word of the code can behave differently on Monty."""
        if self._closing is None:
            return False
        opened: list[int] = []
        for at, word in enumerate(self._words):
            if word in "([{":
                if word == "{" and self._is_set(at) and not self._is_orderless(at, at, opened):
                    return False
                opened.append(at)
            elif word in ")]}":
                opened.pop()
            elif not self._fits(at, word, opened):
                return False
        return True

    def _fits(self, at: int, word: str, opened: list[int]) -> bool:
        if word in _UNSHARED:
            return False
        after = self._word(at + 1)
        if word in _LAZY:
            return after == "(" and self._is_consumed(at, opened)
        if word in _SETS:
            return after == "(" and self._is_orderless(at, at + 1, opened)
        if word == "round":
            return after == "(" and not self._has_comma(at + 1)
        if word == "is":
            return (self._word(at + 2) if after == "not" else after) in _SINGLE
        if word == "for" and opened and self._words[opened[-1]] == "(":
            return self._word(opened[-1] - 1) in _CONSUMERS - _LAZY
        if word == "def" and after.startswith("__"):
            return after in _METHODS
        return True

    def _is_consumed(self, at: int, opened: list[int]) -> bool:
        """Return True if a loop or function consumes a lazy value immediately."""
        before = self._word(at - 1)
        if before in ("in", "*"):
            return True
        return before in ("(", ",") and bool(opened) and self._taken(opened[-1]) in _CONSUMERS

    def _is_orderless(self, at: int, opens: int, opened: list[int]) -> bool:
        """Return True if a set's order does not matter, as in a comparison, `len` or `sorted`."""
        assert self._closing is not None
        if self._word(at - 1) in _COMPARISONS or self._word(self._closing[opens] + 1) in _COMPARISONS:
            return self._word(at - 2) != "for" and not self._in_loop(at)
        return self._word(at - 1) == "(" and bool(opened) and self._taken(opened[-1]) in _ORDERLESS

    def _in_loop(self, at: int) -> bool:
        """Return True if the `in` before a position belongs to a `for` loop on the same line."""
        if self._word(at - 1) != "in":
            return False
        for back in range(at - 2, max(at - 40, -1), -1):
            word = self._words[back]
            if word == "for":
                return True
            if word in ("if", "return", "and", "or", "not", "=", ":", "while", "assert", "elif"):
                return False
        return True

    def _taken(self, opens: int) -> str:
        """Return the name of the function called by an opening parenthesis."""
        return self._word(opens - 1) if self._words[opens] == "(" else ""

    def _is_set(self, opens: int) -> bool:
        """Return True if a brace opens a set rather than a dict."""
        assert self._closing is not None
        at, ends = opens + 1, self._closing[opens]
        if at == ends or self._words[at] == "**":
            return False
        while at < ends:
            word = self._words[at]
            if word in "([{":
                at = self._closing[at]
            elif word == ":":
                return False
            elif word in (",", "for"):
                return True
            at += 1
        return True

    def _has_comma(self, opens: int) -> bool:
        assert self._closing is not None
        at, ends = opens + 1, self._closing[opens]
        while at < ends:
            if self._words[at] in "([{":
                at = self._closing[at]
            elif self._words[at] == ",":
                return True
            at += 1
        return False

    def _word(self, at: int) -> str:
        return self._words[at] if 0 <= at < len(self._words) else ""


def _pairs(words: Sequence[str]) -> dict[int, int] | None:
    """Map each opening bracket to its closing bracket, or return None if the brackets do not match."""
    closing: dict[int, int] = {}
    opened: list[int] = []
    for at, word in enumerate(words):
        if word in "([{":
            opened.append(at)
        elif word in ")]}":
            if not opened or _CLOSES[words[opened[-1]]] != word:
                return None
            closing[opened.pop()] = at
    return None if opened else closing
