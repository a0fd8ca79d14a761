"""The places that `rft parity` compares: this process, the built artifact and functions in AWS."""

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
    """A place where samples are graded."""

    name: str
    """One of `in-process`, `lambda-runtime` and a function's ARN."""
    target: Target
    code_sha256: str | None
    """Hash of the code: of a source file or an artifact's files, or Lambda's hash of the zip file."""
    timeout_s: float | None = None
    """The time limit of a call, or None for no limit."""
    notes: tuple[str, ...] = ()
    """How this place differs from the deployed function, one sentence per difference."""
    around: Surroundings = Surroundings()
    variables: Mapping[str, str] = field(default_factory=dict)
    """The environment variables set by the function's configuration."""
    restart: Callable[[], None] | None = None
    """Function that restarts the place. None if that is impossible, in which case there is no second pass."""
    source: str = ""
    """Source code of the grader's own modules."""

    def facts(self) -> dict[str, Any]:
        """Return the place as JSON."""
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
    """Open the places to compare: this process, the built artifact and functions in AWS.

    Args:
        stack: The exit stack that closes the places.
        grader: `module:name` or `file.py:name`, or None for the built function's handler.
        handler: `module.function`, as an alternative to `grader`: a handler in this process and in
            `artifact`.
        artifact: The build's folder. With `handler`, a folder or zip file without a template.
        function: The function's logical ID, or None to find the function by its grader.
        arns: Functions in AWS.
        region: The Region for functions given by name.
        passed: Names of environment variables that the built function receives from this process.
        credentials: AWS credentials for the built function, as environment variables.
        answers: Recorded answers to the grader's requests to a service, used in every place.

    Raises:
        InputError: The grader or function does not exist, or there is no build and no other place is given.
        ServiceError: AWS cannot be reached.
    """
    if answers is not None and arns:
        fix = "Leave --answers out, or --arn and --stack."
        raise InputError("a deployed function calls its service directly", fix=fix)
    if handler is None:
        built = _built(artifact, function, grader, bool(arns))
        spec = None if built is None else built.spec
    else:
        spec = _by_hand(handler, grader, artifact, function, bool(arns))
    # Without a build `_built` requires a grader's name.
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
            notes = ("these credentials may not read its configuration: timeout and code are unknown",)
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
    """Return the target for the built function and the runtime inside it, which reports measurements."""

    def opened(variables: Mapping[str, str]) -> LocalRuntimeTarget:
        # With one environment, the cold start is measured once, and calls do not run at the same time.
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
    """Return the handler's folder or zip file as a function, or None to compare only functions in AWS."""
    if grader is not None or function is not None:
        raise InputError("--handler already names the function", fix="Leave --grader and --function out.")
    if artifact is not None:
        return bare_function(artifact, handler)
    if not elsewhere:
        fix = "Add --artifact FOLDER or ZIP, or --arn ARN."
        raise InputError("there is no second place to compare with this process", fix=fix)
    return None


def _built(artifact: Path | None, function: str | None, grader: str | None, elsewhere: bool) -> Built | None:
    """Return the built function, or None if there is no build and the comparison does not need one."""
    try:
        return built_function(artifact, function, grader)
    except InputError:
        if artifact is None and function is None and grader is not None and elsewhere:
            return None
        raise
