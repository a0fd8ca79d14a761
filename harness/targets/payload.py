"""JSON on its way to a function and back, the same for the local runtime and the deployed one.

Both directions are strict: what is no JSON for the service (NaN) is a fault here too, though Python reads it.
"""

from __future__ import annotations

import json
from typing import Any

import orjson

from graders.wire import read_answer
from harness.targets.protocol import Answer, GraderFault, ServiceFault, graded

__all__ = ["MAX_EVENT", "encode", "read"]

MAX_EVENT = 6 * 1024 * 1024
"""Largest event of a synchronous invocation, bytes (Lambda developer guide, quotas)."""


def encode(event: Any) -> bytes | ServiceFault:
    """An event as JSON, or why no service could send it."""
    try:
        text = orjson.dumps(event)
        if b"null" not in text:
            return _sized(text)
    except TypeError:  # a lone surrogate, or an integer beyond 64 bits
        pass
    try:
        # orjson writes NaN as null without a word.
        return _sized(json.dumps(event, allow_nan=False).encode())
    except ValueError:
        message = "the event holds NaN or an infinity, which is not JSON"
        return ServiceFault("InvalidRequestContentException", message, retryable=False)


def read(payload: bytes, event: Any, ms: float) -> Answer:
    """A function's answer to an event.

    Args:
        payload: What came back.
        event: What was sent.
        ms: How long the call took, milliseconds.
    """
    try:
        answer = json.loads(payload, parse_constant=_refuse)
        return Answer([graded(outcome) for outcome in read_answer(answer, event)], ms)
    except (ValueError, RecursionError) as error:
        kind = (
            "InvalidJson" if isinstance(error, json.JSONDecodeError | UnicodeError) else type(error).__name__
        )
        return Answer([], ms, GraderFault(kind, f"no job could use the answer: {error}"))


class InvalidAnswer(ValueError):
    """Valid for Python's parser, not for JSON."""


def _refuse(name: str) -> None:
    raise InvalidAnswer(f"it holds {name}, which is not JSON")


def _sized(text: bytes) -> bytes | ServiceFault:
    if len(text) <= MAX_EVENT:
        return text
    message = f"the event has {len(text)} bytes, Lambda takes {MAX_EVENT}"
    return ServiceFault("RequestEntityTooLargeException", message, retryable=False)
