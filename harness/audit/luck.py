"""Checks if a completion contains a right answer, by luck or because a probe put it there."""

from __future__ import annotations

import json
import re
from typing import Any

from harness.audit.answer_kinds import same, value

__all__ = ["holds"]

_LABELS = (frozenset({"yes", "true"}), frozenset({"no", "false"}))
_NUMBER = re.compile(r"[-+\u2212]?(?:\d[\d,]*(?:\.\d+)?|\.\d+)(?:[eE][-+]?\d+)?(?:/\d+)?")


def holds(kind: str, gold: str, completion: Any, said: str | None = None) -> bool:
    """Return True if a completion contains a right answer, compared by value.

    Args:
        kind: The kind of answer.
        gold: The right answer.
        completion: A string or a message.
        said: The text in the completion's answer slot, if known.
    """
    if said is not None and same(kind, gold, said):
        return True
    text = completion if isinstance(completion, str) else json.dumps(completion, ensure_ascii=False)
    if same(kind, gold, text):
        return True
    if kind == "number":
        wanted = value(kind, gold)
        return any(value(kind, found.strip(",")) == wanted for found in _NUMBER.findall(text))
    words = set(re.findall(r"\w+", text.casefold()))
    if kind == "choice":
        return str(value(kind, gold)).casefold().strip("().: ") in words
    if kind == "yes-no":
        mine = gold.casefold().strip(" .")
        return any(mine in label and label & words for label in _LABELS) or mine in words
    return " ".join(gold.casefold().split()) in " ".join(text.casefold().split())
