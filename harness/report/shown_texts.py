"""Extracts the readable texts of a rollout: prompt, completion, reasoning and reference."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

from graders import Sample
from graders.errors import RecordError
from harness.data.json_lines import LineError, parse
from harness.data.record_fields import flattened

__all__ = ["Excerpt", "SampleTexts", "Shown", "as_text", "excerpt", "length_of", "texts_of_line"]

Excerpt: TypeAlias = tuple[str, int, str]
"""The start of a text, the number of characters left out after it, and the end of the text."""

Shown: TypeAlias = str | Excerpt
"""A text, in full or as an excerpt."""

_MEDIA = {"image": "image", "image_url": "image", "input_image": "image", "video": "video", "audio": "audio"}
_MEDIA |= {"input_audio": "audio", "document": "document", "file": "file", "input_file": "file"}


@dataclass(frozen=True, slots=True)
class SampleTexts:
    """The readable texts of one rollout."""

    prompt: tuple[tuple[str, str], ...]
    """Role and text of each message that precedes the completion."""
    completion: str
    reasoning: str
    reference: str | None
    model: str | None


def texts_of_line(line: bytes) -> SampleTexts:
    """Extract the texts from a line of a rollouts file.

    Args:
        line: The line. A line that is not a rollout is returned unchanged as the completion.
    """
    try:
        value = parse(line)
    except LineError:
        value = None
    if not isinstance(value, dict) or not isinstance(value.get("messages"), list) or not value["messages"]:
        return SampleTexts((), line.decode("utf-8", "replace"), "", None, None)
    value = flattened(value)
    *before, last = value["messages"]
    completion, reasoning = _answer(value, last)
    return SampleTexts(
        tuple(_turn(message) for message in before),
        completion,
        reasoning,
        _reference(value),
        None if value.get("model") is None else as_text(value["model"]),
    )


def excerpt(text: str, most: int) -> Shown:
    """Return a text, or only its start and end if it is longer than `most` characters."""
    half = most // 2
    return text if len(text) <= most else (text[:half], len(text) - 2 * half, text[-half:])


def length_of(shown: Shown) -> int:
    """Return the number of characters in a text, which may be an excerpt."""
    return len(shown) if isinstance(shown, str) else len(shown[0]) + len(shown[2])


def _answer(value: dict[str, Any], last: Any) -> tuple[str, str]:
    """Return the completion as the grader receives it, but with placeholders for media, and the reasoning."""
    try:
        sample = Sample(value)
        completion, reasoning = sample.completion, sample.reasoning
    except (RecordError, RecursionError):
        return _turn(last)[1], ""
    others = [named for block in _blocks(last.get("content")) if (named := _medium(block))]
    return "\n".join([*([completion] if completion else []), *others, *_calls(last)]), reasoning


def _reference(value: dict[str, Any]) -> str | None:
    try:
        found = Sample(value).reference_answer
    except (RecordError, RecursionError):
        found = value.get("reference_answer")
    return None if found is None else as_text(found)


def _turn(message: Any) -> tuple[str, str]:
    if not isinstance(message, dict):
        return "no message", as_text(message)
    texts = [_block_text(block) for block in _blocks(message.get("content"))]
    return as_text(message.get("role")), "\n".join([*filter(None, texts), *_calls(message)])


def _blocks(content: Any) -> list[Any]:
    if content is None:
        return []
    return content if isinstance(content, list) else [content]


def _block_text(block: Any) -> str:
    if isinstance(block, dict) and isinstance(block.get("text"), str):
        return str(block["text"])
    return _medium(block) or as_text(block)


def _medium(block: Any) -> str | None:
    """Return a placeholder such as `[image]` for an image or other medium, or None for other blocks."""
    if not isinstance(block, dict):
        return None
    kinds = [block.get("type"), *block]  # OpenAI names the type; Converse uses it as the key
    found = next((_MEDIA[kind] for kind in kinds if isinstance(kind, str) and kind in _MEDIA), None)
    return None if found is None else f"[{found}]"


def _calls(message: dict[str, Any]) -> Iterator[str]:
    calls = message.get("tool_calls")
    for call in calls if isinstance(calls, list) else ():
        function = call.get("function") if isinstance(call, dict) else None
        if isinstance(function, dict):
            yield f"[tool call] {as_text(function.get('name'))}({as_text(function.get('arguments', ''))})"
        else:
            yield f"[tool call] {as_text(call)}"


def as_text(value: Any) -> str:
    """Return a text unchanged, and any other value as JSON."""
    if isinstance(value, str):
        return value
    try:
        return json.dumps(value, ensure_ascii=False, indent=1 if isinstance(value, dict | list) else None)
    except RecursionError:
        return "(nested too deeply to show)"
    except (TypeError, ValueError):
        return repr(value)
