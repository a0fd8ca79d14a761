"""A client for the fine-tuning API, built on the request layer of the `openai` SDK.

The SDK retries reads and honors Retry-After. A request that creates something is sent only once. Responses
are parsed from the raw JSON because the SDK's types mistake a Lambda grader for another kind of grader.
"""

from __future__ import annotations

import json
import os
import ssl
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from functools import cache, partial
from pathlib import Path
from typing import IO, Any, cast

import httpx2
import openai
from openai import OpenAI

from harness.api.auth import Credential
from harness.api.curl import PLACEHOLDER_KEY, UPLOAD_TYPE, ShowTransport
from harness.api.endpoint import Endpoint
from harness.api.failures import AnsweredNo, Unreachable, translate
from harness.api.pages import elements
from harness.api.safe_text import in_path, plain_text
from harness.api.seen import SeenCheckpoint, SeenDeletion, SeenEvent, SeenFile, SeenJob, as_text
from harness.api.types import FILE_PURPOSE, GENERATE_S, PAGE_SIZE, Event, Job, JobRequest, Page
from harness.data.sources import STANDARD_INPUT, DataFile, FileSource, as_source, local_copy, stem_of

__all__ = ["FineTuning"]

_CONNECT_S = 10.0
_NAMING_AUTHORITIES = ("SSL_CERT_FILE", "SSL_CERT_DIR")
_UPLOAD_S = 600.0
_JOBS = "/fine_tuning/jobs"
_WRONG_SERVICE = "Check that the base URL is the fine-tuning API's (it ends in /v1)."
_TRY_AGAIN = "Run the same command again."


class FineTuning:
    """A connection to the fine-tuning API.

    Every method raises `RequestRefused` if the service refuses the request, `AnsweredNo` if a response with a
    success status reports a failure, and `Unreachable` if there is no usable response.

    Args:
        endpoint: The endpoint for files and jobs.
        credential: The source of the API key.
        max_retries: Number of times to retry a read after a 429, a 5xx or a broken connection.
        timeout_s: Response timeout in seconds; uploads wait longer.
        generate_s: Timeout in seconds for inference requests.
        transport: The HTTP transport; the network if None.
        inference: The endpoint for inference; `endpoint` if None.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        credential: Credential,
        *,
        max_retries: int = 2,
        timeout_s: float = 60.0,
        generate_s: float = GENERATE_S,
        transport: httpx2.BaseTransport | None = None,
        inference: Endpoint | None = None,
    ) -> None:
        self.endpoint = endpoint
        self.inference = inference or endpoint
        """The endpoint for inference."""
        self._ask_at = "" if inference is None else inference.base_url
        self._credential = credential
        self._show = transport if isinstance(transport, ShowTransport) else None
        self._max_retries = max_retries
        self._generate_s = generate_s
        timeout = httpx2.Timeout(timeout_s, connect=_CONNECT_S)
        # A proxy for other machines cannot reach the loopback interface of this one.
        trust_env = not (endpoint.loopback or self.inference.loopback)
        self._sdk = OpenAI(
            base_url=endpoint.base_url,
            api_key=credential.token,
            max_retries=max_retries,
            timeout=timeout,
            http_client=httpx2.Client(
                transport=transport,
                follow_redirects=True,
                verify=_authorities(
                    trust_env, os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
                ),
                trust_env=trust_env,
                timeout=timeout,
            ),
        )

    @classmethod
    def showing(cls, endpoint: Endpoint, inference: Endpoint | None = None) -> FineTuning:
        """Return a connection that, instead of sending requests, raises `NotSent` with the `curl` command.

        Args:
            endpoint: The endpoint for files and jobs.
            inference: The endpoint for inference.

        Returns:
            The connection, which needs no key.
        """
        nobody = Credential(PLACEHOLDER_KEY, "nothing is sent")
        return cls(endpoint, nobody, transport=ShowTransport(), inference=inference)

    def close(self) -> None:
        """Close the connections."""
        self._sdk.close()

    def __enter__(self) -> FineTuning:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- Files

    def upload(self, file: DataFile, name: str | None = None, content: IO[bytes] | None = None) -> SeenFile:
        """Upload a training file. The request is sent only once; if the response is lost, check `files()`.

        Args:
            file: The file or another data source.
            name: The file's name on the service; the local name if None.
            content: Content to send instead of the file's own, such as a private copy. It is closed after the
                upload.

        Raises:
            InputError: The file cannot be read, or the service refused the upload.
        """
        source = as_source(file)
        own = source.path if isinstance(source, FileSource) else None
        name = name or (f"{stem_of(file)}.jsonl" if own is None else own.name)
        if self._show:
            self._show.upload = (own or Path(STANDARD_INPUT), name)
        with ExitStack() as stack:
            if content is None:  # the form's header must contain the length
                content = stack.enter_context(local_copy(source)).open("rb")
            stack.enter_context(content)
            body = {"purpose": FILE_PURPOSE}
            uploaded = SeenFile.read(
                self._ask("POST", "/files", body, file=(name, content), once=True, timeout=_UPLOAD_S)
            )
        if uploaded.id is None:
            raise Unreachable("the service accepted the file but gave it no id", fix="See `rft files`.")
        return uploaded

    def files(self) -> Iterator[SeenFile]:
        """Yield every fine-tuning file."""
        return map(SeenFile.read, self._list("/files", PAGE_SIZE, purpose=FILE_PURPOSE))

    def file(self, file_id: str) -> SeenFile:
        """Return one file."""
        return SeenFile.read(self._ask("GET", f"/files/{in_path(file_id, 'file id')}"))

    def delete_file(self, file_id: str) -> SeenDeletion:
        """Delete a file. The response says whether the service deleted it."""
        return SeenDeletion.read(self._ask("DELETE", f"/files/{in_path(file_id, 'file id')}"))

    # --- Jobs

    def create_job(self, request: JobRequest) -> SeenJob:
        """Create a job. The request is sent only once, so after `Unreachable` the job may exist."""
        return SeenJob.read(self._ask("POST", _JOBS, request, once=True, is_job=True))

    def jobs(self, page_size: int = PAGE_SIZE) -> Iterator[SeenJob]:
        """Yield every job, newest first. The statuses may be stale."""
        return map(SeenJob.read, self._list(_JOBS, page_size))

    def jobs_page(self, *, after: str | None = None, limit: int = 20) -> Page[Job]:
        """Return a page of jobs as sent by the service. `after` is the last job id of the previous page."""
        return cast(Page[Job], self._page(_JOBS, after, limit))

    def job(self, job_id: str) -> SeenJob:
        """Return one job."""
        return SeenJob.read(self._ask("GET", _of_job(job_id), is_job=True))

    def cancel(self, job_id: str) -> SeenJob:
        """Cancel a job permanently. The returned status shows whether the service accepted the request."""
        return SeenJob.read(self._ask("POST", _of_job(job_id, "/cancel"), is_job=True))

    def events_page(self, job_id: str, *, after: str | None = None, limit: int = PAGE_SIZE) -> Page[Event]:
        """Return a page of events as sent by the service. `after` is the previous page's last event id."""
        return cast(Page[Event], self._page(_of_job(job_id, "/events"), after, limit))

    def events(self, job_id: str, page_size: int = PAGE_SIZE) -> Iterator[SeenEvent]:
        """Yield each event of a job once, in the order returned by the service."""
        return map(SeenEvent.read, self._list(_of_job(job_id, "/events"), page_size))

    def checkpoints(self, job_id: str, page_size: int = 10) -> Iterator[SeenCheckpoint]:
        """Yield every checkpoint of a job."""
        return map(SeenCheckpoint.read, self._list(_of_job(job_id, "/checkpoints"), page_size))

    # --- Inference

    def chat(self, model: str, messages: Sequence[Mapping[str, Any]], **options: Any) -> dict[str, Any]:
        """Request the next message from a model, without streaming.

        Args:
            model: A tuned model, a checkpoint's model or a base model.
            messages: The conversation so far.
            **options: Other request fields, such as `max_tokens` and `temperature`.
        """
        body = {"model": model, "messages": list(messages), **options}
        return self._ask("POST", f"{self._ask_at}/chat/completions", body, timeout=self._generate_s)

    def respond(self, model: str, text: str | Sequence[Mapping[str, Any]], **options: Any) -> dict[str, Any]:
        """Send a prompt to a model through the Responses API, with storage turned off.

        Args:
            model: As in `chat`.
            text: The prompt or the conversation so far.
            **options: Other request fields, such as `max_output_tokens`.
        """
        body = {"model": model, "input": text if isinstance(text, str) else list(text), "store": False}
        return self._ask("POST", f"{self._ask_at}/responses", body | options, timeout=self._generate_s)

    def complete(self, model: str, prompt: str, **options: Any) -> dict[str, Any]:
        """Request a continuation of a prompt from a model.

        Args:
            model: As in `chat`.
            prompt: The prompt.
            **options: Other request fields, such as `max_tokens`.
        """
        body = {"model": model, "prompt": prompt, **options}
        return self._ask("POST", f"{self._ask_at}/completions", body, timeout=self._generate_s)

    # --- The wire

    def _list(self, path: str, page_size: int, **query: str) -> Iterator[dict[str, Any]]:
        return elements(lambda after: self._page(path, after, page_size, **query))

    def _page(self, path: str, after: str | None, limit: int, **query: str) -> Page[dict[str, Any]]:
        given = {**query, "limit": limit, **({"after": after} if after else {})}
        page = self._ask("GET", path, query=given)
        found = page.get("data")
        if not isinstance(found, list):
            raise Unreachable("the answer is not a list of objects", fix=_WRONG_SERVICE, place=f"GET {path}")
        # Wrap an element that is not an object, so that no element is lost.
        page["data"] = [one if isinstance(one, dict) else {"not_an_object": one} for one in found]
        return cast(Page[dict[str, Any]], page)

    def _ask(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        query: Mapping[str, object] | None = None,
        file: tuple[str, IO[bytes]] | None = None,
        once: bool = False,
        timeout: float | None = None,
        is_job: bool = False,
    ) -> dict[str, Any]:
        """Send a request and return the JSON object from the response. Retry if the response is cut off."""
        if path.startswith(("/files", _JOBS)):
            self.endpoint.check_has_jobs()
        # Never send an administrator's key from the environment, which belongs to another service.
        options: openai.RequestOptions = {"security": {"bearer_auth": True}, "params": query or {}}
        if once:
            options["max_retries"] = 0
        if timeout is not None:
            options["timeout"] = timeout
        if file is not None:
            options["headers"] = {"Content-Type": "multipart/form-data"}

        send = partial(self._send, method, path, body, file, options)
        for left in reversed(range(1 if once else self._max_retries + 1)):
            try:
                return _json_object(self._renewed(send), is_job=is_job)
            except _BrokenOff:
                if not left:
                    raise
        raise AssertionError("no attempt was made")

    def _renewed(self, send: Callable[[], httpx2.Response]) -> httpx2.Response:
        """Send a request. After a 401, retry once with a new key."""
        try:
            try:
                return send()
            except openai.AuthenticationError:
                if not self._credential.renew():
                    raise
                return send()
        except openai.OpenAIError as error:
            raise translate(error) from error

    def _send(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None,
        file: tuple[str, IO[bytes]] | None,
        options: openai.RequestOptions,
    ) -> httpx2.Response:
        if method == "GET":
            return self._sdk.get(path, cast_to=httpx2.Response, options=options)
        if method == "DELETE":
            return self._sdk.delete(path, cast_to=httpx2.Response, options=options)
        files: Any = None
        if file is not None:
            file[1].seek(0)
            files = {"file": (*file, UPLOAD_TYPE)}
        return self._sdk.post(path, cast_to=httpx2.Response, body=body, files=files, options=options)


@cache
def _authorities(trust_env: bool, *named: str | None) -> ssl.SSLContext:
    """Return the trusted certificate authorities. They are cached because loading them is slow.

    Args:
        trust_env: Whether to honor certificate authorities named by the environment.
        named: The authorities that the environment names, which are part of the cache key.
    """
    return httpx2.create_ssl_context(trust_env=trust_env)


def _of_job(job_id: str, more: str = "") -> str:
    return f"{_JOBS}/{in_path(job_id, 'job id')}{more}"


class _BrokenOff(Unreachable):
    """Raised when a JSON response is cut off, for example because the connection broke."""


def _json_object(response: httpx2.Response, *, is_job: bool) -> dict[str, Any]:
    """Parse a response. An `error` field means that the request failed, unless the object is a failed job."""
    place = f"{response.request.method} {response.request.url.path}"
    try:
        value = json.loads(response.content)
    except (ValueError, RecursionError) as error:
        start = plain_text(response.text[:80])
        if start[:1] in ("{", "[", ""):
            raise _BrokenOff("the answer broke off", fix=_TRY_AGAIN, place=place) from error
        raise Unreachable(f"the answer is not JSON: {start!r}", fix=_WRONG_SERVICE, place=place) from error
    if not isinstance(value, dict):
        raise Unreachable("the answer is not a JSON object", fix=_WRONG_SERVICE, place=place)
    if value.get("error") and not (is_job and "id" in value):
        said = value["error"]
        words = said.get("message") or said.get("code") or said if isinstance(said, dict) else said
        raise AnsweredNo(f"the service answered with an error: {plain_text(as_text(words))}", place=place)
    return value
