"""Computes the two keys used to compare records: the record key and the leak key.

The record key identifies a record by its explicit `record` field or, if absent, by its prompt and reference.
The leak key identifies the prompt alone. If two records with the same leak key are on different sides of a
split, the split leaks. Both keys ignore differences that are irrelevant to models and graders: white space
around a text, line endings, Unicode composition, the split into blocks, metadata next to a message's content,
ids of tool calls, and the `{"text": ...}` that the wire format wraps around a reference. White space inside a
text (such as code indentation) changes the record key but not the leak key. Validation, the split of a
rehearsal, the simulator's pool and the groups of a replay compare records only by these keys.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import Any

import orjson

from harness.data.json_lines import LineError

__all__ = ["canonical", "completion_key", "content_key", "leak_key", "leak_sets", "record_key"]

_ROLES = {"nova_assistant": "assistant", "developer": "system", "function": "tool"}
"""Roles that other services use for the same turn."""
_TEXTS = ("text", "input_text", "output_text")
"""Types of text blocks. The last two are from the Responses API."""
_CALL_IDS = ("id", "index")
# Rollouts of one record are usually adjacent. With 256 keys, the cache also helps for other orders.
_REMEMBERED = 256


def record_key(fields: Mapping[str, Any]) -> str:
    """Return the record key, which is the explicit `record` if the line has one and else the `content_key`.

    Args:
        fields: The JSON object in one line. Its `messages` must be a list. A final assistant turn is a
            completion and is ignored. Fields missing from the line are taken from its `metadata`.

    Raises:
        LineError: The line is nested too deeply to compare.
    """
    name = fields.get("record")
    if type(name) is str:  # This is by far the most common case, and this code runs for every replayed line.
        return name
    name = _field(fields, "record")
    if name is None:
        return content_key(fields)
    return name if isinstance(name, str) else canonical(name)


def content_key(fields: Mapping[str, Any]) -> str:
    """Hash a record's prompt and reference but not its name. The arguments are as in `record_key`."""
    return _digest(_prompt(fields), _reference(_field(fields, "reference_answer")))


def leak_key(fields: Mapping[str, Any]) -> str:
    """Hash only a record's prompt. The arguments are as in `record_key`."""
    return _digest(_prompt(fields))


def completion_key(fields: Mapping[str, Any]) -> str:
    """Hash a rollout's completion with its reasoning and tool calls. The arguments are as in `record_key`."""
    message = fields["messages"][-1]
    calls = message.get("tool_calls") or message.get("function_call")
    reasoning = message.get("reasoning_content") or message.get("reasoning")
    parts = [part if isinstance(part, str) else _said(part) for part in (message.get("content"), reasoning)]
    return _digest((*parts, _calls(calls) if calls else ""), "")


def leak_sets(records: Sequence[Iterable[str]]) -> list[list[int]]:
    """Group records that must not be separated by a split.

    Args:
        records: The leak keys of each record. A record with an explicit name may have several prompts.

    Returns:
        Sets of sorted indices, ordered by their first members. Records in a set share leak keys, directly or
        through other records.
    """
    sets: dict[int, list[int]] = {}
    of_key: dict[str, int] = {}
    for index, keys in enumerate(records):
        keys = list(keys)
        joined = sorted({of_key[key] for key in keys if key in of_key})
        home = joined[0] if joined else index
        members = sets.setdefault(home, [])
        members.append(index)
        for other in joined[1:]:
            members += sets.pop(other)
            members.sort()
            of_key.update({key: home for key, place in of_key.items() if place == other})
        of_key.update(dict.fromkeys(keys, home))
    return list(sets.values())


def _field(fields: Mapping[str, Any], name: str) -> Any:
    """Return a field of a line or of its `metadata`, where the wire format puts some fields."""
    if name in fields:
        return fields[name]
    metadata = fields.get("metadata")
    return metadata.get(name) if isinstance(metadata, dict) else None


def _prompt(fields: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the role, text and tool calls of each message except the completion."""
    messages = fields["messages"]
    parts: list[str] = []
    last = len(messages) - 1
    for index, message in enumerate(messages):
        if not isinstance(message, dict):
            parts.append(canonical(message))
            continue
        role = message.get("role")
        role = _ROLES.get(role, role) if isinstance(role, str) else canonical(role)
        if index == last and role == "assistant":
            break
        content = message.get("content")
        parts.append(role)
        parts.append(content if isinstance(content, str) else _said(content))
        calls = message.get("tool_calls") or message.get("function_call")
        parts.append(_calls(calls) if calls else "")
    return tuple(parts)


def _said(content: Any) -> str:
    """Return the text of a message's content, with other blocks such as images and files as JSON."""
    if content is None:
        return ""
    if not isinstance(content, list):
        return canonical(content)
    return "".join(map(_block, content))


def _block(block: Any) -> str:
    if isinstance(block, dict) and block.get("type", "text") in _TEXTS:
        block = block.get("text", block)
    return block if isinstance(block, str) else f"\0{canonical(block)}\0"


def _calls(calls: Any) -> str:
    """Serialize tool calls without their ids, which differ in every sampling run."""
    if isinstance(calls, list):
        calls = [
            {name: value for name, value in call.items() if name not in _CALL_IDS}
            if isinstance(call, dict)
            else call
            for call in calls
        ]
    return canonical(calls)


def _reference(reference: Any) -> str:
    if isinstance(reference, dict) and len(reference) == 1 and "text" in reference:
        reference = reference["text"]
    # The prefix distinguishes a string from the JSON of another value.
    return reference if isinstance(reference, str) else f"\0{canonical(reference)}"


@lru_cache(maxsize=_REMEMBERED)
def _digest(prompt: tuple[str, ...], reference: str | None = None) -> str:
    """Hash strings to 64 bits, ignoring differences in spacing and Unicode composition."""
    if reference is None:
        plain = "\1".join([" ".join(text.split()) for text in prompt])
    else:
        plain = "\1".join([text.strip().replace("\r\n", "\n") for text in (*prompt, reference)])
    if not plain.isascii():
        plain = unicodedata.normalize("NFC", plain)
    return blake2b(plain.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def canonical(value: Any) -> str:
    """Serialize a JSON value with sorted keys, so that equal values give equal strings.

    Raises:
        LineError: The value is nested too deeply.
    """
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
    except TypeError:  # raised for integers beyond 64 bits, lone surrogates and deep nesting
        pass
    try:
        return json.dumps(value, sort_keys=True, ensure_ascii=False)
    except RecursionError:
        raise LineError("not readable: nested too deeply", 0) from None
