"""Finds strings that look like keys in the files of an imported project.

Nothing is removed, because a string that looks like a key may be a harmless name, and only the user can tell.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from graders.adapters.openai import looks_like_key, place_of
from harness.projects.imported import ImportNote

__all__ = ["key_notes"]

# The value of a name that sounds secret, with letters and digits, but without ${VARIABLE}.
_NAMED = re.compile(
    r"""(?:key|token|secret|passw(?:or)?d|credential)s?["']?\s*[:=]\s*["'](?=[^"'\s]*\d)[\w+/=.~-]{12,}["']""",
    re.IGNORECASE,
)
# The pattern begins at `://`, so that a run of letters before it is not searched again from each letter.
_PASSWORD = re.compile(r"""(?<=[a-z0-9+.-])://[^\s"'<>/@:]*:[^\s"'<>/@{}$]+@""", re.IGNORECASE)

_LOOK_BYTES = 8_000
"""Number of leading bytes to search for a zero byte, which marks a file as binary (as in Git).
Binary files are not searched for keys, because searching model weights is too slow.
"""


def key_notes(
    files: Mapping[str, bytes], records: Sequence[Any] = (), rollouts: Sequence[Any] = ()
) -> Iterator[ImportNote]:
    """Report the places in a project that look like keys, without showing them. Binary files are skipped.

    Args:
        files: The project's files by path. A place is a JSON pointer in a `.json` file and a line number in
            any other file.
        records: The values of the lines of `records.jsonl`.
        rollouts: The values of the lines of `rollouts.jsonl`.
    """
    for name, content in files.items():
        yield from _notes(name, _places(name, content))
    for name, values in (("records.jsonl", records), ("rollouts.jsonl", rollouts)):
        texts = ((f":{at}", json.dumps(value, ensure_ascii=False)) for at, value in enumerate(values, 1))
        yield from _notes(name, texts)


def _notes(name: str, places: Iterator[tuple[str, str]]) -> Iterator[ImportNote]:
    """Yield one note per file, at the first place that may contain a key."""
    found = [place for place, text in places if _holds_key(text)]
    if found:
        also = f", and {len(found) - 1} more in this file" if found[1:] else ""
        place = f"{name}{found[0]}"
        step = f"Remove what looks like a key from {place}{also} before anybody else sees the project."
        yield ImportNote(place, "approximated", f"looks like a key, and was kept{also}", step)


def _holds_key(text: str) -> bool:
    return looks_like_key(text) or bool(_NAMED.search(text) or _PASSWORD.search(text))


def _places(name: str, content: bytes) -> Iterator[tuple[str, str]]:
    """Yield the strings in a file, each with its place. A binary file yields none."""
    if b"\0" in content[:_LOOK_BYTES]:
        return
    if name.endswith(".json"):
        try:
            yield from _pointed("", json.loads(content))
        except (ValueError, RecursionError):
            pass  # not JSON in spite of its name: search it by lines
        else:
            return
    text = content.decode("utf-8", "replace")
    yield from ((f":{number}", line) for number, line in enumerate(text.splitlines(), 1))


def _pointed(pointer: str, value: Any) -> Iterator[tuple[str, str]]:
    """Yield the strings in a JSON value with their pointers, each preceded by its name as in JSON."""
    if isinstance(value, str):
        lines = value.splitlines()
        numbered = len(lines) > 1
        for number, line in enumerate(lines, 1):
            name = json.dumps(pointer.rpartition("/")[2])
            text = line if numbered else f"{name}: {json.dumps(line, ensure_ascii=False)}"
            yield f" {pointer}{f' line {number}' if numbered else ''}", text
    elif isinstance(value, dict):
        for key, each in value.items():
            yield f" {pointer}", key
            yield from _pointed(place_of(pointer, key), each)
    elif isinstance(value, list):
        for at, each in enumerate(value):
            yield from _pointed(f"{pointer}/{at}", each)
