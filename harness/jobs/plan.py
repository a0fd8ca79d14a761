"""Defines a job's plan, which has everything needed to create the job, and to create the same job again."""

from __future__ import annotations

import hashlib
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Literal, TypeAlias, cast

from harness.api.types import GRADER_TYPE, HYPERPARAMETERS, METHOD_TYPE, Hyperparameters, JobRequest
from harness.data.sources import DataFile, as_source, unreadable
from harness.data.typed_json import as_json
from harness.errors import InputError

__all__ = [
    "Plan",
    "ReplayEvidence",
    "SameCode",
    "TrainingFile",
    "checked_copy",
    "hyperparameters",
    "read_training_file",
]

SameCode: TypeAlias = Literal["proven", "different", "not proven"]

_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class TrainingFile:
    """Facts about a training file."""

    path: str
    """Name or path that the user gave."""
    sha256: str
    bytes: int
    records: int
    """Number of lines that are not blank."""


@dataclass(frozen=True, slots=True)
class ReplayEvidence:
    """Facts about the replay of a job's grader."""

    run: Path
    target: Literal["in-process", "lambda-runtime", "deployed"]
    """Kind of the replay's target."""
    grader_sha256: str | None
    """The grader's fingerprint in the run: the hash of its files and packages, or of its artifact."""
    same_code: SameCode
    """Result of comparing the replayed grader with the job's function."""
    records_seen: int | None = None
    """Number of records of the training file that the run graded; None if unknown."""
    seconds: float | None = None
    """Mean duration of one grading, measured by the run."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The model, the data, the grader and the hyperparameters of a job."""

    data: TrainingFile
    grader_arn: str
    model: str
    hyperparameters: Hyperparameters
    base_url: str
    region: str | None
    code_sha256: str | None = None
    """The function's CodeSha256; None if neither AWS nor the user provided it."""
    replay: ReplayEvidence | None = None
    """The replay that the user named."""
    region_from: str | None = None
    """Where the Region comes from."""
    region_guessed: bool = False
    """True if an environment variable sets a Region although the service runs on this machine."""

    def digest(self) -> str:
        """Return a SHA-256 that identifies the plan, regardless of the file's name and the grader's code."""
        parts = [self.data.sha256, self.grader_arn, self.model, self.base_url]
        text = json.dumps([*parts, self.hyperparameters], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def intent(self, name: str | None = None) -> str:
        """Return a SHA-256 that is the same for equal submissions from every folder and machine.

        Args:
            name: The user's name for the submission. Another name allows a second job with the same plan.
        """
        parts = [self.data.sha256, self.grader_arn, self.model, self.hyperparameters, name]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

    def request(self, file_id: str) -> JobRequest:
        """Return the body of the request that creates the job.

        Args:
            file_id: The uploaded training file.
        """
        return {
            "training_file": file_id,
            "model": self.model,
            "method": {
                "type": METHOD_TYPE,
                "reinforcement": {
                    "grader": {"type": GRADER_TYPE, "lambda": {"function": self.grader_arn}},
                    "hyperparameters": self.hyperparameters,
                },
            },
        }

    def to_json(self) -> dict[str, Any]:
        """Return the plan as stored in the journal."""
        return {
            "service": {"base_url": self.base_url, "region": self.region},
            "data": as_json(self.data),
            "grader": {"arn": self.grader_arn, "code_sha256": self.code_sha256},
            "replay": as_json(self.replay),
            "model": self.model,
            "hyperparameters": dict(self.hyperparameters),
        }


def hyperparameters(**given: float | None) -> Hyperparameters:
    """Return all three hyperparameters, so that a job can be repeated even if the service's defaults change.

    Args:
        given: Values by name. Missing values and None are replaced by the documented defaults.
    """
    values = {
        name: spec.default if given.get(name) is None else given[name]
        for name, spec in HYPERPARAMETERS.items()
    }
    return cast(Hyperparameters, values)


def read_training_file(file: DataFile) -> TrainingFile:
    """Count a training file's records and compute the digest of its decompressed content.

    Args:
        file: A JSONL file of records.

    Raises:
        InputError: The file cannot be read.
    """
    source = as_source(file)
    digest = hashlib.sha256()
    size = records = 0
    tail = b""
    try:
        with source.open() as handle:
            while chunk := handle.read(_CHUNK):
                digest.update(chunk)
                size += len(chunk)
                *lines, tail = (tail + chunk).split(b"\n")
                records += sum(1 for line in lines if line.strip())
    except OSError as error:
        raise unreadable(error, source.name) from error
    return TrainingFile(str(file), digest.hexdigest(), size, records + bool(tail.strip()))


def checked_copy(data: TrainingFile) -> IO[bytes]:
    """Copy a training file so that changes during the submission cannot reach the service.

    Args:
        data: The training file, with its expected digest.

    Raises:
        InputError: The file has changed or cannot be copied.
    """
    copy: IO[bytes] = tempfile.TemporaryFile()
    digest = hashlib.sha256()
    try:
        with as_source(data.path).open() as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
                copy.write(chunk)
        if digest.hexdigest() != data.sha256:
            raise InputError(
                "changed while it was being submitted; nothing was sent",
                fix="Run the command again.",
                place=data.path,
            )
        copy.seek(0)
    except OSError as error:
        copy.close()
        raise InputError(f"cannot be copied: {error.strerror}", place=data.path) from error
    except InputError:
        copy.close()
        raise
    return copy
