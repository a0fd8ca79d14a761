"""Joins two runs by the rollouts that they have in common.

Runs of the same file are joined by line offset. Other runs are joined by record and completion. If a record
has the same completion several times, each occurrence is matched with one in the other run. Only the first
grading of each rollout counts, because a job grades each rollout once.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from harness.data.identity import completion_key
from harness.data.json_lines import LineError, lines, parse
from harness.data.record_fields import flattened
from harness.errors import InputError
from harness.runs.rows import Row
from harness.runs.run_input import holds_local_files
from harness.runs.store import Run
from harness.signal.label_agreement import Verdict
from harness.signal.reordered import Both

__all__ = ["Joined", "Labeled", "join_by_completion", "join_by_place", "same_file", "verdicts_by_record"]


class Labeled(NamedTuple):
    """A rollout in both runs, and its label."""

    both: Both
    label: Any
    """The human label; None if neither run recorded one."""


@dataclass(slots=True)
class Joined:
    """The rollouts that two runs have in common."""

    by: Literal["place", "completion"]
    """How the rollouts were matched."""
    groups: dict[str, list[Labeled]] = field(default_factory=dict)
    rollouts: int = 0
    only_was: int = 0
    """Number of rollouts that only the first run graded."""
    only_now: int = 0

    def add(self, was: Row, now: Row) -> None:
        """Add a rollout that is in both runs."""
        self.rollouts += 1
        label, error, other = was.get("label"), was["error"], now["error"]
        both = Both(
            was["id"],
            was["reward"],
            now["reward"],
            was["at"],
            None if error is None else error["kind"],
            None if other is None else other["kind"],
        )
        one = Labeled(both, now.get("label") if label is None else label)
        group = self.groups.get(str(was["group"]))
        if group is None:
            self.groups[str(was["group"])] = [one]
        else:
            group.append(one)


def same_file(was: Run, now: Run) -> bool:
    """Return True if two runs graded the same lines at the same offsets."""
    one, other = was.facts.input, now.facts.input
    alike = (one.sha256, one.derived, one.template) == (other.sha256, other.derived, other.template)
    # S3 objects are not hashed; the ETag identifies each version.
    return alike and (
        one.sha256 is not None or (one.sources == other.sources and not holds_local_files(one.sources))
    )


def join_by_place(was: Run, now: Run) -> Joined:
    """Join two runs of one file. Rows are in file order, so one pass over both is enough."""
    joined = Joined("place")
    rows, others = _first_gradings(was), _first_gradings(now)
    row, other = next(rows, None), next(others, None)
    while row is not None or other is not None:
        if other is None or (row is not None and row["at"] < other["at"]):
            joined.only_was += 1
            row = next(rows, None)
        elif row is None or other["at"] < row["at"]:
            joined.only_now += 1
            other = next(others, None)
        else:
            joined.add(row, other)
            row, other = next(rows, None), next(others, None)
    return joined


def join_by_completion(was: Run, now: Run) -> Joined:
    """Join two runs of different files by record and completion.

    Raises:
        InputError: A run's rewards cannot be read, or its rollouts have changed.
    """
    for run in (was, now):
        if why := run.why_unreadable():
            raise InputError(
                f"the runs cannot be joined by their completions: {why}",
                place=str(run.folder),
                fix="Replay both from the same file, or compare the means of each record with --by record.",
            )
    joined = Joined("completion")
    waiting: defaultdict[tuple[str, str], deque[Row]] = defaultdict(deque)
    for row, said in _with_completions(now):
        waiting[str(row["group"]), said].append(row)
    for row, said in _with_completions(was):
        same = waiting.get((str(row["group"]), said))
        if same:
            joined.add(row, same.popleft())
        else:
            joined.only_was += 1
    joined.only_now = sum(map(len, waiting.values()))
    return joined


def verdicts_by_record(run: Run) -> dict[str, list[Verdict]]:
    """Return the reward and label of each rollout of a run, by record."""
    groups: dict[str, list[Verdict]] = {}
    for row in _first_gradings(run):
        groups.setdefault(str(row["group"]), []).append((row["reward"], row.get("label")))
    return groups


def _first_gradings(run: Run) -> Iterator[Row]:
    """Return the first grading of each rollout of a run, without unusable lines."""
    return (row for row in run.rows() if not row["repeat"] and row["group"] is not None)


def _with_completions(run: Run) -> Iterator[tuple[Row, str]]:
    """Yield each row with its completion's key. Rows and lines have the same order, so one pass is enough."""
    file = lines(run.rollouts)
    at, line = next(file, (-1, b""))
    for row in _first_gradings(run):
        while 0 <= at < row["at"]:
            at, line = next(file, (-1, b""))
        try:
            said = completion_key(flattened(parse(line)))
        except (LineError, KeyError, IndexError, TypeError, AttributeError):
            said = f"{run.folder} at {row['at']}"  # a completion that cannot be compared gets its own key
        yield row, said
