"""Facts and rows of runs, for tests that need no replay."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

from harness.runs.facts import GraderFacts, InProcessFacts, InputFacts, RunFacts
from harness.runs.rows import Row


def facts_of(**changed: Any) -> RunFacts:
    """Facts of a run of a grader in process, whose range is 0 to 1."""
    values: dict[str, Any] = {
        "grader": GraderFacts("my_grader:right", "0", {"range": [0.0, 1.0]}),
        "input": InputFacts(Path("/x/r.jsonl"), 3, 1, None, derived=False),
        "target": InProcessFacts("my_grader:right"),
        "wire": "open-weight",
        **changed,
    }
    return RunFacts(**values)


def unknown_grader() -> GraderFacts:
    """A grader whose range nobody knows."""
    return GraderFacts("my_grader", "0", None)


def row_of(key: Any = "a", reward: float | None = 1.0, **changed: Any) -> Row:
    """One grading; without a reward, one that failed."""
    error = None if reward is not None else {"kind": "exception", "message": "KeyError: [bold]units[/bold]"}
    values = {"at": 0, "repeat": 0, "id": key, "group": "g", "reward": reward, "metrics": {}, "error": error}
    return cast(Row, {**values, "ms": 1.5, **changed})
