"""Shows how a completion differs from its reference: by field if both are JSON, else by word.

Only similar strings are compared. For the reference `72`, a difference would only repeat the whole
completion.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import Any

from graders.extract import json_block

__all__ = ["differing_fields", "differing_words", "text_difference"]

_MOST_WORDS = 400
_MOST_FIELDS = 8
_AROUND = 3
_ALIKE = 0.5
_ABSENT = object()


def text_difference(reference: Any, completion: str) -> list[str]:
    """Describe how a completion differs from a reference.

    Args:
        reference: The record's reference, a string or any other JSON value.
        completion: The completion's text.

    Returns:
        One line per differing field, or one line of words; empty if the two are equal or too different.
    """
    wanted = _as_json(reference)
    if isinstance(wanted, dict | list):
        try:
            found = json_block(completion)
            if type(found) is type(wanted):
                return differing_fields(wanted, found)
        except RecursionError:  # the values are nested too deeply to compare
            return []
    if not isinstance(reference, str):
        return []
    words = differing_words(reference, completion)
    return [] if words is None else [words]


def differing_fields(wanted: Any, found: Any) -> list[str]:
    """Describe the fields in which two JSON values differ, one line each, with the field's path."""
    lines = [
        f"{path or 'the value'}: reference {_shown(one)}, completion {_shown(other)}"
        for path, one, other in _fields(wanted, found, "")
    ]
    more = len(lines) - _MOST_FIELDS
    return lines if more <= 0 else [*lines[:_MOST_FIELDS], f"and {more} more fields"]


def differing_words(reference: str, completion: str) -> str | None:
    """Merge both strings into one line, such as `the [-old-] {+new+} words`.

    Returns:
        The line, or None if the strings are equal, too long to compare, or have little in common.
    """
    one, other = reference.split(), completion.split()
    if reference == completion or max(len(one), len(other)) > _MOST_WORDS:
        return None
    if one == other:
        return "only white space differs"
    matcher = SequenceMatcher(None, one, other, autojunk=False)
    if matcher.ratio() < _ALIKE:
        return None
    parts: list[str] = []
    for kind, a, b, c, d in matcher.get_opcodes():
        if kind == "equal":
            parts += _context(one[a:b], first=a == 0, last=b == len(one))
        else:
            gone = f"[-{' '.join(one[a:b])}-]" if a < b else ""
            parts.append(gone + (f"{{+{' '.join(other[c:d])}+}}" if c < d else ""))
    return " ".join(parts)


def _context(words: list[str], *, first: bool, last: bool) -> list[str]:
    """Leave out equal words that are not next to a difference."""
    before, after = (0 if first else _AROUND), (0 if last else _AROUND)
    if len(words) <= before + after + 1:
        return words
    return [*words[:before], "...", *words[len(words) - after :]]


def _as_json(reference: Any) -> Any:
    """Parse a reference that is a JSON string, and return any other reference unchanged."""
    if isinstance(reference, str) and reference.lstrip()[:1] in ("{", "["):
        try:
            return json.loads(reference)
        except (ValueError, RecursionError):
            return reference
    return reference


def _fields(one: Any, other: Any, path: str) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(one, dict) and isinstance(other, dict):
        for key in [*one, *(key for key in other if key not in one)]:
            inner = f"{path}.{key}" if path else str(key)
            yield from _fields(one.get(key, _ABSENT), other.get(key, _ABSENT), inner)
    elif isinstance(one, list) and isinstance(other, list):
        for at in range(max(len(one), len(other))):
            mine, its = (side[at] if at < len(side) else _ABSENT for side in (one, other))
            yield from _fields(mine, its, f"{path}[{at}]")
    elif _differ(one, other):
        yield path, one, other


def _differ(one: Any, other: Any) -> bool:
    """Return True if two values differ as JSON. 1 and 1.0 are equal, but 1 and true are not."""
    return one != other or isinstance(one, bool) is not isinstance(other, bool)


def _shown(value: Any) -> str:
    if value is _ABSENT:
        return "has none"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:30]} ... {text[-25:]}"
