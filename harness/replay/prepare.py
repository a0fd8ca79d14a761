"""Decides what a replay is before it starts: which work, cut into which shards, new or resumed.

In comes what the user asked for, out comes a `Run` on disk whose facts say all that workers need. Two
commands that ask for the same work (the same input, grader, target and options) mean the same run: the
second goes on where the first was ended.
"""

from __future__ import annotations

import contextlib
import io
import os
import platform
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.data.json_lines import lines
from harness.errors import InputError
from harness.replay.grading import profiles_of
from harness.rollouts.derive import write_derived
from harness.rollouts.read import check_label, holds_rollouts
from harness.runs.store import SAME, Run, create, open_run, same_part, unfinished
from harness.targets.opening import IN_PROCESS, TargetChoice, describe

SHARD_BYTES = 8 << 20
SMALLEST_SHARD = 1 << 20
MOST_SHARDS = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayRequest:
    """What a replay was asked to do."""

    rollouts: Path
    """A file of rollouts, or of records to make rollouts of."""
    grader: str | None = None
    """`module:name` or `file.py:name`; what a target that runs elsewhere does not need."""
    target: str = IN_PROCESS
    """`in-process`, `lambda-runtime`, an ARN or `NAME:ALIAS`."""
    artifact: Path | None = None
    """For `lambda-runtime`: the folder that `sam build` made."""
    function: str | None = None
    """For `lambda-runtime`: the function's logical id; found by the grader when None."""
    region: str | None = None
    """For a function named without its ARN."""
    wire: str = "open-weight"
    repeats: int = 1
    limit: int | None = None
    """Only the first so many rollouts."""
    label: str | None = None
    """The field of the rollouts that holds a verdict."""
    runs: Path = Path("runs")
    name: str | None = None
    """The run's id; made of time and grader when None."""
    fresh: bool = False
    """Begin anew even where the same work was begun before."""
    completion_template: str | None = None


def prepare(request: ReplayRequest) -> Run:
    """Make or find the run for a request.

    Raises:
        InputError: Something asked for does not exist or does not fit.
    """
    if request.repeats < 1 or (request.limit is not None and request.limit < 1):
        raise InputError("--repeats and --limit take whole numbers from 1")
    profiles_of(request.wire)
    check_label(request.label)
    source = request.rollouts
    derived = not holds_rollouts(source)
    if not source.is_file():
        raise InputError("this is no file", place=str(source), fix="Save the rollouts in a file first.")
    target, grader = _target(request)
    facts: dict[str, Any] = {
        "grader": grader,
        "input": _identity(source, derived),
        "target": target,
        "wire": request.wire,
        "repeats": request.repeats,
        "limit": request.limit,
        "label": request.label,
    }
    if derived:
        facts["input"]["template"] = request.completion_template
    elif request.completion_template is not None:
        raise InputError("--completion-template is for records; this file holds rollouts", place=str(source))
    run = _begun(request, facts)
    if run is None:
        run = create(request.runs, request.name, {**facts, "versions": _versions(), "totals": None})
    elif run.facts["input"] != {**facts["input"], "sha256": run.facts["input"]["sha256"]}:
        _take_copy(run, facts["input"])
    if run.facts["state"] == "new":
        try:
            _cut(run, source, derived, request)
        except InputError:  # nothing was graded: leave no run that holds the name
            shutil.rmtree(run.folder)
            raise
    return run


def _take_copy(run: Run, given: dict[str, Any]) -> None:
    """Go on with the file that was named now: the one of the same content may be gone, or changed since."""
    run.save(input={**given, "sha256": run.facts["input"]["sha256"]})
    if run.facts["state"] != "new" and not given["derived"]:
        run.save(rollouts=given["path"])


def _begun(request: ReplayRequest, facts: dict[str, Any]) -> Run | None:
    """The run that an earlier command began for the same work."""
    named = request.name is not None and not request.fresh
    if named and (request.runs / str(request.name) / "run.json").exists():
        run = open_run(request.runs / str(request.name))
        changed = [part for part in SAME if not same_part(run.facts, facts, part)]
        if changed:
            raise InputError(
                f"this run was begun with another {' and another '.join(changed)}",
                place=str(run.folder),
                fix="Choose another name: runs are never overwritten.",
            )
        if run.done:
            raise InputError(
                "this run is done", place=str(run.folder), fix=f"`rft show {run.folder}` shows it."
            )
        return run
    if request.fresh or request.name is not None:
        return None
    return unfinished(request.runs, facts)


def _target(request: ReplayRequest) -> tuple[dict[str, Any], dict[str, Any]]:
    """What workers need to open the target, and what the run says of the grader."""
    asked = TargetChoice(
        target=request.target,
        grader=request.grader,
        artifact=request.artifact,
        function=request.function,
        region=request.region,
    )
    # What the grader's module prints is for the workers' log.
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        return describe(asked)


def _cut(run: Run, source: Path, derived: bool, request: ReplayRequest) -> None:
    """Give a new run its input and its shards."""
    if derived:
        source = run.folder / "rollouts.jsonl"
        source.unlink(missing_ok=True)
        write_derived(request.rollouts, source, request.completion_template)
    size = source.stat().st_size if request.limit is None else _end_of(source, request.limit)
    spread = min(os.cpu_count() or 1, size // SMALLEST_SHARD)
    count = max(1, min(MOST_SHARDS, max(size // SHARD_BYTES, spread)))
    cuts = [size * number // count for number in range(count + 1)]
    shards = [[start, end] for start, end in zip(cuts, cuts[1:], strict=False)]
    # Rollouts that are made of the records are named apart, since resuming asks for the records again.
    run.save(state="running", rollouts=str(source.resolve()), bytes=size, shards=shards)


def _end_of(path: Path, limit: int) -> int:
    """The byte after the first so many lines that are not blank."""
    seen = 0
    for at, line in lines(path):
        if line.strip():
            seen += 1
            if seen > limit:
                return at
    return path.stat().st_size


def _identity(path: Path, derived: bool) -> dict[str, Any]:
    """What tells this input from another, without reading it: its hash is taken while it is graded."""
    found = path.stat()
    return {
        "path": str(path.resolve()),
        "bytes": found.st_size,
        "mtime_ns": found.st_mtime_ns,
        "sha256": None,
        "derived": derived,
    }


def _versions() -> dict[str, str]:
    from importlib.metadata import version

    return {"python": platform.python_version(), "rft-graders": version("rft-graders")}
