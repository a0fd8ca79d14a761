"""Grades with the built artifact on this machine, using the same runtime client as Lambda.

If a function fails, hangs, exits or exceeds its memory, the result is a `GraderFault` with Lambda's wording.
If its process ended, the next event gets a new one.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from time import perf_counter
from typing import Any

from harness.data.typed_json import as_json
from harness.disk import write_json
from harness.errors import InputError
from harness.localaws.compiled import compiled_files, misfits, why_not_here
from harness.localaws.confinement import Protection
from harness.localaws.function import FunctionSpec
from harness.localaws.manifest import changed_sources, counted
from harness.localaws.platforms import architecture_here
from harness.localaws.runtime import Invocation, InvokeRefused, LocalRuntime
from harness.processes import cores
from harness.targets.function_report import FILE, LOG, FunctionReport
from harness.targets.payload import MAX_EVENT, encode, read
from harness.targets.protocol import Answer, GraderFault, ServiceFault

__all__ = ["LocalRuntimeTarget", "differences"]

_MOST_AT_ONCE = 4
_PLATFORM = (
    "START RequestId:",
    "END RequestId:",
    "REPORT RequestId:",
    "INIT_REPORT",
    "RequestId:",
    "Runtime.",
)
"""Prefixes of Lambda's own log lines."""


class LocalRuntimeTarget:
    """A function's artifact in the local Lambda runtime.

    Args:
        spec: The function.
        concurrency: Maximum number of execution environments; None for one per core, but at most four.
        passed: Names of environment variables to pass from this process to the function.
        credentials: AWS credentials as environment variables.
        run: The run's folder, which receives the function's log and, at the end, the measurements.
        protection: The required protection; None for the best that this machine supports.

    Raises:
        InputError: The artifact's compiled code does not fit the function or this machine, `awslambdaric` is
            not installed, or the cache folder cannot be written.
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
        run: Path | None = None,
        protection: Protection | None = None,
    ) -> None:
        _refuse_misfits(spec)
        self.concurrency = concurrency or min(_MOST_AT_ONCE, cores())
        self.spec = spec
        self._runtime = LocalRuntime(
            spec,
            concurrency=self.concurrency,
            passed=passed,
            credentials=credentials,
            log_file=run / LOG if run is not None else None,
            protection=protection,
        )
        self.protection = self._runtime.protection
        """The mechanism that keeps the function from writing where Lambda would not allow it."""
        self._code_sha256 = spec.code_sha256()
        self._run = run
        self.notes = tuple(differences(spec, self._runtime.interpreter_note))
        """Differences from the deployed function, one sentence each."""
        self.cold_starts_ms: list[float] = []
        """Time from a process's start to its first response, for each process that responded."""
        self._calls = 0
        self._longest_ms: float | None = None
        self.peak_memory_mb = 0.0
        """Highest memory use of any environment."""

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
            message = f"{invocation.fault.located}{self._why(invocation)}"
            return Answer([], ms, GraderFault(invocation.fault.error_type, message))
        return _explained(read(invocation.payload, event, ms), invocation.log)

    def _why(self, invocation: Invocation) -> str:
        """Explain in more detail than Lambda does why a process ended."""
        if invocation.fault is None or invocation.fault.error_type != "Runtime.ExitError":
            return ""
        if invocation.peak_memory_mb > self.spec.memory_mb:
            return f" (it used more than its {self.spec.memory_mb} MB of memory)"
        last = [line for line in invocation.log.splitlines() if line and not line.startswith(_PLATFORM)]
        return f" (its log ends: {last[-1][:200]})" if last else ""

    def report(self) -> FunctionReport:
        """Return the measurements of all calls so far."""
        return FunctionReport(
            protection=str(self.protection),
            says=self.protection.sentence,
            notes=self.notes,
            calls=self._calls,
            memory_mb=self.spec.memory_mb,
            timeout_s=self.spec.timeout_s,
            longest_ms=None if self._longest_ms is None else round(self._longest_ms, 1),
            peak_memory_mb=round(self.peak_memory_mb, 1),
            cold_start_ms=round(self.cold_starts_ms[0], 1) if self.cold_starts_ms else None,
        )

    def restart(self) -> None:
        """End every idle environment, so that the next call is a cold start."""
        self._runtime.restart()

    def close(self) -> None:
        """End every process.

        Raises:
            InputError: The artifact has changed since grading started.
        """
        self._runtime.close()
        if self._run is not None and self._calls:
            write_json(self._run / FILE, as_json(self.report()))
        if self.spec.code_sha256() != self._code_sha256:
            raise InputError(
                "the artifact changed during grading",
                place=str(self.spec.artifact),
                fix="Run the same command again, without building at the same time.",
            )


def _refuse_misfits(spec: FunctionSpec) -> None:
    """Reject compiled code that either Lambda or this machine cannot load."""
    files = list(compiled_files(spec.artifact))
    if spec.declared and (found := misfits(files, spec.runtime, spec.architecture)):
        fix = "Lambda could not load it. Run `sam build` again, with wheels for the function's platform."
        raise InputError("; ".join(found), place=str(spec.artifact), fix=fix)
    if (why := why_not_here(files)) is not None:
        fix = "Deploy it and pass --arn, or run the same command on a machine like the function's."
        raise InputError(f"not measured: {why}", place=str(spec.artifact), fix=fix)


def differences(spec: FunctionSpec, interpreter_note: str | None) -> Iterator[str]:
    """Yield one sentence per difference between the local runtime and the deployed function.

    Args:
        spec: The function.
        interpreter_note: A note about the interpreter, which counts as a difference.
    """
    if interpreter_note is not None:
        yield interpreter_note
    if spec.architecture != architecture_here():
        what = f"the function is built for {spec.architecture}, but this machine is {architecture_here()}"
        yield f"parity is not proven: {what}; the artifact has no compiled code"
    if changed := changed_sources(spec.artifact):
        what = f"{counted(changed)} changed since it was built"
        yield f"the artifact is older than its sources: {what}; run `sam build` again"
    yield from spec.notes


def _explained(answer: Answer, log: str) -> Answer:
    """Add places from the grader's log to failed samples, whose responses contain only an error's kind."""
    if not any(one.error for one in answer.items):
        return answer
    origins = ", ".join(_origins(log))
    items = [
        one._replace(error={**one.error, "message": f"{origins} (see {LOG})"})
        if one.error and origins and one.error["kind"] != "abstain"
        else one
        for one in answer.items
    ]
    return answer._replace(items=items)


def _origins(log: str) -> list[str]:
    """Return error types with file and line, from the log line that the library writes for a batch."""
    for line in reversed(log.splitlines()):
        if '"origins"' in line:
            try:
                origins = json.loads(line)["origins"]
            except (ValueError, KeyError, TypeError):
                continue
            return [str(origin) for origin in origins] if isinstance(origins, list) else []
    return []


def _since(started: float) -> float:
    return (perf_counter() - started) * 1000
