"""Lists the replay runs in a folder, including those that cannot be opened."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from heapq import nlargest
from pathlib import Path

from harness.errors import InputError
from harness.runs.facts import RunFacts
from harness.runs.store import open_run

__all__ = ["ListedRun", "RunList", "list_runs"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedRun:
    """One run in a list. Unknown values are None."""

    name: str
    when: str
    """Time when `run.json` was last written, in ISO 8601 and UTC. For a finished run, this is its end."""
    state: str
    """`done`, `unfinished` or `unreadable`."""
    grader: str | None = None
    rollouts: str | None = None
    """Name of the input: its first file or object, and the number of further ones."""
    gradings: int | None = None
    mean: float | None = None
    failures: int | None = None
    """Number of gradings without a reward."""
    label: str | None = None
    agreed: int | None = None
    """Number of rewards that agree with their label."""
    judged: int | None = None
    """Number of rewards that were compared with a label."""
    answers: Path | None = None
    """File of answers to the grader's requests, or None if there were no requests or a service answered."""
    problem: str | None = None
    """The reason why the run cannot be read."""


@dataclass(frozen=True, slots=True)
class RunList:
    """The newest runs in a folder."""

    runs: tuple[ListedRun, ...]
    """The runs, newest first."""
    more: int
    """Number of older runs that are not in `runs`."""


def list_runs(folder: Path, limit: int) -> RunList:
    """List the runs in a folder, newest first.

    Args:
        folder: The folder of all runs.
        limit: Maximum number of runs to list.

    Raises:
        InputError: The folder cannot be read.
    """
    try:
        found = [(_written(path), path) for path in folder.iterdir() if _is_run(path)]
    except FileNotFoundError:
        found = []
    except OSError as error:
        fix = "Name the folder of the runs with --runs-dir."
        raise InputError(f"cannot be read: {error.strerror}", place=str(folder), fix=fix) from error
    newest = nlargest(limit, found)
    return RunList(tuple(_listed(path, at) for at, path in newest), len(found) - len(newest))


def _is_run(path: Path) -> bool:
    """Return True for a run or the remains of one, but not for a log or a draft (`.NAME`)."""
    kept = ("run.json", "rewards.jsonl", "shards")
    return path.name[0] != "." and path.is_dir() and any((path / name).exists() for name in kept)


def _written(path: Path) -> float:
    try:
        return (path / "run.json").lstat().st_mtime
    except OSError:
        return path.lstat().st_mtime


def _listed(path: Path, at: float) -> ListedRun:
    when = datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")
    try:
        return _of(open_run(path).facts, path.name, when)
    except InputError as error:
        missing = not (path / "run.json").exists()
        why = "its run.json is missing" if missing else error.message
    except OSError as error:
        why = str(error.strerror)
    return ListedRun(name=path.name, when=when, state="unreadable", problem=why)


def _of(facts: RunFacts, name: str, when: str) -> ListedRun:
    found = ListedRun(
        name=name,
        when=when,
        state="unfinished",
        grader=facts.grader.ref,
        rollouts=facts.input.name,
        label=facts.label,
        answers=None if facts.answers is None or facts.answers.ask == "all" else facts.answers.path,
    )
    totals = facts.totals
    if facts.state != "done" or totals is None:
        return found
    judged = None if facts.label is None else totals.agreed + totals.disagreed
    return replace(
        found,
        state="done",
        gradings=totals.gradings,
        mean=totals.mean,
        failures=sum(totals.errors.values()),
        agreed=None if judged is None else totals.agreed,
        judged=judged,
    )
