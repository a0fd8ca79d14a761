"""Makes rollouts from records alone, for use before any model is available.

Each record gives two rollouts: one with its own reference as the completion, which should get a high reward,
and one with another record's different reference, which should get a low reward. For worked solutions, the
part after the last `####` must differ. These rewards are reported but not required, because references may
not have the format that the grader expects.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from graders.sample import ASSISTANTS
from harness.data.formats.recognized import other_format
from harness.data.json_lines import LineError, numbered_lines, parse
from harness.data.sources import DataFile
from harness.disk import replaced
from harness.errors import InputError
from harness.rollouts.record_names import RecordNames

REFERENCE, OTHER = "reference", "other-reference"
"""Values of `model` for the two kinds of rollouts."""

_MARKER = "####"


class PlacedRecord(NamedTuple):
    """A record and its position."""

    number: int
    """Line number from 1, counted over all files. Used to name a record that has no name."""
    place: str
    """Position for error messages."""
    value: dict[str, Any]


def write_derived(records: DataFile, into: Path, template: str | None = None) -> int:
    """Write a rollouts file derived from a file of records.

    Args:
        records: The records.
        into: The rollouts file to write.
        template: Template of the completions, such as `{reference_answer.field}`. Required if a reference is
            not a string.

    Returns:
        The number of rollouts written.

    Raises:
        InputError: A record cannot be read or has no reference, or the file cannot be written.
    """
    made = list(derived(list(_records(records)), template))
    with replaced(into) as file:
        file.writelines(json.dumps(rollout).encode("ascii") + b"\n" for rollout in made)
    return len(made)


def derived(records: Sequence[PlacedRecord], template: str | None = None) -> Iterator[dict[str, Any]]:
    """Make rollouts from records.

    Args:
        records: The records.
        template: As for `write_derived`.

    Raises:
        InputError: A record has no reference.
    """
    completions = [_completion(each.value, each.place, template) for each in records]
    others = _others(completions)
    names = RecordNames()
    for at, (number, _, record) in enumerate(records):
        name = names.name(record, number)
        for model, completion in ((REFERENCE, completions[at]), (OTHER, others[at])):
            if completion is None:
                continue
            fields = {key: value for key, value in record.items() if key not in ("id", "messages")}
            turn = {"role": "assistant", "content": completion}
            yield {
                **fields,
                "id": f"{name}/{model}",
                "record": name,
                "model": model,
                "messages": [*record["messages"], turn],
            }


def _records(file: DataFile) -> Iterator[PlacedRecord]:
    for number, line in enumerate(numbered_lines(file), 1):
        if not line.text.strip():
            continue
        try:
            record = parse(line.text)
        except LineError as error:
            raise InputError(str(error), place=line.place, fix="Run `rft validate` on the file.") from None
        if not isinstance(record, dict) or not isinstance(record.get("messages"), list):
            raise other_format(record, line.place, line.source) or InputError(
                "this is not a record: it has no messages", place=line.place
            )
        last = record["messages"][-1] if record["messages"] else None
        if isinstance(last, dict) and last.get("role") in ASSISTANTS:
            raise InputError(
                "this is a rollout in a file of records",
                place=line.place,
                fix="Keep rollouts and records in separate files.",
            )
        yield PlacedRecord(number, line.place, record)


def _completion(record: dict[str, Any], place: str, template: str | None) -> str:
    """Return a record's reference as a completion, either unchanged or formatted by the template."""
    reference = record.get("reference_answer")
    if template is not None:
        return re.sub(r"\{([\w.]+)\}", lambda found: _looked_up(record, found[1], place), template)
    if isinstance(reference, str) and reference.strip():
        return reference
    if reference is None or isinstance(reference, str):
        raise InputError("the record has no reference_answer to use as a completion", place=place)
    raise InputError(
        "the record's reference_answer is not a string",
        place=place,
        fix=f"Say how to write it: {_templates(reference)}.",
    )


def _templates(reference: Any) -> str:
    """Return the option that writes a whole reference as JSON, and the one for its first field, if any."""
    fields = [name for name in reference if re.fullmatch(r"\w+", name)] if isinstance(reference, dict) else []
    part = f', or "{{reference_answer.{fields[0]}}}" for one field' if fields else ""
    return f'--completion-template "{{reference_answer}}" for all of it as JSON{part}'


def _looked_up(record: dict[str, Any], path: str, place: str) -> str:
    value: Any = record
    for part in path.split("."):
        if not isinstance(value, dict) or part not in value:
            raise InputError(f"the record has no {path} that the completion template uses", place=place)
        value = value[part]
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)  # as a model writes it


def _others(completions: list[str]) -> list[str | None]:
    """For each record, return the next completion with a different answer, or None if all are the same."""
    answers = [" ".join(completion.rpartition(_MARKER)[2].split()) for completion in completions]
    found: list[str | None] = [None] * len(completions)
    # If the next record has the same answer, what was found for the next record also applies to this one.
    # The second pass lets the last records continue with the first.
    for at in [*range(len(completions) - 1, -1, -1)] * 2:
        after = (at + 1) % len(completions)
        found[at] = completions[after] if answers[after] != answers[at] else found[after]
    return found
