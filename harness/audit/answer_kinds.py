"""Infers the kind of a data set's answers from its references, and compares answers of a kind by value."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

from harness.targets.reference_calls import calls_of

__all__ = ["KINDS", "Inferred", "distinct", "infer", "items", "kind_of", "letter", "number", "same", "value"]

KINDS = ("number", "choice", "yes-no", "text", "list", "json", "tools", "code", "free", "format")
"""All kinds of answers. `format` means that the reward ignores references. It is never inferred."""

_MOST = 0.9
_MAJORITY = 0.6
_LONG = 80
_FEW = 3

_CURRENCY = "$€£¥₹"
_NUMBER = re.compile(
    rf"(?P<sign>[-+\u2212]?)[{_CURRENCY}]?(?P<inner>[-+\u2212]?)"
    r"(?P<digits>\d{1,3}(?:,\d{3})+|\d+)?(?P<point>\.\d*)?(?P<power>[eE][-+]?\d{1,3})?"
    rf"(?:/(?P<under>\d+))?\s?[%{_CURRENCY}]?"
)
_LETTER = re.compile(r"[(\[]?([A-Ja-j])[)\].:]?")
_OPTION = re.compile(r"[(\[]?([A-J])[)\].:]\s+\S.*", re.DOTALL)
_YES = {"yes": True, "true": True, "y": True, "no": False, "false": False, "n": False}
_CODE = re.compile(
    r"^\s*(?:def \w+\(.*:|class \w+.*:|from [\w.]+ import |import \w|async def |function \w+\(|"
    r"(?:const|let|var) \w+ =|#include|public \w+|return\b)",
    re.MULTILINE,
)


class Inferred(NamedTuple):
    """The kind of a set of answers, inferred from the answers themselves."""

    kind: str
    """One of `KINDS`."""
    sure: bool
    """False if several kinds fit or if none fits most of the answers."""


def infer(answers: Sequence[str]) -> Inferred:
    """Infer the kind that most answers have.

    Args:
        answers: The answer of each record.

    Returns:
        The kind, which is uncertain if there are too few distinct answers or answers of several kinds.
    """
    if not answers:
        return Inferred("free", False)
    enough = len(set(answers)) > 1
    shares = {kind: sum(map(fits, answers)) / len(answers) for kind, fits in _FITS.items()}
    for kind, share in shares.items():
        if share >= _MOST:
            return Inferred(kind, enough)
    likely = max(shares, key=lambda kind: shares[kind])
    if shares[likely] >= _MAJORITY:
        return Inferred(likely, False)
    if _divided(answers):
        return Inferred("list", enough)
    mixed = shares[likely] > 1 - _MAJORITY - _MOST / 10
    short = sum(len(each) for each in answers) < _LONG * len(answers)
    return Inferred("text" if short else "free", enough and not mixed)


def kind_of(answers: Sequence[str]) -> str:
    """Return the kind that most answers have.

    Args:
        answers: The answer of each record.
    """
    return infer(answers).kind


def _is_list(text: str) -> bool:
    return isinstance(_parsed(text), list)


def _divided(answers: Sequence[str]) -> bool:
    """Return True if the answers look like lists of short items separated by commas, semicolons or lines."""
    parts = [[part.split() for part in re.split(r",|;|\n", text)] for text in answers]
    short = sum(all(0 < len(words) <= _FEW for words in each) for each in parts)
    several, many = (sum(len(each) >= count for each in parts) for count in (2, _FEW))
    total = len(answers)
    return short >= _MOST * total and several >= _MAJORITY * total and many >= total / 4


def _is_calls(text: str) -> bool:
    found = _parsed(text)
    if not isinstance(found, (dict, list)) or not found:
        return False
    listed = isinstance(found, list) or any(name in found for name in ("calls", "tool_calls", "ground_truth"))
    named = isinstance(found, dict) and isinstance(found.get("name"), str)
    return (listed or (named and "arguments" in found)) and bool(calls_of(found))


_FITS = {
    "yes-no": lambda text: text.strip(" .").lower() in _YES,
    "choice": lambda text: letter(text) is not None,
    "number": lambda text: number(text) is not None,
    "tools": _is_calls,
    "json": lambda text: isinstance(_parsed(text), dict),
    "code": lambda text: bool(_CODE.search(text)),
    "list": _is_list,
}
"""The test for each kind of answer, from the most specific kind to the most general."""


def number(text: str) -> Fraction | None:
    """Parse a string that consists of exactly one number.

    Thousands separators, currency signs, percent signs and fractions are allowed. `50%` is parsed as 50.

    Args:
        text: An answer.

    Returns:
        The exact number, or None if the string is not a number.
    """
    found = _NUMBER.fullmatch(text.strip().strip("*").rstrip("."))
    if found is None or (found["sign"] and found["inner"]):
        return None
    whole, point = (found["digits"] or "").replace(",", ""), (found["point"] or "").rstrip(".")
    if not whole and not point:
        return None
    sign = "-" if (found["sign"] or found["inner"]) in ("-", "\u2212") else ""
    try:
        under = int(found["under"] or 1)
        return Fraction(f"{sign}{whole or 0}{point}{found['power'] or ''}") / under if under else None
    except ValueError:  # more digits than Python parses
        return None


def letter(text: str) -> str | None:
    """Return the letter if the answer is one option, such as `B`, `(b)`, `B.` or `B) with text`, or None.

    Args:
        text: An answer.
    """
    found = _LETTER.fullmatch(text.strip()) or _OPTION.fullmatch(text.strip())
    return found[1].upper() if found else None


def items(text: str) -> list[str] | None:
    """Return the items of a list, given as a JSON array or separated by newlines, semicolons or commas.

    Args:
        text: An answer.

    Returns:
        The items, or None if the answer is not a list.
    """
    found = _parsed(text)
    if isinstance(found, list):
        return [each if isinstance(each, str) else json.dumps(each, ensure_ascii=False) for each in found]
    for mark in ("\n", ";", ","):
        if mark in text:
            return [part.strip() for part in text.split(mark) if part.strip()]
    return None


def _parsed(text: str) -> Any:
    if text.lstrip()[:1] not in ("{", "["):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _canonical(given: Any) -> str:
    """Normalize JSON so that number notation, key order and letter case make no difference."""
    if isinstance(given, dict):
        return (
            "{"
            + ",".join(sorted(f"{key.casefold()!r}:{_canonical(one)}" for key, one in given.items()))
            + "}"
        )
    if isinstance(given, list):
        return "[" + ",".join(map(_canonical, given)) + "]"
    if isinstance(given, float) and given.is_integer():
        given = int(given)
    return repr(" ".join(given.split()).casefold()) if isinstance(given, str) else repr(given)


def value(kind: str, text: str) -> object:
    """Return a hashable value that is the same for all spellings of an answer.

    Args:
        kind: One of `KINDS`.
        text: The answer. If it cannot be parsed as this kind, it is compared as a string.
    """
    plain = " ".join(text.split()).casefold()
    if kind == "number":
        read = number(text)
        return plain if read is None else read
    if kind == "choice":
        return letter(text) or plain
    if kind == "yes-no":
        return _YES.get(plain.strip(" ."), plain)
    if kind == "code":
        return text.strip()
    if kind == "tools" and (calls := calls_of(text)):
        read_calls = ((one["function"]["name"], one["function"]["arguments"]) for one in calls)
        return tuple(sorted((name, _canonical(_parsed(arguments))) for name, arguments in read_calls))
    if kind in ("json", "list", "tools") and (parsed := _parsed(text)) is not None:
        return _canonical(parsed)
    if kind == "list" and (found := items(text)) is not None:
        return _canonical(found)
    return plain.rstrip(".") or plain


def same(kind: str, one: str, other: str) -> bool:
    """Return True if two answers have the same value."""
    return value(kind, one) == value(kind, other)


def distinct(kind: str, answers: Iterable[str]) -> int:
    """Return the number of distinct values among the answers."""
    return len({value(kind, each) for each in answers})
