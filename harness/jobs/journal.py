"""Records the progress of each submission in `jobs/NAME/job.json`, and finds jobs by name or ID.

The file is replaced atomically at each stage. It contains no key.
"""

from __future__ import annotations

import hashlib
import os
import platform
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import Literal, TypeAlias

from harness.api.safe_text import in_path
from harness.data.sources import STANDARD_INPUT, stem_of
from harness.data.typed_json import as_json, read_typed, typed
from harness.disk import HeldLock, lock, write_json
from harness.errors import InputError
from harness.jobs.plan import Plan, ReplayEvidence, TrainingFile, read_training_file

__all__ = [
    "Entry",
    "JobFacts",
    "check_name",
    "default_name",
    "file_ending",
    "find_entry",
    "find_job",
    "held",
    "held_for_all_folders",
    "journal_of",
    "names_by_id",
    "other_grader",
]

_SCHEMA = 1
_NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")
_LONGEST_FOLDER = 200


State: TypeAlias = Literal["intended", "uploading", "uploaded", "creating", "created"]


@dataclass(frozen=True, slots=True)
class JobService:
    """The service that runs a job."""

    base_url: str
    region: str | None


@dataclass(frozen=True, slots=True)
class JobGrader:
    """The function that grades a job."""

    arn: str
    code_sha256: str | None
    """The function's CodeSha256 when the job was submitted, if known."""


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """The training file on the service."""

    name: str
    """File name that ends with the plan's digest, so that an earlier submission can be found."""
    id: str | None = None
    """The file's ID; None until the service has responded to the upload."""


@dataclass(frozen=True, slots=True)
class CreatedJob:
    """The job on the service."""

    id: str | None = None
    """The job's ID; None until the service has responded to the request that creates the job."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFacts:
    """The contents of a job's journal."""

    schema: int = _SCHEMA
    name: str
    """The job's local name."""
    state: State
    written_at: str
    digest: str
    """`Plan.digest`, which identifies the plan."""
    service: JobService
    data: TrainingFile
    grader: JobGrader
    replay: ReplayEvidence | None = None
    """The replay of the grader."""
    model: str
    hyperparameters: dict[str, int | float | str]
    versions: dict[str, str | None]
    file: UploadedFile
    job: CreatedJob


@dataclass(slots=True)
class Entry:
    """The journal of one submission."""

    path: Path
    """Path of the `job.json` file."""
    facts: JobFacts

    @classmethod
    def open(cls, jobs_dir: Path, name: str, plan: Plan, written_at: str) -> Entry:
        """Read a job's journal, or start a new one.

        Args:
            jobs_dir: The folder of all jobs.
            name: The job's local name.
            plan: The plan to submit.
            written_at: The current time, ISO 8601.

        Raises:
            InputError: The name is malformed, or the journal with this name belongs to another plan.
        """
        check_name(name)
        found = _read(jobs_dir / name)
        if found is None:
            return cls(jobs_dir / name / "job.json", _beginning(name, plan, written_at))
        if found.facts.digest != plan.digest():
            raise InputError(
                "this name belongs to a job with other data, grader or hyperparameters",
                fix="Choose another --name.",
                place=str(found.path),
            )
        if found.facts.state != "created":  # The grader of a created job no longer changes.
            found.facts = replace(
                found.facts,
                grader=JobGrader(plan.grader_arn, plan.code_sha256 or found.facts.grader.code_sha256),
                replay=plan.replay or found.facts.replay,
            )
        return found

    def reach(self, state: State, *, file_id: str | None = None, job_id: str | None = None) -> None:
        """Record that the submission has reached a stage.

        Args:
            state: The stage.
            file_id: The uploaded file, once known.
            job_id: The created job, once known.

        Raises:
            InputError: The journal cannot be written.
        """
        file = self.facts.file if file_id is None else replace(self.facts.file, id=file_id)
        job = self.facts.job if job_id is None else CreatedJob(job_id)
        self.facts = replace(self.facts, state=state, file=file, job=job)
        write_json(self.path, as_json(self.facts))


def check_name(name: str) -> None:
    """Reject an invalid local name for a job.

    Raises:
        InputError: The name is too long or contains a character that is not allowed.
    """
    if not _NAME.match(name):
        raise InputError(
            f"{name!r} cannot be a job's name",
            fix="Use at most 100 letters, digits and . _ -",
            place="--name",
        )


def default_name(plan: Plan) -> str:
    """Return a name derived from the plan, so that a repeated command finds its journal.

    Args:
        plan: The job.
    """
    stem = re.sub(r"[^A-Za-z0-9]+", "-", stem_of(plan.data.path)).strip("-")[:40] or "job"
    return f"{stem}-{plan.digest()[:10]}"


def file_ending(name: str, plan: Plan) -> str:
    """Return the ending of the training file's name on the service. It is the same on every machine.

    Args:
        name: The job's local name. A name that the user chose makes this a different submission.
        plan: The job.
    """
    chosen = None if name == default_name(plan) else name
    return f"-{plan.intent(chosen)[:20]}.jsonl"


def held_for_all_folders(name: str, plan: Plan) -> HeldLock:
    """Lock a submission against this user's other processes, in any folder.

    Args:
        name: The job's local name.
        plan: The job.

    Raises:
        InputError: Another process is submitting the plan, or the folder of locks cannot be written.
    """
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    service = hashlib.sha256(plan.base_url.encode()).hexdigest()[:8]
    path = Path(state) / "rft-graders" / f"submit-{service}{file_ending(name, plan)}.lock"
    return lock(path, "this submission", fix="Wait for it, or choose another --name.")


def held(jobs_dir: Path, name: str) -> HeldLock:
    """Lock a job's name against other processes.

    Args:
        jobs_dir: The folder of all jobs.
        name: The job's local name.

    Raises:
        InputError: Another process is submitting under this name, or the folder cannot be written.
    """
    check_name(name)
    return lock(jobs_dir / name / ".lock", f"job {name}", fix="Wait for it, or choose another --name.")


def find_job(jobs_dir: Path, name_or_id: str) -> tuple[str, Path]:
    """Find a job's ID and folder.

    Args:
        jobs_dir: The folder of all jobs.
        name_or_id: The job's local name, or its ID on the service.

    Returns:
        The ID and the folder. For an ID, the folder may not exist yet.

    Raises:
        InputError: The job was never created, its journal is damaged, or `name_or_id` is neither a
            name nor an ID.
    """
    segment = in_path(name_or_id, "job name or id")
    found = find_entry(jobs_dir, name_or_id)
    if found is None:
        # An id may contain a colon and may be long, but many file systems do not allow such names.
        folder = segment.replace(":", "_")
        if len(folder) > _LONGEST_FOLDER:
            folder = hashlib.sha256(name_or_id.encode()).hexdigest()
        return name_or_id, jobs_dir / folder
    if found.facts.job.id is None:
        raise InputError(
            f"{name_or_id} was not submitted yet (it is {found.facts.state})",
            fix="Run the same `rft submit` again: it resumes.",
        )
    return found.facts.job.id, found.path.parent


def find_entry(jobs_dir: Path, name_or_id: str) -> Entry | None:
    """Find a job's journal.

    Args:
        jobs_dir: The folder of all jobs.
        name_or_id: The job's local name, or its ID on the service.

    Returns:
        The journal, or None if nothing was submitted from here under that name or ID.

    Raises:
        InputError: The journal of that name is damaged.
    """
    if _NAME.match(name_or_id):
        named = _read(jobs_dir / name_or_id)
        if named is not None:
            return named
    return next((one for one in _entries(jobs_dir) if one.facts.job.id == name_or_id), None)


def names_by_id(jobs_dir: Path) -> dict[str, str]:
    """Return the local names of submitted jobs by the service's IDs.

    Args:
        jobs_dir: The folder of all jobs.
    """
    return {one.facts.job.id: one.path.parent.name for one in _entries(jobs_dir) if one.facts.job.id}


def _entries(jobs_dir: Path) -> Iterator[Entry]:
    """Yield every readable journal, because a damaged one must not hide the others."""
    for path in sorted(jobs_dir.glob("*/job.json")):
        try:
            found = _read(path.parent)
        except InputError:
            continue
        if found is not None:
            yield found


def journal_of(jobs_dir: Path, job: str) -> JobFacts:
    """Return the journal of a job whose plan is to be reused.

    Args:
        jobs_dir: The folder of all jobs.
        job: The job's local name, or its ID on the service.

    Returns:
        The journal, whose training file has not changed since the job was submitted.

    Raises:
        InputError: The job has no journal, or its training file is missing or changed.
    """
    found = find_entry(jobs_dir, job)
    if found is None:
        raise InputError(
            f"there is no journal of a job {job}",
            fix="Use the name of a job that `rft submit` submitted from here, or set --jobs-dir.",
            place=str(jobs_dir),
        )
    data = found.facts.data
    if data.path == STANDARD_INPUT:
        raise InputError(
            "the training file of that job was piped in and not kept",
            fix="Submit the file as a separate job, without --like.",
            place=found.facts.name,
        )
    if read_training_file(data.path).sha256 != data.sha256:
        raise InputError(
            "the training file has changed since that job",
            fix="Restore it, or submit the new file as a separate job.",
            place=data.path,
        )
    return found.facts


def other_grader(jobs_dir: Path, job: str, sha256: str | None) -> str | None:
    """Describe the difference if a job was submitted with a different grader.

    Args:
        jobs_dir: The folder of all jobs.
        job: The job's local name, or its ID on the service.
        sha256: The grader's fingerprint in an in-process replay; None if unknown.

    Returns:
        One sentence without a period, or None if the grader is the same or the journal does not tell.
    """
    found = find_entry(jobs_dir, job)
    replay = found.facts.replay if found is not None else None
    # The fingerprint of a built or deployed function cannot be compared with files.
    if replay is None or replay.target != "in-process" or None in (sha256, replay.grader_sha256):
        return None
    if replay.grader_sha256 == sha256:
        return None
    return f"{job} was submitted on the evidence of {replay.run}, whose grader differs from the one here"


def _beginning(name: str, plan: Plan, written_at: str) -> JobFacts:
    versions = {name: _version(name) for name in ("rft-graders", "openai")}
    value = {
        "name": name,
        "state": "intended",
        "written_at": written_at,
        "digest": plan.digest(),
        **plan.to_json(),
        "versions": {**versions, "python": platform.python_version()},
        "file": {"name": f"{name[:60]}{file_ending(name, plan)}"},
        "job": {},
    }
    try:
        return typed(JobFacts, value)
    except ValueError as error:  # `--force` with a hyperparameter that JSON cannot express
        raise InputError(f"this job cannot be submitted: {error}") from None


def _version(distribution: str) -> str | None:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def _read(folder: Path) -> Entry | None:
    path = folder / "job.json"
    facts = read_typed(path, JobFacts, "job journal", schema=_SCHEMA)
    return None if facts is None else Entry(path, facts)
