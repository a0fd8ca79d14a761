"""Opens the grader for an audit in a child process with limits, as often as a fresh one is needed."""

from __future__ import annotations

import math
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from graders.wire import PROFILES
from harness.audit.case import Subject
from harness.audit.collector import AuditBudget, Collector
from harness.audit.mining import asks_a_service, names_check
from harness.audit.stub_service import StubService
from harness.runs.facts import InProcessFacts, TargetFacts
from harness.targets.opening import open_target
from harness.targets.own_process import OwnProcessTarget, ProcessLimits
from harness.targets.protocol import Target

__all__ = ["CallLimits", "Opener", "Output"]

_HEAD = 65_536
_ASKING_S = 20.0
"""Time limit for a grader that asks a service, and may wait between retries."""
_RUNNING_S = 15.0
"""Time limit for a check that runs programs with a time limit of its own, which is several seconds."""


@dataclass(frozen=True, slots=True)
class CallLimits:
    """Limits of one call of a grader in a child process."""

    seconds: float = 5.0
    memory_bytes: int = 1 << 30


class Output:
    """Reads the grader's output continuously, counts all of it and keeps part of it."""

    def __init__(self) -> None:
        self._read, self.write = os.pipe()
        self.bytes = 0
        """Number of bytes printed."""
        self.head = b""
        """The first 64 KiB of the output."""
        self._thread = threading.Thread(target=self._drain, daemon=True)
        self._thread.start()

    def _drain(self) -> None:
        while True:
            try:
                part = os.read(self._read, 1 << 16)
            except OSError:
                return
            if not part:
                os.close(self._read)
                return
            self.bytes += len(part)
            if len(self.head) < _HEAD:
                self.head = (self.head + part)[:_HEAD]

    def close(self) -> None:
        """Stop reading once the grader's processes have ended."""
        os.close(self.write)
        self._thread.join(1.0)


class _Child(OwnProcessTarget):
    """A grader in a child process, and its output."""

    def __init__(
        self, grader: str, limits: ProcessLimits, output: Output, closed: Callable[[], None]
    ) -> None:
        self.output = output
        self._closed: Callable[[], None] | None = closed
        super().__init__(grader, None, limits)

    def close(self) -> None:
        super().close()
        if self._closed is not None:
            self._closed()
            self._closed = None


def _limits(subject: Subject) -> CallLimits:
    """Choose limits that fit the grader."""
    if asks_a_service(subject.sources):
        return CallLimits(_ASKING_S)
    return CallLimits(_RUNNING_S) if names_check(subject.sources, "checks.code:") else CallLimits()


class Opener:
    """Opens collectors of one grader, all of which share a budget.

    Args:
        facts: The location of the grader, from `harness.targets.opening.describe`.
        subject: The data.
        wire: The wire over which samples are sent, a name from `graders.wire.PROFILES`.
        budget: The budget of the whole audit.
        limits: Limits of a call in a child process.
    """

    def __init__(
        self,
        facts: TargetFacts,
        subject: Subject,
        wire: str = "open-weight",
        budget: AuditBudget | None = None,
        limits: CallLimits | None = None,
    ) -> None:
        self.facts = facts
        self.subject = subject
        self.wire = wire
        self.budget = budget or AuditBudget()
        self.limits = limits or _limits(subject)
        self.service: StubService | None = None
        """Answers the judge's questions while a child process is open."""
        self._open = 0
        self.quickest_s = math.inf
        """The shortest time so far to open the grader in a child process; infinite before the first."""

    def _closed(self) -> None:
        """Stop answering questions when the last child process closes."""
        self._open -= 1
        if not self._open and self.service is not None:
            self.service.close()
            self.service = None

    @property
    def here(self) -> bool:
        """Whether the grader runs in a child process here, so that its environment can be changed."""
        return isinstance(self.facts, InProcessFacts)

    @property
    def grader_name(self) -> str:
        """The grader's name in its file or module; empty if unknown."""
        return self.facts.grader.rpartition(":")[2] if isinstance(self.facts, InProcessFacts) else ""

    @property
    def slow(self) -> bool:
        """Whether the grader takes so long to import that it should be opened as rarely as possible."""
        return 0.6 < self.quickest_s < math.inf

    def open(
        self,
        *,
        wire: str | None = None,
        seconds: float | None = None,
        clock_ahead_s: float = 0.0,
        hash_seed: int | None = None,
    ) -> Collector:
        """Open a fresh copy of the grader.

        Args:
            wire: The wire; None for the audit's own.
            seconds: Time limit of a call; None for the usual limit.
            clock_ahead_s: Seconds by which the grader's clock runs ahead; only in a child process.
            hash_seed: Python's hash seed, which decides the order of sets; only in a child process.

        Raises:
            InputError: The grader cannot be opened.
            ServiceError: AWS cannot be reached.
        """
        target: Target
        if isinstance(self.facts, InProcessFacts):
            output = Output()
            self._open += 1
            self.service = self.service or StubService()
            limits = ProcessLimits(
                seconds or self.limits.seconds,
                self.limits.memory_bytes,
                output.write,
                clock_ahead_s,
                hash_seed,
                self.service.variables,
            )

            def closed() -> None:
                output.close()
                self._closed()

            began = time.monotonic()
            try:
                target = _Child(self.facts.grader, limits, output, closed)
            except BaseException:
                closed()
                raise
            self.quickest_s = min(self.quickest_s, time.monotonic() - began)
        else:
            target = open_target(self.facts)
        profile = PROFILES[wire or self.wire]
        return Collector(target, self.subject, profile, self.budget, seconds or self.limits.seconds)
