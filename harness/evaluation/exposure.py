"""Checks if a model was trained on an evaluation's records, which would make the evaluation meaningless.

A job's journal names its training file and the file's hash. Records are compared by record key and by leak
key, so a record counts as trained on if its prompt was used in training, whatever the reference. If only a
model ID is known, or the training file is missing, the result is `not checked`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Literal, TypeAlias

from harness.api.types import MODELS
from harness.data.identity import content_key, leak_key, record_key
from harness.data.json_lines import LineError
from harness.data.records import Record, read
from harness.data.sources import STANDARD_INPUT, DataFile, text_sha256
from harness.errors import InputError
from harness.jobs.journal import find_entry
from harness.jobs.plan import TrainingFile

__all__ = ["Exposure", "State", "exposure_of_base", "exposure_of_job", "exposure_of_model", "refuse_trained"]

State: TypeAlias = Literal["none", "trained", "not tuned", "not checked"]

_NAMED = 3


@dataclass(frozen=True, slots=True)
class Exposure:
    """A model's exposure to the records of an evaluation."""

    state: State
    """Result of the check.

    `none` means that the model was trained on none of the records, `trained` on at least one. `not tuned`
    means that no job trained the model.
    """
    why: str | None = None
    """The reason why the exposure is unknown."""
    training_file: str | None = None
    records: int | None = None
    """Number of compared records; None if nothing was compared."""
    same_record: int = 0
    """Number of the compared records that are in the training file."""
    same_prompt: int = 0
    """Number of further records whose prompt is in the training file with another reference."""
    examples: tuple[str, ...] = ()
    """Examples of matching records, such as `held_out.jsonl:3 = train.jsonl:17`."""

    @property
    def sentence(self) -> str | None:
        """The result as a sentence without a period; None if there is nothing to report."""
        if self.state == "not checked":
            return f"whether it was trained on these records was not checked: {self.why}"
        if self.state != "trained":
            return None
        alone = "only by the prompt"
        found = f"{self.same_record or self.same_prompt:,} of {self.records:,} records"
        if not self.same_record:
            found += f" {alone}"
        elif self.same_prompt:
            found += f", and {self.same_prompt:,} more {alone}"
        return f"in its training file: {found} ({', '.join(self.examples)})"


def exposure_of_base() -> Exposure:
    """Return the exposure of a base model, which no job has tuned."""
    return Exposure("not tuned")


def exposure_of_model(model: str) -> Exposure:
    """Return the exposure of a model that is named only by its ID.

    Args:
        model: The ID.
    """
    if model in {known.id for known in MODELS}:
        return exposure_of_base()
    return Exposure(
        "not checked", "a model ID does not show which job trained the model; name the job instead"
    )


def exposure_of_job(jobs_dir: Path, job: str, records: DataFile, limit: int | None = None) -> Exposure:
    """Compare the records of an evaluation with the training file of a job.

    Args:
        jobs_dir: The folder of all jobs.
        job: The job's name or ID.
        records: The records of the evaluation.
        limit: Number of records to compare, from the start of the file.

    Raises:
        InputError: The records cannot be read.
    """
    entry = find_entry(jobs_dir, job)
    if entry is None:
        return Exposure("not checked", f"{jobs_dir} has no journal of {job}")
    data = entry.facts.data
    path = _the_same_file(data, records)
    if path is None:
        return Exposure("not checked", f"{data.path} is missing, or its content has changed since training")
    keys: dict[str, str] = {}
    prompts: dict[str, str] = {}
    try:
        for record in _comparable(path):
            place = _short(record)
            keys.setdefault(record_key(record.fields), place)
            keys.setdefault(content_key(record.fields), place)
            prompts.setdefault(leak_key(record.fields), place)
    except (InputError, LineError) as error:
        return Exposure("not checked", f"the training file cannot be compared: {error}")
    return _compared(records, limit, path, keys, prompts)


def refuse_trained(exposures: Iterable[tuple[str, Exposure]]) -> None:
    """Raise an error if a model was trained on the records.

    Args:
        exposures: The user's name for each model, with the model's exposure. If several models come from one
            job, only the last one is named.

    Raises:
        InputError: At least one model was trained on the records.
    """
    names = {exposure: name for name, exposure in exposures if exposure.state == "trained"}
    if names:
        raise InputError(
            "; ".join(f"{name}: {exposure.sentence}" for exposure, name in names.items()),
            fix="Evaluate on records that no named job was trained on, or add --allow-training-records: the"
            " result then says so.",
        )


def _the_same_file(data: TrainingFile, records: DataFile) -> DataFile | None:
    """Return the path of the training file if its content has not changed since training."""
    for path in (data.path, records):
        if path == STANDARD_INPUT:  # stdin now has the evaluation's records
            continue
        try:
            if text_sha256(path) == data.sha256:
                return path
        except InputError:
            continue
    return None


def _comparable(file: DataFile) -> Iterator[Record]:
    for record in read(file):
        if isinstance(record.fields.get("messages"), list):
            yield record


def _short(record: Record) -> str:
    """Return a record's place without the folder, as in `held_out.jsonl:3`."""
    return record.place.rpartition("/")[2]


def _compared(
    records: DataFile, limit: int | None, training: DataFile, keys: dict[str, str], prompts: dict[str, str]
) -> Exposure:
    same_record = same_prompt = count = 0
    examples: list[str] = []
    for record in islice(_comparable(records), limit):
        count, fields = count + 1, record.fields
        try:
            whole = keys.get(record_key(fields)) or keys.get(content_key(fields))
            found = whole or prompts.get(leak_key(fields))
        except LineError as error:
            raise InputError(str(error), place=record.place) from None
        if found is None:
            continue
        same_record += whole is not None
        same_prompt += whole is None
        if len(examples) < _NAMED:
            examples.append(f"{_short(record)} = {found}")
    state: State = "trained" if examples else "none"
    return Exposure(state, None, str(training), count, same_record, same_prompt, tuple(examples))
