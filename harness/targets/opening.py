"""Describes a target so that a run can store the description, and opens a target from its description.

`describe` turns a command's options into a description of the place where samples will be graded, with the
hash of the code there. `open_target` opens the described target in any process. Settings that do not make it
a different run (endpoint, attempts, concurrency) are read from the environment.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from harness.disk import file_sha256
from harness.errors import InputError
from harness.runs.facts import (
    AnswersFacts,
    Ask,
    DeployedFacts,
    GraderFacts,
    InProcessFacts,
    LocalRuntimeFacts,
    TargetFacts,
)
from harness.targets.grader_name import named
from harness.targets.protocol import Target
from harness.targets.recorded_answers import RecordedAnswers, read_answers

if TYPE_CHECKING:
    from harness.targets.answered import AnsweredTarget
    from harness.targets.deployed import DeployedTarget
    from harness.targets.own_process import DeclaredGrader

__all__ = [
    "CONCURRENCY",
    "DEPLOYED",
    "IN_PROCESS",
    "LAMBDA_RUNTIME",
    "TargetChoice",
    "describe",
    "describe_answers",
    "open_answered",
    "open_deployed",
    "open_target",
]

IN_PROCESS, LAMBDA_RUNTIME, DEPLOYED = "in-process", "lambda-runtime", "deployed"

CONCURRENCY = "RFT_CONCURRENCY"
"""Environment variable that sets the maximum number of calls in flight to a target outside this process."""

_ATTEMPTS = "AWS_MAX_ATTEMPTS"
_KNOWN = "Write its ARN, or NAME:ALIAS."


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetChoice:
    """The place where samples are graded, as given by a command's options."""

    target: str = IN_PROCESS
    """`in-process`, `lambda-runtime`, an ARN or `NAME:QUALIFIER`."""
    grader: str | None = None
    """`module:name`, `file.py:name`, or a check with its options."""
    handler: str | None = None
    """`module.function`, for a handler in this process or in an `artifact` without a template."""
    artifact: Path | None = None
    """The build folder, for `lambda-runtime`."""
    function: str | None = None
    """The function's logical ID in the template, for `lambda-runtime`."""
    region: str | None = None
    """The Region of a function named without its ARN."""
    passed: tuple[str, ...] = ()
    """Names of environment variables to pass to the function, for `lambda-runtime`."""
    profile: str | None = None
    """The profile whose AWS credentials the function gets, for `lambda-runtime`."""


def describe(asked: TargetChoice) -> tuple[TargetFacts, GraderFacts]:
    """Describe the target and the grader.

    Returns:
        The input for `open_target`, and the facts about the grader that a run stores.

    Raises:
        InputError: The target does not exist, or cannot be set up.
        ServiceError: AWS cannot be reached.
    """
    if asked.handler is not None and (asked.grader or asked.function):
        raise InputError(
            "--handler cannot be combined with --grader or --function",
            fix="Leave --grader and --function out.",
        )
    if asked.handler is not None and asked.target not in (IN_PROCESS, LAMBDA_RUNTIME):
        raise InputError("--handler is for code on this machine; a deployed function has its own")
    if asked.target != LAMBDA_RUNTIME and (asked.artifact or asked.function):
        raise InputError("--artifact and --function name a built function, not a deployed one")
    if asked.target != LAMBDA_RUNTIME and (asked.passed or asked.profile):
        raise InputError(
            "--pass-env and --aws-credentials work only with a built function",
            fix="In process, the grader has your environment; in AWS, the function's own.",
        )
    if asked.target == IN_PROCESS:
        return _in_process(asked)
    if asked.target == LAMBDA_RUNTIME:
        return _artifact(asked)
    if ":" not in asked.target:
        raise InputError(f"{asked.target!r} does not name a version of a function", fix=_KNOWN)
    return _deployed(asked)


def describe_answers(path: Path, ask: Ask, target: TargetFacts) -> AnswersFacts:
    """Describe the recorded answers.

    Args:
        path: The file.
        ask: Which requests go to the service: `never`, `new` or `all`.
        target: The description of the target.

    Raises:
        InputError: The file does not exist and no request may go to a service, vcrpy is not installed, or the
            target is a deployed function, which calls its services directly.
    """
    if isinstance(target, DeployedFacts):
        fix = "Leave out --answers, or grade here."
        raise InputError("a deployed function asks its services itself", fix=fix)
    if ask != "never" and not isinstance(target, InProcessFacts):
        fix = "Record with --grader; the built function is then answered from the file."
        raise InputError("answers are recorded only if the grader runs in process", fix=fix)
    if isinstance(target, InProcessFacts):
        from harness.targets.answered import check_recorder

        check_recorder()
    if ask != "never":
        _refuse_unwritable(path)
    if ask == "never" or path.exists():
        read_answers(path)
        return AnswersFacts(path.resolve(), ask, file_sha256(path))
    return AnswersFacts(path.resolve(), ask)


def _refuse_unwritable(path: Path) -> None:
    """Check that answers can be saved, before any requests cost money.

    Raises:
        InputError: The file cannot be replaced.
    """
    folder = path.absolute().parent
    while not folder.exists():
        folder = folder.parent
    if path.is_symlink() or not (folder.is_dir() and os.access(folder, os.W_OK)):
        what = "is a symbolic link" if path.is_symlink() else "cannot be written: its folder is read-only"
        raise InputError(what, place=str(path), fix="Name another file with --answers.")


def open_target(described: TargetFacts, run: Path | None = None) -> Target:
    """Open a target.

    Args:
        described: The result of `describe`.
        run: The run's folder, for a function's log and measurements.

    Raises:
        InputError: The target cannot be set up as described.
        ServiceError: AWS cannot be reached.
    """
    if isinstance(described, InProcessFacts):
        from harness.targets.in_process import InProcessTarget

        return InProcessTarget(described.grader)
    if isinstance(described, LocalRuntimeFacts):
        return _open_built(described, run, {})
    return open_deployed(described.arn, described.region)


def open_answered(
    described: TargetFacts,
    recorded: RecordedAnswers,
    answers: AnswersFacts,
    run: Path | None = None,
    keep: Callable[[RecordedAnswers], None] = lambda recorded: None,
) -> AnsweredTarget:
    """Open a target whose graders get recorded answers to their requests.

    Args:
        described: The result of `describe`.
        recorded: The answers.
        answers: The path of the answers file, and which requests still go to the service.
        run: As for `open_target`.
        keep: Called with the service's new answers, to record them.

    Raises:
        InputError: The target cannot be set up as described.
    """
    from harness.targets.answer_book import AnswerBook
    from harness.targets.answered import AnsweredTarget, open_here, open_served

    book = AnswerBook(recorded, os.path.relpath(answers.path), asks=answers.asks, keep=keep)
    if isinstance(described, InProcessFacts):
        opened = open_here(described.grader, book=book)
        assert isinstance(opened, AnsweredTarget)
        return opened
    assert isinstance(described, LocalRuntimeFacts)  # `describe_answers` refuses all other targets
    return open_served(lambda variables: _open_built(described, run, variables), book)


def _open_built(described: LocalRuntimeFacts, run: Path | None, variables: Mapping[str, str]) -> Target:
    from harness.localaws.credentials import profile_credentials
    from harness.localaws.template import read_function
    from harness.targets.built import bare_function
    from harness.targets.lambda_runtime import LocalRuntimeTarget

    if described.handler is None:
        spec = read_function(described.template, described.function)
    else:
        spec = bare_function(described.template, described.handler)
    credentials = profile_credentials(described.profile) if described.profile else {}
    return LocalRuntimeTarget(
        spec,
        concurrency=1 if variables else _number(CONCURRENCY, None),
        passed=[name for name in described.passed if name not in variables],
        credentials={**credentials, **variables},
        run=run,
    )


def open_deployed(function: str, region: str | None = None) -> DeployedTarget:
    """Open a function in AWS, with the Region, attempts and concurrency from the environment.

    Args:
        function: ARN or `NAME:QUALIFIER`.
        region: The Region of a function named without its ARN.

    Raises:
        InputError: The function does not exist, or no Region or credentials are configured.
        ServiceError: AWS cannot be reached.
    """
    from harness.targets.deployed import DeployedTarget

    return DeployedTarget(
        function,
        region=region,
        concurrency=_number(CONCURRENCY, 8) or 8,
        attempts=_number(_ATTEMPTS, 8) or 8,
    )


def _in_process(asked: TargetChoice) -> tuple[TargetFacts, GraderFacts]:
    named = asked.grader
    if asked.handler and not named:
        from harness.targets.built import grader_named

        named = grader_named(asked.handler)
    if not named:
        raise InputError(
            "no grader is named",
            fix="Pass --grader module:name or --grader file.py:name, or --arn, --stack or --artifact, or set"
            ' grader = "file.py:name" in rft.toml.',
        )
    grader = _one_spelling(named)
    found = _imported(grader)
    return InProcessFacts(grader), GraderFacts(
        grader, found.sha256, found.options, found.files, found.packages
    )


def _imported(grader: str) -> DeclaredGrader:
    """Find a grader's files and packages in a separate process, because importing it may end the process."""
    from harness.targets.own_process import OwnProcessTarget

    with closing(OwnProcessTarget(grader)) as opened:
        return opened.imported


def _one_spelling(grader: str) -> str:
    """Normalize a grader's name, so that `g.py:name`, `./g.py:name` and `/here/g.py:name` are equal."""
    name = named(grader)
    if not name.is_file:
        return str(name)
    here, whole = os.getcwd(), os.path.abspath(name.where)
    inside = os.path.commonpath([here, whole]) == here
    return str(replace(name, where=os.path.relpath(whole) if inside else whole))


def _artifact(asked: TargetChoice) -> tuple[TargetFacts, GraderFacts]:
    """Describe the built function, and import its artifact to get the grader's declaration."""
    from harness.targets.built import bare_function, built_function, grader_of, import_artifact

    if asked.handler is not None:
        template = asked.artifact or Path()
        spec = bare_function(template, asked.handler)
        logical_id = spec.name
    else:
        template, logical_id, spec = built_function(asked.artifact, asked.function, asked.grader)
    try:
        imported = import_artifact(spec)
        sha256 = spec.code_sha256()
    finally:
        if asked.handler is not None and not template.is_dir():  # a zip file, unpacked only for the import
            import shutil

            shutil.rmtree(spec.artifact, ignore_errors=True)
    if imported.error is not None:
        fix = f"Lambda could not import {spec.handler} either; `rft doctor` shows more."
        if asked.handler is not None:
            fix = "Name the module by its path from the top of the folder or zip file: module.function."
        elif spec.notes:
            fix = f"A missing local feature may be the reason: {'; '.join(spec.notes)}."
        raise InputError(imported.error, place=str(template), fix=fix)
    target = LocalRuntimeFacts(
        template.resolve(),
        logical_id,
        sha256,
        "; ".join(note for note in (imported.note, *(spec.notes if asked.handler else ())) if note) or None,
        passed=asked.passed,
        profile=asked.profile,
        handler=asked.handler,
    )
    return target, GraderFacts(grader_of(spec), sha256, imported.options)


def _deployed(asked: TargetChoice) -> tuple[TargetFacts, GraderFacts]:
    """Describe a function in AWS by its version, because an alias may move during a run."""
    opened = open_deployed(asked.target, asked.region)
    opened.close()
    found = opened.configuration
    arn, version, sha256 = asked.target, found.get("Version"), found.get("CodeSha256")
    name, _, qualifier = _parts(asked.target)
    if version is not None and version != "$LATEST" and qualifier:
        arn = f"{asked.target.removesuffix(f':{qualifier}')}:{version}"
    # A function in AWS cannot report its declaration. If the user names the grader, its source has it.
    options = _imported(asked.grader).options if asked.grader else None
    target = DeployedFacts(arn, asked.region, asked.target, version, sha256)
    return target, GraderFacts(name, sha256, options)


def _parts(function: str) -> tuple[str, str, str]:
    """Split a function's name or ARN into name, separator and qualifier."""
    if function.startswith("arn:"):
        name, separator, qualifier = function.partition(":function:")[2].partition(":")
        return name, separator, qualifier
    return function.partition(":")


def _number(variable: str, otherwise: int | None) -> int | None:
    given = os.environ.get(variable)
    if not given:
        return otherwise
    if not given.isdecimal() or int(given) < 1:
        raise InputError(f"{variable} is {given!r}", fix="Use a whole number of at least 1.")
    return int(given)
