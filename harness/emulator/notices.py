"""Prints lines about jobs, grader errors and refused requests for the person who runs the emulator.

The lines contain no prompts or completions, and only the type and place of a grader's error.
"""

from __future__ import annotations

import json
import re
import threading
from collections import Counter
from collections.abc import Callable
from typing import Any, Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from harness.api.types import REWARD_MEAN, STEP, TOTAL_STEPS, Event
from harness.printable import printable, shortened

__all__ = ["Notices", "RefusalsTold"]

_STEP_LINES: Final = 10
"""Number of evenly spaced lines about a job's steps, in addition to the line for the first step."""
_JOB_CHARACTERS: Final = 14
_MESSAGE_CHARACTERS: Final = 240
_BODY_BYTES: Final = 65_536
_TYPE = re.compile(r"[A-Za-z_][\w.]*(?=: | \(|$)")
_PLACE = re.compile(r"\(([^()\s]+:\d+)\)$")


class Notices:
    """Prints one line per event. Thread-safe.

    Args:
        tell: Called with each line to print.
    """

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._lock = threading.Lock()
        self._errors: dict[str, Counter[str]] = {}
        self._refusal = ""
        self._refusals = 0

    def event(self, job: str, event: Event) -> None:
        """Print an event of a job, but only about ten of its steps."""
        data = event.get("data") or {}
        message = event["message"].replace(f": {job}", "")
        if data:
            step, total = data[STEP], data[TOTAL_STEPS]
            if step not in (1, total) and step % max(1, total // _STEP_LINES):
                return
            reward = data.get(REWARD_MEAN)
            known = "no reward" if reward is None else f"mean reward {reward:.3f}"
            message = f"step {step} of {total}, {known}"
        level = "" if event["level"] == "info" else f"{event['level']}: "
        self._job_line(job, level + message)

    def grader_error(self, job: str, kind: str, message: str) -> None:
        """Count a sample without a reward, and print the first one for each type and place of error."""
        kind_of_error, place = _TYPE.match(message), _PLACE.search(message)
        what = kind if kind_of_error is None or kind != "exception" else f"{kind} {kind_of_error[0]}"
        where = f" at {place[1]}" if place else ""
        with self._lock:
            counts = self._errors.setdefault(job, Counter())
            counts[what + where] += 1
            first = counts[what + where] == 1
        if first:
            self._job_line(job, f"a sample got no reward: {what}{where}")

    def ended(self, job: str) -> None:
        """Print how many samples of a job got no reward, by type and place of the error."""
        with self._lock:
            counts = self._errors.pop(job, None)
        for what, count in counts.most_common() if counts else ():
            self._job_line(job, f"{count:,} sample{'s' if count > 1 else ''} without a reward: {what}")

    def refused(self, method: str, path: str, status: int, message: str) -> None:
        """Print a refused request. If it repeats, print only its 1st, 10th, 100th time and so on."""
        line = f"{method} {path} {status}: {message}"
        with self._lock:
            self._refusals = self._refusals + 1 if line == self._refusal else 1
            self._refusal, count = line, self._refusals
        if set(str(count)[1:]) <= {"0"} and str(count)[0] == "1":
            self._line(line if count == 1 else f"{line} ({count:,} times)")

    def _job_line(self, job: str, text: str) -> None:
        self._line(f"{job[:_JOB_CHARACTERS]}  {text}")

    def _line(self, text: str) -> None:
        self._tell(printable(shortened(text, _MESSAGE_CHARACTERS)))


class RefusalsTold:
    """Middleware that prints each request that receives an error response.

    Args:
        app: The application.
        notices: Prints the refused requests.
    """

    def __init__(self, app: ASGIApp, notices: Notices) -> None:
        self._app = app
        self._notices = notices

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status, body = 0, b""

        async def watched(message: Message) -> None:
            nonlocal status, body
            if message["type"] == "http.response.start":
                status = message["status"]
            elif status >= 400:
                body = (body + message.get("body", b""))[:_BODY_BYTES]
            await send(message)

        await self._app(scope, receive, watched)
        if status >= 400:
            self._notices.refused(scope["method"], scope["path"], status, _message(body))


def _message(body: bytes) -> str:
    try:
        error: Any = json.loads(body)
        return str(error["error"]["message"])
    except (ValueError, TypeError, KeyError):
        return "(no message)"
