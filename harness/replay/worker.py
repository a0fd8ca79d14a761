"""One worker process: grades shards of the input, and appends the rows to the run's folder.

Its first line of input is the plan, every further one the number of a shard; each shard ends with a line of
output that holds the shard's totals. Rows are appended in input order, so what stands in a shard tells where
to go on: a torn last line, and a rollout whose repeats are not all there, are cut off and graded again. When
the input ends, the process that started this one is gone, and this one ends too.
"""

from __future__ import annotations

import os
import queue
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import IO

from graders.wire import Profile
from harness.data.json_lines import LineError
from harness.disk import AppendOnly
from harness.errors import HarnessError
from harness.import_path import use_path
from harness.replay.grading import grade_batch, in_batches, profiles_of
from harness.replay.orders import ShardReport, WorkerFailure, WorkOrder, from_line, to_line
from harness.rollouts.read import Rollout, read_rollouts
from harness.runs.rows import Row, Totals, dump, parse_row
from harness.runs.store import lock_shard
from harness.targets.in_process import InProcessTarget
from harness.targets.opening import open_target
from harness.targets.protocol import Target

REPORT_S = 0.1
"""How often progress is reported, in seconds."""

LOCK_PATIENCE_S = 10.0


def main() -> int:
    """Grade the shards that the parent names, until it names none."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides what Ctrl-C means
    shards: queue.Queue[int | None] = queue.Queue()
    out, told = _own_output(), _own_input()
    order: WorkOrder = from_line(WorkOrder, told.readline())
    threading.Thread(target=_listen, args=(told, shards), daemon=True).start()
    try:
        use_path(order.path)
        os.chdir(order.folder)
        worker = Worker(order, lambda message: _say(out, message))
        while (shard := shards.get()) is not None:
            worker.grade_shard(shard)
        worker.target.close()
    except HarnessError as error:
        _say(out, WorkerFailure(str(error), error.exit_code))
        return error.exit_code
    except OSError as error:
        message = f"cannot write the run: {error.strerror or error}"
        _say(out, WorkerFailure(f"{message}. Make room, and run the same command again: it resumes.", 3))
        return 3
    return 0


class Worker:
    """Grades shards.

    Args:
        order: What to grade, and how.
        say: Tells the parent something.
    """

    def __init__(self, order: WorkOrder, say: Callable[[ShardReport], None]) -> None:
        self.order = order
        self.say = say
        self.target: Target = open_target(order.target, order.run)
        self.profiles: list[Profile] = profiles_of(order.wire)
        self._told = 0.0

    def grade_shard(self, number: int) -> None:
        """Grade what is missing of one byte range of the input."""
        start, end = self.order.shards[number]
        path = self.order.run / "shards" / f"{number}.jsonl"
        with lock_shard(path, LOCK_PATIENCE_S), AppendOnly(path) as file:
            totals, at, size = self._resume(file, start)
            self._say(number, totals, size)
            rollouts = read_rollouts(self.order.rollouts, at, end, self.order.label, self.order.fields)
            for rows in self._graded(in_batches(rollouts)):
                content = b"".join(map(dump, rows))
                file.append_lines(content)
                size += len(content)
                for row in rows:
                    totals.add(row, self.order.middle)
                self._report(number, totals, size)
            self._say(number, totals, size, done=True)

    def _resume(self, file: AppendOnly, start: int) -> tuple[Totals, int, int]:
        """Cut a shard back to its last whole rollout; return its totals, where to go on, and its size."""
        totals, kept, at = Totals(), 0, start
        pending: list[Row] = []
        for offset, line in file.lines():
            try:
                row = parse_row(line)
            except LineError:  # blocks that a crash of the machine left empty: what follows is graded again
                break
            rises = row["at"] == pending[0]["at"] if pending else row["at"] >= at
            if not rises or row["repeat"] != len(pending):  # a second writer: a grader that forks itself
                break
            pending.append(row)
            if len(pending) == self.order.repeats:
                for row in pending:
                    totals.add(row, self.order.middle)
                pending, kept, at = [], offset + len(line), pending[-1]["at"] + 1
        file.cut(kept)
        return totals, at, kept

    def _graded(self, batches: Iterator[list[Rollout]]) -> Iterator[list[Row]]:
        """Grade batches in order, with as many calls under way as the target takes."""
        keep_label = self.order.label is not None

        def grade(batch: list[Rollout]) -> list[Row]:
            return grade_batch(self.target, batch, self.profiles, self.order.repeats, keep_label)

        if self.target.concurrency <= 1:
            yield from map(grade, batches)
            return
        with ThreadPoolExecutor(self.target.concurrency) as threads:
            under_way: deque[Future[list[Row]]] = deque()
            for batch in batches:
                under_way.append(threads.submit(grade, batch))
                if len(under_way) >= self.target.concurrency:
                    yield under_way.popleft().result()
            while under_way:
                yield under_way.popleft().result()

    def _report(self, number: int, totals: Totals, size: int) -> None:
        now = time.monotonic()
        if now - self._told >= REPORT_S:
            self._told = now
            self._say(number, totals, size)

    def _say(self, number: int, totals: Totals, size: int, *, done: bool = False) -> None:
        read, written = self.target.files.news() if isinstance(self.target, InProcessTarget) else ([], [])
        self.say(ShardReport(number, totals, done, size, tuple(read), tuple(written)))


def _own_output() -> IO[str]:
    """Keep standard output for the parent; what a grader prints goes where its errors go."""
    own = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return own


def _own_input() -> IO[str]:
    """Keep standard input for orders; a grader, or what it starts, that reads it finds its end."""
    own = os.fdopen(os.dup(0), encoding="utf-8")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    return own


def _say(out: IO[str], message: ShardReport | WorkerFailure) -> None:
    try:
        out.write(to_line(message))
        out.flush()
    except BrokenPipeError:
        os._exit(1)


def _listen(told: IO[str], shards: queue.Queue[int | None]) -> None:
    """Pass orders on; when the parent is gone, end this process in the middle of whatever it does."""
    for line in told:
        if line.strip() == "end":
            shards.put(None)
            return
        shards.put(int(line))
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main())
