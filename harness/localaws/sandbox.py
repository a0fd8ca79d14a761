"""An execution environment: it starts a process, runs one event at a time, and replaces a failed process.

There are two time limits. The init phase may take ten seconds. If it fails, Lambda repeats it inside the
invocation, under the function's timeout, and reports only a second failure. Between events the process is
frozen. A timeout, an exit or too much memory ends the whole environment, and the next event starts a new
environment. `docs/local-lambda.md` lists the differences from Lambda.
"""

from __future__ import annotations

import itertools
import math
import shutil
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from queue import Empty
from typing import NamedTuple
from uuid import uuid4

from harness.localaws import limits
from harness.localaws.confinement import Confinement, Protection
from harness.localaws.function import FunctionSpec
from harness.localaws.interpreter import Interpreter
from harness.localaws.limits import Fault
from harness.localaws.logs import LogTail
from harness.localaws.runtime_api import Message, RuntimeApi, Work
from harness.localaws.runtime_process import RuntimeProcess
from harness.localaws.variables import function_variables

__all__ = ["Invocation", "Sandbox"]

_MB = 1024 * 1024
_serial = itertools.count(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """The outcome and the measurements of one event."""

    request_id: str
    payload: bytes
    """The bytes that the caller receives: the handler's unchanged response, or the error document."""
    fault: Fault | None
    """The error, if the function failed."""
    duration_ms: float
    """Time from passing the event to the process until the response, or until the process was killed."""
    estimate_ms: float | None
    """Estimated duration of the call in Lambda, for the function's memory size. None if the process ended
    before its processor time could be measured.
    """
    init_ms: float | None
    """Time from the process's start to its first request for work; None if the environment was warm."""
    cold_start_ms: float | None
    """Time from the process's start to the response; None for a warm environment, or without a response."""
    peak_memory_mb: float
    """Peak memory of the environment up to the end of this event."""
    log: str
    """The log of this invocation. A long log is cut to its end."""

    @property
    def log_tail(self) -> str:
        """The end of the log, at most 4 KB, as in `LogType=Tail`."""
        return self.log.encode()[-limits.LOG_TAIL_BYTES :].decode("utf-8", "ignore")


class Sandbox:
    """Runs one event at a time. Not thread-safe.

    Args:
        spec: The function.
        interpreter: The interpreter that runs the function.
        confinement: Confines the function's processes.
        init_timeout_s: Time limit of the init phase, in seconds.
        passed: Additional variables for the function, from the engineer's environment.
        log_file: Also receives the function's output.
    """

    def __init__(
        self,
        spec: FunctionSpec,
        interpreter: Interpreter,
        confinement: Confinement,
        *,
        init_timeout_s: float = limits.INIT_SECONDS,
        passed: Mapping[str, str] | None = None,
        log_file: Path | None = None,
    ) -> None:
        self._spec = spec
        self._interpreter = interpreter
        self._confinement = confinement
        self._init_timeout_s = init_timeout_s
        self._passed = passed
        self._logs = LogTail(log_file)
        self._scratch: Path | None = None
        if confinement.protection is not Protection.NAMESPACE:
            self._scratch = Path(tempfile.mkdtemp(prefix="rft-lambda-tmp-"))
        self._log_stream = f"local/[{spec.version}]{next(_serial):032x}"
        self._process: RuntimeProcess | None = None

    def close(self) -> None:
        """End the process and remove its files."""
        self._discard()
        self._logs.close()
        if self._scratch is not None:
            shutil.rmtree(self._scratch, ignore_errors=True)

    def invoke(
        self, request_id: str, payload: bytes, arn: str, client_context: str | None = None
    ) -> Invocation:
        """Run one event.

        Args:
            request_id: The invocation's id.
            payload: The event, as JSON.
            arn: The ARN that the caller used; the handler sees it in its context.
            client_context: The caller's client context as JSON; the handler sees it in its context.
        """
        offset = self._logs.offset
        self._logs.write(f"START RequestId: {request_id} Version: {self._spec.version}\n")
        start = _Start(None, self._spec.timeout_s, None) if self._is_ready() else self._initialize(request_id)
        began = time.perf_counter()
        message, process, cpu_ms = None, self._process, None
        if process is not None:
            process.busy = True
            if start.init_ms is not None:
                process.cpu_ms()  # the init phase does not count as part of the call
            work = Work(request_id, payload, 0, arn, _trace_id(), client_context)
            message = self._hand_over(process, work, start.left_s)
            process.busy = False
            cpu_ms = process.cpu_ms()
        ended = time.perf_counter()
        fault = start.fault or self._fault(message, request_id)
        written = fault is None and self._confinement.changed()
        if written:
            fault, message = limits.changed_artifact(written), None
        answered = message is not None and message.kind in _ANSWERS
        cold_start = None
        if process is not None and answered and start.init_ms is not None:
            cold_start = _ms(ended - process.started)
        peak = self._peak_mb()
        if not answered:
            self._discard()
        duration = _ms(ended - began + self._spec.timeout_s - start.left_s)
        estimate = None
        if cpu_ms is not None:
            estimate = limits.duration_in_lambda(duration, cpu_ms, self._spec.memory_mb)
        self._logs.write(_report(request_id, self._spec, duration, peak, start.init_ms, fault, message))
        body = message.body if message is not None else b""
        return Invocation(
            request_id=request_id,
            payload=body or start.payload or (fault.payload() if fault else b""),
            fault=fault,
            duration_ms=duration,
            estimate_ms=estimate,
            init_ms=start.init_ms,
            cold_start_ms=cold_start,
            peak_memory_mb=peak,
            log=self._logs.since(offset),
        )

    def _is_ready(self) -> bool:
        """Return True if a process waits for work. Clean up a process that ended after its last response."""
        if self._process is None:
            return False
        message = _receive(self._process, self._spec.timeout_s)
        if message is not None and message.kind == "next":
            return True
        self._discard()
        return False

    def _initialize(self, request_id: str) -> _Start:
        """Start the process. If that fails, start it again under the function's timeout."""
        message, took = self._spawn(self._init_timeout_s)
        if message is not None and message.kind == "next":
            return _Start(_ms(took), self._spec.timeout_s, None)
        self._logs.write(_init_report("init", took, message))
        message, took = self._spawn(self._spec.timeout_s)
        left = max(0.0, self._spec.timeout_s - took)
        if message is not None and message.kind == "next":
            return _Start(_ms(took), left, None)
        self._logs.write(_init_report("invoke", took, message))
        self._discard()
        return _Start(_ms(took), left, self._fault(message, request_id), message.body if message else b"")

    def _spawn(self, seconds: float) -> tuple[Message | None, float]:
        """Start a new process, and return its first message and the seconds until the message."""
        self._discard()
        api = RuntimeApi(self._freeze)
        try:
            variables = function_variables(
                self._spec,
                api=api.address,
                root=self._confinement.root,
                programs=self._interpreter.executable.parent,
                log_stream=self._log_stream,
                scratch=self._scratch,
                passed=self._passed,
            )
            leftovers = [folder for folder in (self._scratch, self._confinement.copy) if folder is not None]
            self._process = RuntimeProcess(
                self._confinement.command("-m", "awslambdaric", self._spec.handler, scratch=self._scratch),
                api,
                self._logs,
                variables,
                memory_mb=self._spec.memory_mb,
                leftovers=leftovers,
            )
        except BaseException:
            api.close()
            raise
        message = _receive(self._process, seconds)
        return message, time.perf_counter() - self._process.started

    def _freeze(self) -> None:
        """Freeze the processes that the function left running, until the next event."""
        if self._process is not None:
            self._process.freeze()

    def _hand_over(self, process: RuntimeProcess, work: Work, seconds: float) -> Message | None:
        """Pass the event to the process and wait for the result; return None after the time limit."""
        process.thaw()
        process.api.give(work._replace(deadline_ms=math.floor((time.time() + seconds) * 1000)))
        message = _receive(process, seconds)
        # The process exceeded its memory between two checks and still responded. Lambda would have killed it.
        if message is not None and message.kind in _ANSWERS and process.over_limit():
            return Message("memory")
        return message

    def _fault(self, message: Message | None, request_id: str) -> Fault | None:
        """Return the error that Lambda reports for a message; None for a response."""
        if message is None:
            return limits.timed_out(request_id, self._spec.timeout_s)
        if message.kind in ("error", "init_error"):
            return limits.from_payload(message.body)
        if message.kind == "exited":
            return limits.exited(request_id, message.returncode)
        if message.kind == "memory":
            return limits.out_of_memory(request_id)
        return limits.response_too_large() if message.kind == "too_large" else None

    def _peak_mb(self) -> float:
        return self._process.peak() / _MB if self._process is not None else 0.0

    def _discard(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process = None


class _Start(NamedTuple):
    init_ms: float | None
    left_s: float
    """The remaining time of the function's timeout."""
    fault: Fault | None
    payload: bytes = b""
    """The error document that the process posted."""


_ANSWERS = ("response", "error", "too_large")
"""Kinds of messages after which the process stays alive."""


def _receive(process: RuntimeProcess, seconds: float) -> Message | None:
    """Return the process's next message; None if no message arrives in time."""
    try:
        return process.api.messages.get(timeout=seconds)
    except Empty:
        return None


def _init_report(phase: str, seconds: float, message: Message | None) -> str:
    status = "timeout" if message is None else "error"
    return f"INIT_REPORT Init Duration: {_ms(seconds):.2f} ms\tPhase: {phase}\tStatus: {status}\n"


def _ms(seconds: float) -> float:
    return seconds * 1000


def _trace_id() -> str:
    """Return an X-Ray header that turns sampling off."""
    return f"Root=1-{int(time.time()):08x}-{uuid4().hex[:24]};Sampled=0"


def _report(
    request_id: str,
    spec: FunctionSpec,
    duration_ms: float,
    peak_mb: float,
    init_ms: float | None,
    fault: Fault | None,
    message: Message | None,
) -> str:
    """Return the last lines of an invocation's log, in Lambda's text format."""
    lines = ""
    if fault is not None and fault.error_type == "Sandbox.Timedout":
        lines += f"{request_id} Task timed out after {spec.timeout_s:.2f} seconds\n\n"
    elif fault is not None and fault.error_type == "Runtime.ExitError":
        lines += f"{fault.message}\n{fault.error_type}\n"
    lines += f"END RequestId: {request_id}\nREPORT RequestId: {request_id}\tDuration: {duration_ms:.2f} ms\t"
    lines += f"Billed Duration: {math.ceil(duration_ms)} ms\tMemory Size: {spec.memory_mb} MB\t"
    lines += f"Max Memory Used: {min(math.ceil(peak_mb), spec.memory_mb)} MB\t"
    if init_ms is not None:
        lines += f"Init Duration: {init_ms:.2f} ms\t"
    if message is not None and message.kind == "memory":
        lines += "Status: error\tError Type: Runtime.OutOfMemory\t"
    return lines + "\n"
