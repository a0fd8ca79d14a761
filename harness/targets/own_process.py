"""Grades in a separate process on this machine, so that a grader that crashes does not end this process.

A call that ends the process results in a fault with Lambda's wording, and the next call starts a new process.
The grader's output goes to the stderr that this process has when the grader's process starts.
"""

from __future__ import annotations

import contextlib
import json
import marshal
import os
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.data.typed_json import typed
from harness.errors import HarnessError, InputError, ServiceError
from harness.processes import end, end_group
from harness.targets.in_process import FUNCTION_SECONDS
from harness.targets.protocol import Answer, Graded, GraderFault

__all__ = [
    "HEARTBEAT",
    "DeclaredGrader",
    "OwnProcessTarget",
    "ProcessLimits",
    "how_it_ended",
    "longest_hold",
]

# The import path before a grader's folder was added, so that the process does not import that folder's
# `queue.py`.
_PATH = tuple(filter(None, sys.path))
_MAIN = "harness.targets.own_process_main"
_LOOK_S = 1.0
_LONGEST_MESSAGE = 1 << 30
IMPORT_SECONDS = 60
"""Time limit in seconds for the import of a grader that has limits."""
HEARTBEAT = b""
"""Message that the process sends every second during a call, unless C code holds the interpreter lock."""
_ERRORS = {1: HarnessError, 2: InputError, 3: ServiceError}


@dataclass(frozen=True, slots=True)
class DeclaredGrader:
    """A process's report about its grader, sent after the import."""

    sha256: str | None = None
    """Hash of the grader, as in `InProcessTarget.sha256`."""
    options: dict[str, Any] | None = None
    """The grader's declaration; None for a handwritten handler."""
    files: dict[str, str] = field(default_factory=dict)
    """SHA-256 of the user's files, as in `Fingerprint.files`."""
    packages: dict[str, str] = field(default_factory=dict)
    """Versions of installed packages, as in `Fingerprint.packages`."""
    error: str | None = None
    """Error message of the failed import; None if it succeeded."""
    exit_code: int = 2


@dataclass(frozen=True, slots=True)
class ProcessLimits:
    """Limits and environment for an untrusted grader."""

    seconds: float
    """Time limit for one call, after which the process and its descendants are killed."""
    memory_bytes: int
    """Memory that the process may allocate in addition to what it uses right after the grader's import."""
    output: int
    """File descriptor to which the process writes its output."""
    clock_ahead_s: float = 0.0
    """Number of seconds by which the process's clock is set ahead."""
    hash_seed: int | None = None
    """Python's hash seed, which determines the order of sets; None for a random one."""
    variables: Mapping[str, str] = field(default_factory=dict)
    """Additional environment variables."""


class OwnProcessTarget:
    """A grader in a separate process.

    Args:
        grader: `module:name` or `path/to/file.py:name`. The name may be omitted if it is the only grader.
        answers: Recorded answers to the grader's requests, so that no service is called; None to call the
            services.
        limits: Limits of the process; None for no limits.

    Raises:
        InputError: The module, file, grader or answers file does not exist, or the import failed or ended the
            process.
    """

    name = "in-process"
    max_bytes: int | None = None
    concurrency = 1

    def __init__(self, grader: str, answers: Path | None = None, limits: ProcessLimits | None = None) -> None:
        self._grader = grader
        self._answers = None if answers is None else str(answers.resolve())
        self._limits = limits
        self._process: _Process | None = _Process(grader, self._answers, limits)
        self._declared = self._process.declared

    @property
    def imported(self) -> DeclaredGrader:
        """Report of the grader's first process after the import."""
        return self._declared

    @property
    def pid(self) -> int | None:
        """ID of the grader's process; None if no process is running."""
        return None if self._process is None else self._process.pid

    @property
    def sha256(self) -> str | None:
        """Hash of the grader's files, packages and declaration; None for a grader without a file."""
        return self._declared.sha256

    @property
    def options(self) -> dict[str, Any] | None:
        """The grader's declaration; None for a handwritten handler."""
        return self._declared.options

    @property
    def bounds(self) -> tuple[float, float] | None:
        """The reward range that the grader declares; None for a handwritten handler."""
        if self.options is None:
            return None
        low, high = self.options["range"]
        return float(low), float(high)

    def grade(self, event: Any) -> Answer:
        """Grade the samples of one event."""
        if self._process is None:
            self._process = _Process(self._grader, self._answers, self._limits)
        started = time.perf_counter()
        answer = self._process.grade(event)
        if answer is not None:
            return answer
        how = self._process.end()
        fault = GraderFault("Runtime.ExitError", f"the grader ended its own process {how}")
        if self._process.late and self._limits is not None:
            message = f"the call took longer than {self._limits.seconds:g} seconds and was ended"
            fault = GraderFault("Sandbox.Timedout", message)
        self._process = None
        return Answer([], (time.perf_counter() - started) * 1000, fault)

    def print_to(self, log: Path) -> None:
        """Append the grader's output to an existing file until the process is restarted."""
        if self._process is not None:
            self._process.print_to(log)

    def restart(self) -> None:
        """End the process. The next call imports the grader again."""
        self.close()

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.end()
            self._process = None


class _Process:
    def __init__(self, grader: str, answers: str | None, limits: ProcessLimits | None) -> None:
        from multiprocessing.connection import Pipe  # takes 10 ms, so only replays that need it import it

        self._connection, theirs = Pipe()
        self._limits = limits
        self.late = False
        """True if the process was killed because a call exceeded its limit."""
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(_PATH)}
        environment |= limits.variables if limits is not None else {}
        if limits is not None and limits.hash_seed is not None:
            environment["PYTHONHASHSEED"] = str(limits.hash_seed)
        output = 2 if limits is None else limits.output
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", _MAIN, str(theirs.fileno())],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            pass_fds=[theirs.fileno()],
            env=environment,
            start_new_session=limits is not None,  # so that its whole group can be ended
        )
        theirs.close()
        self._held = False
        ahead, memory = (limits.clock_ahead_s, limits.memory_bytes) if limits else (0.0, None)
        self._send((grader, sys.path, answers, ahead, memory))
        try:
            said = self._heard(None, None if limits is None else IMPORT_SECONDS)
        except BaseException:  # Ctrl-C during a slow import
            self._process.kill()
            self.end()
            raise
        if said is None:
            how = self.end()
            fix = "Fix it so that Python can import it."
            if self.late:
                raise InputError(f"importing it took longer than {IMPORT_SECONDS} s", place=grader, fix=fix)
            raise InputError(f"importing it ended the process {how}", place=grader, fix=fix)
        self.pid = self._process.pid
        self.declared: DeclaredGrader = typed(DeclaredGrader, json.loads(said))
        if self.declared.error is not None:
            self.end()
            raise _ERRORS[self.declared.exit_code](self.declared.error)

    def grade(self, event: Any) -> Answer | None:
        """Grade one event, or return None if the process ended."""
        self._send(event)
        limit = None if self._limits is None else self._limits.seconds
        said = self._heard(longest_hold(self.declared.options), limit)
        if said is None:
            return None
        try:
            items, ms, fault, changed = json.loads(said)
            return Answer([Graded(*item) for item in items], ms, fault and GraderFault(*fault), changed)
        except (ValueError, TypeError):  # the grader replaced parts of Python in that process
            self._process.kill()
            return None

    def print_to(self, log: Path) -> None:
        """Redirect the process's output to a file. The message is a string, which an event never is."""
        self._send(str(log.resolve()))

    def end(self) -> str:
        """End the process if it still runs, and describe how it ended."""
        self._connection.close()
        if self._limits is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_LOOK_S)
        else:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(0.05)  # let the process end by itself before its group is killed
            end_group(self._process.pid)
        end(self._process)
        return how_it_ended(self._process.returncode, self._held)

    def _send(self, message: Any) -> None:
        with contextlib.suppress(OSError):  # the process has ended, as the next message will show
            self._connection.send_bytes(marshal.dumps(message))

    def _heard(self, limit: float | None, longest: float | None = None) -> bytes | None:
        """Receive the next message from the process.

        Args:
            limit: Maximum number of seconds for which C code may hold the interpreter lock.
            longest: Maximum number of seconds to wait in any case; None for no maximum.

        Returns:
            The message, or None if the process ended or was killed because of a limit.
        """
        alive = began = time.monotonic()
        while True:
            left = _LOOK_S if longest is None else began + longest - time.monotonic()
            if left <= 0:
                self.late = True
                self._process.kill()
                return None
            if self._connection.poll(min(left, _LOOK_S)):
                try:
                    said = self._message(None if longest is None else began + longest)
                except TimeoutError:
                    self.late = True
                    self._process.kill()
                    return None
                except (EOFError, OSError):
                    return None
                if said != HEARTBEAT:
                    return said
                alive = time.monotonic()
            elif self._process.poll() is not None:  # a leftover child may keep the connection open
                return None
            elif limit is not None and time.monotonic() - alive > limit:
                self._held = True
                self._process.kill()
                return None

    def _message(self, until: float | None) -> bytes:
        """Receive one whole message.

        Untrusted grader code may write to the connection, even only part of a message, so reading needs a
        deadline.

        Args:
            until: Deadline on the monotonic clock; None for no deadline.

        Raises:
            TimeoutError: The deadline passed.
            EOFError: The process closed the connection.
        """
        if until is None:
            return self._connection.recv_bytes()
        (size,) = struct.unpack("!i", self._bytes(4, until))
        if size == -1:  # `Connection.send_bytes` sends this before more than 2 GiB
            (size,) = struct.unpack("!Q", self._bytes(8, until))
        if not 0 <= size <= _LONGEST_MESSAGE:
            raise OSError("the data is not a message")
        return self._bytes(size, until)

    def _bytes(self, count: int, until: float) -> bytes:
        found = bytearray()
        while len(found) < count:
            if not self._connection.poll(max(0.0, until - time.monotonic())):
                raise TimeoutError
            part = os.read(self._connection.fileno(), min(count - len(found), 1 << 20))
            if not part:
                raise EOFError
            found += part
        return bytes(found)


def longest_hold(options: Mapping[str, Any] | None) -> float | None:
    """Return how long C code may hold the interpreter lock in seconds: one sample's limit plus a margin.

    Args:
        options: The grader's declaration; None for a handwritten handler, which gets the limit for a whole
            call.
    """
    limit = FUNCTION_SECONDS if options is None else options.get("timeout_s")
    return None if not isinstance(limit, int | float) else 2 * limit + 5


def how_it_ended(code: int, held: bool) -> str:
    """Describe how a grader's process ended.

    Args:
        code: The exit code; negative for a signal.
        held: True if the process was killed because C code held the interpreter lock.
    """
    if held:
        return "after its time limit: C code held it until it was killed"
    if code == -signal.SIGKILL:
        return f"by signal {-code}, which the system sends to a process that is out of memory"
    return f"by signal {-code} ({signal.strsignal(-code)})" if code < 0 else f"with exit code {code}"
