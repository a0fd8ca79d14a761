"""Classes for the jobs, events, checkpoints and files that the service returns.

A service may omit fields, send null, or send values of another type. Parsing never raises an exception. A
field that is absent or malformed is None. Malformed fields are kept as strings in `odd` so that they can be
shown, and `raw` holds the whole object.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from harness.api.times import seconds_since_1970

__all__ = ["Json", "SeenCheckpoint", "SeenDeletion", "SeenEvent", "SeenFile", "SeenJob", "Time", "as_text"]

Json = Mapping[str, Any]
"""A JSON object as sent by the service."""

Time = float | str | None
"""Seconds since 1970, the service's value as a string if it is not a time, or None if absent."""

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenJob:
    """A job as returned by the service."""

    id: str | None
    status: str | None = None
    model: str | None = None
    """The base model."""
    tuned_model: str | None = None
    grader_arn: str | None = None
    hyperparameters: Json = field(default_factory=dict)
    training_file: str | None = None
    created_at: Time = None
    finished_at: Time = None
    error: str | None = None
    """The reason for the failure as `code: message`, or the service's value as a string."""
    odd: Mapping[str, str] = field(default_factory=dict)
    """Malformed fields as strings, keyed by name."""
    raw: Json = field(default_factory=dict)

    @classmethod
    def read(cls, raw: Json) -> SeenJob:
        """Parse a job of the fine-tuning API.

        Args:
            raw: The object sent by the service.
        """
        fields = _Fields(raw)
        method = fields.object("method")
        reinforcement = fields.object("reinforcement", method)
        grader = fields.object("grader", reinforcement)
        function = fields.object("lambda", grader)
        arn = fields.word("function", function)
        if arn is None and grader:
            fields.odd["grader"] = as_text(grader)
        elif method and not reinforcement:
            fields.odd["method"] = as_text(method)
        return cls(
            id=fields.id(),
            status=fields.word("status"),
            model=fields.word("model"),
            tuned_model=fields.word("fine_tuned_model"),
            grader_arn=arn,
            hyperparameters=fields.object("hyperparameters", reinforcement)
            or fields.object("hyperparameters"),
            training_file=fields.word("training_file"),
            created_at=fields.time("created_at"),
            finished_at=fields.time("finished_at"),
            error=_error(raw.get("error")),
            odd=fields.odd,
            raw=raw,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenEvent:
    """An event of a job as returned by the service."""

    id: str | None
    created_at: Time = None
    level: str | None = None
    type: str | None = None
    message: str | None = None
    data: Json | None = None
    odd: Mapping[str, str] = field(default_factory=dict)
    """Malformed fields as strings, keyed by name."""
    raw: Json = field(default_factory=dict)

    @classmethod
    def read(cls, raw: Json) -> SeenEvent:
        """Parse an event of the fine-tuning API.

        Args:
            raw: The object sent by the service.
        """
        fields = _Fields(raw)
        return cls(
            id=fields.id(),
            created_at=fields.time("created_at"),
            level=fields.word("level"),
            type=fields.word("type"),
            message=fields.word("message"),
            data=fields.object("data") or None,
            odd=fields.odd,
            raw=raw,
        )

    @property
    def text(self) -> str:
        """The event's message. Without a message, its type; without either, the whole object as JSON."""
        return self.message or self.type or as_text(self.raw)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenCheckpoint:
    """A checkpoint as returned by the service."""

    id: str | None
    step: int | None = None
    model: str | None = None
    """The model id to use for inference, or None until the model exists."""
    created_at: Time = None
    metrics: Json = field(default_factory=dict)
    odd: Mapping[str, str] = field(default_factory=dict)
    """Malformed fields as strings, keyed by name."""
    raw: Json = field(default_factory=dict)

    @classmethod
    def read(cls, raw: Json) -> SeenCheckpoint:
        """Parse a checkpoint of the fine-tuning API.

        Args:
            raw: The object sent by the service.
        """
        fields = _Fields(raw)
        return cls(
            id=fields.id(),
            step=fields.whole("step_number"),
            model=fields.word("fine_tuned_model_checkpoint"),
            created_at=fields.time("created_at"),
            metrics=fields.object("metrics"),
            odd=fields.odd,
            raw=raw,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenFile:
    """An uploaded file as returned by the service."""

    id: str | None
    name: str | None = None
    bytes: int | None = None
    created_at: Time = None
    status: str | None = None
    odd: Mapping[str, str] = field(default_factory=dict)
    """Malformed fields as strings, keyed by name."""
    raw: Json = field(default_factory=dict)

    @classmethod
    def read(cls, raw: Json) -> SeenFile:
        """Parse a file object.

        Args:
            raw: The object sent by the service.
        """
        fields = _Fields(raw)
        return cls(
            id=fields.id(),
            name=fields.word("filename"),
            bytes=fields.whole("bytes"),
            created_at=fields.time("created_at"),
            status=fields.word("status"),
            odd=fields.odd,
            raw=raw,
        )


@dataclass(frozen=True, slots=True)
class SeenDeletion:
    """The response to a delete request. Only `true` means that something was deleted."""

    deleted: bool
    raw: Json

    @classmethod
    def read(cls, raw: Json) -> SeenDeletion:
        """Parse the response to a delete request.

        Args:
            raw: The object sent by the service.
        """
        return cls(raw.get("deleted") is True, raw)


def as_text(value: Any) -> str:
    """Return a string unchanged and any other value as JSON."""
    if isinstance(value, str):
        return value
    try:
        return json.dumps(value, ensure_ascii=False, default=str)
    except RecursionError:
        return "(nested too deeply to be shown)"


class _Fields:
    """Reads the fields of one object and collects malformed fields in `odd`."""

    def __init__(self, raw: Json) -> None:
        self._raw = raw
        self.odd: dict[str, str] = {}

    def id(self) -> str | None:
        """Return the object's id. Integers are accepted because some services number their objects."""
        value = self._value("id")
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        return self.word("id")

    def word(self, name: str, of: Json | None = None) -> str | None:
        """Read a non-empty string."""
        value = self._value(name, of)
        return self._checked(name, value, value if isinstance(value, str) else None)

    def whole(self, name: str) -> int | None:
        """Read an integer. A value such as 4.0 is accepted."""
        value = self._value(name)
        if isinstance(value, float) and value.is_integer():
            return int(value)
        return self._checked(
            name, value, value if isinstance(value, int) and not isinstance(value, bool) else None
        )

    def object(self, name: str, of: Json | None = None) -> Json:
        """Read an object. Return an empty one if it is absent."""
        value = self._value(name, of)
        return self._checked(name, value, value if isinstance(value, Mapping) else None) or {}

    def time(self, name: str) -> Time:
        """Read a time. Zero counts as absent."""
        value = self._value(name)
        if not value:
            return None
        seconds = seconds_since_1970(value)
        return as_text(value) if seconds is None else seconds

    def _value(self, name: str, of: Json | None = None) -> Any:
        return (self._raw if of is None else of).get(name)

    def _checked(self, name: str, value: Any, read: Value | None) -> Value | None:
        if read is None and value is not None:
            self.odd[name] = as_text(value)
        return read if read != "" else None


def _error(value: Any) -> str | None:
    """Return the reason a job failed, or None for null, false and empty values."""
    if not value:
        return None
    if not isinstance(value, Mapping):
        return as_text(value)
    code, message = value.get("code"), value.get("message")
    if message in (None, "") and code in (None, ""):
        # Some services send `{"code": null, "message": null}` when there is no error.
        return as_text(value) if any(value.values()) else None
    return ": ".join(as_text(part) for part in (code, message) if part not in (None, ""))
