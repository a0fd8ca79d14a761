"""Serves recorded answers while a grader runs, counts missing answers, and records new answers.

`AnswerBook` is independent of HTTP clients. `harness.targets.answer_cassette` connects it to the clients in
this process, and `harness.targets.answer_server` to a function in a separate process.
"""

from __future__ import annotations

import os
import re
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import unquote, urlsplit

from harness.targets.recorded_answers import (
    RecordedAnswer,
    RecordedAnswers,
    hidden,
    may_be_needed,
    question_of,
    read_body,
    refused_forms,
    secrets_among,
)

__all__ = ["LONGEST_WAIT_S", "AnswerBook", "playing_variables"]

_TAKEN = frozenset({400, 404, 405, 413, 422})
"""HTTP statuses that reject the request itself. Other errors are temporary and are not recorded."""

# Services that issue credentials. Everything in their answers is secret.
_CREDENTIALS = re.compile(
    r"169\.254\.\d+\.\d+|fd00:ec2::\w+|metadata\.google\.internal|login\.microsoftonline\.com"
    r"|oauth2\.googleapis\.com|(?:sts|sso|oidc|portal\.sso|signin|cognito-\w+|iam)\b.*\.(?:amazonaws|aws)\..+"
)
_TOKEN_PATH = re.compile(r"(?:^|/)(?:oauth2?|tokens?)(?:/|$)", re.IGNORECASE)
_DUMMY = "recorded-answers-need-no-key-0"
_SHORTEST_KEY = 8
LONGEST_WAIT_S = 20.0
"""Maximum time to wait for another task that is making the same request, in seconds."""
_REGION = re.compile(r"\.([a-z]{2}(?:-[a-z]+)+-\d)\.")


class AnswerBook:
    """The answers to a grader's requests to services. Thread-safe.

    Args:
        recorded: The answers from the file.
        place: The file's name, for messages.
        asks: True to send a request without a recorded answer to the service; False to refuse it.
        keep: Called with each new answer to record.
    """

    def __init__(
        self,
        recorded: RecordedAnswers,
        place: str,
        *,
        asks: bool = False,
        keep: Callable[[RecordedAnswers], None] = lambda recorded: None,
    ) -> None:
        self.recorded = recorded
        """The answers from the file."""
        self.place = place
        self.asks = asks
        self.repeat = 0
        """The replay's current repeat."""
        self.missed = 0
        """Number of requests that were refused because their answers are not recorded."""
        self.refusal = ""
        """The reason why the last request was refused."""
        self._variables = dict(recorded.variables)
        self._notes = set(recorded.notes)
        self._keep = keep
        self._lock = threading.Lock()
        self._answered = threading.Condition(self._lock)
        self._asked_by: dict[tuple[str, int, str], int] = {}
        """The threads and tasks that are making a request now."""
        self._known: defaultdict[tuple[str, int], dict[str, RecordedAnswer]] = defaultdict(dict)
        self._refused = {} if asks else refused_forms(recorded.answers)
        self.learn(recorded)

    def learn(self, recorded: RecordedAnswers) -> None:
        """Add answers, without replacing existing ones."""
        for answer in recorded.answers:
            self._known[answer.key].setdefault(answer.host, answer)

    def find(self, url: str, headers: Mapping[str, Any], body: Any, method: str) -> RecordedAnswer | None:
        """Return the recorded answer to a request, or None.

        If requests may go to the service, only an answer from the same host counts. Otherwise an answer from
        another host is used too, because the Region or the address may have changed since the recording, and
        a built function's requests are redirected to this machine. If the service refused a form of request,
        every request in that form is refused again, whatever its text.
        """
        question = self._question(url, headers, body, method)
        if question is None:
            return None
        with self._lock:
            hosts = self._known.get(question.key, {})
        found = hosts.get(question.host)
        if found is None and not self.asks and len(hosts) == 1:
            found = next(iter(hosts.values()))
        return found or self._refused.get(question.form)

    def find_or_ask(
        self, url: str, headers: Mapping[str, Any], body: Any, method: str
    ) -> RecordedAnswer | None:
        """Return the recorded answer to a request, or None if the caller must make the request.

        Completions of one record are often identical, so a judge may get identical requests at the same time.
        The second request waits for the answer to the first. If the first gets no answer in time, the result
        is None. Waiting would block an event loop, so an async task first polls `is_asked` without blocking.
        """
        question = self._question(url, headers, body, method)
        if question is None:
            return None
        asking, me = (*question.key, question.host), _asker()
        until = time.monotonic() + (LONGEST_WAIT_S if _running_task() is None else 0)
        with self._answered:
            while True:
                found = self._known[question.key].get(question.host)
                left = until - time.monotonic()
                if found is not None or self._asked_by.get(asking, me) == me or left <= 0:
                    break
                self._answered.wait(left)
            if found is None:
                self._asked_by[asking] = me
        return found

    def is_asked(self, url: str, headers: Mapping[str, Any], body: Any, method: str) -> bool:
        """Return True if another thread or task is making this request now."""
        question = self._question(url, headers, body, method)
        if question is None:
            return False
        me = _asker()
        with self._lock:
            return self._asked_by.get((*question.key, question.host), me) != me

    def refuse(self, url: str, method: str) -> RecordedAnswer:
        """Return the response to a request that must not be sent: an error that no client retries."""
        host = urlsplit(url).hostname or "an unknown host"
        if method == "CONNECT":
            message = (
                f"the function calls {host} over HTTPS at a fixed address, so recorded answers cannot "
                "replace it: read the address from a variable, such as OPENAI_BASE_URL"
            )
        else:
            message = (
                f"{self.place} has no answer to a question ({method} {host}): record it with "
                "`rft replay --ask new`"
            )
        with self._lock:
            self.missed += 1
            self.refusal = message
        answer = {"message": message, "error": {"message": message, "type": "unrecorded", "code": None}}
        return RecordedAnswer(url, "", 400, answer, 0, "application/json", "UnrecordedQuestion")

    def add(
        self,
        url: str,
        headers: Mapping[str, Any],
        body: Any,
        method: str,
        status: int,
        answer_headers: Mapping[str, str],
        answer_body: bytes,
    ) -> None:
        """Record a service's answer, if requests of this kind are recorded.

        Args:
            url: URL of the request.
            headers: Headers of the request.
            body: Body of the request.
            method: HTTP method of the request.
            status: HTTP status of the answer.
            answer_headers: Headers of the answer, by lowercase name.
            answer_body: Uncompressed body of the answer.
        """
        question = self._question(url, headers, body, method)
        if question is None:
            if not _gives_credentials(url):
                host = urlsplit(url).hostname
                self._note(f"{method} {host} is not recorded, so a replay from the file refuses it")
            return
        try:
            if 200 <= status < 300 or status in _TAKEN:
                self._add(question, url, headers, status, answer_headers, answer_body)
        finally:
            with self._answered:
                self._asked_by.pop((*question.key, question.host), None)
                self._answered.notify_all()

    def _add(
        self,
        question: RecordedAnswer,
        url: str,
        headers: Mapping[str, Any],
        status: int,
        answer_headers: Mapping[str, str],
        answer_body: bytes,
    ) -> None:
        try:
            text = hidden(answer_body.decode(), secrets_among(url, headers))
        except UnicodeDecodeError:
            self._note(
                f"an answer from {question.host} is not text and is not recorded, so a replay refuses it"
            )
            return
        answer = replace(
            question,
            status=status,
            answer=read_body(text),
            content_type=answer_headers.get("content-type"),
            error_type=answer_headers.get("x-amzn-errortype"),
        )
        needed = _needed(url, headers)
        with self._lock:
            new = {name: value for name, value in needed.items() if name not in self._variables}
            self._variables |= new
            known = self._known[answer.key].get(answer.host)
            if known is None:
                self._keep(RecordedAnswers((answer,), new))
                self._known[answer.key][answer.host] = answer
            elif known.answer != answer.answer:
                self._note_held(
                    f"{answer.host} got the same request twice at the same time; a replay gives only one "
                    "answer"
                )

    def _note(self, what: str) -> None:
        with self._lock:
            self._note_held(what)

    def _note_held(self, what: str) -> None:
        """Add a note about the recording, once. The caller holds the lock."""
        if what not in self._notes:
            self._notes.add(what)
            self._keep(RecordedAnswers(notes=(what,)))

    def _question(
        self, url: str, headers: Mapping[str, Any], body: Any, method: str
    ) -> RecordedAnswer | None:
        """Return a request in recorded form, without an answer, or None if such requests are not recorded."""
        if method.upper() != "POST" or _gives_credentials(url):
            return None
        found = question_of(url, body, secrets_among(url, headers))
        return None if found is None else RecordedAnswer(*found, 0, None, self.repeat)


def _running_task() -> object | None:
    """Return this thread's current task, or None outside an event loop. Does not import asyncio."""
    asyncio = sys.modules.get("asyncio")
    if asyncio is None or asyncio._get_running_loop() is None:
        return None
    task: object | None = asyncio.current_task()
    return task


def _asker() -> int:
    """Identify the caller: by its task, or outside an event loop by its thread."""
    task = _running_task()
    return threading.get_ident() if task is None else id(task)


def _gives_credentials(url: str) -> bool:
    parts = urlsplit(url)
    return bool(_CREDENTIALS.fullmatch(parts.hostname or "") or _TOKEN_PATH.search(parts.path))


def _needed(url: str, headers: Mapping[str, Any]) -> dict[str, str | None]:
    """Return the environment variables that a request uses, with their values unless they are keys."""
    found: dict[str, str | None] = {}
    said = [url, unquote(url), *map(str, headers.values())]
    for name, value in os.environ.items():
        if value.startswith(("http://", "https://")):
            parts = urlsplit(value)
            if url.startswith(value.rstrip("/")) and not (parts.username or parts.query):
                found[name] = f"{parts.scheme}://{parts.hostname}{parts.path}"
        elif len(value) >= _SHORTEST_KEY and any(value in text for text in said):
            found[name] = None
    return {name: value for name, value in found.items() if may_be_needed(name, value)}


def playing_variables(recorded: RecordedAnswers, environment: Mapping[str, str]) -> dict[str, str]:
    """Return placeholders for API keys that the environment lacks, needed when answers come from a file.

    Args:
        recorded: The contents of the file.
        environment: The grader's environment.
    """
    wanted = {name: value or _DUMMY for name, value in recorded.variables.items()}
    wanted |= {"AWS_EC2_METADATA_DISABLED": "true"}
    if "AWS_ACCESS_KEY_ID" not in environment:
        wanted |= {"AWS_ACCESS_KEY_ID": _DUMMY, "AWS_SECRET_ACCESS_KEY": _DUMMY}
    regions = [found[1] for one in recorded.answers[:1] if (found := _REGION.search(one.host))]
    if not {"AWS_REGION", "AWS_DEFAULT_REGION"} & environment.keys():
        wanted["AWS_DEFAULT_REGION"] = regions[0] if regions else "us-east-1"
    return {name: value for name, value in wanted.items() if name not in environment}
