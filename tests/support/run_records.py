"""Facts and rows of runs, for tests that need no replay."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any, cast

from harness.data.sources import SourceFacts
from harness.disk import file_sha256
from harness.runs.facts import GraderFacts, InProcessFacts, InputFacts, RunFacts
from harness.runs.rows import Row


def facts_of(**changed: Any) -> RunFacts:
    """Facts of a run of a grader in process, whose range is 0 to 1."""
    values: dict[str, Any] = {
        "grader": GraderFacts("my_grader:right", "0", {"range": [0.0, 1.0]}),
        "input": file_input("/x/r.jsonl"),
        "target": InProcessFacts("my_grader:right"),
        "wire": "open-weight",
        **changed,
    }
    return RunFacts(**values)


def unknown_grader() -> GraderFacts:
    """A grader whose range nobody knows."""
    return GraderFacts("my_grader", "0", None)


def file_input(path: str | Path, *, hashed: bool = False, derived: bool = False, **stated: Any) -> InputFacts:
    """A run's input of one file, as it is on disk; one that need not exist has three bytes.

    Args:
        path: The file.
        hashed: Whether its hash is known.
        derived: Whether it holds records.
        **stated: Of `SourceFacts`, in place of what is on disk.
    """
    size, mtime_ns = (3, 1)
    with contextlib.suppress(FileNotFoundError):
        size, mtime_ns = Path(path).stat().st_size, Path(path).stat().st_mtime_ns
    facts = SourceFacts(**{"name": str(path), "bytes": size, "mtime_ns": mtime_ns, **stated})
    return InputFacts((facts,), file_sha256(Path(path)) if hashed else None, derived)


def row_of(key: Any = "a", reward: float | None = 1.0, **changed: Any) -> Row:
    """One grading; without a reward, one that failed."""
    error = None if reward is not None else {"kind": "exception", "message": "KeyError: [bold]units[/bold]"}
    values = {"at": 0, "repeat": 0, "id": key, "group": "g", "reward": reward, "metrics": {}, "error": error}
    return cast(Row, {**values, "ms": 1.5, **changed})
