"""The interface that both training services share: the OpenAI-compatible API and native Bedrock."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from harness.api.seen import SeenJob
from harness.api.types import Event, Page

__all__ = ["TrainingService"]


class TrainingService(Protocol):
    """The jobs and the inference of a service. `FineTuning` and `NativeBedrock` implement it.

    Every method raises `RequestRefused` when the service refuses, and `Unreachable` when there is no usable
    answer.
    """

    def jobs(self, page_size: int = 100) -> Iterator[SeenJob]:
        """Yield every job, newest first."""

    def job(self, job_id: str) -> SeenJob:
        """Return one job."""

    def cancel(self, job_id: str) -> SeenJob:
        """Cancel a job permanently."""

    def events_page(self, job_id: str, *, after: str | None = None, limit: int = 100) -> Page[Event]:
        """Return one page of a job's events."""

    def chat(self, model: str, messages: Sequence[Mapping[str, Any]], **options: Any) -> dict[str, Any]:
        """Ask a model for the next message, in the shape of Chat Completions."""
