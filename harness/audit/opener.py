"""Starts fresh copies of the audited grader in child processes with limits."""

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
"""Time limit for a grader that calls a service and may wait between retries."""
_RUNNING_S = 15.0
"""Time limit for a check that runs programs, which may take several seconds."""


@dataclass(frozen=True, slots=True)
class CallLimits:
    """Limits for one call of a grader in a child process."""

    seconds: float = 5.0
    memory_bytes: int = 1 << 30


class Output:
    """Reads the grader's output continuously, counts its bytes and keeps the first part."""

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
        """Stop reading after the grader's processes have ended."""
        os.close(self.write)
        self._thread.join(1.0)


class _Child(OwnProcessTarget):
    """A grader in a child process, with its output."""

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
    if asks_a_service(subject.sources):
        return CallLimits(_ASKING_S)
    return CallLimits(_RUNNING_S) if names_check(subject.sources, "checks.code:") else CallLimits()


class Opener:
    """Opens collectors for one grader, which all share a budget.

    Args:
        facts: The grader's target, from `harness.targets.opening.describe`.
        subject: The data.
        wire: The wire used for samples, a name from `graders.wire.PROFILES`.
        budget: The budget of the whole audit.
        limits: Limits for each call in a child process.
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
        """The service that handles requests to the judge while a child process is open."""
        self._open = 0
        self.quickest_s = math.inf
        """Shortest time taken so far to start a child process, in seconds. Infinite before the first one."""

    def _closed(self) -> None:
        """Stop the stub service when the last child process closes."""
        self._open -= 1
        if not self._open and self.service is not None:
            self.service.close()
            self.service = None

    @property
    def here(self) -> bool:
        """Whether the grader runs in a child process on this machine."""
        return isinstance(self.facts, InProcessFacts)

    @property
    def grader_name(self) -> str:
        """The grader's name in its file or module, or an empty string if unknown."""
        return self.facts.grader.rpartition(":")[2] if isinstance(self.facts, InProcessFacts) else ""

    @property
    def slow(self) -> bool:
        """Whether importing the grader takes so long that it should be started as rarely as possible."""
        return 0.6 < self.quickest_s < math.inf

    def open(
        self,
        *,
        wire: str | None = None,
        seconds: float | None = None,
        clock_ahead_s: float = 0.0,
        hash_seed: int | None = None,
    ) -> Collector:
        """Start a fresh copy of the grader.

        Args:
            wire: The wire, or None for the audit's wire.
            seconds: Time limit of a call, or None for the usual limit.
            clock_ahead_s: Number of seconds to set the grader's clock ahead. Requires a child process.
            hash_seed: Python's hash seed, which affects the order of sets. Requires a child process.

        Raises:
            InputError: The grader cannot be loaded.
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
