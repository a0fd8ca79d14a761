"""The fine-tuning API, one method an operation, on the official `openai` SDK.

Comes in: ids, files and bodies in the service's own words. Goes out: the service's JSON as typed
dictionaries. Reads are retried by the SDK, which honours Retry-After; what creates something is sent once.
Answers are taken as raw JSON: the SDK reads a Lambda grader as a grader of another type and warns when it
is written out again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import httpx2
import openai
from openai import OpenAI

from harness.api.auth import Credential, Endpoint, FixedKey
from harness.api.curl import PLACEHOLDER_KEY, ShowTransport
from harness.api.failures import Unreachable, translate
from harness.api.paging import pages
from harness.api.safe_text import checked_id, plain_text
from harness.api.types import (
    FILE_PURPOSE,
    PAGE_SIZE,
    Checkpoint,
    CheckpointPage,
    Event,
    EventPage,
    FileDeleted,
    FileObject,
    FilePage,
    Job,
    JobPage,
    JobRequest,
)
from harness.errors import InputError

__all__ = ["FineTuning"]

_CONNECT_S = 10.0
_UPLOAD_S = 600.0
_GENERATE_S = 600.0


class FineTuning:
    """A connection to the fine-tuning API.

    Args:
        endpoint: Where it is.
        credential: The key.
        max_retries: How often a read is sent again after 429, 5xx or a broken connection.
        timeout_s: Seconds to wait for an answer; uploads and generation wait longer.
        transport: What carries the requests; the network when None.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        credential: Credential,
        *,
        max_retries: int = 2,
        timeout_s: float = 60.0,
        transport: httpx2.BaseTransport | None = None,
    ) -> None:
        self.endpoint = endpoint
        self._credential = credential
        self._show = transport if isinstance(transport, ShowTransport) else None
        self._sdk = OpenAI(
            base_url=endpoint.base_url,
            api_key=credential.token,
            max_retries=max_retries,
            timeout=httpx2.Timeout(timeout_s, connect=_CONNECT_S),
            http_client=httpx2.Client(
                transport=transport,
                follow_redirects=True,
                # A proxy for the outside world cannot reach this machine's own loopback.
                trust_env=not endpoint.loopback,
                timeout=httpx2.Timeout(timeout_s, connect=_CONNECT_S),
            ),
        )
        self._once = self._sdk.with_options(max_retries=0)

    @classmethod
    def showing(cls, endpoint: Endpoint) -> FineTuning:
        """A connection that raises `NotSent` with the `curl` command in place of sending.

        Args:
            endpoint: Where the requests would go.

        Returns:
            The connection; it needs no key.
        """
        return cls(endpoint, FixedKey(PLACEHOLDER_KEY, "nothing is sent"), transport=ShowTransport())

    def close(self) -> None:
        """Close the connections."""
        self._sdk.close()

    def __enter__(self) -> FineTuning:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- Files

    def upload(self, path: Path, name: str | None = None) -> FileObject:
        """Upload a training file (POST /files). Sent once: a lost answer leaves a file that `files()` shows.

        Args:
            path: The file.
            name: The name it gets on the service, its own when None.

        Returns:
            The file as the service knows it.

        Raises:
            InputError: The file cannot be read, or the service refused it.
            Unreachable: No answer.
        """
        name = name or path.name
        if self._show:
            self._show.upload = (path, name)
        try:
            handle = path.open("rb")
        except OSError as error:
            raise InputError(f"cannot be read: {error.strerror}", place=str(path)) from error
        with handle:

            def send() -> Any:
                handle.seek(0)
                return self._once.files.with_raw_response.create(
                    file=(name, handle, "application/jsonl"), purpose=FILE_PURPOSE, timeout=_UPLOAD_S
                )

            return cast(FileObject, self._ask(send))

    def files(self) -> Iterator[FileObject]:
        """Every file for fine-tuning (GET /files?purpose=fine-tune), page by page."""

        def fetch(after: str | None) -> FilePage:
            return cast(FilePage, self._ask_list(lambda: self._list_files(after)))

        for page in pages(fetch):
            yield from cast(list[FileObject], page)

    def _list_files(self, after: str | None) -> Any:
        return self._sdk.files.with_raw_response.list(
            purpose=FILE_PURPOSE, limit=PAGE_SIZE, after=after if after else openai.omit
        )

    def file(self, file_id: str) -> FileObject:
        """One file (GET /files/{id}).

        Args:
            file_id: Its id.
        """
        checked_id(file_id, "file id")
        return cast(FileObject, self._ask(lambda: self._sdk.files.with_raw_response.retrieve(file_id)))

    def delete_file(self, file_id: str) -> FileDeleted:
        """Delete a file (DELETE /files/{id}).

        Args:
            file_id: Its id.
        """
        checked_id(file_id, "file id")
        return cast(FileDeleted, self._ask(lambda: self._sdk.files.with_raw_response.delete(file_id)))

    # --- Jobs

    def create_job(self, request: JobRequest) -> Job:
        """Create a job (POST /fine_tuning/jobs). Sent once: after `Unreachable` it may exist all the same.

        Args:
            request: The body.

        Returns:
            The new job.
        """
        # The SDK's types do not know the Lambda grader, so `method` goes through extra_body.
        return cast(
            Job,
            self._ask(
                lambda: self._once.fine_tuning.jobs.with_raw_response.create(
                    model=request["model"],
                    training_file=request["training_file"],
                    extra_body={"method": request["method"]},
                )
            ),
        )

    def jobs(self, page_size: int = PAGE_SIZE) -> Iterator[Job]:
        """Every job, newest first (GET /fine_tuning/jobs), page by page. A listed status may be stale.

        Args:
            page_size: How many jobs to ask for at a time.
        """

        def fetch(after: str | None) -> JobPage:
            return self.jobs_page(after=after, limit=page_size)

        for page in pages(fetch):
            yield from cast(list[Job], page)

    def jobs_page(self, *, after: str | None = None, limit: int = 20) -> JobPage:
        """One page of jobs.

        Args:
            after: The id of the last job of the page before.
            limit: The most jobs on the page.
        """
        return cast(
            JobPage,
            self._ask_list(
                lambda: self._sdk.fine_tuning.jobs.with_raw_response.list(
                    limit=limit, after=after if after else openai.omit
                )
            ),
        )

    def job(self, job_id: str) -> Job:
        """One job (GET /fine_tuning/jobs/{id}).

        Args:
            job_id: Its id.
        """
        checked_id(job_id, "job id")
        return cast(Job, self._ask(lambda: self._sdk.fine_tuning.jobs.with_raw_response.retrieve(job_id)))

    def cancel(self, job_id: str) -> Job:
        """Cancel a job for good (POST /fine_tuning/jobs/{id}/cancel).

        Args:
            job_id: Its id.
        """
        checked_id(job_id, "job id")
        return cast(Job, self._ask(lambda: self._sdk.fine_tuning.jobs.with_raw_response.cancel(job_id)))

    def events_page(self, job_id: str, *, after: str | None = None, limit: int = PAGE_SIZE) -> EventPage:
        """One page of a job's events (GET /fine_tuning/jobs/{id}/events).

        Args:
            job_id: The job.
            after: The id of the last event of the page before.
            limit: The most events on the page.
        """
        checked_id(job_id, "job id")
        return cast(
            EventPage,
            self._ask_list(
                lambda: self._sdk.fine_tuning.jobs.with_raw_response.list_events(
                    job_id, limit=limit, after=after if after else openai.omit
                )
            ),
        )

    def events(self, job_id: str, page_size: int = PAGE_SIZE) -> Iterator[Event]:
        """Every event of a job, each once, in the service's order, page by page.

        Args:
            job_id: The job.
            page_size: How many events to ask for at a time.
        """

        def fetch(after: str | None) -> EventPage:
            return self.events_page(job_id, after=after, limit=page_size)

        for page in pages(fetch):
            yield from cast(list[Event], page)

    def checkpoints(self, job_id: str, page_size: int = 10) -> Iterator[Checkpoint]:
        """Every checkpoint of a job (GET /fine_tuning/jobs/{id}/checkpoints), page by page.

        Args:
            job_id: The job.
            page_size: How many checkpoints to ask for at a time.
        """
        checked_id(job_id, "job id")

        def fetch(after: str | None) -> CheckpointPage:
            call = self._sdk.fine_tuning.jobs.checkpoints.with_raw_response.list
            return cast(
                CheckpointPage,
                self._ask_list(lambda: call(job_id, limit=page_size, after=after if after else openai.omit)),
            )

        for page in pages(fetch):
            yield from cast(list[Checkpoint], page)

    # --- Inference

    def chat(self, model: str, messages: Sequence[Mapping[str, Any]], **options: Any) -> dict[str, Any]:
        """Ask a model for the next message (POST /chat/completions), not streamed.

        Args:
            model: A tuned model, a checkpoint's model or a base model.
            messages: The turns so far.
            options: More of the body, such as `max_tokens` and `temperature`.
        """
        turns = cast(Any, list(messages))
        return self._ask(
            lambda: self._sdk.chat.completions.with_raw_response.create(
                model=model, messages=turns, extra_body=options, timeout=_GENERATE_S
            )
        )

    def respond(self, model: str, text: str | Sequence[Mapping[str, Any]], **options: Any) -> dict[str, Any]:
        """Ask a model through the Responses API (POST /responses); the service is told to store nothing.

        Args:
            model: As in `chat`.
            text: The prompt, or the turns so far.
            options: More of the body, such as `max_output_tokens`.
        """
        turns = cast(Any, text if isinstance(text, str) else list(text))
        return self._ask(
            lambda: self._sdk.responses.with_raw_response.create(
                model=model, input=turns, store=False, extra_body=options, timeout=_GENERATE_S
            )
        )

    def complete(self, model: str, prompt: str, **options: Any) -> dict[str, Any]:
        """Ask a model to go on from a text (POST /completions).

        Args:
            model: As in `chat`.
            prompt: The text.
            options: More of the body, such as `max_tokens`.
        """
        return self._ask(
            lambda: self._sdk.completions.with_raw_response.create(
                model=model, prompt=prompt, extra_body=options, timeout=_GENERATE_S
            )
        )

    # --- The wire

    def _ask(self, send: Callable[[], Any]) -> dict[str, Any]:
        """Send a request and read the answer as a JSON object, with a fresh key once after a 401."""
        try:
            try:
                answer = send()
            except openai.AuthenticationError:
                if not self._credential.renew():
                    raise
                answer = send()
        except openai.OpenAIError as error:
            raise translate(error) from error
        return _json_object(answer.http_response)

    def _ask_list(self, send: Callable[[], Any]) -> dict[str, Any]:
        """As `_ask`, for an answer with a list under `data`."""
        answer = self._ask(send)
        data = answer.get("data")
        if not isinstance(data, list) or not all(isinstance(element, dict) for element in data):
            raise Unreachable("the answer is not a list of objects", fix=_WRONG_SERVICE)
        return answer


_WRONG_SERVICE = "Check that the base URL is the fine-tuning API's (it ends in /v1)."


def _json_object(response: httpx2.Response) -> dict[str, Any]:
    place = f"{response.request.method} {response.request.url.path}"
    try:
        value = json.loads(response.content)
    except ValueError as error:
        start = plain_text(response.text[:80])
        raise Unreachable(f"the answer is not JSON: {start!r}", fix=_WRONG_SERVICE, place=place) from error
    if not isinstance(value, dict):
        raise Unreachable("the answer is not a JSON object", fix=_WRONG_SERVICE, place=place)
    return value
