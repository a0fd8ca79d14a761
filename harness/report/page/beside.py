"""Pairs two runs' gradings of the same samples in one pass."""

from __future__ import annotations

from collections.abc import Hashable, Iterator

from harness.report.page.held_samples import Pair
from harness.runs.rows import Row
from harness.runs.store import Run
from harness.signal.joined import same_file

__all__ = ["beside"]


def beside(one: Run, other: Run | None) -> Iterator[Pair]:
    """Yield the gradings of a run, each with the other run's grading of the same sample.

    Runs of the same lines are read in parallel. Otherwise samples are matched by record, ID and repeat, and
    the other run's gradings are stored in memory.

    Args:
        one: The run.
        other: The run to compare it with; None for no comparison.

    Raises:
        InputError: A rewards file is damaged.
    """
    rows = one.rows()
    if other is None:
        for row in rows:
            yield row, None
    elif same_file(one, other):
        yield from _merged(rows, other.rows())
    else:
        theirs: dict[Hashable, Row] = {}
        for row in other.rows():
            theirs.setdefault(_key(row), row)
        for row in rows:
            yield row, theirs.pop(_key(row), None)


def _merged(rows: Iterator[Row], others: Iterator[Row]) -> Iterator[Pair]:
    other = next(others, None)
    for row in rows:
        place = row["at"], row["repeat"]
        while other is not None and (other["at"], other["repeat"]) < place:
            other = next(others, None)
        same = other is not None and (other["at"], other["repeat"]) == place
        yield row, other if same else None


def _key(row: Row) -> Hashable:
    return row["group"], repr(row["id"]), row["repeat"]
