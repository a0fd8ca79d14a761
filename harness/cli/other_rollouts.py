"""What of the project's settings fits rollouts that the command line names in place of the configured ones.

An option on the command line that does not fit is an error; a setting is left out, and a note says so.
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
    """The label, unless it is a setting and no rollout carries it.

    Args:
        rollouts: The file to grade: of rollouts, or of records.
        label: The label of a verb that has `label` as a parameter.
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
    """The training file, unless it is a setting and the named rollouts are not of its records.

    Args:
        rollouts: The file to grade: of rollouts, or of records, which need no other records.
        records: The training file of a verb that has `records` and `rollouts` as parameters.
    """
    setting = setting_of("records")
    if setting is None or records is None or setting_of("rollouts") is not None:
        return records
    if not holds_rollouts(rollouts):
        return None
    plain, held = next(read_rollouts(rollouts)), next(read_rollouts(rollouts, records=RecordFile(records)))
    if plain.problem is not None or held.problem is None:
        return records
    say(printable(f"note: {rollouts} is not of {records}, which is not used ({setting.place})"), err=True)
    return None
