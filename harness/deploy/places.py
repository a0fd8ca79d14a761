"""Where parity is measured: this process, the built artifact, functions in AWS."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.deploy.surroundings import (
    Surroundings,
    own_source,
    surroundings_deployed,
    surroundings_here,
    surroundings_of,
)
from harness.errors import InputError
from harness.localaws.function import FunctionSpec
from harness.targets.answered import AnsweredTarget, open_served, played_book
from harness.targets.built import Built, bare_function, built_function, grader_named, grader_of
from harness.targets.lambda_runtime import LocalRuntimeTarget
from harness.targets.opening import open_deployed
from harness.targets.own_process import OwnProcessTarget
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
    notes: tuple[str, ...] = ()
    """What of this place is not as it will be, a sentence each."""
    around: Surroundings = Surroundings()
    variables: Mapping[str, str] = field(default_factory=dict)
    """The variables that the function sets."""
    restart: Callable[[], None] | None = None
    """Starts the place anew; None where a second pass would not be ours to make."""
    source: str = ""
    """The text of the grader's own modules."""

    def facts(self) -> dict[str, Any]:
        """The place as JSON."""
        target = self.target.inner if isinstance(self.target, AnsweredTarget) else self.target
        report = target.report() if isinstance(target, LocalRuntimeTarget) else None
        return {
            "place": self.name,
            "code_sha256": self.code_sha256,
            "timeout_s": self.timeout_s,
            "cold_start_ms": report and report.cold_start_ms,
            "peak_memory_mb": report and report.peak_memory_mb,
            "estimate_ms": report and report.longest_ms,
            "protection": report and report.protection,
            "notes": list(report.lines()) if report else [f"note: {note}" for note in self.notes],
        }


def open_places(
    stack: ExitStack,
    *,
    grader: str | None = None,
    handler: str | None = None,
    artifact: Path | None = None,
    function: str | None = None,
    arns: Sequence[str] = (),
    region: str | None = None,
    passed: Sequence[str] = (),
    credentials: Mapping[str, str] | None = None,
    answers: Path | None = None,
) -> list[GradingPlace]:
    """Open this process, the built artifact, and functions in AWS.

    Args:
        stack: Closes them.
        grader: `module:name` or `file.py:name`; the built function's handler when None.
        handler: `module.function`, in its place: a handler here and in `artifact`.
        artifact: The build's folder; with `handler`, a folder or zip file without a template.
        function: The function's logical id; found by the grader when None.
        arns: Functions in AWS.
        region: For those that are named without an ARN.
        passed: Names of variables that the built function gets from this process.
        credentials: AWS credentials for the built function, as variables.
        answers: Recorded answers to what the grader asks a service: every place gets the same ones.

    Raises:
        InputError: There is no such grader or function, or nothing is built and nothing else is named.
        ServiceError: AWS cannot be reached.
    """
    if answers is not None and arns:
        fix = "Leave --answers out, or --arn and --stack."
        raise InputError("a deployed function asks its service itself", fix=fix)
    if handler is None:
        built = _built(artifact, function, grader, bool(arns))
        spec = None if built is None else built.spec
    else:
        spec = _by_hand(handler, grader, artifact, function, bool(arns))
    # Without a build `_built` insists on a grader's name.
    named = grader or (grader_of(spec) if spec and not handler else grader_named(handler or ""))
    here = stack.enter_context(closing(OwnProcessTarget(named, answers)))
    places = [GradingPlace(here.name, here, here.sha256, around=surroundings_here(), restart=here.restart)]
    if spec is not None:
        target, local = _local(spec, passed, credentials or {}, answers)
        stack.enter_context(closing(target))
        places.append(
            GradingPlace(
                local.name,
                target,
                spec.code_sha256(),
                spec.timeout_s,
                local.notes,
                surroundings_of(spec),
                spec.environment,
                local.restart,
                own_source(spec.artifact),
            )
        )
    for arn in arns:
        own = None if arn.startswith("arn:") else region
        deployed = stack.enter_context(closing(open_deployed(arn, own)))
        found = deployed.configuration
        notes: tuple[str, ...] = ()
        if found.get("Version") == "$LATEST":
            notes = ("this is not a published version: what it runs can change at any time",)
        elif not found:
            notes = ("these credentials may not read its configuration: timeout and code are not known",)
        around = surroundings_deployed(found)
        places.append(
            GradingPlace(
                arn,
                deployed,
                found.get("CodeSha256"),
                found.get("Timeout"),
                notes,
                around,
                around.variables or {},
            )
        )
    return places


def _local(
    spec: FunctionSpec, passed: Sequence[str], credentials: Mapping[str, str], answers: Path | None
) -> tuple[Target, LocalRuntimeTarget]:
    """The built function, and what answers its questions around it, if anything does."""

    def opened(variables: Mapping[str, str]) -> LocalRuntimeTarget:
        # One environment: its cold start is measured once, and nothing else is under way meanwhile.
        return LocalRuntimeTarget(
            spec,
            concurrency=1,
            passed=[name for name in passed if name not in variables],
            credentials={**credentials, **variables},
        )

    if answers is None:
        local = opened({})
        return local, local
    target = open_served(opened, played_book(answers))
    assert isinstance(target.inner, LocalRuntimeTarget)
    return target, target.inner


def _by_hand(
    handler: str, grader: str | None, artifact: Path | None, function: str | None, elsewhere: bool
) -> FunctionSpec | None:
    """The folder or zip file of a handler without a template; None where only functions in AWS are asked."""
    if grader is not None or function is not None:
        raise InputError("--handler names the function itself", fix="Leave --grader and --function out.")
    if artifact is not None:
        return bare_function(artifact, handler)
    if not elsewhere:
        fix = "Write --artifact FOLDER or ZIP, or --arn ARN."
        raise InputError("there is nothing to compare this process with", fix=fix)
    return None


def _built(artifact: Path | None, function: str | None, grader: str | None, elsewhere: bool) -> Built | None:
    """The built function; None where nothing is built, was asked for, and is needed."""
    try:
        return built_function(artifact, function, grader)
    except InputError:
        if artifact is None and function is None and grader is not None and elsewhere:
            return None
        raise
