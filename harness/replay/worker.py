"""The worker process of a replay, which grades shards and appends the rows to the run's folder.

The first line on standard input is the work order, and every further line is a shard to grade. After each
shard, the worker prints a line with the shard's totals. Rows are appended in input order, so a shard's file
shows where to resume. An incomplete last line, and a rollout with missing repeats, are cut off and graded
again. When standard input ends, the parent process has ended, and the worker exits too.
"""

from __future__ import annotations

import contextlib
import faulthandler
import os
import posixpath
import queue
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import IO

from graders.wire import Profile
from harness.data.json_lines import LineError, place_of
from harness.data.record_file import open_records
from harness.data.sources import source_from
from harness.disk import AppendOnly
from harness.errors import HarnessError
from harness.grader_output import LOG
from harness.import_path import use_path
from harness.replay.grading import grade_all, grade_batch, profiles_of
from harness.replay.orders import (
    Heartbeat,
    ShardOrder,
    ShardReport,
    WorkerFailure,
    WorkOrder,
    from_line,
    to_line,
)
from harness.replay.recording import Recording
from harness.rollouts.read import Rollout, read_rollouts
from harness.runs.rows import Row, Totals, dump, parse_row
from harness.runs.shard_locks import lock_shard
from harness.targets.answered import AnsweredTarget, asked_once
from harness.targets.in_process import InProcessTarget
from harness.targets.opening import open_target
from harness.targets.protocol import Target

REPORT_S = 0.1
"""Interval of progress reports, in seconds."""

LOCK_PATIENCE_S = 10.0


def main() -> int:
    """Grade shards until the parent sends no more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent handles Ctrl-C
    shards: queue.Queue[ShardOrder | None] = queue.Queue()
    sys.dont_write_bytecode = True  # the disk may be full when a grader imports a module
    faulthandler.enable()  # so that the log shows where a grader's process ended
    out, told = _own_output(), _own_input()
    order: WorkOrder = from_line(WorkOrder, told.readline())
    threading.Thread(target=_listen, args=(told, shards), daemon=True).start()
    threading.Thread(target=_beat, args=(out,), daemon=True).start()
    try:
        use_path(order.path)
        os.chdir(order.folder)
        worker = Worker(order, lambda message: _say(out, message))
        while (shard := shards.get()) is not None:
            worker.grade_shard(shard.shard, shard.alone, shard.crash)
        worker.target.close()
    except HarnessError as error:
        _say(out, WorkerFailure(str(error), error.exit_code))
        return error.exit_code
    except OSError as error:
        message = f"cannot write the run: {error.strerror or error}"
        _say(out, WorkerFailure(f"{message}. Free some space and run the same command again: it resumes.", 3))
        return 3
    return 0


class Worker:
    """Grades the shards of a work order.

    Args:
        order: The input to grade, and the options.
        say: Sends a report to the parent.
    """

    def __init__(self, order: WorkOrder, say: Callable[[ShardReport], None]) -> None:
        self.order = order
        self._rollouts = source_from(order.rollouts, order.lengths)
        self._records = None if order.records is None else open_records(order.records)
        self.say = say
        self._recording = None if order.answers is None else Recording(order.run, order.answers)
        self.profiles: list[Profile] = profiles_of(order.wire)
        self.target: Target = (
            open_target(order.target, order.run)
            if self._recording is None
            else self._recording.open(order.target)
        )
        if isinstance(self.target, InProcessTarget) and len(self.profiles) > 1:
            self.target = asked_once(self.target)
        self._told = 0.0

    def grade_shard(self, number: int, alone: bool = False, crash: str | None = None) -> None:
        """Grade the rollouts of a shard that have no rows yet.

        Args:
            number: Number of the shard.
            alone: True to grade each rollout in its own call.
            crash: Error to record for the first ungraded rollout instead of grading it.
        """
        start, end = self.order.shards[number]
        path = self.order.run / "shards" / f"{number}.jsonl"
        part = contextlib.nullcontext() if self._recording is None else self._recording.part(number)
        with lock_shard(path, LOCK_PATIENCE_S), part, AppendOnly(path) as file:
            totals, at, size = self._resume(file, start)
            self._say(number, totals, size, at)
            rollouts = read_rollouts(
                self._rollouts, at, end, self.order.label, self.order.fields, self._records
            )

            def keep(rows: list[Row]) -> None:
                nonlocal size
                content = b"".join(map(dump, rows))
                file.append_lines(content)
                size += len(content)
                totals.add_all(rows, self.order.middle, self.order.label_rule)
                self._report(number, totals, size, rows[-1]["at"])

            if crash is not None:
                keep(self._crashed(next(rollouts, None), crash))
            self._grade(rollouts, alone, keep)
            self._say(number, totals, size, end, done=True)

    def _resume(self, file: AppendOnly, start: int) -> tuple[Totals, int, int]:
        """Cut a shard back to its last complete rollout; return its totals, the next offset and its size."""
        totals, kept, at = Totals(), 0, start
        pending: list[Row] = []
        for offset, line in file.lines():
            try:
                row = parse_row(line)
            # If the machine crashed, the file may have empty blocks. Everything after them is graded again.
            except LineError:
                break
            rises = row["at"] == pending[0]["at"] if pending else row["at"] >= at
            # Another process wrote to the file, such as a fork of the grader.
            if not rises or row["repeat"] != len(pending):
                break
            pending.append(row)
            if len(pending) == self.order.repeats:
                totals.add_all(pending, self.order.middle, self.order.label_rule)
                pending, kept, at = [], offset + len(line), pending[-1]["at"] + 1
        file.cut(kept)
        return totals, at, kept

    def _crashed(self, rollout: Rollout | None, crash: str) -> list[Row]:
        """Return the rows to record for a rollout that killed its workers."""
        if rollout is None:
            return []
        line = posixpath.basename(place_of(self._rollouts, rollout.at))
        error = {"kind": "crash", "message": f"{crash}, at {line}; its output is in {LOG}"}
        row: Row = {
            "at": rollout.at,
            "repeat": 0,
            "id": rollout.id,
            "group": rollout.group,
            "reward": None,
            "metrics": {},
            "error": error,
            "ms": 0.0,
        }
        if self.order.label is not None:
            row["label"] = rollout.label
        return [{**row, "repeat": repeat} for repeat in range(self.order.repeats)]

    def _grade(self, rollouts: Iterator[Rollout], alone: bool, keep: Callable[[list[Row]], None]) -> None:
        """Grade rollouts in order, each in its own call or in parallel as the target allows."""
        how = self.profiles, self.order.repeats, self.order.label is not None
        if not alone:
            grade_all(self.target, rollouts, *how, keep)
            return
        for rollout in rollouts:
            keep(grade_batch(self.target, [rollout], *how))

    def _report(self, number: int, totals: Totals, size: int, position: int) -> None:
        now = time.monotonic()
        if now - self._told >= REPORT_S:
            self._told = now
            self._say(number, totals, size, position)

    def _say(self, number: int, totals: Totals, size: int, position: int, *, done: bool = False) -> None:
        target = self.target.inner if isinstance(self.target, AnsweredTarget) else self.target
        read, written = target.files.news() if isinstance(target, InProcessTarget) else ([], [])
        self.say(ShardReport(number, totals, done, size, position, tuple(read), tuple(written)))


def _own_output() -> IO[str]:
    """Reserve standard output for the parent, and send a grader's prints to standard error."""
    own = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return own


def _own_input() -> IO[str]:
    """Reserve standard input for orders. The grader and its subprocesses get an empty one."""
    own = os.fdopen(os.dup(0), encoding="utf-8")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    return own


def _beat(out: IO[str]) -> None:
    """Send heartbeats to the parent, which stop while C code blocks the interpreter."""
    while True:
        _say(out, Heartbeat())
        time.sleep(1)


_speaking = threading.Lock()


def _say(out: IO[str], message: ShardReport | WorkerFailure | Heartbeat) -> None:
    try:
        with _speaking:
            out.write(to_line(message))
            out.flush()
    except BrokenPipeError:
        os._exit(1)


def _listen(told: IO[str], shards: queue.Queue[ShardOrder | None]) -> None:
    """Pass on the parent's orders. If the parent has ended, end this process immediately."""
    for line in told:
        if line.strip() == "end":
            shards.put(None)
            return
        shards.put(from_line(ShardOrder, line))
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main())
