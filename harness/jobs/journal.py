"""What was meant to be submitted, on disk before it happens: `jobs/NAME/job.json`.

An `Entry` says how far the submission came, and is replaced in one step at each stage. This module also finds
a job by its name or id. It holds no key and never talks to the service.
"""

from __future__ import annotations

import json
import platform
import re
import secrets
from importlib import metadata
from pathlib import Path
from typing import Any

from harness.api.safe_text import checked_id
from harness.disk import HeldLock, lock, write_json
from harness.errors import InputError
from harness.jobs.plan import Plan, read_training_file

__all__ = ["Entry", "default_name", "find_job", "held", "journal_of"]

_SCHEMA = 1
_NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")


class Entry:
    """One submission's journal.

    Args:
        path: Its `job.json`.
        value: What stands in it.
    """

    __slots__ = ("path", "value")

    def __init__(self, path: Path, value: dict[str, Any]) -> None:
        self.path = path
        self.value = value

    @classmethod
    def open(cls, jobs_dir: Path, name: str, plan: Plan, written_at: str) -> Entry:
        """Read a name's journal, or begin it.

        Args:
            jobs_dir: The folder of all jobs.
            name: The job's name here.
            plan: What is to be submitted.
            written_at: The time, ISO 8601.

        Raises:
            InputError: The name is malformed, or its journal is about another plan.
        """
        if not _NAME.match(name):
            raise InputError(f"{name!r} cannot be a job's name", fix="Use letters, digits and . _ -")
        path = jobs_dir / name / "job.json"
        found = _read(path)
        if found is None:
            return cls(path, _beginning(name, plan, written_at))
        if found.get("digest") != plan.digest():
            raise InputError(
                "this name belongs to a job with other data, grader or hyperparameters",
                fix="Choose another --name.",
                place=str(path),
            )
        return cls(path, found)

    @property
    def name(self) -> str:
        """The job's name here."""
        return str(self.value["name"])

    @property
    def state(self) -> str:
        """`intended`, `uploading`, `uploaded`, `creating` or `created`."""
        return str(self.value["state"])

    @property
    def file_name(self) -> str:
        """The name, found nowhere else, that the training file gets on the service."""
        return str(self.value["file"]["name"])

    @property
    def file_id(self) -> str | None:
        """The uploaded file."""
        found = self.value["file"]["id"]
        return None if found is None else str(found)

    @property
    def job_id(self) -> str | None:
        """The created job."""
        found = self.value["job"]["id"]
        return None if found is None else str(found)

    def reach(self, state: str, *, file_id: str | None = None, job_id: str | None = None) -> None:
        """Write down that a stage is reached, before the next one begins.

        Args:
            state: The stage.
            file_id: The uploaded file, once known.
            job_id: The created job, once known.

        Raises:
            InputError: It cannot be written.
        """
        self.value["state"] = state
        if file_id is not None:
            self.value["file"]["id"] = file_id
        if job_id is not None:
            self.value["job"]["id"] = job_id
        write_json(self.path, self.value)


def default_name(plan: Plan) -> str:
    """A name that the same plan always gets, so that the same command finds its own journal.

    Args:
        plan: The job.
    """
    stem = re.sub(r"[^A-Za-z0-9]+", "-", plan.data.path.stem).strip("-")[:40] or "job"
    return f"{stem}-{plan.digest()[:10]}"


def held(jobs_dir: Path, name: str) -> HeldLock:
    """Keep other processes from submitting under the same name.

    Args:
        jobs_dir: The folder of all jobs.
        name: The job's name here.

    Raises:
        InputError: Another process is submitting it, or the folder cannot be written.
    """
    if not _NAME.match(name):
        raise InputError(f"{name!r} cannot be a job's name", fix="Use letters, digits and . _ -")
    return lock(jobs_dir / name / ".lock", f"job {name}", fix="Wait for it, or choose another --name.")


def find_job(jobs_dir: Path, name_or_id: str) -> tuple[str, Path]:
    """Find a job's id and folder.

    Args:
        jobs_dir: The folder of all jobs.
        name_or_id: A name under that folder, or an id of the service.

    Returns:
        The id and the folder, which need not exist yet for an id.

    Raises:
        InputError: The name's job was never created, or this can be neither name nor id.
    """
    checked_id(name_or_id, "job name or id")
    if _NAME.match(name_or_id):
        named = _read(jobs_dir / name_or_id / "job.json")
        if named is not None:
            job_id = (named.get("job") or {}).get("id")
            if not job_id:
                raise InputError(
                    f"{name_or_id} was not submitted yet (it is {named.get('state')})",
                    fix="Run the same `rft submit` again: it goes on where it stopped.",
                )
            return str(job_id), jobs_dir / name_or_id
    for path in sorted(jobs_dir.glob("*/job.json")) if jobs_dir.is_dir() else []:
        if _job_id_in(path) == name_or_id:
            return name_or_id, path.parent
    # A colon is legal in an id and not in every file system's names.
    return name_or_id, jobs_dir / name_or_id.replace(":", "_")


def journal_of(jobs_dir: Path, job: str) -> dict[str, Any]:
    """What a job was submitted with.

    Args:
        jobs_dir: The folder of all jobs.
        job: Its name there, or its id.

    Returns:
        The journal entry, whose training file is still what it was.

    Raises:
        InputError: There is no entry, or its training file is gone or changed.
    """
    found = _entry(jobs_dir, job)
    path = Path(found["data"]["path"])
    if read_training_file(path).sha256 != found["data"]["sha256"]:
        raise InputError(
            "the training file has changed since that job",
            fix="Restore it, or submit the new file as a job of its own.",
            place=str(path),
        )
    return found


def _entry(jobs_dir: Path, job: str) -> dict[str, Any]:
    paths = [jobs_dir / job / "job.json", *sorted(jobs_dir.glob("*/job.json"))]
    for number, path in enumerate(paths):
        try:
            found = json.loads(path.read_bytes())
            if number == 0 or found["job"]["id"] == job:
                _ = found["data"]["path"], found["data"]["sha256"], found["grader"]["arn"], found["model"]
                return dict(found)
        except (OSError, ValueError, KeyError, TypeError):
            continue
    raise InputError(
        f"no journal entry of a job {job}",
        fix="Name a job that `rft submit` submitted from here, or its --jobs-dir.",
        place=str(jobs_dir),
    )


def _job_id_in(path: Path) -> str | None:
    """The job that a journal is about; None for a broken one, which must not hide the others."""
    try:
        value = _read(path)
    except InputError:
        return None
    found = ((value or {}).get("job") or {}).get("id")
    return found if isinstance(found, str) else None


def _beginning(name: str, plan: Plan, written_at: str) -> dict[str, Any]:
    return {
        "schema": _SCHEMA,
        "name": name,
        "state": "intended",
        "written_at": written_at,
        "digest": plan.digest(),
        **plan.to_json(),
        "versions": {
            "rft-graders": _version("rft-graders"),
            "openai": _version("openai"),
            "python": platform.python_version(),
        },
        "file": {"name": f"{name}-{secrets.token_hex(4)}.jsonl", "id": None},
        "job": {"id": None},
    }


def _version(distribution: str) -> str | None:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def _read(path: Path) -> dict[str, Any] | None:
    try:
        value = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", place=str(path)) from error
    except ValueError as error:
        raise InputError("is not JSON", fix="Restore it or remove it.", place=str(path)) from error
    if not isinstance(value, dict) or value.get("schema") != _SCHEMA:
        raise InputError("is not a job's journal", fix="Restore it or remove it.", place=str(path))
    return value
