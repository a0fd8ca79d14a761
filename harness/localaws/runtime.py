"""Runs a function's artifact on this machine, in a limited number of execution environments.

As in Lambda, idle environments are reused, starting with the last used, and new ones start if all are busy.
`LocalRuntimeTarget` and the Invoke API are built on this module, which itself uses no HTTP.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from uuid import uuid4

from harness.errors import InputError
from harness.localaws import limits
from harness.localaws.confinement import Confinement, Protection
from harness.localaws.function import FunctionSpec
from harness.localaws.interpreter import find_interpreter
from harness.localaws.limits import Fault
from harness.localaws.sandbox import Invocation, Sandbox

__all__ = ["Invocation", "LocalRuntime", "InvokeRefused"]


class InvokeRefused(Exception):
    """The service refused to run the event.

    Args:
        fault: The reason.
        status: The HTTP status of the Invoke API.
    """

    def __init__(self, fault: Fault, status: int) -> None:
        super().__init__(fault.message)
        self.fault = fault
        self.status = status


class LocalRuntime:
    """Runs one function. Thread-safe.

    Args:
        spec: The function.
        concurrency: Maximum number of execution environments at the same time.
        wait: True if a call waits while all environments are busy; False if the call is throttled.
        sdk: True if the function may import boto3, as in Lambda.
        passed: Names of variables that the function receives from this process. If such a variable names a
            file, the function can read the file.
        credentials: AWS credentials as variables, which a deployed function gets from its role.
        log_file: Receives the output of all environments, up to 64 MB each.
        init_timeout_s: Time limit of the init phase, in seconds.
        protection: The required protection; None for the best that this machine supports.

    Raises:
        InputError: `awslambdaric` is not installed, the cache folder cannot be written, or a variable to pass
            is not set in this process or is set by the template.
    """

    def __init__(
        self,
        spec: FunctionSpec,
        *,
        concurrency: int = 1,
        wait: bool = True,
        sdk: bool = True,
        passed: Iterable[str] = (),
        credentials: Mapping[str, str] | None = None,
        log_file: Path | None = None,
        init_timeout_s: float = limits.INIT_SECONDS,
        protection: Protection | None = None,
    ) -> None:
        self.spec = spec
        self._passed = {**(credentials or {}), **{name: _variable(spec, name) for name in passed}}
        self.interpreter = find_interpreter(spec.runtime, sdk=sdk)
        self._confinement = Confinement(
            spec, self.interpreter, protection=protection, shown=self._passed.values()
        )
        self._log_file = log_file
        self._init_timeout_s = init_timeout_s
        self._wait = wait
        self._room = threading.BoundedSemaphore(concurrency)
        self._lock = threading.Lock()
        self._idle: list[Sandbox] = []
        self._closed = False

    @property
    def protection(self) -> Protection:
        """The protection that keeps the function from writes that Lambda forbids."""
        return self._confinement.protection

    @property
    def interpreter_note(self) -> str | None:
        """Message for the user if this is not the Python version of the function's runtime."""
        return self.interpreter.note

    def __enter__(self) -> LocalRuntime:
        """Return the runtime. All its processes end with the `with` block."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def invoke(
        self,
        payload: bytes,
        *,
        arn: str | None = None,
        request_id: str | None = None,
        client_context: str | None = None,
    ) -> Invocation:
        """Run one event to completion.

        Args:
            payload: The event, as JSON.
            arn: The ARN that the caller used; None for the function's own ARN.
            request_id: The invocation's id; None for a new id.
            client_context: The caller's client context, as a JSON object in ASCII.

        Raises:
            InvokeRefused: The event is over 6 MB, all environments are busy and `wait` is off, or the runtime
                was closed.
        """
        if len(payload) > limits.REQUEST_BYTES:
            raise InvokeRefused(limits.request_too_large(len(payload)), 413)
        if not self._room.acquire(blocking=self._wait):
            raise InvokeRefused(Fault("TooManyRequestsException", "Rate Exceeded."), 429)
        try:
            sandbox = self._take()
            try:
                used = arn or self.spec.arn
                return sandbox.invoke(request_id or str(uuid4()), payload, used, client_context)
            finally:
                self._give_back(sandbox)
        finally:
            self._room.release()

    def restart(self) -> None:
        """End every idle environment, so that the next event gets a cold start."""
        with self._lock:
            idle, self._idle = self._idle, []
        for sandbox in idle:
            sandbox.close()

    def close(self) -> None:
        """End every idle environment. A busy environment ends after its event."""
        with self._lock:
            self._closed = True
        self.restart()
        self._confinement.close()

    def _take(self) -> Sandbox:
        with self._lock:
            if self._closed:
                raise InvokeRefused(Fault("ServiceException", "this runtime was closed"), 500)
            if self._idle:
                return self._idle.pop()
        return Sandbox(
            self.spec,
            self.interpreter,
            self._confinement,
            init_timeout_s=self._init_timeout_s,
            passed=self._passed,
            log_file=self._log_file,
        )

    def _give_back(self, sandbox: Sandbox) -> None:
        with self._lock:
            if not self._closed:
                self._idle.append(sandbox)
                return
        sandbox.close()


def _variable(spec: FunctionSpec, name: str) -> str:
    if name in spec.environment:
        raise InputError(
            f"the template sets {name}",
            place=spec.name,
            fix="Change it there, because the job uses the template's value.",
        )
    if name not in os.environ:
        raise InputError(f"the variable {name} is not set here", fix=f"Set {name}, or leave out --pass-env.")
    return os.environ[name]
