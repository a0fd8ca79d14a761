"""Provides the examples on which a job trains and validates: records with their recorded completions.

An example is a record with at least two recorded completions. Records with fewer are skipped, as the service
skips records that it cannot use. If more than a fifth of the records would be skipped, the job is refused,
because its curve would not represent the user's data. This module grades nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from harness.api.types import MAX_RECORDS, MIN_RECORDS
from harness.data.identity import leak_key
from harness.data.json_lines import LineError, parse
from harness.simulator.failure import JobFailure
from harness.simulator.policy import generator
from harness.simulator.pool import Group, Pool

__all__ = [
    "HELD_OUT",
    "MAX_SHORT",
    "MIN_COMPLETIONS",
    "Example",
    "Examples",
    "about_size",
    "choose_examples",
    "read_records",
]

HELD_OUT: Final = 64
"""Maximum number of validation groups if the request has no `eval_samples`."""

MIN_COMPLETIONS: Final = 2
"""Minimum number of completions, because a record with fewer teaches nothing."""
MAX_SHORT: Final = 0.2
"""Maximum share of records that may have fewer completions than required."""

_ROLES: Final = ("system", "developer", "user", "assistant", "nova_assistant", "tool")


class Example(NamedTuple):
    """A record with its recorded completions."""

    record: dict[str, Any]
    group: Group


class Examples(NamedTuple):
    """The examples of a job."""

    training: list[Example]
    held_out: list[Example]
    warnings: list[str]
    """Messages for the user that do not stop the job."""


def read_records(content: bytes, param: str) -> list[dict[str, Any]]:
    """Read a training or validation file.

    Args:
        content: The uploaded file.
        param: The request field that named the file.

    Raises:
        JobFailure: The file is empty or a line is not a record. The message names the first such line.
    """
    records = []
    for number, line in enumerate(content.split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            record = parse(line)
        except LineError as error:
            raise JobFailure(f"invalid_{param}", f"Line {number} is {error}.", param=param) from error
        problem = _not_a_record(record)
        if problem:
            raise JobFailure(f"invalid_{param}", f"Line {number}: {problem}.", param=param)
        records.append(record)
    if not records:
        raise JobFailure(f"invalid_{param}", "The file has no records.", param=param)
    return records


def choose_examples(
    records: Sequence[dict[str, Any]],
    validation: Sequence[dict[str, Any]] | None,
    pool: Pool,
    *,
    seed: int,
    held_out: int = HELD_OUT,
) -> Examples:
    """Find the recorded completions of each record, and choose the validation groups.

    Args:
        records: The training file.
        validation: The validation file; None to use the pool's groups whose prompts are not in the training
            file.
        pool: The recorded completions.
        seed: Selects the held-out groups if there are more than needed.
        held_out: Maximum number of validation groups.

    Raises:
        JobFailure: More than a fifth of the records have fewer than two recorded completions.
    """
    training = _examples(records, pool)
    missing = len(records) - len(training)
    if missing > MAX_SHORT * len(records) or not training:
        raise JobFailure(
            "too_few_completions",
            f"{missing} of {len(records)} records have fewer than {MIN_COMPLETIONS} recorded completions."
            " Start the emulator with --rollouts FILE whose rollouts have these records' messages and"
            " reference_answer, 8 completions per record if possible (`rft rollout` makes such a file).",
            param="training_file",
        )
    warnings = about_size(len(records))
    if missing:
        warnings.append(
            f"{missing} of {len(records)} records are left out:"
            f" fewer than {MIN_COMPLETIONS} recorded completions"
        )
    if validation is None:
        names = {name for record in records for name in record}
        trained = {leak_key(record) for record in records}.union(
            *(example.group.leaks for example in training)
        )
        others = [
            Example({name: value for name, value in group.record.items() if name in names}, group)
            for group in pool.groups.values()
            if trained.isdisjoint(group.leaks) and len(group.candidates) >= MIN_COMPLETIONS
        ]
    else:
        others = _examples(validation, pool)
    if not others:
        warnings.append(
            "No held-out records: give a validation file, or rollouts of records that are not trained on"
        )
    if len(others) > held_out:
        others = generator("held-out", seed).sample(others, held_out)
    return Examples(training, others, warnings)


def _examples(records: Sequence[dict[str, Any]], pool: Pool) -> list[Example]:
    found = ((record, pool.of_record(record)) for record in records)
    return [
        Example(record, group)
        for record, group in found
        if group and len(group.candidates) >= MIN_COMPLETIONS
    ]


def about_size(count: int) -> list[str]:
    """Warn if the number of records is outside the service's documented limits (unverified)."""
    if MIN_RECORDS <= count <= MAX_RECORDS:
        return []
    return [f"{count} records: the service documents {MIN_RECORDS} to {MAX_RECORDS}"]


def _not_a_record(record: Any) -> str | None:
    """Return the reason why a line is not a record, or None if it is one."""
    messages = record.get("messages") if isinstance(record, dict) else None
    if not isinstance(messages, list) or not messages:
        return "a record needs a list of `messages`"
    for message in messages:
        if not isinstance(message, dict) or message.get("role") not in _ROLES:
            return f"every message needs one of the roles {', '.join(_ROLES)}"
    if messages[-1]["role"] not in ("user", "tool"):
        return "a record's last message must be the user's; this one ends with a completion"
    return None
