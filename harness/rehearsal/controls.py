"""What a grader says of the references themselves: a check of the grader that needs no model and no label.

Comes in: records and a target. Goes out: `Controls`, or None where the references are no texts. A grader that
likes a record's own reference and not another's tells right from wrong; one that does not may still want
another format, so this can only clear it.
"""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from harness.errors import InputError
from harness.rehearsal.verdict import Controls
from harness.replay.grading import grade_batch, in_batches, profiles_of
from harness.rollouts.derive import REFERENCE, write_derived
from harness.rollouts.read import read_rollouts
from harness.targets.protocol import Target

__all__ = ["measure_controls"]

_MOST = 100


def measure_controls(
    records: Path, into: Path, target: Target, bounds: tuple[float, float]
) -> Controls | None:
    """Grade references in place of completions, own and foreign, of the first hundred records.

    Args:
        records: The file of records.
        into: Folder for the rollouts that are made of them.
        target: Where to grade.
        bounds: The grader's range.
    """
    made = into / "controls.jsonl"
    made.unlink(missing_ok=True)
    try:
        write_derived(records, made)
    except InputError:  # a record without a reference, or one that is no text
        made.unlink(missing_ok=True)
        return None
    counts = {"own": 0, "own_highest": 0, "other": 0, "other_lowest": 0}
    for batch in in_batches(islice(read_rollouts(made), 2 * _MOST)):
        for row in grade_batch(target, batch, profiles_of("open-weight"), 1, keep_label=False):
            if str(row["id"]).endswith(f"/{REFERENCE}"):
                counts["own"] += 1
                counts["own_highest"] += row["reward"] == bounds[1]
            else:
                counts["other"] += 1
                counts["other_lowest"] += row["reward"] == bounds[0]
    return Controls(**counts)
