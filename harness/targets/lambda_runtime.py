"""Grades in the built artifact, under the client that Lambda runs handlers with, on this machine.

A function that fails, hangs, exits or outgrows its memory is a `GraderFault` worded as Lambda words it, and
the next event finds a fresh process.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from time import perf_counter
from typing import Any

from harness.errors import InputError
from harness.localaws.confinement import Protection
from harness.localaws.function import FunctionSpec
from harness.localaws.runtime import InvokeRefused, LocalRuntime
from harness.targets.function_report import FunctionReport
from harness.targets.payload import MAX_EVENT, encode, read
from harness.targets.protocol import Answer, GraderFault, ServiceFault

__all__ = ["LocalRuntimeTarget"]

_MOST_AT_ONCE = 4


class LocalRuntimeTarget:
    """A function's artifact under the local Lambda runtime.

    Args:
        spec: The function.
        concurrency: How many execution environments at once; by default one a core, four at most.
        passed: Names of variables that the function gets from this process.
        credentials: AWS credentials as variables.
        log_file: Gets the function's output.
        protection: Insist on this one instead of the best that this machine allows.

    Raises:
        InputError: `awslambdaric` is not installed, or the cache folder cannot be written.
    """

    name = "lambda-runtime"
    max_bytes: int | None = MAX_EVENT

    def __init__(
        self,
        spec: FunctionSpec,
        *,
        concurrency: int | None = None,
        passed: Iterable[str] = (),
        credentials: Mapping[str, str] | None = None,
        log_file: Path | None = None,
        protection: Protection | None = None,
    ) -> None:
        self.concurrency = concurrency or min(_MOST_AT_ONCE, os.cpu_count() or 1)
        self.spec = spec
        self._runtime = LocalRuntime(
            spec,
            concurrency=self.concurrency,
            passed=passed,
            credentials=credentials,
            log_file=log_file,
            protection=protection,
        )
        self.protection = self._runtime.protection
        """What keeps the function from writing where it cannot in Lambda."""
        self._code_sha256 = spec.code_sha256()
        self.notes = tuple(_notes(spec, self._runtime))
        """How this differs from the deployed function, a sentence each."""
        self.cold_starts_ms: list[float] = []
        """From a process's start to its first answer, one for each process that got so far."""
        self._calls = 0
        self._longest_ms: float | None = None
        self.peak_memory_mb = 0.0
        """The most that any environment held."""

    def grade(self, event: Any) -> Answer:
        """Grade the samples of one event."""
        payload = encode(event)
        if isinstance(payload, ServiceFault):
            return Answer([], 0.0, payload)
        started = perf_counter()
        try:
            invocation = self._runtime.invoke(payload)
        except InvokeRefused as refused:
            fault = ServiceFault(refused.fault.error_type, refused.fault.message, refused.status == 429)
            return Answer([], _since(started), fault)
        ms = _since(started)
        self.peak_memory_mb = max(self.peak_memory_mb, invocation.peak_memory_mb)
        self._calls += 1
        if invocation.estimate_ms is not None:
            self._longest_ms = max(self._longest_ms or 0.0, invocation.estimate_ms)
        if invocation.cold_start_ms is not None:
            self.cold_starts_ms.append(invocation.cold_start_ms)
        if invocation.fault is not None:
            return Answer([], ms, GraderFault(invocation.fault.error_type, invocation.fault.message))
        return read(invocation.payload, event, ms)

    def report(self) -> FunctionReport:
        """What was measured so far."""
        return FunctionReport(
            protection=str(self.protection),
            says=self.protection.sentence,
            calls=self._calls,
            memory_mb=self.spec.memory_mb,
            timeout_s=self.spec.timeout_s,
            longest_ms=None if self._longest_ms is None else round(self._longest_ms, 1),
            peak_memory_mb=round(self.peak_memory_mb, 1),
            cold_start_ms=round(self.cold_starts_ms[0], 1) if self.cold_starts_ms else None,
        )

    def restart(self) -> None:
        """End every environment that waits: the next call finds a cold start."""
        self._runtime.restart()

    def close(self) -> None:
        """End every process.

        Raises:
            InputError: The artifact is not the one that grading began with.
        """
        self._runtime.close()
        if self.spec.code_sha256() != self._code_sha256:
            raise InputError(
                "the artifact changed while it graded",
                place=str(self.spec.artifact),
                fix="Run the same command again, and build nothing meanwhile.",
            )


def _notes(spec: FunctionSpec, runtime: LocalRuntime) -> Iterator[str]:
    if runtime.interpreter_note is not None:
        yield runtime.interpreter_note
    machine = {"AMD64": "x86_64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    if spec.architecture != machine:
        what = f"the function is for {spec.architecture} and this machine is {machine}"
        yield f"parity is not proven for compiled code: {what}"
    yield from spec.notes


def _since(started: float) -> float:
    return (perf_counter() - started) * 1000
