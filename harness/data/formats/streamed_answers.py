"""Assembles streamed completions from the events of Converse, Nova, Claude, OpenAI and plain-text models.

Incomplete completions are rejected. A `RowError` is raised for an unknown event that may contain part of the
completion and for an event that reports an interrupted stream.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from harness.data.formats.importer import RowError
from harness.data.formats.row_parts import RowParts
from harness.printable import shortened

__all__ = ["streamed_answers"]

_Path = tuple[str | int, ...]

_CLAUDES: Final = {
    "text_delta": "text",
    "thinking_delta": "thinking",
    "signature_delta": "signature",
    "input_json_delta": "partial_json",
}
"""Key of the text in each type of Claude delta."""
_CLAUDES_OTHERS: Final = ("message_start", "content_block_stop", "message_stop", "ping")
_TEXTS: Final = {"generation": "stop_reason", "completion": "stop_reason", "outputText": "completionReason"}
_CONVERSES: Final = (
    "messageStart",
    "contentBlockStart",
    "contentBlockDelta",
    "contentBlockStop",
    "messageStop",
)

_ASIDE: Final = ("metadata", "usage", "amazon-bedrock-invocationMetrics")
"""Events that contain no part of the completion."""
_UNKNOWN: Final = "unknown part of the streamed answer"


class _Growing:
    """A completion being assembled from events."""

    def __init__(self) -> None:
        self.blocks: dict[int, dict[str, Any]] = {}
        self.inputs: dict[int, str] = {}
        """Tool call arguments received so far, as JSON text."""
        self.fields: dict[str, Any] = {}
        self.calls: dict[int, dict[str, Any]] = {}
        self.finish: Any = None

    def add(self, at: int, key: str, text: Any) -> None:
        """Append a piece of text to a content block."""
        block = self.blocks.setdefault(at, {})
        block[key] = _joined(block.get(key), text)

    def append(self, key: str, text: Any) -> None:
        """Append a piece of text to a field of the message."""
        self.fields[key] = _joined(self.fields.get(key), text)

    def stop(self, reason: Any) -> None:
        """Record the stop reason if the event has one."""
        if reason is not None and self.finish not in (None, reason):
            raise RowError("the streamed answer ends twice")
        self.finish = self.finish if reason is None else reason

    def start(self, at: int, block: dict[str, Any]) -> None:
        if at in self.blocks:
            raise RowError("two blocks of the streamed answer have one index")
        self.blocks[at] = block

    def message(self) -> dict[str, Any]:
        for at, text in self.inputs.items():
            block = self.blocks.setdefault(at, {})
            call = block["toolUse"] if isinstance(block.get("toolUse"), dict) else block
            if "input" in call:
                raise RowError("a streamed tool call has its arguments twice")
            call["input"] = _arguments(text)
        message: dict[str, Any] = {"role": "assistant", **self.fields}
        if self.blocks:
            if "content" in message:
                raise RowError("the streamed answer mixes two kinds of events")
            message["content"] = [self.blocks[at] for at in sorted(self.blocks)]
        if self.calls:
            message["tool_calls"] = [self.calls[at] for at in sorted(self.calls)]
        return {"content": None, **message}


def streamed_answers(parts: RowParts, path: _Path) -> Iterator[tuple[dict[str, Any], Any]]:
    """Assemble the completions of one call.

    Args:
        parts: The row, from which the values of the completions are taken.
        path: Path of the list of events.

    Yields:
        The assistant's message and the stop reason.

    Raises:
        RowError: The events are of an unknown kind or the stream was interrupted.
    """
    answers: dict[int, _Growing] = {}
    for number, event in enumerate(parts.peek(*path)):
        if not isinstance(event, dict):
            raise RowError("an event of the streamed answer is not an object")
        _add(parts, (*path, number), event, answers)
    if not answers:
        raise RowError("the streamed answer has no completion")
    for index in sorted(answers):
        if answers[index].finish is None:
            raise RowError("no event of the streamed answer says why it ended: is it cut off?")
        yield answers[index].message(), answers[index].finish


def _add(parts: RowParts, here: _Path, event: dict[str, Any], answers: dict[int, _Growing]) -> None:
    if isinstance(event.get("choices"), list):
        for at in range(len(event["choices"])):
            _openais(parts, (*here, "choices", at), answers)
    elif any(key in event for key in _CONVERSES):
        _converses(parts, here, event, answers.setdefault(0, _Growing()))
    elif isinstance(event.get("type"), str):
        _claudes(parts, here, event, answers.setdefault(0, _Growing()))
    elif text := next((name for name in _TEXTS if isinstance(event.get(name), str)), None):
        answer = answers.setdefault(0, _Growing())
        answer.append("content", parts.take(*here, text))
        answer.stop(parts.take(*here, _TEXTS[text]))
    elif unknown := next((name for name in event if name not in _ASIDE), None):
        what = "the streamed answer was interrupted" if unknown.endswith("Exception") else _UNKNOWN
        raise RowError(f"{what}: {shortened(unknown, 60)}")


def _converses(parts: RowParts, here: _Path, event: dict[str, Any], answer: _Growing) -> None:
    """Add one event from ConverseStream or from Nova's own stream."""
    answer.stop(parts.take(*here, "messageStop", "stopReason"))
    start = parts.take(*here, "contentBlockStart", "start")
    if start is not None:
        answer.start(_index(parts.peek(*here, "contentBlockStart", "contentBlockIndex")), _object(start))
    delta = parts.peek(*here, "contentBlockDelta", "delta")
    if "contentBlockDelta" not in event:
        return
    at = _index(parts.peek(*here, "contentBlockDelta", "contentBlockIndex"))
    for key in _object(delta):
        part = parts.take(*here, "contentBlockDelta", "delta", key)
        if key == "text":
            answer.add(at, "text", part)
        elif key == "toolUse" and set(_object(part)) == {"input"}:
            answer.inputs[at] = _joined(answer.inputs.get(at), part["input"])
        elif key == "reasoningContent" and set(_object(part)) <= {"text", "signature"}:
            block = answer.blocks.setdefault(at, {"reasoningContent": {"reasoningText": {}}})
            reasoning = _object(_object(block.get("reasoningContent")).get("reasoningText"))
            for name, text in part.items():
                reasoning[name] = _joined(reasoning.get(name), text)
        else:
            raise RowError(f"{_UNKNOWN}: {shortened(key, 60)}")


def _claudes(parts: RowParts, here: _Path, event: dict[str, Any], answer: _Growing) -> None:
    kind = event["type"]
    at = _index(event.get("index"))
    if kind == "error":
        raise RowError("the streamed answer was interrupted")
    if kind == "content_block_start":
        block = _object(parts.take(*here, "content_block"))
        answer.start(at, {key: value for key, value in block.items() if (key, value) != ("input", {})})
        if block.get("type") == "tool_use" and block.get("input") in (None, {}):
            answer.inputs[at] = ""
    elif kind == "content_block_delta":
        delta = _object(parts.peek(*here, "delta"))
        if delta.get("type") == "citations_delta":
            return  # a citation, which is not part of the text
        key = _CLAUDES.get(str(delta.get("type")))
        if key is None or key not in delta:
            raise RowError(f"{_UNKNOWN}: {shortened(str(delta.get('type')), 60)}")
        text = parts.take(*here, "delta", key)
        if key == "partial_json":
            answer.inputs[at] = _joined(answer.inputs.get(at), text)
        else:
            answer.add(at, key, text)
    elif kind == "message_delta":
        answer.stop(parts.take(*here, "delta", "stop_reason"))
    elif kind not in _CLAUDES_OTHERS:
        raise RowError(f"{_UNKNOWN}: {shortened(kind, 60)}")


def _openais(parts: RowParts, here: _Path, answers: dict[int, _Growing]) -> None:
    """Add one choice from a chunk in an OpenAI-style stream."""
    answer = answers.setdefault(_index(parts.peek(*here, "index")), _Growing())
    answer.stop(parts.take(*here, "finish_reason"))
    if isinstance(parts.peek(*here, "text"), str):
        answer.append("content", parts.take(*here, "text"))
    for key, value in _object(parts.peek(*here, "delta") or {}).items():
        if key == "role":
            continue
        if key == "tool_calls":
            for at in range(len(value) if isinstance(value, list) else 0):
                _call(parts, (*here, "delta", key, at), answer)
        elif value is not None:
            answer.append(key, parts.take(*here, "delta", key))


def _call(parts: RowParts, here: _Path, answer: _Growing) -> None:
    part = _object(parts.peek(*here))
    call = answer.calls.setdefault(_index(part.get("index")), {})
    for key in part:
        if key == "index":
            continue
        value = parts.take(*here, key)
        if key == "function":
            function = call.setdefault("function", {})
            for name, text in _object(value).items():
                function[name] = _joined(function.get(name), text)
        elif value is not None and call.setdefault(key, value) != value:
            raise RowError(f"two parts of a tool call differ in their {shortened(key, 60)}")


def _joined(before: Any, text: Any) -> str:
    if not isinstance(text, str) or not isinstance(before, str | None):
        raise RowError("a part of the streamed answer is not text")
    return (before or "") + text


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise RowError("a part of the streamed answer is not an object")
    return value


def _index(value: Any) -> int:
    if value is None:
        return 0
    if isinstance(value, bool) or not isinstance(value, int):
        raise RowError("the index of a part of the streamed answer is not a number")
    return value


def _arguments(text: str) -> Any:
    try:
        return json.loads(text or "{}")
    except ValueError:
        raise RowError("the arguments of a streamed tool call are not JSON") from None
