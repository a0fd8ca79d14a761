"""`rft replay --fan-out`: its options, the confirmation before grading starts, and its progress."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import click

from harness.cli.configured import setting_of
from harness.cli.grading_place import where_to_grade
from harness.cli.options import all_of, yes_option
from harness.cli.output import printable, progress_bar, say
from harness.data.sources import DataFile, SourceFacts, as_source
from harness.errors import InputError
from harness.runs.fan_out_facts import FanOutFacts
from harness.runs.rows import Totals
from harness.runs.store import Run
from harness.targets.opening import IN_PROCESS, LAMBDA_RUNTIME

if TYPE_CHECKING:
    from harness.replay.fan_out.fanned_out import FanOutProgress
    from harness.replay.fan_out.part import PartOrder

__all__ = [
    "FanOutChoice",
    "fan_out_facts",
    "fan_out_options",
    "fan_out_run",
    "where_to_grade_widely",
]

WORKERS: Final = 50
MOST_WORKERS: Final = 10_000
"""Maximum number of child executions that Step Functions runs in parallel."""
CALLS: Final = 4
"""Default number of grader calls that a worker keeps in flight."""

fan_out_options = all_of(
    click.option(
        "--fan-out",
        is_flag=True,
        help="Grade rollouts in S3 with many workers in AWS, which call the function of --arn or --stack.",
    ),
    click.option(
        "--prefix",
        metavar="S3_FOLDER",
        help="Write the workers' results to this folder, s3://BUCKET/FOLDER; by default the stack's.",
    ),
    click.option(
        "--machine",
        metavar="ARN",
        help="Start this state machine; by default the stack's.",
    ),
    click.option(
        "--workers",
        metavar="N",
        type=click.IntRange(1, MOST_WORKERS),
        help=f"Run N workers at the same time: {WORKERS} by default, or fewer if the account's limit "
        "requires it.",
    ),
    yes_option,
)
"""Adds the options of a fan-out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FanOutChoice:
    """The values of the fan-out options."""

    prefix: str | None
    machine: str | None
    workers: int | None
    calls: int | None
    stack: str | None
    region: str | None


def fan_out_facts(asked: FanOutChoice, grader: str, records: DataFile | None) -> FanOutFacts:
    """Return the facts about a fan-out that are stored with the run.

    Args:
        asked: The verb's options.
        grader: The function, as named by the user.
        records: The training records.

    Raises:
        InputError: The folder or the state machine is unknown, the records are not in S3, or the account's
            concurrency limit does not allow that many workers.
    """
    # Every replay imports this module, so the fan-out's own modules are imported only when used.
    from harness.replay.fan_out.concurrency import FreeCalls, check_workers, free_calls
    from harness.replay.fan_out.execution import StateMachine
    from harness.replay.fan_out.fanned_out import folder_of
    from harness.replay.fan_out.shards import check_published

    check_published(grader)
    prefix, machine = asked.prefix, asked.machine
    if asked.stack is not None and (prefix is None or machine is None):
        from harness.deploy.outputs import read_stack

        found = read_stack(asked.stack, asked.region)
        prefix, machine = prefix or found.fan_out_prefix, machine or found.fan_out_machine
    if machine is None:
        fix = "Deploy a stack with FanOut=true, and pass --stack STACK or --machine ARN."
        raise InputError("no state machine for the fan-out is named", fix=fix)
    if prefix is None:
        fix = "Pass --prefix s3://BUCKET/FOLDER, the folder for the workers' results."
        raise InputError("no folder for the results is named", fix=fix)
    folder_of(prefix, "run")
    StateMachine(machine)
    calls = asked.calls or CALLS
    free = free_calls(grader) if grader.startswith("arn:") else FreeCalls()
    workers = asked.workers or max(1, min(WORKERS, free.most_workers(calls) or WORKERS))
    check_workers(free, workers, calls)
    return FanOutFacts(
        prefix=prefix, machine=machine, workers=workers, calls=calls, records=_record_facts(records)
    )


def _record_facts(records: DataFile | None) -> SourceFacts | None:
    """Return facts about the training records, which must be in S3 so that workers can read them."""
    if records is None:
        return None
    from harness.replay.fan_out.shards import check_source

    source = as_source(records)
    check_source(source, "records")
    return source.facts[0]


def fan_out_run(run: Run, *, yes: bool, quiet: bool) -> Totals:
    """Grade a run with workers in AWS and wait for the results.

    Args:
        run: A run prepared with --fan-out.
        yes: Start without asking for confirmation.
        quiet: Do not show progress.

    Raises:
        InputError: The user did not confirm, or shards are missing for a permanent reason.
        ServiceError: Shards are missing. The same command resumes the run.
    """
    from harness.replay.fan_out.execution import StateMachine
    from harness.replay.fan_out.fanned_out import FannedOut, folder_of
    from harness.replay.fan_out.part_store import S3Parts

    fan = run.facts.fan_out
    assert fan is not None
    if run.done:
        return run.totals
    store = S3Parts(folder_of(fan.prefix, run.facts.id))
    with ExitStack() as shown:
        bars: list[Callable[..., None] | None] = []

        def agree(missing: Sequence[PartOrder]) -> None:
            _agree(run, missing, yes=yes)

        def tell(progress: FanOutProgress) -> None:
            if not bars:  # not earlier, because the bar would overwrite the question
                if not quiet:
                    say(f"waiting for {progress.execution}", err=True, verbatim=True)
                bars.append(shown.enter_context(progress_bar("shards", quiet=quiet)))
            _show(progress, bars[0])

        try:
            return FannedOut(run, store, StateMachine(fan.machine), tell, agree).grade()
        except KeyboardInterrupt:
            _say_how_to_go_on(run)
            raise


def _show(progress: FanOutProgress, update: Callable[..., None] | None) -> None:
    if update is None:
        return
    children = progress.state.children
    failed = f"  {children['failed']:,} failed" if children.get("failed") else ""
    done = progress.collected + children.get("succeeded", 0)
    update(completed=done, total=progress.shards, description=f"shards{failed}")


def _agree(run: Run, missing: Sequence[PartOrder], *, yes: bool) -> None:
    """Show the forecast of an execution and ask for confirmation."""
    from harness.cli.cancel import confirm
    from harness.replay.fan_out.concurrency import free_calls
    from harness.replay.fan_out.fan_out_forecast import forecast_fan_out

    fan = run.facts.fan_out
    assert fan is not None
    free = free_calls(missing[0].grader)
    for line in forecast_fan_out(missing, run.rollouts, fan.workers, free, run.folder.parent).lines():
        say(printable(line), err=True)
    if not yes:
        confirm(f"Start it, and write to {fan.prefix}/{run.facts.id}?")


def _say_how_to_go_on(run: Run) -> None:
    """Explain that an interrupt ends only the wait, not the grading in AWS."""
    execution = run.facts.fan_out and run.facts.fan_out.execution
    if execution:
        text = (
            "the workers continue in AWS: the same command waits for them again, and\n  aws stepfunctions "
            f"stop-execution --execution-arn {execution}\nstops them"
        )
        say(text, err=True, verbatim=True)


def where_to_grade_widely(
    arn: str | None, stack: str | None, calls: int | None, asked: dict[str, Any]
) -> dict[str, Any]:
    """Return the fields of a `ReplayRequest` that describe the place of grading and a fan-out.

    Args:
        arn: The value of --arn. With --fan-out, --stack may also be given, because the stack contains the
            workers.
        stack: The value of --stack.
        calls: The value of --concurrency.
        asked: The verb's other options, from which the fan-out options are removed.

    Raises:
        InputError: A fan-out option is given without --fan-out, or other options are invalid.
        ServiceError: AWS cannot be reached.
    """
    own = {name: asked.pop(name) for name in ("prefix", "machine", "workers")}
    if not asked.pop("fan_out"):
        given = [f"--{name}" for name, value in own.items() if value is not None and not setting_of(name)]
        if given:
            raise InputError(f"{' and '.join(given)} work only with --fan-out", fix="Add --fan-out.")
        return {**where_to_grade(arn, stack, asked), "fan_out": None}
    choice = FanOutChoice(**own, calls=calls, stack=stack, region=asked["region"])
    place = where_to_grade(arn, stack if arn is None else None, asked)
    if place["target"] in (IN_PROCESS, LAMBDA_RUNTIME):
        fix = "Pass --arn with the ARN of a published version, or --stack."
        raise InputError("--fan-out grades with a function in AWS, not here", fix=fix)
    return {**place, "fan_out": fan_out_facts(choice, place["target"], asked["records"])}
