"""Converts ShareGPT rows, in which a conversation is a list of turns with `from` and `value`.

The format has no official definition. Its field names are used by data sets on the Hugging Face Hub and by
LLaMA-Factory (https://github.com/hiyouga/LLaMA-Factory, data/README.md). A row that ends with the model's
turn becomes a rollout, and any other row becomes a record. A row with `chosen` and `rejected` turns becomes
two rollouts of one record.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from harness.data.formats.importer import REWARD, Converted, Importer, RowError
from harness.data.formats.row_parts import RowParts, line_of
from harness.printable import shortened

__all__ = ["SHAREGPT"]

_LISTS: Final = ("conversations", "conversation")
_ROLES: Final = {
    **dict.fromkeys(("human", "user"), "user"),
    **dict.fromkeys(("gpt", "assistant", "chatgpt", "bing", "bard", "model", "function_call"), "assistant"),
    "system": "system",
    **dict.fromkeys(("tool", "observation", "function_response"), "tool"),
}
"""The record role for each value of `from`."""


def _recognizes(row: Mapping[str, Any]) -> bool:
    turns = next((row[name] for name in _LISTS if name in row), None)
    return isinstance(turns, list) and bool(turns) and all(_is_turn(turn) for turn in turns)


def _is_turn(turn: Any) -> bool:
    return isinstance(turn, dict) and "from" in turn and "value" in turn


def _convert(row: Mapping[str, Any]) -> Converted:
    parts = RowParts(row)
    name = next((name for name in _LISTS if parts.peek(name) is not None), _LISTS[0])
    turns = parts.peek(name)
    if not isinstance(turns, list) or not turns:
        raise RowError(f"the row has no turns in `{name}`")
    messages = [_message(parts, name, at) for at in range(len(turns))]
    system = parts.take("system") if isinstance(parts.peek("system"), str) else None
    if system:
        messages.insert(0, {"role": "system", "content": system})
    reference = parts.take("reference_answer")
    if not _is_turn(row.get("chosen")) or not _is_turn(row.get("rejected")):
        return parts.converted(line_of(messages, reference, parts.rest()))
    answers = {True: _message(parts, "chosen"), False: _message(parts, "rejected")}
    fields = parts.rest()
    return parts.converted(
        *(line_of([*messages, turn], reference, fields, **{REWARD: good}) for good, turn in answers.items())
    )


def _message(parts: RowParts, *path: str | int) -> dict[str, Any]:
    said, text = parts.take(*path, "from"), parts.take(*path, "value")
    role = _ROLES.get(said) if isinstance(said, str) else None
    if role is None:
        raise RowError(f"a turn is from `{shortened(str(said), 40)}`, which is not a known role")
    if not isinstance(text, str):
        raise RowError("the `value` of a turn is not text")
    return {"role": role, "content": text}


SHAREGPT: Final = Importer("sharegpt", "ShareGPT's rows", _recognizes, _convert)
