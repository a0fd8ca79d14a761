"""Finds what stands in a record under another name, or in place of a value that is missing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

__all__ = ["MESSAGES", "REFERENCE", "is_missing_value", "look_alike", "look_alikes"]

REFERENCE = (
    *("referenceanswer", "reference", "groundtruth", "answer", "finalanswer", "correctanswer", "goldanswer"),
    *("goldenanswer", "expectedanswer", "expectedoutput", "expected", "gold", "solution", "target", "label"),
    *("answers", "targets", "labels", "solutions", "outputs", "output", "response", "completion"),
)
"""Names of the reference in other data sets (TRL, verl, lm-evaluation-harness), the likeliest first."""

_NESTED = (
    ("reward_model", "ground_truth"),
    ("extra_info", "answer"),
    ("metadata", "reference_answer"),
)
"""Where verl's data and events of the service have the reference: object and key."""

MESSAGES = (
    *("message", "messages", "conversations", "conversation", "dialog", "dialogue", "chat", "prompt"),
    *("question", "problem", "instruction", "query", "input", "inputs", "text"),
)
"""Names of the messages in other data sets, the likeliest first."""

_MISSING = frozenset(("nan", "none", "null", "n/a", "#n/a", "<na>", "nat", "nil", "undefined"))
"""How data frames and languages write a value that is missing, in small letters."""


def look_alikes(fields: dict[str, Any], names: tuple[str, ...], real: str) -> Iterator[tuple[str, Any]]:
    """The fields that look like another one, the likeliest first.

    Args:
        fields: The record.
        names: What such a field is called, in small letters and without punctuation.
        real: The field's own name, which is not meant.

    Yields:
        Path and value of each field that holds something.
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
    """A clause that names the likeliest field that looks like another; empty when there is none."""
    name = next((name for name, _ in look_alikes(fields, names, real)), None)
    return f"; `{name[:40]}` looks like it" if name is not None else ""


def is_missing_value(text: str) -> bool:
    """Whether a text is how a missing value is written: `nan`, `None`, `N/A`."""
    return text.strip().lower() in _MISSING
