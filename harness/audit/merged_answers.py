"""Merges several right JSON objects or tool calls into one, or replaces all their values."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Sequence
from typing import Any

from harness.audit.near_misses import calls_in

__all__ = ["blanked", "merged", "shape_of"]


def shape_of(kind: str, answer: str) -> str:
    """Return the keys that two answers must share to be merged. For tool calls, include the calls' names.

    Args:
        kind: The kind of answer.
        answer: The answer.
    """
    found = _parsed(answer)
    if kind == "tools":
        return json.dumps([[call["name"], sorted(_arguments(call))] for call in calls_in(found)])
    return json.dumps(sorted(found)) if isinstance(found, dict) else ""


def blanked(answer: str, blank: Any) -> str | None:
    """Return the answer with every key or argument set to the same value, or None if it has neither.

    Args:
        answer: A JSON object, or tool calls as JSON.
        blank: The value to set.
    """
    found = _parsed(answer)
    calls = calls_in(found)
    for call in calls:
        key = "arguments" if "arguments" in call else "parameters"
        values = dict.fromkeys(_arguments(call), blank)
        call[key] = json.dumps(values) if isinstance(call[key], str) else values
    if not calls and isinstance(found, dict):
        found = dict.fromkeys(found, blank)
    return json.dumps(found) if found and isinstance(found, dict | list) else None


def merged(kind: str, answers: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield ways to merge several answers with the same keys into one, each with its name.

    Args:
        kind: `json` or `tools`. Nothing is yielded for other kinds.
        answers: The answers.
    """
    found = [_parsed(answer) for answer in answers]
    if kind == "json" and all(isinstance(one, dict) for one in found):
        yield from _objects(found)
    if kind == "tools" and all(len(calls_in(one)) == 1 for one in found):
        yield from _calls(found)


def _objects(found: Sequence[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    yield "values as lists", json.dumps({name: [one[name] for one in found] for name in found[0]})
    yield "values as one text", json.dumps({name: _joined(found, name) for name in found[0]})
    pairs = [f"{json.dumps(name)}: {json.dumps(one[name])}" for name in found[0] for one in found]
    yield "keys several times", f"{{{', '.join(pairs)}}}"


def _calls(found: Sequence[Any]) -> Iterator[tuple[str, str]]:
    calls = [calls_in(one)[0] for one in found]
    arguments = [_arguments(call) for call in calls]
    for name, values in (
        ("arguments as lists", {key: [one[key] for one in arguments] for key in arguments[0]}),
        ("arguments as one text", {key: _joined(arguments, key) for key in arguments[0]}),
    ):
        whole = copy.deepcopy(found[0])
        call = calls_in(whole)[0]
        key = "arguments" if "arguments" in call else "parameters"
        call[key] = json.dumps(values) if isinstance(call[key], str) else values
        yield name, json.dumps(whole)
    if all(isinstance(one, dict) and isinstance(one.get("calls"), list) for one in found):
        yield "all calls", json.dumps({**found[0], "calls": calls})
    elif all(isinstance(one, list) for one in found):
        yield "all calls", json.dumps(calls)


def _joined(found: Sequence[dict[str, Any]], name: str) -> Any:
    """Join the values of a key. If they are equal or not all strings, return the first one."""
    values = list(dict.fromkeys(json.dumps(one[name]) for one in found))
    if len(values) == 1 or not all(isinstance(one[name], str) for one in found):
        return found[0][name]
    return " or ".join(str(one[name]) for one in found)


def _arguments(call: dict[str, Any]) -> dict[str, Any]:
    given = call.get("arguments", call.get("parameters"))
    given = _parsed(given) if isinstance(given, str) else given
    return given if isinstance(given, dict) else {}


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
