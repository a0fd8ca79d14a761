"""Types shared by `generate` and the clients of model services."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from harness.data.sources import DataFile
from harness.data.turn_text import Textless, kind_without_text

__all__ = ["Ask", "AskRefused", "Asking", "Busy", "Completion", "Generated", "GenerationRequest"]


class Completion(NamedTuple):
    """A completion from a model."""

    message: dict[str, Any]
    """The assistant's turn."""
    finish: str | None
    """Finish reason as named by the API."""
    tokens_in: int | None = None
    """Number of prompt tokens. Like `tokens_out`, it is None if the service does not report it."""
    tokens_out: int | None = None
    more: int = 0
    """Number of additional completions in the response, which were not requested."""

    @property
    def instead(self) -> Textless | None:
        """Kind of a completion without text, such as `refused`, or None if it has text."""
        return kind_without_text(self.message, self.finish)


class Busy(Exception):
    """Raised if the service did not respond and the request should be retried.

    Args:
        message: The service's message.
        wait_s: Number of seconds that the service asked to wait, or None if it did not specify any.
        reached: True if the service was reached at all.
        throttled: True if the service wants fewer requests from all threads together.
    """

    def __init__(
        self, message: str, wait_s: float | None = None, *, reached: bool = True, throttled: bool = False
    ) -> None:
        super().__init__(message)
        self.wait_s = wait_s
        self.reached = reached
        self.throttled = throttled


class AskRefused(Exception):
    """Raised if the model refuses to answer a record, so that retrying will not help."""


class Ask(Protocol):
    """Sends one request to a model. Called from several threads."""

    def __call__(self, model: str, messages: list[dict[str, Any]], options: dict[str, Any]) -> Completion:
        """Send the request. Raises `Busy`, `AskRefused`, or a `HarnessError` that ends the run."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """Settings for requesting completions of records."""

    records: DataFile
    service: str
    """Name of the service. Completions of two services are not mixed."""
    n: int = 8
    """Number of completions per record."""
    options: dict[str, Any] = field(default_factory=dict)
    """Other fields of the request, such as `temperature` and `max_tokens`. A record's tools are added."""
    seed: int | None = None
    """Base seed from which each completion's seed is derived. None to send no seeds."""
    limit: int | None = None
    """Number of records to use from the start of the file; None to use all."""
    concurrency: int = 8
    per_second: float | None = None
    patience_s: float = 600.0
    """Maximum number of seconds to wait for a response, and to keep trying an unresponsive service."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerationRequest(Asking):
    """The completions to request from one model."""

    out: Path
    model: str


@dataclass(slots=True)
class Generated:
    """Progress and totals of a request for completions."""

    wanted: int = 0
    there: int = 0
    """Number of completions from earlier calls."""
    done: int = 0
    """Number of completions from this call."""
    endings: dict[str, int] = field(default_factory=dict)
    """Number of completions of all calls by `finish_reason`, or under `unknown` if there is none."""
    textless: dict[str, int] = field(default_factory=dict)
    """Number of completions without text, by kind: a refusal, a tool call, or only reasoning."""
    left_out: int = 0
    """Number of completions that the service returned although they were not requested."""
    waits: int = 0
    """Number of times the service was busy."""
    refused: dict[str, str] = field(default_factory=dict)
    """Reason for each completion that the model refused, by rollout ID."""
    tokens: dict[str, int] = field(default_factory=lambda: {"in": 0, "out": 0})
    """Sums of the known token counts of all calls, for prompts (`in`) and completions (`out`)."""
    counted: int = 0
    """Number of completions in the file whose token counts are known."""
    uncounted: int = 0
    """Number of completions in the file whose token counts are unknown.

    Either the service did not report them, or the process was killed before they were saved.
    """
