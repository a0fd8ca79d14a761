"""What a replay's parent and its worker processes tell each other: records, one a line of JSON."""

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
    """Everything that a worker needs to grade shards of a run."""

    run: Path
    """The run's folder."""
    folder: Path
    """Where the grader is imported from, as the parent's own working folder."""
    path: tuple[str, ...]
    """The parent's `sys.path`."""
    rollouts: tuple[SourceFacts, ...]
    lengths: tuple[int, ...] = ()
    """As in `InputFacts`."""
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
    """The middle of the grader's range; None where it is not known."""


@dataclass(frozen=True, slots=True)
class ShardOrder:
    """A shard to grade, or to go on with after a worker's end."""

    shard: int
    alone: bool = False
    """Grade each rollout alone, so that one that ends its worker can be told."""
    crash: str | None = None
    """How the first rollout that is not graded yet has ended its workers: it is recorded, and not graded."""


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """Sent once a second, unless code in C holds the interpreter."""

    kind: Literal["heartbeat"] = "heartbeat"


@dataclass(frozen=True, slots=True)
class ShardReport:
    """How far a worker is with a shard."""

    shard: int
    totals: Totals
    done: bool
    bytes: int
    """Size of the shard's file by what this worker kept and wrote."""
    position: int
    """Byte of the rollouts up to which they are graded: where the last line begins, or the shard ends."""
    read: tuple[str, ...] = ()
    """The user's files that the grader imported or read since the last report."""
    written: tuple[str, ...] = ()
    kind: Literal["report"] = "report"


@dataclass(frozen=True, slots=True)
class WorkerFailure:
    """Why a worker cannot go on."""

    message: str
    exit_code: int
    kind: Literal["failure"] = "failure"


def to_line(message: WorkOrder | ShardOrder | ShardReport | WorkerFailure | Heartbeat) -> str:
    """A message as one line."""
    return json.dumps(as_json(message)) + "\n"


def from_line(kind: Any, line: str | bytes) -> Any:
    """Read a message.

    Args:
        kind: Which it is; a union of them where it may be either.
        line: What `to_line` wrote.
    """
    return typed(kind, json.loads(line))
