"""Encodes events for a local or deployed function, and decodes its responses.

Both directions are strict. A value that the service does not accept as JSON, such as NaN, is a fault here
too, even though Python can parse it.
"""

from __future__ import annotations

import json
from typing import Any

import orjson

from graders.wire import read_answer
from harness.targets.protocol import Answer, GraderFault, ServiceFault, graded

__all__ = ["MAX_EVENT", "encode", "read"]

MAX_EVENT = 6 * 1024 * 1024
"""Maximum event size of a synchronous invocation in bytes (Lambda developer guide, quotas)."""


def encode(event: Any) -> bytes | ServiceFault:
    """Return an event as JSON, or a fault if the service would reject it."""
    try:
        text = orjson.dumps(event)
        if b"null" not in text:
            return _sized(text)
    except TypeError:  # a lone surrogate, or an integer beyond 64 bits
        pass
    try:
        # orjson silently writes NaN as null.
        return _sized(json.dumps(event, allow_nan=False).encode())
    except ValueError:
        message = "the event contains NaN or infinity, which is not JSON"
        return ServiceFault("InvalidRequestContentException", message, retryable=False)


def read(payload: bytes, event: Any, ms: float) -> Answer:
    """Decode a function's response to an event.

    Args:
        payload: The response.
        event: The event that was sent.
        ms: Duration of the call in milliseconds.
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
    """Raised for a constant that Python's parser accepts but JSON does not allow."""


def _refuse(name: str) -> None:
    raise InvalidAnswer(f"it contains {name}, which is not JSON")


def _sized(text: bytes) -> bytes | ServiceFault:
    if len(text) <= MAX_EVENT:
        return text
    message = f"the event has {len(text)} bytes, but Lambda accepts at most {MAX_EVENT}"
    return ServiceFault("RequestEntityTooLargeException", message, retryable=False)
