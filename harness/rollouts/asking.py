"""Types shared by what asks a model for completions and what knows a service."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from harness.data.sources import DataFile
from harness.data.turn_text import Textless, kind_without_text

__all__ = ["Ask", "AskRefused", "Asking", "Busy", "Completion", "Generated", "GenerationRequest"]


class Completion(NamedTuple):
    """What a model answered."""

    message: dict[str, Any]
    """The assistant's turn."""
    finish: str | None
    """Why it stopped, in the API's words."""
    tokens_in: int | None = None
    """None where the service did not say, as for `tokens_out`."""
    tokens_out: int | None = None
    more: int = 0
    """Completions that came beside it without having been asked for."""

    @property
    def instead(self) -> Textless | None:
        """What came in place of a text, such as `refused`; None where there is a text."""
        return kind_without_text(self.message, self.finish)


class Busy(Exception):
    """The service did not answer this time; ask again.

    Args:
        message: What it said.
        wait_s: Seconds that it asked to wait; None where it did not say.
        reached: Whether there was a service at all.
        throttled: Whether it wants fewer requests, whoever sends them.
    """

    def __init__(
        self, message: str, wait_s: float | None = None, *, reached: bool = True, throttled: bool = False
    ) -> None:
        super().__init__(message)
        self.wait_s = wait_s
        self.reached = reached
        self.throttled = throttled


class AskRefused(Exception):
    """The model will not answer this record, however often it is asked."""


class Ask(Protocol):
    """Asks a model once; called from several threads."""

    def __call__(self, model: str, messages: list[dict[str, Any]], options: dict[str, Any]) -> Completion:
        """Ask; raises `Busy`, `AskRefused`, or a `HarnessError` that ends everything."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """How models are asked for completions of records."""

    records: DataFile
    service: str
    """What the service is called: completions of two services are not mixed."""
    n: int = 8
    """Completions of each record."""
    options: dict[str, Any] = field(default_factory=dict)
    """More of the request's body, such as `temperature` and `max_tokens`; a record's tools come to it."""
    seed: int | None = None
    """Sent along, a different one for each completion; None sends none."""
    limit: int | None = None
    """Use only the first N records."""
    concurrency: int = 8
    per_second: float | None = None
    patience_s: float = 600.0
    """How long to wait for an answer, and for a service that gives none, in seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerationRequest(Asking):
    """What to ask one model for."""

    out: Path
    model: str


@dataclass(slots=True)
class Generated:
    """What there is so far."""

    wanted: int = 0
    there: int = 0
    """Completions that an earlier call had asked for."""
    done: int = 0
    """Completions of this call."""
    endings: dict[str, int] = field(default_factory=dict)
    """All completions, also those of earlier calls, by their `finish_reason`; `unknown` without one."""
    textless: dict[str, int] = field(default_factory=dict)
    """Of all, those without a text by what came in its place: a refusal, a tool call, reasoning alone."""
    left_out: int = 0
    """Completions that this call did not ask for, and that came all the same."""
    waits: int = 0
    """How often the service was busy."""
    refused: dict[str, str] = field(default_factory=dict)
    """Completions that the model would not give, and why."""
    tokens: dict[str, int] = field(default_factory=lambda: {"in": 0, "out": 0})
    """What the completions of all calls used, of those whose tokens are known."""
    counted: int = 0
    """Completions in the file whose tokens are counted: the service told them, and no kill lost them."""
    uncounted: int = 0
    """The others in the file."""
