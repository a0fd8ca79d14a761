"""The process that `OwnProcessTarget` starts: imports a grader, and grades what it is sent.

When the process that started it is gone, it ends too, in the middle of whatever it does.
"""

from __future__ import annotations

import faulthandler
import json
import marshal
import os
import queue
import signal
import sys
import threading
import time
from multiprocessing.connection import Connection
from typing import Any

from harness.data.typed_json import as_json
from harness.errors import HarnessError
from harness.import_path import use_path
from harness.targets.in_process import InProcessTarget
from harness.targets.own_process import HEARTBEAT, ImportedGrader

_BEAT_S = 1.0


def main() -> None:
    """Grade until there is nothing more to grade."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides what Ctrl-C means
    faulthandler.enable()  # the log then shows where the process ended
    connection = Connection(int(sys.argv[1]))
    orders: queue.SimpleQueue[Any] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(connection, orders), daemon=True).start()
    busy, speaking = threading.Event(), threading.Lock()
    threading.Thread(target=_beat, args=(connection, busy, speaking), daemon=True).start()
    grader, path = orders.get()
    use_path(path)
    try:
        target = InProcessTarget(grader)
        declared = ImportedGrader(target.sha256, target.options)
    except HarnessError as error:
        declared = ImportedGrader(error=str(error), exit_code=error.exit_code)
    answer: Any = as_json(declared)
    while True:
        with speaking:
            busy.clear()
            connection.send_bytes(json.dumps(answer).encode())
        event = orders.get()
        busy.set()
        answer = target.grade(event)


def _listen(connection: Connection, orders: queue.SimpleQueue[Any]) -> None:
    try:
        while True:
            orders.put(marshal.loads(connection.recv_bytes()))
    except (EOFError, OSError):
        os._exit(0)


def _beat(connection: Connection, busy: threading.Event, speaking: threading.Lock) -> None:
    """Tell the parent that the interpreter is not held by code in C."""
    while True:
        time.sleep(_BEAT_S)
        if busy.is_set():
            with speaking:
                if busy.is_set():
                    connection.send_bytes(HEARTBEAT)


if __name__ == "__main__":
    main()
