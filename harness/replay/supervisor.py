"""Runs a replay on all cores: starts workers, assigns them shards, and merges their results.

Workers are separate processes, so a grader that kills its process ends only one worker. Each worker also has
its own main thread, which time limits need. Workers read the input and write their shards themselves. Only
shard numbers and totals go through pipes.
"""

from __future__ import annotations

import contextlib
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import IO, TypeAlias

from harness.data.sources import Source, source_from, text_sha256
from harness.disk import no_link, open_to_append
from harness.errors import HarnessError, InputError, ServiceError
from harness.grader_output import LOG
from harness.processes import cores as usable_cores
from harness.processes import end
from harness.replay.orders import (
    Heartbeat,
    ShardOrder,
    ShardReport,
    WorkerFailure,
    WorkOrder,
    from_line,
    to_line,
)
from harness.replay.recording import collect_answers, refuse_changed_answers
from harness.runs.facts import InProcessFacts, middle_of
from harness.runs.rows import Totals, total_of
from harness.runs.run_input import holds_local_files
from harness.runs.shard_locks import end_orphans
from harness.runs.store import Run, changed_files, lock_run
from harness.targets.fingerprint import hash_files
from harness.targets.own_process import how_it_ended, longest_hold

# Copied before the grader's folder is added, so that workers do not import a `queue.py` from there.
_PATH = tuple(filter(None, sys.path))
WORKER = "harness.replay.worker"
_MOST_CRASHES = 8
_ERRORS = {1: HarnessError, 2: InputError, 3: ServiceError}


class WorkerProcess:
    """A worker process, as its parent controls it.

    Args:
        order: The order that every worker gets.
        log: File for the grader's own output.
        said: Queue for the worker's messages, and for None when the worker has ended.
    """

    def __init__(self, order: WorkOrder, log: IO[bytes], said: _Said) -> None:
        command = [
            sys.executable,
            "-P",
            "-m",
            WORKER,
            str(order.run),
        ]  # names the run in the process list, in case the worker is orphaned
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(_PATH)}
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, env=environment
        )
        self.order: ShardOrder | None = None
        self.began = False
        """True once the worker has started grading its shard."""
        self.heard = time.monotonic()
        self.held = False
        """True if the worker was killed because C code blocked it for too long."""
        self._tell(to_line(order))
        threading.Thread(target=self._listen, args=(said,), daemon=True).start()

    def grade(self, order: ShardOrder | None) -> None:
        """Assign a shard to the worker. None means that there are no more shards."""
        self.order, self.began = order, False
        self._tell("end\n" if order is None else to_line(order))

    def end_if_held(self, limit: float | None) -> None:
        """Kill the worker if C code has blocked the interpreter longer than a sample may take."""
        if limit is not None and self.began and time.monotonic() - self.heard > limit and not self.held:
            self.held = True
            self.process.kill()

    def end(self) -> None:
        """Kill the worker immediately."""
        end(self.process)

    def _tell(self, line: str) -> None:
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(line.encode())
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # the worker has ended; `_listen` reports that

    def _listen(self, said: _Said) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            said.put((self, from_line(ShardReport | WorkerFailure | Heartbeat, line)))
        self.process.wait()
        said.put((self, None))


Progress: TypeAlias = Callable[[Totals, int], None]
_Said: TypeAlias = "queue.Queue[tuple[WorkerProcess, ShardReport | WorkerFailure | Heartbeat | None]]"


def replay(run: Run, progress: Progress = lambda totals, done: None, cores: int | None = None) -> Totals:
    """Grade the missing part of a run, and finish it.

    Args:
        run: A run from `harness.replay.prepare`. A completed run is left unchanged.
        progress: Called several times a second with the totals and the bytes of rollouts graded so far.
        cores: Number of workers, or None for one per core.

    Returns:
        The totals of the whole run.

    Raises:
        HarnessError: The run could not be finished; the same command resumes it.
    """
    if run.done:
        return run.totals
    with lock_run(run):
        if run.facts.state == "done":  # another process finished it
            return run.totals
        end_orphans(run.folder, WORKER)
        given = None if run.facts.input.own else run.rollouts
        hashing = threading.Thread(target=_hash_input, args=(run,))
        hashing.start()
        try:
            totals = _grade(run, progress, cores or usable_cores())
        except InputError:  # a changed input or grader may explain the error that a worker reported
            hashing.join()
            _refuse_changed_input(run, given)
            raise
        finally:
            hashing.join()
        _refuse_changed_input(run, given)
        _refuse_changed_grader(run)
        refuse_changed_answers(run.facts)
        run.merge()
        collect_answers(run)
        run.close(totals)
    return totals


def _grade(run: Run, progress: Progress, cores: int) -> Totals:
    waiting = [ShardOrder(number) for number in range(len(run.facts.shards))]
    suspects = _Suspects(run)
    if run.rewards.exists():  # the last command ended after merging, before it marked the run as done
        return run.recount()
    reports: dict[int, ShardReport] = {}
    said: _Said = queue.Queue()
    with os.fdopen(open_to_append(run.folder / LOG), "ab") as log:
        workers = [WorkerProcess(_order(run), log, said) for _ in range(min(cores, len(waiting)))]
        try:
            for worker in workers:
                worker.grade(waiting.pop(0))
            left, messages = len(workers), _heard(said, workers, longest_hold(run.facts.grader.options))
            while left:
                worker, message = next(messages)
                if message is None:
                    left -= 1
                    if worker.order is not None:
                        order = suspects.after_end(worker, _sum(reports).rewards)
                        workers.append(WorkerProcess(_order(run), log, said))
                        workers[-1].grade(order)
                        left += 1
                elif isinstance(message, WorkerFailure):
                    raise _ERRORS[message.exit_code](message.message)
                else:
                    worker.began = True
                    reports[message.shard] = message
                    _note_files(run, message)
                    starts = (run.facts.shards[number][0] for number in reports)
                    progress(_sum(reports), sum(one.position for one in reports.values()) - sum(starts))
                    if message.done:
                        worker.grade(waiting.pop(0) if waiting else None)
        finally:
            for worker in workers:
                worker.end()
    _refuse_other_rows(run, reports)
    return _sum(reports)


def _heard(
    said: _Said, workers: list[WorkerProcess], limit: float | None
) -> Iterator[tuple[WorkerProcess, ShardReport | WorkerFailure | None]]:
    """Yield the workers' messages, and kill any worker that C code blocks for longer than the limit."""
    while True:
        with contextlib.suppress(queue.Empty):
            worker, message = said.get(timeout=1)
            worker.heard = time.monotonic()
            if not isinstance(message, Heartbeat):
                yield worker, message
        for one in workers:
            one.end_if_held(limit)


class _Suspects:
    """Finds rollouts that kill their worker twice, the second time when graded alone."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._ended_at: dict[int, int] = {}
        self._crashes = 0

    def after_end(self, worker: WorkerProcess, rewards: int) -> ShardOrder:
        """Decide how to continue the shard of a worker that ended.

        Args:
            worker: The ended worker.
            rewards: Number of rewards in the run so far.

        Raises:
            HarnessError: The worker had not started grading, or almost every rollout kills its worker.
        """
        order = worker.order
        assert order is not None
        in_process = isinstance(self._run.facts.target, InProcessFacts)
        if not (in_process and worker.began) or (self._crashes >= _MOST_CRASHES and self._crashes > rewards):
            raise _died(self._run, worker)
        size = self._run.shard(order.shard).stat().st_size
        if self._ended_at.pop(order.shard, None) != size:
            self._ended_at[order.shard] = size
            return ShardOrder(order.shard, alone=True)
        self._crashes += 1
        return ShardOrder(order.shard, crash=f"the grader ended its own process {_how(worker)}")


def _how(worker: WorkerProcess) -> str:
    return how_it_ended(worker.process.returncode, worker.held)


def _refuse_other_rows(run: Run, reports: dict[int, ShardReport]) -> None:
    """Raise an error if a shard has more content than its worker wrote.

    Raises:
        HarnessError: A shard has more content; the next worker truncates it.
    """
    for number, report in reports.items():
        if run.shard(number).stat().st_size != report.bytes:
            raise HarnessError(
                "a process that the grader started and left behind wrote to the run",
                place=str(run.shard(number)),
                fix="Do not fork in a grader. The same command removes what was written, and resumes.",
            )


def _hash_input(run: Run) -> None:
    """Record the input's hash while the workers are busy. S3 objects are identified without a hash."""
    given = run.facts.input
    if given.sha256 is None and holds_local_files(given.sources):
        # Without the hash, a run can be resumed only with the same file, unmodified.
        with contextlib.suppress(OSError, HarnessError):
            source = source_from(given.sources)
            found = text_sha256(source)
            if source.changed() is None:
                run.save(input=replace(given, sha256=found))


def _refuse_changed_input(run: Run, given: Source | None) -> None:
    """Raise an error if a run's rollouts changed while workers read them.

    Args:
        run: The run.
        given: The run's input when it started, or None if the run stores its own rollouts.

    Raises:
        InputError: The rollouts changed, so it is unknown which version was graded.
    """
    if given is None or run.rewards.exists():  # the rewards are already merged
        return
    if len(given.facts) == 1 and holds_local_files(given.facts) and not os.path.lexists(given.facts[0].name):
        return  # the file was deleted after it was read to the end
    if why := given.changed():
        run.save(input=replace(run.facts.input, sha256=None, spoiled=True))  # prevents resuming
        raise InputError(
            f"it changed during the replay: {why}",
            place=run.facts.input.name,
            fix="Run the same command again: it starts a new run.",
        )


def _note_files(run: Run, report: ShardReport) -> None:
    """Record the files that a worker's grader imported or read, except those that it wrote."""
    known = run.facts.grader.files
    given = [each.path for each in (run.facts.records, run.facts.answers) if each is not None]
    graded = [one.name for one in run.facts.input.sources]
    own = [os.path.realpath(path) for path in (str(run.folder), *graded, *map(str, given))]
    new = {
        path
        for path in set(report.read) - known.keys()
        if not any(f"{os.path.realpath(path)}{os.sep}".startswith(f"{one}{os.sep}") for one in own)
    }
    if new or not known.keys().isdisjoint(report.written):
        files = {**known, **hash_files(new)}
        for path in report.written:
            files.pop(path, None)
        run.save(grader=replace(run.facts.grader, files=files))


def _refuse_changed_grader(run: Run) -> None:
    """Raise an error if the grader changed during the run, because workers may have used either version.

    Raises:
        InputError: The grader changed.
    """
    grader = run.facts.grader
    if not run.rewards.exists() and (changed := changed_files(grader.files)):
        run.save(grader=replace(grader, sha256=None))  # so that this run is never resumed
        raise InputError(
            f"the grader changed during the replay: {os.path.relpath(changed[0])}",
            place=grader.ref,
            fix="Run the same command again: it starts a new run.",
        )


def _order(run: Run) -> WorkOrder:
    facts = run.facts
    return WorkOrder(
        run=run.folder.resolve(),
        folder=Path.cwd(),
        path=tuple(sys.path),
        rollouts=run.rollouts.facts,
        lengths=() if facts.input.own else facts.input.lengths,
        shards=facts.shards,
        target=facts.target,
        wire=facts.wire,
        repeats=facts.repeats,
        label=facts.label,
        label_rule=facts.label_rule,
        fields=facts.fields,
        records=facts.records,
        answers=facts.answers,
        middle=middle_of(facts.bounds),
    )


def _sum(reports: dict[int, ShardReport]) -> Totals:
    return total_of({number: report.totals for number, report in reports.items()})


def _died(run: Run, worker: WorkerProcess) -> HarnessError:
    log = run.folder / LOG
    last = _last_line(log)
    return HarnessError(
        f"the grader ended its own process {_how(worker)}{f': {last}' if last else ''}",
        place=str(run.folder),
        fix=f"Its output is in {log}. The same command resumes where it stopped; "
        "after a change to the grader, it starts a new run.",
    )


def _last_line(log: Path) -> str:
    with open(log, encoding="utf-8", errors="replace", opener=no_link) as file:
        lines = file.read().strip().splitlines()
    return lines[-1][:300] if lines else ""
