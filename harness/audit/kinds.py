"""Kinds of answers: which one the references are, and when two answers are the same by value."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence

__all__ = ["KINDS", "kind_of", "same", "value"]

KINDS = ("number", "choice", "yes-no", "text", "list", "json", "tools", "code", "free", "format")
"""Every kind; `format` is declared alone, for a reward of form that looks at no reference."""

_NUMBER = re.compile(r"[-+]?\$?[\d,]*\.?\d+(?:[eE][-+]?\d+)?%?")


def kind_of(answers: Sequence[str]) -> str:
    """The kind of most of some answers.

    Args:
        answers: One a record.
    """
    if not answers:
        return "free"
    for kind, fits in _FITS.items():
        if sum(map(fits, answers)) >= 0.9 * len(answers):
            return kind
    return "text" if sum(len(each) for each in answers) < 80 * len(answers) else "free"


def _is_json(text: str, what: type) -> bool:
    try:
        return isinstance(json.loads(text), what)
    except ValueError:
        return False


_FITS = {
    "yes-no": lambda text: text.strip().lower() in ("yes", "no", "true", "false"),
    "number": lambda text: bool(_NUMBER.fullmatch(text.strip())),
    "choice": lambda text: bool(re.fullmatch(r"\(?[A-Ja-j]\)?", text.strip())),
    "json": lambda text: _is_json(text, dict),
    "list": lambda text: _is_json(text, list),
}


def value(kind: str, text: str) -> object:
    """What an answer means, so that two spellings of one value are equal; hashable."""
    text = " ".join(text.split())
    if kind == "number":
        try:
            return float(re.sub(r"[$,%]", "", text))
        except ValueError:
            return text
    if kind in ("json", "list", "tools"):
        try:
            return json.dumps(json.loads(text), sort_keys=True)
        except ValueError:
            return text
    return text if kind == "code" else text.casefold()


def same(kind: str, one: str, other: str) -> bool:
    """Whether two answers are the same by value."""
    return value(kind, one) == value(kind, other)


def distinct(kind: str, answers: Iterable[str]) -> int:
    """How many different values some answers have."""
    return len({value(kind, each) for each in answers})
