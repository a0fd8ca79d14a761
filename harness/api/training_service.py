"""What the two services that train models have in common: the OpenAI-compatible API and native Bedrock."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from harness.api.seen import SeenJob
from harness.api.types import Event, Page

__all__ = ["TrainingService"]


class TrainingService(Protocol):
    """Jobs and inference, whichever service answers; `FineTuning` and `NativeBedrock` are the two.

    Every method raises `RequestRefused` when the service says no, and `Unreachable` when it gives no usable
    answer.
    """

    def jobs(self, page_size: int = 100) -> Iterator[SeenJob]:
        """Every job, newest first."""

    def job(self, job_id: str) -> SeenJob:
        """One job."""

    def cancel(self, job_id: str) -> SeenJob:
        """Cancel a job for good."""

    def events_page(self, job_id: str, *, after: str | None = None, limit: int = 100) -> Page[Event]:
        """One page of what happened to a job."""

    def chat(self, model: str, messages: Sequence[Mapping[str, Any]], **options: Any) -> dict[str, Any]:
        """Ask a model for the next message, in the shape of Chat Completions."""
