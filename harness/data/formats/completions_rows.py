"""Converts records that have lists of completions. Each completion becomes a rollout."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from harness.data.formats.importer import REWARD, Converted, Importer, RowError
from harness.data.formats.row_parts import RowParts, completion_of, joined, line_of, prompt_of
from harness.data.records import ends_with_assistant

__all__ = ["COMPLETIONS"]

_TEXTS: Final = ("text", "completion", "content", "message", "response", "output")
"""Possible keys of the text in a completion without a role, most likely first."""
_REWARDS: Final = ("rewards", "scores")
"""Possible keys of a list with one reward per completion."""


def _recognizes(row: Mapping[str, Any]) -> bool:
    several = row.get("completions")
    if not isinstance(several, list) or not several:
        return False
    return isinstance(row.get("messages"), list) and not ends_with_assistant(dict(row))


def _convert(row: Mapping[str, Any]) -> Converted:
    parts = RowParts(row)
    several = parts.peek("completions")
    if not isinstance(several, list) or not several:
        raise RowError("the row has no list of `completions`")
    prompt = prompt_of(parts.take("messages"), "messages")
    reference, record = parts.take("reference_answer"), parts.take("record")
    # An id that is not a string cannot be numbered, so it can only name the record.
    own = parts.take("id") if record is None or isinstance(parts.peek("id"), str) else None
    answers = [_answer(parts, at) for at in range(len(several))]
    rewards = _rewards(parts, len(several))
    fields = parts.rest()
    lines = []
    for at, (messages, beside) in enumerate(answers):
        ours = {"id": None if own is None else f"{own}/{at}", "record": own if record is None else record}
        score = beside.pop(REWARD, rewards[at])
        lines.append(line_of([*prompt, *messages], reference, joined(fields, beside), reward=score, **ours))
    return parts.converted(*lines)


def _answer(parts: RowParts, at: int) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Return the messages of one completion and the fields next to its text."""
    value = parts.peek("completions", at)
    if not isinstance(value, dict) or isinstance(value.get("role"), str):
        return completion_of(parts.take("completions", at), "completions"), {}
    name = next((name for name in _TEXTS if value.get(name) is not None), "text")
    messages = completion_of(parts.take("completions", at, name), f"completions.{name}")
    return messages, {key: parts.take("completions", at, key) for key in value if key != name}


def _rewards(parts: RowParts, count: int) -> list[Any]:
    for name in _REWARDS:
        found = parts.peek(name)
        if isinstance(found, list) and len(found) == count and all(map(_is_number, found)):
            return list(parts.take(name))
    return [None] * count


def _is_number(value: Any) -> bool:
    return value is None or isinstance(value, int | float)


COMPLETIONS: Final = Importer("completions", "records with lists of completions", _recognizes, _convert)
