"""Writes a training file without the records that would teach nothing. Other lines are copied unchanged.

Only records that the run measured are dropped.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from harness.api.types import MIN_RECORDS
from harness.data.json_lines import numbered_lines
from harness.data.record_file import read_record
from harness.data.sources import DataFile, as_source
from harness.disk import created
from harness.errors import InputError
from harness.runs.facts import Bounds
from harness.runs.replayed_records import ReplayedRecords, RunReading
from harness.runs.store import Run
from harness.signal.reward_groups import RewardGroups
from harness.signal.tally import gather

__all__ = ["KeptRecords", "keep_records", "write_kept"]


@dataclass(frozen=True, slots=True)
class KeptRecords:
    """Result of dropping records from a training file."""

    path: Path
    kept: int
    dropped: int
    unknown: int
    """Number of kept records that the run did not measure."""
    why: str | None = None
    """Reason why the run's records could not be found by name; None if they could."""

    def lines(self) -> list[str]:
        """Return the result as lines of text."""
        kept = f"{self.kept:,} record{'' if self.kept == 1 else 's'} kept"
        said = [f"{self.path}: {kept}, {self.dropped:,} dropped"]
        if self.unknown:
            said.append(f"  {self.unknown:,} of these were not measured by this run")
        if self.why:
            said.append(f"  records with names were not compared: {self.why}")
        if self.kept < MIN_RECORDS:
            said.append(f"  a job needs at least {MIN_RECORDS:,} records")
        return said


def keep_records(run: Run, bounds: Bounds, training: DataFile, out: Path) -> KeptRecords:
    """Write a training file that omits the records that would rarely teach anything.

    Args:
        run: A completed run with at least ten groups of two or more rewards.
        bounds: The grader's range.
        training: The training file.
        out: The file to write, which must not exist.

    Raises:
        InputError: For the reasons that `write_kept` lists.
    """
    reading = RunReading()
    tally = gather(reading.noting(run.rows()))
    rewards = RewardGroups((group.rewards for group in tally.groups.values()), bounds)
    kinds = rewards.droppable_kinds()
    drop = {name for name, group in tally.groups.items() if tuple(sorted(group.rewards)) in kinds}
    measured = {name for name, group in tally.groups.items() if len(group.rewards) > 1}
    replayed = ReplayedRecords(run, reading.first)
    return write_kept(training, out, replayed, drop=drop, measured=measured)


def write_kept(
    training: DataFile,
    out: Path,
    replayed: ReplayedRecords,
    *,
    drop: Collection[str],
    measured: Collection[str],
) -> KeptRecords:
    """Write a training file without the records of the given groups.

    Args:
        training: The training file.
        out: The file to write, which must not exist.
        replayed: The records that the run graded.
        drop: The groups whose records are dropped.
        measured: The groups in which the run has at least two rewards.

    Raises:
        InputError: The training file cannot be read or has an invalid record, no record would be left, or
            `out` exists or cannot be written.
    """
    kept = dropped = unknown = 0
    source = as_source(training)
    with source.open() as whole, created(out, "Choose another file with --out.") as left:
        for line in numbered_lines(source):
            raw = whole.readline()  # unlike `line.text`, this has the original line ending
            group = None
            if line.text.strip():
                group = replayed.group_of(read_record(line.text, line.place))
                if group in drop:
                    dropped += 1
                    continue
                kept += 1
                unknown += group is None or group not in measured
            left.write(raw)
        if not kept:
            what = "no record would be left" if dropped else "the file is empty"
            raise InputError(what, place=str(training), fix="Pass the file that the rollouts were made from.")
    return KeptRecords(out, kept, dropped, unknown, replayed.why)
