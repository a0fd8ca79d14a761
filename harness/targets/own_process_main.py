"""Runs as the process of an `OwnProcessTarget`: imports a grader and grades the events that it receives.

The process ends as soon as its parent process ends.
"""

from __future__ import annotations

import faulthandler
import io
import json
import marshal
import os
import queue
import signal
import sys
import threading
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from harness.data.typed_json import as_json
from harness.errors import HarnessError
from harness.import_path import use_path
from harness.targets.answered import open_here, played_book
from harness.targets.in_process import InProcessTarget
from harness.targets.own_process import HEARTBEAT, DeclaredGrader

_BEAT_S = 1.0
_PR_SET_PDEATHSIG = 1  # <linux/prctl.h>
_THREAD_STACK = 1 << 20


def main() -> None:
    """Grade events until the parent closes the connection."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides what Ctrl-C means
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(line_buffering=True)  # no output is lost if the process ends
    faulthandler.enable()  # a crash then prints its place in the log
    connection = Connection(int(sys.argv[1]))
    orders: queue.SimpleQueue[Any] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(connection, orders), daemon=True).start()
    busy, speaking = threading.Event(), threading.Lock()
    threading.Thread(target=_beat, args=(connection, busy, speaking), daemon=True).start()
    grader, path, answers, ahead, memory = orders.get()
    use_path(path)
    if ahead:
        _move_clock(ahead)
    try:
        opened = open_here(grader, book=None if answers is None else played_book(Path(answers)))
        target = opened if isinstance(opened, InProcessTarget) else opened.inner
        assert isinstance(target, InProcessTarget)
        target.watches = memory is not None
        made_of = target.fingerprint
        declared = DeclaredGrader(target.sha256, target.options, made_of.files, made_of.packages)
    except HarnessError as error:
        declared = DeclaredGrader(error=str(error), exit_code=error.exit_code)
    if memory is not None:
        _end_with_the_parent()
        _limit_memory(memory)
    answer: Any = as_json(declared)
    while True:
        with speaking:
            busy.clear()
            connection.send_bytes(json.dumps(answer).encode())
        event = orders.get()
        busy.set()
        answer = opened.grade(event)


def _end_with_the_parent() -> None:
    """Make Linux end this process when the thread that started it ends.

    The listening thread also ends the process, but C code may hold the interpreter lock forever.
    """
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _limit_memory(more: int) -> None:
    """Allow this many bytes beyond the current use. Allocations beyond the limit raise MemoryError."""
    import resource

    import psutil

    used = psutil.Process().memory_info()
    # Linux can limit writable memory; elsewhere only the whole address space can be limited.
    kind, now = (
        (resource.RLIMIT_DATA, used.rss) if sys.platform == "linux" else (resource.RLIMIT_AS, used.vms)
    )
    _, most = resource.getrlimit(kind)
    # A thread's whole stack counts, 8 MiB by default, although most of it stays unused. A grader that starts
    # a thread for each sample would run out of memory that it never used.
    threading.stack_size(_THREAD_STACK)
    limit = now + more
    resource.setrlimit(kind, (limit if most == resource.RLIM_INFINITY else min(limit, most), most))


def _move_clock(ahead: float) -> None:
    """Set the grader's clock ahead, in `time` and `datetime` but not in measured durations."""
    import datetime
    import time as clock

    real_time, real_ns = clock.time, clock.time_ns
    delta = datetime.timedelta(seconds=ahead)

    class LateDatetime(datetime.datetime):
        @classmethod
        def now(cls, tz: datetime.tzinfo | None = None) -> LateDatetime:
            return super().now(tz) + delta

        @classmethod
        def utcnow(cls) -> LateDatetime:
            return super().now(datetime.UTC).replace(tzinfo=None) + delta

        @classmethod
        def today(cls) -> LateDatetime:
            return cls.now()

    class LateDate(datetime.date):
        @classmethod
        def today(cls) -> LateDate:
            return super().today() + delta

    clock.time = lambda: real_time() + ahead
    clock.time_ns = lambda: real_ns() + int(ahead * 1e9)
    datetime.datetime, datetime.date = LateDatetime, LateDate  # type: ignore[misc]


def _listen(connection: Connection, orders: queue.SimpleQueue[Any]) -> None:
    try:
        while True:
            order = marshal.loads(connection.recv_bytes())
            if isinstance(order, str):
                _print_to(order)
            else:
                orders.put(order)
    except (EOFError, OSError):
        os._exit(0)


def _print_to(log: str) -> None:
    # The caller deletes an empty log, perhaps before this runs, so it must not be created again.
    file = os.open(log, os.O_WRONLY | os.O_APPEND)
    for number in (1, 2):
        os.dup2(file, number)
    os.close(file)


def _beat(connection: Connection, busy: threading.Event, speaking: threading.Lock) -> None:
    """Send heartbeats, which show the parent that C code does not hold the interpreter lock."""
    while True:
        time.sleep(_BEAT_S)
        if busy.is_set():
            with speaking:
                if busy.is_set():
                    connection.send_bytes(HEARTBEAT)


if __name__ == "__main__":
    main()
