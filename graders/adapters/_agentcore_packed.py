"""Distinguishes JSON that a tracing library wrote into a span from text that only looks like it.

A model or a user may write text that looks like a library's JSON. So the format is determined by the library
that wrote the span, which is identified by its scope and by attributes that only that library sets. If a turn
could be either, it is unread.

Sources: the tracers of Strands 1.62, `openinference-instrumentation-langchain` 0.1.80 and
`opentelemetry-instrumentation-langchain` 0.62, and the log records that ADOT creates from their spans.
"""

from __future__ import annotations

import json
import re

from ._agentcore_turns import BLOCKS, TurnUnread, decoded, list_of, object_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from ._agentcore_records import AgentSpan

_CUT_BLOCKS = re.compile(rf'\s*\[\s*\{{\s*"({"|".join(BLOCKS)})"')
_CUT_STATE = re.compile(r'\s*\{\s*"(messages|inputs|outputs|generations|choices)"\s*:\s*[\[{]')
"""Patterns for the start of a library's JSON: a message's blocks and a whole state."""
_JSON = "application/json"
EITHER = "it may be the text itself or a library's JSON, and the span does not say which"


def blocks_of(text: str, span: AgentSpan, is_answer: bool) -> Any:
    """Return a message's blocks if Strands wrote it as JSON, else return the text unchanged.

    Raises:
        TurnUnread: The text was cut off or could be either JSON or plain text.
    """
    inner = decoded(text)
    is_cut = inner is text and _CUT_BLOCKS.match(text) is not None
    if not span.is_of_strands:
        looks_packed = is_cut or (
            _are_blocks(inner) and any(not one.keys().isdisjoint(BLOCKS) for one in inner)
        )
        if looks_packed and not span.has_known_writer:
            raise TurnUnread(EITHER)
        return text
    if not (is_cut or _are_blocks(inner)):
        return text
    operation = str(span.attributes.get("gen_ai.operation.name", ""))
    if operation.startswith("invoke_"):  # An agent's result is text; a swarm's task is text or blocks.
        if is_answer:
            return text
        if operation != "invoke_agent":
            raise TurnUnread(EITHER)
    if text != text.rstrip():  # An agent's result ends with a line break, and JSON does not.
        return text
    if is_cut:
        raise TurnUnread("its JSON was cut off")
    return inner


def _are_blocks(inner: Any) -> bool:
    """Return True if parsed JSON may be a message's blocks: objects with one field each, or an empty list."""
    return isinstance(inner, list) and all(isinstance(one, dict) and len(one) == 1 for one in inner)


def are_packed(span: AgentSpan, given: object, made: object) -> tuple[bool, bool]:
    """Return two booleans: True if the span's input, and True if its output, is a library's JSON.

    Raises:
        TurnUnread: The input or output could be JSON or plain text, and the library that wrote it is unknown
            or writes both.
    """
    fits_given, fits_made = is_state(given), is_state(made)
    return (
        _settled(span, "input", given, fits_given, fits_made or bool(_says(span, "output"))),
        _settled(span, "output", made, fits_made, fits_given or bool(_says(span, "input"))),
    )


def _says(span: AgentSpan, side: str) -> bool | None:
    """Return True if the attributes mark a span's input or output as JSON, False if not, or None if unclear.

    OpenInference marks a chain's value as JSON whenever it looks like JSON, but marks a model call's value
    only if the library wrote JSON.
    """
    kind, mime = span.attributes.get("openinference.span.kind"), span.attributes.get(f"{side}.mime_type")
    if kind is None and mime is None:
        if "llm.request.type" in span.attributes or span.attributes.get("gen_ai.operation.name") == "chat":
            return False
        return True if "traceloop.span.kind" in span.attributes else None
    if mime == _JSON:
        return True if kind == "LLM" else None
    return False if mime is not None or span.is_of_langchain else None


def _settled(span: AgentSpan, side: str, text: object, fits: bool, fits_beside: bool) -> bool:
    """Return True if the given side of a span (input or output) is a library's JSON."""
    said = _says(span, side)
    if said is not None or not isinstance(text, str):
        return bool(said)
    if not fits:
        if span.attributes.get(f"{side}.mime_type") == _JSON:
            _refuse_objects(span, text)
        return False
    if span.writes_plain_texts:
        return False
    if span.is_of_langchain and fits_beside:
        span.is_guessed = True
        return True
    raise TurnUnread(EITHER)


def _refuse_objects(span: AgentSpan, text: str) -> None:
    """Reject JSON with unknown fields, because LangChain may write a string as an object with one field."""
    inner = decoded(text)
    is_single = isinstance(inner, dict) and len(inner) == 1 and isinstance(next(iter(inner.values())), str)
    if inner is not text and not (span.is_of_langchain and is_single):
        raise TurnUnread("it is JSON with unknown fields")


def is_state(text: object) -> bool:
    """Return True if the text looks like a library's state with a conversation in it."""
    inner = decoded(text)
    if inner is text:
        return isinstance(text, str) and _CUT_STATE.match(text) is not None
    is_traceloops = {"inputs", "kwargs"} <= object_of(inner).keys() or {"outputs", "kwargs"} <= object_of(
        inner
    ).keys()
    return is_traceloops or bool(_messages_in(inner))


def _messages_in(inner: Any) -> list[Any]:
    """Return the messages in a library's state, a model's result or an OpenAI API response."""
    for key in ("inputs", "outputs"):
        if isinstance(inner, dict) and key in inner:
            inner = inner[key]
            break
    state = object_of(inner)
    found = _flat(state.get("messages"))
    for key in ("generations", "choices"):
        found = found or [object_of(one).get("message") for one in _flat(state.get(key))]
    return [one for one in found if isinstance(one, dict)]


def _flat(value: Any) -> list[Any]:
    found: list[Any] = []
    left = list_of(value)[::-1]
    while left:
        one = left.pop()
        if isinstance(one, list):
            left += one[::-1]
        else:
            found.append(one)
    return found


def unpacked(text: object, role: str) -> list[Any]:
    """Return the messages in a library's JSON.

    Raises:
        TurnUnread: The JSON was cut off or contains no messages.
    """
    try:
        inner = json.loads(text) if isinstance(text, str) else None
    except (ValueError, RecursionError):
        raise TurnUnread("its JSON was cut off") from None
    if isinstance(inner, str):
        return [{"role": role, "content": inner}]
    if found := _messages_in(inner):
        return found
    if isinstance(inner, dict) and isinstance(inner.get("outputs"), str):
        return [{"role": role, "content": inner["outputs"]}]
    raise TurnUnread("it is JSON with unknown fields")


def answers_of(span: AgentSpan) -> Iterator[str]:
    """Yield each string that may be the span's answer. Some formats are ambiguous."""
    given = [span.attributes.get("output.value"), span.attributes.get("traceloop.entity.output")]
    for _, _, body in span.events:
        for one in list_of(object_of(object_of(body).get("output")).get("messages")):
            given.append(object_of(one).get("content"))
    for text in given:
        if isinstance(text, str):
            yield text
            unboxed = object_of(decoded(text)).get("outputs")
            if isinstance(unboxed, str):
                yield unboxed
