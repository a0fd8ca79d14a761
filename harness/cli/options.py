"""Options shared by several verbs, each defined once so that it means the same everywhere.

Naming rules: `--run` names a run to read, `--name` names a new object, `--out` names the output, and
`--...-dir` names a folder of many objects.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from harness.errors import InputError

if TYPE_CHECKING:
    from harness.data.sources import Source

__all__ = [
    "DATA",
    "LOCAL_PATH",
    "FiniteNumber",
    "LocalPath",
    "all_of",
    "answers_option",
    "arn_option",
    "artifact_option",
    "check_function",
    "check_option",
    "deployed_options",
    "environment_options",
    "place_options",
    "checkpoint_option",
    "data_argument",
    "function_option",
    "grader_option",
    "group_size_option",
    "handler_option",
    "hyperparameter_options",
    "jobs_dir_option",
    "json_option",
    "keep_field_option",
    "label_option",
    "limit_option",
    "model_option",
    "name_option",
    "named_grader",
    "out_option",
    "port_option",
    "price_per_hour_option",
    "range_option",
    "records_option",
    "region_option",
    "replaced_by",
    "run_folder",
    "runs_dir_option",
    "seed_option",
    "stack_option",
    "wire_option",
    "yes_option",
]

Verb = TypeVar("Verb", bound=Callable[..., Any])


class FiniteNumber(click.FloatRange):
    """Parameter type for a finite number within bounds. click's own range check would accept NaN."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Parse the value of an option."""
        number = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value!r} is not a finite number.", param, ctx)
        return number

    def _describe_range(self) -> str:
        """Return the bounds to show in `--help`. If there are none, click itself would print `x<=None`."""
        return "" if self.min is None and self.max is None else super()._describe_range()


def _refuse(is_wrong: Callable[[str], bool], message: str) -> Callable[..., Any]:
    """Return a click callback that rejects values meant for another option."""

    def check(context: click.Context, option: click.Parameter, value: Any) -> Any:
        for each in value if isinstance(value, tuple) else (value or "",):
            if is_wrong(each):
                raise click.BadParameter(f"{each!r} {message}", context, option)
        return value

    return check


def _is_arn(value: str) -> bool:
    return value.startswith("arn:")


def _is_file(value: str) -> bool:
    return value.partition(":")[0].endswith((".py", ".toml"))


_NO_ARN = _refuse(_is_arn, "is a deployed function. Write --arn.")


class LocalPath(click.Path):
    """Parameter type for a file or folder on this machine, as a `Path`.

    An address is refused, because `s3://bucket/key` would name the folder `s3:` here. So is `-`, because
    commands would read a file of that name as standard input.

    Args:
        takes_dash: Whether `-` is allowed, with a special meaning.
    """

    def __init__(self, *, takes_dash: bool = False) -> None:
        super().__init__(path_type=Path)
        self._takes_dash = takes_dash

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Convert a string to a path."""
        if value == "-" and not self._takes_dash:
            self.fail("'-' is not a path. Name a file or folder.", param, ctx)
        if isinstance(value, str) and re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", value):
            fix = "Use a path on this machine, and copy the file yourself."
            self.fail(f"{value!r} is an address. {fix}", param, ctx)
        return super().convert(value, param, ctx)


LOCAL_PATH = LocalPath()


class DataParam(click.ParamType[Any]):
    """Parameter type for data in a file, stdin or S3, converted to a `Source`."""

    name = "data"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Source:
        """Convert the value to a `Source`."""
        from harness.data.sources import NamedSource

        return NamedSource((value,)) if isinstance(value, str) else value


DATA = DataParam()


def data_argument(name: str, *, required: bool = True) -> Callable[[Verb], Verb]:
    """Add an argument for data in one or more files, which is passed as one `Source`.

    Args:
        name: Name of the parameter, shown in capitals by `--help`.
        required: Whether the argument is required. If not, its default is None.
    """

    def together(context: click.Context, option: click.Parameter, value: Any) -> Source | None:
        from harness.data.sources import NamedSource

        return NamedSource(tuple(value)) if value else None

    return click.argument(
        name,
        metavar=f"{name.upper()}..." if required else f"[{name.upper()}]...",
        nargs=-1,
        required=required,
        callback=together,
    )


def grader_option() -> Callable[[Verb], Verb]:
    """Add --grader."""
    return click.option(
        "--grader",
        "-g",
        metavar="MODULE:NAME",
        callback=_NO_ARN,
        help="Use this Python grader here: module:name, path/to/file.py:name, or a ready check such as "
        "'checks.numbers:number(marker=\"####\")'.",
    )


check_option = click.option(
    "--check",
    metavar="MODULE:NAME",
    callback=_NO_ARN,
    help="Grade each reference with this grader, or a ready check such as 'checks.numbers:number()'.",
)

handler_option = click.option(
    "--handler",
    metavar="MODULE.FUNCTION",
    help="Use this Python Lambda handler here, named as in the function's Lambda settings.",
)


def named_grader(grader: str | None, handler: str | None) -> str:
    """Return the grader given by --grader or --handler as `module:name`.

    Raises:
        InputError: Neither or both options are given, or the handler's name is malformed.
    """
    from harness.targets.built import grader_named

    if grader is not None and handler is not None:
        raise InputError("--grader and --handler both name a grader", fix="Leave one out.")
    if handler is not None:
        return grader_named(handler)
    if grader is None:
        fix = (
            "Pass --grader module:name or --grader file.py:name, or --handler module.function, or set"
            ' grader = "file.py:name" in rft.toml.'
        )
        raise InputError("no grader is named", fix=fix)
    return grader


records_option = click.option(
    "--records",
    metavar="DATA",
    type=DATA,
    help="Show the grader the fields of the rollout's record in this training file, and no others.",
)


answers_option = click.option(
    "--answers",
    metavar="FILE",
    type=LOCAL_PATH,
    help="Answer the grader's requests to a service, such as a judge, from this file of recorded answers.",
)


def arn_option(*, multiple: bool = False) -> Callable[[Verb], Verb]:
    """Add --arn, which is passed as `arn` or, if repeatable, as `arns`."""
    return click.option(
        "--arn",
        "arns" if multiple else "arn",
        metavar="ARN",
        callback=_refuse(_is_file, "is a file. Write --grader."),
        multiple=multiple,
        help="Use this deployed function: an ARN or NAME:ALIAS." + (" Repeatable." if multiple else ""),
    )


def out_option(what: str, *, required: bool = False) -> Callable[[Verb], Verb]:
    """Add --out.

    Args:
        what: The option's help text, a sentence about the output.
        required: Whether the option is required.
    """
    return click.option("--out", type=LOCAL_PATH, required=required, help=what)


def name_option(what: str) -> Callable[[Verb], Verb]:
    """Add --name.

    Args:
        what: The option's help text, a sentence about the object to name.
    """
    return click.option("--name", metavar="NAME", help=what)


def limit_option(what: str, default: int | None = None) -> Callable[[Verb], Verb]:
    """Add --limit.

    Args:
        what: Plural noun for the objects to limit.
        default: The default limit, or None for no limit.
    """
    return click.option(
        "--limit",
        metavar="N",
        type=click.IntRange(1),
        default=default,
        show_default=default is not None,
        help=f"Use only the first N {what}.",
    )


def seed_option(what: str, default: int | None = None) -> Callable[[Verb], Verb]:
    """Add --seed.

    Args:
        what: Noun for the random choices determined by the seed.
        default: The default seed, or None for no seed.
    """
    return click.option(
        "--seed",
        metavar="N",
        type=int,
        default=default,
        show_default=default is not None,
        help=f"Seed {what}.",
    )


def label_option(*, multiple: bool = False) -> Callable[[Verb], Verb]:
    """Add --label, which is passed as `label` or, if repeatable, as `labels`."""
    return click.option(
        "--label",
        "labels" if multiple else "label",
        metavar="FIELD",
        multiple=multiple,
        help="Treat this field as a known verdict, which the grader does not see."
        + (" Repeatable." * multiple),
    )


keep_field_option = click.option(
    "--keep-field",
    metavar="FIELD",
    multiple=True,
    help="Show the grader this field even though it differs within a record. Repeatable.",
)


def model_option(what: str, **settings: Any) -> Callable[[Verb], Verb]:
    """Add --model.

    Args:
        what: The option's help text, a sentence about what the model is for.
        settings: Other arguments for `click.option`, such as `default`, `multiple` or `required`.
    """
    names = ("--model", "models") if settings.get("multiple") else ("--model",)
    return click.option(*names, metavar="MODEL", help=what, **settings)


def wire_option(default: str = "open-weight") -> Callable[[Verb], Verb]:
    """Add --wire."""
    return click.option(
        "--wire",
        metavar="WIRE",
        default=default,
        show_default=True,
        help="Send events in this shape; `all` compares every one that AWS documents or handles.",
    )


json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout.")
region_option = click.option(
    "--region",
    metavar="REGION",
    help="Use this AWS Region if the base URL's host or the ARN names none; by default AWS_REGION, then "
    "AWS_DEFAULT_REGION, then (for a stack) the one in samconfig.toml.",
)
stack_option = click.option("--stack", metavar="STACK", help="Use the functions of this stack.")
function_option = click.option(
    "--function",
    metavar="LOGICAL_ID",
    callback=_NO_ARN,
    help="Use this function, by its logical ID in the stack or template.",
)
artifact_option = click.option(
    "--artifact",
    type=LOCAL_PATH,
    help="Use what `sam build` made in this folder; by default .aws-sam/build.",
)
pass_env_option = click.option(
    "--pass-env",
    metavar="NAME",
    multiple=True,
    help="Pass this environment variable to the built function. Repeatable.",
)
aws_credentials_option = click.option(
    "--aws-credentials",
    metavar="PROFILE",
    help="Give the built function the AWS credentials of this profile.",
)
checkpoint_option = click.option(
    "--checkpoint", metavar="STEP", type=int, help="Ask the job's checkpoint of this step."
)
port_option = click.option(
    "--port",
    metavar="PORT",
    type=click.IntRange(0, 65535),
    default=0,
    help="Listen on this port; 0 picks a free one.",
)
range_option = click.option(
    "--range",
    metavar="LOW HIGH",
    nargs=2,
    type=FiniteNumber(),
    help="Use this range of rewards if the grader does not declare one.",
)
price_per_hour_option = click.option(
    "--price-per-hour",
    metavar="USD",
    type=FiniteNumber(0),
    help="Use this price of the service per hour; we found no published one.",
)
yes_option = click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
jobs_dir_option = click.option(
    "--jobs-dir",
    type=LOCAL_PATH,
    default=Path("jobs"),
    show_default=True,
    help="Keep submissions and events in this folder.",
)
runs_dir_option = click.option(
    "--runs-dir",
    type=LOCAL_PATH,
    default=Path("runs"),
    show_default=True,
    help="Keep replay runs in this folder.",
)


def all_of(*options: Callable[[Verb], Verb]) -> Callable[[Verb], Verb]:
    """Combine several options into one decorator. `--help` shows them in this order."""

    def add(verb: Verb) -> Verb:
        for option in reversed(options):
            verb = option(verb)
        return verb

    return add


def deployed_options(*, multiple: bool = False) -> Callable[[Verb], Verb]:
    """Add --arn, --stack, --function and --region, which select deployed functions."""
    return all_of(arn_option(multiple=multiple), stack_option, function_option, region_option)


environment_options = all_of(pass_env_option, aws_credentials_option)
"""Adds --pass-env and --aws-credentials, which pass parts of this machine's environment to a function."""


def place_options(*, multiple: bool = False) -> Callable[[Verb], Verb]:
    """Add the options for grading in a built function or in AWS instead of in this process."""
    return all_of(artifact_option, deployed_options(multiple=multiple), environment_options)


def check_function(function: str | None, stack: str | None) -> None:
    """Reject --function without --stack, for verbs that look for functions only in AWS.

    Raises:
        InputError: --function is given without --stack.
    """
    if function is not None and stack is None:
        raise InputError(
            "--function names a function of a stack", fix="Add --stack, or pass --arn ARN instead."
        )


def hyperparameter_options(*, checked: bool) -> Callable[[Verb], Verb]:
    """Add --n-epochs, --batch-size and --learning-rate-multiplier.

    Args:
        checked: Whether the options reject values that are not positive. If not, the verb must check the
            values.
    """
    count, factor = (click.IntRange(1), FiniteNumber(0, min_open=True)) if checked else (int, float)
    return all_of(
        click.option(
            "--n-epochs", metavar="N", type=count, help="Train on every record N times; by default 1."
        ),
        click.option("--batch-size", metavar="N", type=count, help="Use N records per step; by default 4."),
        click.option(
            "--learning-rate-multiplier",
            metavar="FACTOR",
            type=factor,
            help="Scale the learning rate by FACTOR; by default 1.0.",
        ),
    )


group_size_option = click.option(
    "--group-size",
    metavar="N",
    type=click.IntRange(2),
    default=8,
    show_default=True,
    help="Draw N completions of each record in a step.",
)


def run_folder(run: Path, runs_dir: Path) -> Path:
    """Return the folder of a run, given its path or name.

    Args:
        run: The path or name given by the user.
        runs_dir: The folder that contains the runs.
    """
    return run if (run / "run.json").exists() or run.parent != Path() else runs_dir / run


_REPLACED = {
    "--target": "--arn ARN (a deployed function) or --artifact PATH (a build)",
    "--grader-arn": "--arn",
    "--into": "--out",
    "--runs": "--runs-dir",
    "--state": "--state-dir",
    "doctor --grader": "--function",
    "replay --run": "--name",
    "emulate --function": "--bind",
}


def replaced_by(verb: str, option: str) -> str | None:
    """Return the current name of an option from version 0.1, or None if it was not renamed.

    Args:
        verb: The verb that was called with the option.
        option: The option, including the dashes.
    """
    return _REPLACED.get(f"{verb} {option}", _REPLACED.get(option))
