"""Finds fields that hold an expected value under another name, and strings that mean "missing"."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

__all__ = ["MESSAGES", "REFERENCE", "SYSTEM", "is_missing_value", "look_alike", "look_alikes"]

REFERENCE = (
    *("referenceanswer", "reference", "groundtruth", "answer", "finalanswer", "correctanswer", "goldanswer"),
    *("goldenanswer", "expectedanswer", "expectedoutput", "expected", "gold", "solution", "target", "label"),
    *("answers", "targets", "labels", "solutions", "outputs", "output", "response", "completion"),
)
"""Names used for the reference in other data sets (TRL, verl, lm-evaluation-harness), likeliest first."""

_NESTED = (
    ("reward_model", "ground_truth"),
    ("extra_info", "answer"),
    ("metadata", "reference_answer"),
)
"""Nested references in verl's data and the service's events: a field and the key inside it."""

MESSAGES = (
    *("message", "messages", "conversations", "conversation", "dialog", "dialogue", "chat", "prompt"),
    *("question", "problem", "instruction", "query", "input", "inputs", "text"),
)
"""Names used for the messages in other data sets, most likely first."""

SYSTEM = ("system", "systemprompt", "systemmessage", "systeminstruction", "systeminstructions")
"""Names of the system prompt where it is stored beside the messages, as in Converse and Alpaca's data."""

_MISSING = frozenset(("nan", "none", "null", "n/a", "#n/a", "<na>", "nat", "nil", "undefined"))
"""Strings that data frames and programming languages write for a missing value, in lower case."""


def look_alikes(fields: dict[str, Any], names: tuple[str, ...], real: str) -> Iterator[tuple[str, Any]]:
    """Yield the fields that were probably meant to have another name, most likely first.

    Args:
        fields: The record.
        names: Names to look for, in lower case without punctuation.
        real: The correct field name. A field with this name is not a look-alike.

    Yields:
        Path and value of each matching field that is not empty.
    """
    spelled = {"".join(filter(str.isalnum, name)).lower(): name for name in fields if name != real}
    if names is REFERENCE:
        for outer, inner in _NESTED:
            found = fields.get(outer)
            if isinstance(found, dict) and found.get(inner) not in (None, "", [], {}):
                yield f"{outer}.{inner}", found[inner]
    for name in names:
        if name in spelled and fields[spelled[name]] not in (None, "", [], {}):
            yield spelled[name], fields[spelled[name]]


def look_alike(fields: dict[str, Any], names: tuple[str, ...], real: str) -> str:
    """Return a clause that names the most likely look-alike of a field, or an empty string."""
    name = next((name for name, _ in look_alikes(fields, names, real)), None)
    return f"; `{name[:40]}` looks like it" if name is not None else ""


def is_missing_value(text: str) -> bool:
    """Return True if a string stands for a missing value, such as `nan`, `None` or `N/A`."""
    return text.strip().lower() in _MISSING
