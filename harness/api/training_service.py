"""The common interface of both training services, the OpenAI-compatible API and native Bedrock."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from harness.api.seen import SeenJob
from harness.api.types import Event, Page

__all__ = ["TrainingService"]


class TrainingService(Protocol):
    """Job management and inference, implemented by `FineTuning` and `NativeBedrock`.

    Every method raises `RequestRefused` if the service refuses the request and `Unreachable` if there is no
    usable response.
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
        """Request the next message from a model, and return a Chat Completions response."""
