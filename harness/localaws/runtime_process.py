"""A function's process: the handler under the real `awslambdaric`, supervised from outside.

The process starts in a separate process group. A message in the Runtime API reports that it ended or exceeded
the function's memory. The process is frozen between events, and it is killed with all its descendants, even
if the harness itself is killed. A descendant that detached completely (two forks and a new session) cannot
be killed. In Lambda it would disappear with the machine.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil

from harness.localaws.logs import LogTail
from harness.localaws.memory import peak_bytes, resident_bytes
from harness.localaws.runtime_api import Message, RuntimeApi
from harness.processes import descendants, end, end_group

__all__ = ["RuntimeProcess"]

_MB = 1024 * 1024
_BUSY_SECONDS = 0.01
_IDLE_SECONDS = 0.1
# The guard's script waits for the end of its input, which comes when the harness ends for any reason.
_GUARD = 'read -r line; kill -9 "-$1"; shift; [ $# = 0 ] || rm -rf -- "$@"'

_running: weakref.WeakSet[RuntimeProcess] = weakref.WeakSet()


class RuntimeProcess:
    """One process, from start to end.

    Args:
        command: The command to run.
        api: The Runtime API for this process alone.
        logs: Receives the process's output.
        variables: The process's complete environment.
        memory_mb: The process's memory limit.
        leftovers: Folders to remove if the harness is killed.
    """

    def __init__(
        self,
        command: Sequence[str],
        api: RuntimeApi,
        logs: LogTail,
        variables: Mapping[str, str],
        *,
        memory_mb: int,
        leftovers: Sequence[Path] = (),
    ) -> None:
        self.api = api
        self.busy = True
        """True while an init or an invocation is running. Memory is then checked more often."""
        self._limit = memory_mb * _MB
        self._signals = threading.Lock()
        self._cpu = 0.0
        self._seen = 0
        self._ended = threading.Event()
        reading, writing = os.pipe()
        self.started = time.perf_counter()
        try:
            self._process = subprocess.Popen(
                command,
                env=dict(variables),
                stdin=subprocess.DEVNULL,
                stdout=writing,
                stderr=writing,
                process_group=0,
            )
        except BaseException:
            os.close(reading)
            raise
        finally:
            os.close(writing)
        _running.add(self)
        self._seen_from_outside = psutil.Process(self.pid)
        logs.attach(reading)
        # Otherwise a hanging handler would outlive a killed harness and keep a core busy forever.
        self._guard = subprocess.Popen(
            ["/bin/sh", "-c", _GUARD, "guard", str(self.pid), *map(str, leftovers)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            process_group=0,
        )
        self._waiter = threading.Thread(target=self._await_end, name="function end", daemon=True)
        self._waiter.start()
        threading.Thread(target=self._watch_memory, name="function memory", daemon=True).start()

    @property
    def pid(self) -> int:
        """The process's id, which is also the id of its group."""
        return self._process.pid

    def peak(self) -> int:
        """Return the peak memory so far, in bytes."""
        self._seen = max(self._seen, peak_bytes(self.pid))
        return self._seen

    def over_limit(self) -> bool:
        """Return True if the process ever exceeded the function's memory."""
        return self.peak() > self._limit

    def cpu_ms(self) -> float | None:
        """Return the processor time since the last call, in milliseconds, or None if the process is gone.

        The time includes the process's children.
        """
        try:
            now = self._cpu_seconds()
        except (psutil.Error, OSError):
            return None
        before, self._cpu = self._cpu, now
        return max(0.0, now - before) * 1000

    def _cpu_seconds(self) -> float:
        times = self._seen_from_outside.cpu_times()
        children: float = times.children_user + times.children_system
        for child in descendants(self.pid)[1:]:
            with contextlib.suppress(psutil.Error):
                children += sum(psutil.Process(child).cpu_times()[:2])
        if sys.platform != "linux":
            return float(times.user + times.system + children)
        # The process's exact clock, see clock_getcpuclockid(3); /proc counts in hundredths of a second.
        return float(time.clock_gettime((~self.pid << 3) | 2) + children)

    def freeze(self) -> None:
        """Freeze the process and its group, as Lambda does between two events."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let the frozen process continue."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: int) -> None:
        with self._signals, contextlib.suppress(ProcessLookupError, PermissionError):
            if self in _running:
                os.killpg(self.pid, number)

    def kill(self) -> None:
        """End the process and its descendants. Calling it again has no effect."""
        with self._signals:
            known = self in _running
            _running.discard(self)
        if known:
            self.peak()
            end(self._guard)
            end_group(self.pid)
            self._waiter.join()
            self._process.wait()
            self.api.close()

    def _await_end(self) -> None:
        """Report that the process has ended.

        The process's id stays in use until `kill`, so that `kill` cannot hit another process.
        """
        if hasattr(os, "waitid"):
            result = os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT)
            status = result.si_status if result is not None else 0
            code = status if result is not None and result.si_code == os.CLD_EXITED else -status
        else:
            code = self._process.wait()
        self._ended.set()
        self.api.messages.put(Message("exited", returncode=code))

    def _watch_memory(self) -> None:
        """Kill the process tree if its memory exceeds the limit, as Lambda does."""
        while not self._ended.wait(_BUSY_SECONDS if self.busy else _IDLE_SECONDS):
            held = resident_bytes(self.pid)
            self._seen = max(self._seen, held)
            if held > self._limit:
                self.api.messages.put(Message("memory"))
                end_group(self.pid)
                return


@atexit.register
def _kill_all() -> None:
    """Kill all handlers when the harness ends without closing its runtimes."""
    for process in list(_running):
        process.kill()
