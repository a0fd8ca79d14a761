"""Drops project settings that do not fit the rollouts named on the command line.

If an option on the command line does not fit, it is an error. If a setting does not fit, it is dropped with a
note.
"""

from __future__ import annotations

from harness.cli.configured import setting_of
from harness.cli.output import printable, say
from harness.data.record_file import RecordFile
from harness.data.sources import DataFile
from harness.errors import InputError
from harness.rollouts.read import check_labeled, holds_rollouts, read_rollouts

__all__ = ["fitting_label", "fitting_records"]


def fitting_label(rollouts: DataFile, label: str | None) -> str | None:
    """Return the label, or None if it comes from the settings and no rollout has it.

    Args:
        rollouts: The file to grade, which contains rollouts or records.
        label: The verb's `label` parameter.
    """
    setting = setting_of("label")
    if setting is None or not holds_rollouts(rollouts):
        return label if setting is None else None
    try:
        check_labeled(rollouts, label)
    except InputError:
        text = f"note: {rollouts} has no field {label!r}: no label is compared ({setting.place})"
        say(printable(text), err=True)
        return None
    return label


def fitting_records(rollouts: DataFile, records: DataFile | None) -> DataFile | None:
    """Return the training file, or None if it comes from the settings and lacks the rollouts' records.

    Args:
        rollouts: The file to grade, which contains rollouts or records. Records need no training file.
        records: The `records` parameter of a verb that also has `rollouts`.
    """
    setting = setting_of("records")
    if setting is None or records is None or setting_of("rollouts") is not None:
        return records
    if not holds_rollouts(rollouts):
        return None
    plain, held = next(read_rollouts(rollouts)), next(read_rollouts(rollouts, records=RecordFile(records)))
    if plain.problem is not None or held.problem is None:
        return records
    say(
        printable(
            f"note: {rollouts} belongs to other records than {records}, which is not used ({setting.place})"
        ),
        err=True,
    )
    return None
