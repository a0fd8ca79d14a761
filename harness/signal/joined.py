"""The rollouts that two runs have in common, and what both recorded of each.

Runs of the same file join by the place of a line. Others join by record and completion: the same completion
of the same record, as often as both runs hold it.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, Literal, NamedTuple

from harness.data.identity import canonical
from harness.data.json_lines import LineError, lines, parse
from harness.errors import InputError
from harness.runs.rows import Row, read_rows
from harness.runs.store import Run
from harness.signal.reordered import Both

__all__ = ["Joined", "Labeled", "join"]


class Labeled(NamedTuple):
    """One rollout of both runs, and what its label says."""

    both: Both
    label: Any
    """None where neither run recorded one."""


@dataclass(slots=True)
class Joined:
    """What two runs have in common."""

    by: Literal["place", "completion"]
    """How the rollouts were matched."""
    groups: dict[str, list[Labeled]] = field(default_factory=dict)
    only_was: int = 0
    """Rollouts that only the first run graded."""
    only_now: int = 0
    means_was: dict[str, float] = field(default_factory=dict)
    """Mean reward of each record in the first run, over all its rollouts."""
    means_now: dict[str, float] = field(default_factory=dict)

    def add(self, was: Row, now: Row) -> None:
        """Take up one rollout of both runs."""
        label = was.get("label")
        both = Both(was["id"], was["reward"], now["reward"], was["at"])
        one = Labeled(both, now.get("label") if label is None else label)
        group = self.groups.get(str(was["group"]))
        if group is None:
            self.groups[str(was["group"])] = [one]
        else:
            group.append(one)


def join(was: Run, now: Run) -> Joined:
    """Match the rollouts of two runs.

    Args:
        was: The first run.
        now: The second one.

    Raises:
        InputError: The rewards of a run cannot be read, or a rollouts file that has to be read again changed.
    """
    if _same_file(was, now):
        return _by_place(was, now)
    for run in (was, now):
        if why := run.why_unreadable():
            fix = "Runs of other rollouts are compared by their texts: replay again, both from the same file."
            raise InputError(f"the runs cannot be compared: {why}", place=str(run.folder), fix=fix)
    return _by_completion(was, now)


def _same_file(was: Run, now: Run) -> bool:
    one, other = was.facts.input, now.facts.input
    return one.sha256 is not None and (one.sha256, one.derived, one.template) == (
        other.sha256,
        other.derived,
        other.template,
    )


class _Means:
    """Sums the rewards of each record."""

    def __init__(self) -> None:
        self._sums: dict[str, tuple[float, int]] = {}

    def noting(self, run: Run) -> Iterator[Row]:
        """The first grading of each usable rollout of a run, in the order of its file."""
        for row in read_rows(run.rewards):
            if row["repeat"] or row["group"] is None:
                continue
            if row["reward"] is not None:
                total, count = self._sums.get(row["group"], (0.0, 0))
                self._sums[row["group"]] = (total + row["reward"], count + 1)
            yield row

    @property
    def found(self) -> dict[str, float]:
        """The means."""
        return {name: total / count for name, (total, count) in self._sums.items()}


def _by_place(was: Run, now: Run) -> Joined:
    """Both runs' rows come in the order of the file: one walk along both."""
    joined = Joined("place")
    means_was, means_now = _Means(), _Means()
    rows, others = means_was.noting(was), means_now.noting(now)
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
    joined.means_was, joined.means_now = means_was.found, means_now.found
    return joined


def _by_completion(was: Run, now: Run) -> Joined:
    joined = Joined("completion")
    means_was, means_now = _Means(), _Means()
    waiting: defaultdict[tuple[str, bytes], deque[Row]] = defaultdict(deque)
    for row, said in _with_completions(means_now.noting(now), now):
        waiting[str(row["group"]), said].append(row)
    for row, said in _with_completions(means_was.noting(was), was):
        same = waiting.get((str(row["group"]), said))
        if same:
            joined.add(row, same.popleft())
        else:
            joined.only_was += 1
    joined.only_now = sum(map(len, waiting.values()))
    joined.means_was, joined.means_now = means_was.found, means_now.found
    return joined


def _with_completions(rows: Iterator[Row], run: Run) -> Iterator[tuple[Row, bytes]]:
    """Each row with what tells its completion from others; rows and lines are in the same order."""
    file = lines(run.rollouts)
    at, line = next(file, (-1, b""))
    for row in rows:
        while 0 <= at < row["at"]:
            at, line = next(file, (-1, b""))
        yield row, _completion(line)


def _completion(line: bytes) -> bytes:
    try:
        last = parse(line)["messages"][-1]
        said = [last.get("content"), last.get("tool_calls"), last.get("reasoning_content")]
        return blake2b(canonical(said).encode("utf-8", "surrogatepass"), digest_size=12).digest()
    except (LineError, KeyError, IndexError, TypeError, AttributeError):
        return line
