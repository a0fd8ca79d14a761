"""Describes the shape of an event without its content.

AWS has not published a captured event, so only a job on a real account reveals the service's format. With
`GRADER_CAPTURE=N`, a process logs the shapes of its first N events, and `rft capture` compares them with the
known dialects. A shape keeps keys, types and nesting. Each string is replaced with its length and kind, and
each number with its type.
"""

from __future__ import annotations

import json
import os
import re
import sys

from .._reasoning import divide
from ..errors import GraderError
from ..sample import ASSISTANTS, Sample, item_id
from ..wire import read_event

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MESSAGE = "captured an event"
"""The message field of the log line."""

JSON_TEXT = "as JSON text"
"""Key that marks JSON that was encoded as a string."""

_ROLES = frozenset((*ASSISTANTS, "system", "user", "tool", "developer", "function"))
_BLOCK_TYPES = frozenset(("text", "reasoning", "thinking", "image", "image_url", "tool_use", "tool_result"))
_SPELLED = {"role": _ROLES, "type": _BLOCK_TYPES}
"""Strings that are logged unchanged because they come from the service, not from a record."""

_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,39}")
_KINDS = (
    ("empty", re.compile("")),
    ("blank", re.compile(r"\s+")),
    ("uuid", re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")),
    ("digits", re.compile(r"[0-9]+")),
    ("number", re.compile(r"[+-]?(?:[0-9]++(?:[.][0-9]*+)?|[.][0-9]++)(?:[eE][+-]?[0-9]++)?")),
    ("hexadecimal", re.compile(r"[0-9A-Fa-f]{16,}")),
)
_DEEPEST, _MOST_KEYS, _MOST_ITEMS, _LONGEST_LINE = 20, 100, 8, 200_000

_captured = 0


def capture(event: object, context: object) -> None:
    """Log the shape of the event if it is one of the process's first `GRADER_CAPTURE` events.

    Args:
        event: The event, in any shape.
        context: The Lambda context.
    """
    global _captured
    most = os.environ.get("GRADER_CAPTURE", "")
    if not most.isdecimal() or _captured >= int(most) or "AWS_LAMBDA_FUNCTION_NAME" not in os.environ:
        return
    _captured += 1
    try:
        line = {"message": MESSAGE, "number": _captured, **_counts(event, context), "event": shape(event)}
        text = json.dumps(line)
        if len(text) > _LONGEST_LINE:  # CloudWatch cuts messages longer than 256 kB
            text = json.dumps({**line, "event": f"too large: {len(text)} characters"})
        sys.stdout.write(text + "\n")
    except Exception as error:  # grading matters more than the capture
        sys.stderr.write(f"graders: an event could not be captured: {type(error).__name__}\n")


def captured_in(text: str) -> dict[str, Any] | None:
    """Extract the captured event from a log line.

    Args:
        text: The line. A tool may have added a prefix or encoded the message as a JSON string.

    Returns:
        The object that `capture` wrote, or None if the line contains no complete captured event.
    """
    marked = json.dumps({"message": MESSAGE})[:-1]
    try:
        if (at := text.find(marked)) >= 0:
            found = json.JSONDecoder().raw_decode(text, at)[0]
        elif (at := text.find(json.dumps(marked)[:-1])) >= 0:
            found = json.loads(json.JSONDecoder().raw_decode(text, at)[0])
        else:
            return None
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) and "event" in found else None


def _counts(event: object, context: object) -> dict[str, Any]:
    """Return the batch's number of samples, distinct ids and distinct prompts, and the remaining time."""
    counts: dict[str, Any] = {}
    remaining = getattr(context, "get_remaining_time_in_millis", None)
    if remaining is not None:
        counts["remaining_ms"] = int(remaining())
    try:
        items = read_event(event)
        prompts = [Sample(item).prompt for item in items]
    except (GraderError, TypeError, AttributeError):
        return counts
    ids = {repr(item_id(item)) for item in items}
    return {**counts, "samples": len(items), "distinct_ids": len(ids), "distinct_prompts": len(set(prompts))}


def shape(value: Any, key: str = "", depth: int = 0) -> Any:
    """Return a JSON value with its strings and numbers replaced by descriptions.

    Args:
        value: The value.
        key: The value's key in its object.
        depth: The value's nesting depth.
    """
    if value is None:
        return None
    if isinstance(value, str):
        return value if value in _SPELLED.get(key, ()) else f"text {len(value)} {_kind(value)}"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    if isinstance(value, float):
        return "number"
    if depth == _DEEPEST:
        return "nested deeper"
    if isinstance(value, dict):
        return _object(value, depth)
    if isinstance(value, (list, tuple)):
        return _list(value, depth)
    return "not JSON"


def _object(value: dict[Any, Any], depth: int) -> dict[str, Any]:
    """Return an object's shape. Keys that do not look like names are hidden because they may be content."""
    shown: dict[str, Any] = {}
    for key, inner in list(value.items())[:_MOST_KEYS]:
        name = key if isinstance(key, str) and _KEY.fullmatch(key) else f"key of {len(str(key))} characters"
        while name in shown:
            name += "'"
        shown[name] = _body(inner) if key == "body" and depth == 0 else shape(inner, name, depth + 1)
    if len(value) > _MOST_KEYS:
        shown["more keys"] = len(value) - _MOST_KEYS
    return shown


def _body(value: Any) -> Any:
    """Return the shape of an HTTP event's body, which contains an event as a JSON string."""
    try:
        return {JSON_TEXT: shape(json.loads(value), "", 1)}
    except (ValueError, TypeError, RecursionError):
        return shape(value, "", 1)


def _list(value: Any, depth: int) -> list[Any]:
    """Return a list's shape: its first elements, plus later elements whose shape differs."""
    shown: list[Any] = []
    forms: set[str] = set()
    for inner in value:
        one = shape(inner, "", depth + 1)
        form = re.sub("text [0-9]+", "text", json.dumps(one))
        if len(shown) < _MOST_ITEMS or (form not in forms and len(shown) < 4 * _MOST_ITEMS):
            shown.append(one)
            forms.add(form)
    if len(value) > len(shown):
        shown.append(f"{len(value) - len(shown)} more")
    return shown


def _kind(text: str) -> str:
    """Classify a string without revealing its content."""
    for name, pattern in _KINDS:
        if pattern.fullmatch(text):
            return name
    answer, thoughts = divide(text)
    if thoughts:
        return "with reasoning" if answer else "with reasoning alone"
    if answer != text:
        return "with special tokens"
    if text.lstrip()[:1] in ("{", "["):
        try:
            json.loads(text)
        except (ValueError, RecursionError):
            pass
        else:
            return "json"
    if len(text.split(None, 1)) == 1:
        return "word"
    return "lines" if "\n" in text.strip() else "words"
