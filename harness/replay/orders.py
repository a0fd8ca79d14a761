"""Messages between a replay's parent and its worker processes, one line of JSON each."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from harness.data.record_fields import FieldChoice
from harness.data.record_file import RecordFacts
from harness.data.sources import SourceFacts
from harness.data.typed_json import as_json, typed
from harness.runs.facts import AnswersFacts, TargetFacts
from harness.runs.labels import PLAIN, LabelRule
from harness.runs.rows import Totals

__all__ = ["Heartbeat", "ShardOrder", "ShardReport", "WorkOrder", "WorkerFailure", "from_line", "to_line"]


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkOrder:
    """Everything a worker needs to grade shards of a run."""

    run: Path
    """Folder of the run."""
    folder: Path
    """The parent's working folder, from which the grader is imported."""
    path: tuple[str, ...]
    """The parent's `sys.path`."""
    rollouts: tuple[SourceFacts, ...]
    lengths: tuple[int, ...] = ()
    """Lengths of the parts, as in `InputFacts`."""
    shards: tuple[tuple[int, int], ...]
    target: TargetFacts
    wire: str
    repeats: int
    label: str | None
    fields: FieldChoice = FieldChoice()
    label_rule: LabelRule = PLAIN
    records: RecordFacts | None = None
    answers: AnswersFacts | None = None
    middle: float | None
    """Middle of the grader's range, or None if unknown."""


@dataclass(frozen=True, slots=True)
class ShardOrder:
    """A shard to grade, or to resume after its worker ended."""

    shard: int
    alone: bool = False
    """True to grade each rollout in its own call, to find the one that ends its worker."""
    crash: str | None = None
    """Error to record for the first ungraded rollout, if that rollout has ended its workers."""


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """Sent by a worker every second, unless C code blocks the interpreter."""

    kind: Literal["heartbeat"] = "heartbeat"


@dataclass(frozen=True, slots=True)
class ShardReport:
    """A worker's progress on a shard."""

    shard: int
    totals: Totals
    done: bool
    bytes: int
    """Number of bytes in the shard's file that this worker kept or wrote."""
    position: int
    """Offset up to which rollouts are graded: the start of the last line, or the end of the shard."""
    read: tuple[str, ...] = ()
    """The user's files that the grader has imported or read since the last report."""
    written: tuple[str, ...] = ()
    kind: Literal["report"] = "report"


@dataclass(frozen=True, slots=True)
class WorkerFailure:
    """Reports an error that made a worker stop."""

    message: str
    exit_code: int
    kind: Literal["failure"] = "failure"


def to_line(message: WorkOrder | ShardOrder | ShardReport | WorkerFailure | Heartbeat) -> str:
    """Serialize a message to one line."""
    return json.dumps(as_json(message)) + "\n"


def from_line(kind: Any, line: str | bytes) -> Any:
    """Parse a message.

    Args:
        kind: Class of the message, or a union of classes.
        line: A line written by `to_line`.
    """
    return typed(kind, json.loads(line))
