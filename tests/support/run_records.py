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
    """Return facts of a run whose grader ran in process and has the range 0 to 1."""
    values: dict[str, Any] = {
        "grader": GraderFacts("my_grader:right", "0", {"range": [0.0, 1.0]}),
        "input": file_input("/x/r.jsonl"),
        "target": InProcessFacts("my_grader:right"),
        "wire": "open-weight",
        **changed,
    }
    return RunFacts(**values)


def unknown_grader() -> GraderFacts:
    return GraderFacts("my_grader", "0", None)


def file_input(path: str | Path, *, hashed: bool = False, derived: bool = False, **stated: Any) -> InputFacts:
    """Return facts of a run's input file. A file that does not exist counts as three bytes.

    Args:
        path: The file.
        hashed: Include the hash.
        derived: Whether the file contains records.
        **stated: Fields of `SourceFacts` that replace the facts from the disk.
    """
    size, mtime_ns = (3, 1)
    with contextlib.suppress(FileNotFoundError):
        size, mtime_ns = Path(path).stat().st_size, Path(path).stat().st_mtime_ns
    facts = SourceFacts(**{"name": str(path), "bytes": size, "mtime_ns": mtime_ns, **stated})
    return InputFacts((facts,), file_sha256(Path(path)) if hashed else None, derived)


def row_of(key: Any = "a", reward: float | None = 1.0, **changed: Any) -> Row:
    """Return one grading. Without a reward, it is a failure."""
    error = None if reward is not None else {"kind": "exception", "message": "KeyError: [bold]units[/bold]"}
    values = {"at": 0, "repeat": 0, "id": key, "group": "g", "reward": reward, "metrics": {}, "error": error}
    return cast(Row, {**values, "ms": 1.5, **changed})
