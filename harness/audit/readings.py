"""Finds the answer in a record: the field and the relevant part of its value."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from harness.audit.answer_kinds import items, letter, number
from harness.data.look_alikes import REFERENCE
from harness.targets.reference_calls import calls_of

__all__ = ["Reading", "answer_in", "opened_json", "readings_of"]

_MARKER = "####"
_OWN = ("messages", "reference_answer", "tools", "id")
_DEEPEST = 3
_CONTINUED = "after the record's prompt"
_LONGEST_FIELD = 20_000
_LONG = 40
_MOST_FIELDS = 12
_SOLUTIONS = ("canonical_solution", "solution", "reference_solution", "code")
_LAST_NUMBER = re.compile(r"[-\u2212]?\d[\d,]*(?:\.\d+)?(?:/\d+)?")
_CLAIM = re.compile(r"(?:answer(?: is)?|result(?: is)?)\s*[:=]?\s*(\S[^\n]*)", re.IGNORECASE)
_CLOSING = re.compile(r"</(\w{1,30})>")
_FENCED = re.compile(r"```[\w+-]*\n(.*?)```", re.DOTALL)


class Reading(NamedTuple):
    """A part of a record that may be the answer."""

    path: tuple[str, ...] = ("reference_answer",)
    """Keys that lead from the record to the value. Strings along the path are parsed as JSON."""
    part: str = "whole"
    """Name of the part of the value, such as `whole` or `last number`."""

    def __str__(self) -> str:
        field = ".".join(self.path)
        return field if self.part == "whole" else f"{field} ({self.part})"


def answer_in(reading: Reading, record: dict[str, Any]) -> str | None:
    """Return the answer of a record.

    Args:
        reading: The part of the record that contains the answer.
        record: The record's fields.

    Returns:
        The answer, as JSON if it is not a string, or None if the record has no such part.
    """
    if reading.part == _CONTINUED:
        return f"{record.get('prompt')}{record.get(reading.path[0])}".strip()
    given: Any = record
    for key in reading.path:
        given = opened_json(given)
        given = given.get(key) if isinstance(given, dict) else None
    if isinstance(given, dict) and set(given) == {"text"}:
        given = given["text"]
    if given is None:
        return None
    found = _PARTS[reading.part](given)
    return None if found is None else found.strip()


def readings_of(record: dict[str, Any]) -> list[Reading]:
    """Return the parts of a record that may be the answer, most likely first.

    Args:
        record: The record's fields.
    """
    found: list[Reading] = []
    if record.get("reference_answer") is not None:
        found += _within(("reference_answer",), record["reference_answer"])
    others = [name for name in record if name not in _OWN]
    others.sort(key=_likelihood)
    for name in others[:_MOST_FIELDS]:
        value = record[name]
        if isinstance(value, str) and value[:1] in " \t" and isinstance(record.get("prompt"), str):
            found.append(Reading((name,), _CONTINUED))  # the body of a function whose head is in the prompt
        if value is not None:
            found += _within((name,), value)
    return found


def _likelihood(name: str) -> int:
    """Return the rank of a field name. Rank 0 is the most likely to contain the answer."""
    plain = re.sub(r"[^a-z]", "", name.lower())
    if name in _SOLUTIONS:
        return 0
    if plain in REFERENCE:
        return REFERENCE.index(plain)
    return len(REFERENCE)


def _within(path: tuple[str, ...], value: Any) -> Iterator[Reading]:
    """Yield the readings of a value and its contents. JSON strings are parsed."""
    if isinstance(value, dict) and set(value) == {"text"}:
        value = value["text"]
    opened = opened_json(value) if isinstance(value, str) else value
    if _has_calls(opened):
        yield from (Reading(path, part) for part in ("calls", "call", "call in Python"))
    if isinstance(value, str):
        yield from (Reading(path, part) for part in _parts_of(value))
    else:
        yield from _fields(path, opened, first=True)
        yield Reading(path)
    if isinstance(opened, list) and opened:
        yield from (Reading(path, part) for part in ("first", "joined", "lines", "bullets"))
    yield from _fields(path, opened, first=isinstance(value, str))
    yield from _fields(path, opened, first=False)
    if isinstance(opened, dict):
        yield Reading(path, "keys and values")
    elif _index(value) is not None:
        yield from (Reading(path, part) for part in ("letter from 0", "letter from 1"))


def _fields(path: tuple[str, ...], value: Any, first: bool) -> Iterator[Reading]:
    """Yield the readings of an object's fields that are named like an answer, or of all its other fields."""
    if isinstance(value, dict) and len(path) < _DEEPEST:
        for name in sorted(value, key=_likelihood)[:_MOST_FIELDS]:
            if (_likelihood(name) < len(REFERENCE)) is first:
                yield from _within((*path, name), value[name])


def _parts_of(text: str) -> Iterator[str]:
    """Yield the parts of a text that may be the answer, most likely first."""
    if len(text) <= _LONGEST_FIELD:
        for part, sign in _SIGNS.items():
            if sign(text) and _PARTS[part](text):
                yield part
    yield "whole"
    if len(text) > _LONG and number(text) is None and _LAST_NUMBER.search(text):
        yield "last number"


def _has_calls(value: Any) -> bool:
    if isinstance(value, dict) and not {"name", "calls", "tool_calls", "ground_truth"} & set(value):
        return False
    return isinstance(value, (dict, list)) and bool(calls_of(value))


def opened_json(value: Any) -> Any:
    """Parse a string that is a JSON object or list. Return any other value unchanged."""
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value


def _whole(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _of_text(read: Callable[[str], str | None]) -> Callable[[Any], str | None]:
    return lambda value: read(_whole(value))


def _after_marker(text: str) -> str | None:
    _, found, rest = text.rpartition(_MARKER)
    return rest if found else None


def _boxed(text: str) -> str | None:
    start = text.rfind("\\boxed{")
    depth = 0
    for at in range(start + 6, len(text)) if start >= 0 else ():
        depth += (text[at] == "{") - (text[at] == "}")
        if depth == 0:
            return text[start + 7 : at]
    return None


def _last_tagged(text: str) -> str | None:
    closing = list(_CLOSING.finditer(text))
    if not closing:
        return None
    opening = f"<{closing[-1][1]}>"
    start = text.rfind(opening, 0, closing[-1].start())
    return text[start + len(opening) : closing[-1].start()] if start >= 0 else None


def _claimed(text: str) -> str | None:
    found = _CLAIM.findall(text)
    return found[-1].strip(" .*$") if found else None


def _last_match(pattern: re.Pattern[str]) -> Callable[[str], str | None]:
    def read(text: str) -> str | None:
        found = pattern.findall(text)
        return found[-1] if found else None

    return read


def _items(value: Any) -> list[str] | None:
    found = items(_whole(value))
    return found or None


def _index(value: Any) -> int | None:
    """Return a one-digit number, which may be the index of an option, or None for other values."""
    text = _whole(value).strip()
    return int(text) if len(text) == 1 and text in "0123456789" else None


def _lettered(first: int) -> Callable[[Any], str | None]:
    def read(value: Any) -> str | None:
        at = _index(value)
        return None if at is None or at < first else "ABCDEFGHIJ"[at - first]

    return read


def _pairs(value: Any) -> str | None:
    """Format an object as lines of keys and values, as in YAML."""
    opened = opened_json(value)
    if not isinstance(opened, dict):
        return None
    return "\n".join(f"{key}: {_whole(one)}" for key, one in opened.items())


def _calls(value: Any) -> list[dict[str, Any]]:
    """Return the tool calls in a reference, with their arguments as objects."""
    return [
        {"name": one["function"]["name"], "arguments": json.loads(one["function"]["arguments"])}
        for one in calls_of(value)
    ]


def _in_python(value: Any) -> str | None:
    found = [
        f"{one['name']}({', '.join(f'{key}={each!r}' for key, each in one['arguments'].items())})"
        for one in _calls(value)
        if isinstance(one["arguments"], dict)
    ]
    return f"[{', '.join(found)}]" if found else None


_PARTS: dict[str, Callable[[Any], str | None]] = {
    "whole": _whole,
    "after ####": _of_text(_after_marker),
    "in the box": _of_text(_boxed),
    "in a tag": _of_text(_last_tagged),
    "in a fence": _of_text(_last_match(_FENCED)),
    "claimed": _of_text(_claimed),
    "letter": _of_text(letter),
    "last line": _of_text(lambda text: text.strip().rpartition("\n")[2]),
    "last number": _of_text(_last_match(_LAST_NUMBER)),
    "first": lambda value: next(iter(_items(value) or ()), None),
    "joined": lambda value: ", ".join(_items(value) or ()) or None,
    "lines": lambda value: "\n".join(_items(value) or ()) or None,
    "bullets": lambda value: "\n".join(f"- {each}" for each in _items(value) or ()) or None,
    "keys and values": _pairs,
    "letter from 0": _lettered(0),
    "letter from 1": _lettered(1),
    "calls": lambda value: json.dumps(_calls(value), ensure_ascii=False) if calls_of(value) else None,
    "call": lambda value: json.dumps(_calls(value)[0], ensure_ascii=False) if calls_of(value) else None,
    "call in Python": _in_python,
}
"""Functions that return a part of a value, keyed by the name of the part."""

_SIGNS: dict[str, Callable[[str], object]] = {
    "after ####": lambda text: _MARKER in text,
    "in the box": lambda text: "\\boxed{" in text,
    "in a tag": _CLOSING.search,
    "in a fence": lambda text: "```" in text,
    "claimed": lambda text: len(text) > _LONG and _CLAIM.search(text),
    "last line": lambda text: _MARKER not in text and "\n" in text.strip(),
    "letter": lambda text: len(text.strip()) > 3 and letter(text),
}
"""Tests that suggest that a part of a text is the answer, keyed by the name of the part."""
