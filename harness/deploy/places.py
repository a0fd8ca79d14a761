"""Where parity is measured: this process, the built artifact, functions in AWS.

In come names, out go `Place`s: a target each, with what is known of the code that runs there and of its
bounds.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import InputError
from harness.targets.built import Built, built_function, grader_of
from harness.targets.in_process import InProcessTarget
from harness.targets.lambda_runtime import LocalRuntimeTarget
from harness.targets.opening import open_deployed
from harness.targets.protocol import Target

__all__ = ["GradingPlace", "open_places"]


@dataclass(frozen=True, slots=True)
class GradingPlace:
    """One place where samples are graded."""

    name: str
    """`in-process`, `lambda-runtime` or an ARN."""
    target: Target
    code_sha256: str | None
    """Of what runs there: a source file, an artifact's files, or Lambda's hash of the zip."""
    timeout_s: float | None = None
    """How long a call may take there; None for no limit."""
    note: str | None = None
    """What of this place is not as it will be."""

    def facts(self) -> dict[str, Any]:
        """The place as JSON."""
        cold = getattr(self.target, "cold_starts_ms", None)
        return {
            "place": self.name,
            "code_sha256": self.code_sha256,
            "timeout_s": self.timeout_s,
            "cold_start_ms": round(cold[0], 1) if cold else None,
            "peak_memory_mb": getattr(self.target, "peak_memory_mb", None),
            "note": self.note,
        }


def open_places(
    stack: ExitStack,
    *,
    grader: str | None = None,
    artifact: Path | None = None,
    function: str | None = None,
    arns: Sequence[str] = (),
    region: str | None = None,
) -> list[GradingPlace]:
    """Open this process, the built artifact, and functions in AWS.

    Args:
        stack: Closes them.
        grader: `module:name` or `file.py:name`; the built function's handler when None.
        artifact: The build's folder.
        function: The function's logical id; found by the grader when None.
        arns: Functions in AWS.
        region: For those that are named without an ARN.

    Raises:
        InputError: There is no such grader or function, or nothing is built and nothing else is named.
        ServiceError: AWS cannot be reached.
    """
    built = _built(artifact, function, grader, bool(arns))
    if grader is None:
        if built is None:
            raise InputError("no grader is named", fix="Write --grader module:name or --grader file.py:name.")
        grader = grader_of(built.spec)
    here = InProcessTarget(grader)
    places = [GradingPlace(here.name, here, here.sha256)]
    if built is not None:
        # One environment: its cold start is measured once, and nothing else is under way meanwhile.
        local = stack.enter_context(closing(LocalRuntimeTarget(built.spec, concurrency=1)))
        notes = [note for note in (local.interpreter_note, *built.spec.notes) if note]
        sha256, timeout = built.spec.code_sha256(), built.spec.timeout_s
        places.append(GradingPlace(local.name, local, sha256, timeout, "; ".join(notes) or None))
    for arn in arns:
        own = None if arn.startswith("arn:") else region
        deployed = stack.enter_context(closing(open_deployed(arn, own)))
        found = deployed.configuration
        note = None
        if found.get("Version") == "$LATEST":
            note = "this is not a published version: what it runs can change at any time"
        elif not found:
            note = "these credentials may not read its configuration: timeout and code are not known"
        places.append(GradingPlace(arn, deployed, found.get("CodeSha256"), found.get("Timeout"), note))
    return places


def _built(artifact: Path | None, function: str | None, grader: str | None, elsewhere: bool) -> Built | None:
    """The built function; None where nothing is built, was asked for, and is needed."""
    try:
        return built_function(artifact, function, grader)
    except InputError:
        if artifact is None and function is None and grader is not None and elsewhere:
            return None
        raise
