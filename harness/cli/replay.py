"""`rft replay`: run recorded rollouts through a grader and keep every reward."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import click

from harness.cli.output import emit_json, printable, stderr_console
from harness.errors import InputError
from harness.replay.expect import stored_rewards
from harness.replay.grading import ALL_WIRES
from harness.replay.prepare import ReplayRequest, prepare
from harness.replay.supervisor import replay
from harness.report.summary import summary_of
from harness.runs.rows import Totals
from harness.runs.store import Run
from harness.targets.opening import CONCURRENCY, IN_PROCESS


@click.command("replay")
@click.argument("rollouts", type=click.Path(path_type=Path))
@click.option(
    "--grader", "-g", metavar="MODULE:NAME", help="The grader: module:name or path/to/file.py:name."
)
@click.option(
    "--target",
    default="in-process",
    show_default=True,
    help="Where to grade: in-process, lambda-runtime, an ARN or NAME:ALIAS.",
)
@click.option(
    "--artifact",
    type=click.Path(path_type=Path),
    help="For lambda-runtime: what `sam build` made; .aws-sam/build when left out.",
)
@click.option("--function", help="For lambda-runtime: the function in the template; found by --grader.")
@click.option("--stack", help="Grade in this stack's function; --grader is then its name there.")
@click.option("--region", help="AWS Region of a stack, or of a function named without its ARN.")
@click.option(
    "--concurrency",
    type=click.IntRange(1),
    envvar="RFT_CONCURRENCY",
    help="Calls at once, where grading is done elsewhere: 8 for AWS, one a core for lambda-runtime.",
)
@click.option(
    "--wire",
    default="open-weight",
    show_default=True,
    help=f"Shape of the events; `{ALL_WIRES}` compares every one.",
)
@click.option("--repeats", default=1, show_default=True, help="Grade each rollout so many times.")
@click.option("--limit", type=int, help="Only the first so many rollouts.")
@click.option(
    "--label", metavar="FIELD", help="Compare with the verdict that the rollouts carry in this field."
)
@click.option(
    "--expect",
    type=click.Path(path_type=Path),
    help="Compare with stored rewards: a file, or the folder of a run.",
)
@click.option(
    "--runs",
    type=click.Path(path_type=Path),
    default=Path("runs"),
    show_default=True,
    help="Where runs are kept.",
)
@click.option("--run", "name", help="The run's name; made of time and grader when left out.")
@click.option("--fresh", is_flag=True, help="Begin anew even where the same work was begun before.")
@click.option(
    "--completion-template",
    metavar="TEXT",
    help="For records alone: how to write a reference that is no text.",
)
@click.option(
    "--cores", type=click.IntRange(1), help="Worker processes, in process; one a core when left out."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(
    expect: Path | None,
    cores: int | None,
    stack: str | None,
    concurrency: int | None,
    as_json: bool,
    **asked: Any,
) -> int:
    """Run the rollouts of a file through a grader, and keep every reward under runs/.

    A file of records works too: each record's own reference is graded as if it were the completion, and
    another record's as a negative control. Killed or interrupted, the same command goes on where it stopped.

    Exit codes: 0 good; 1 a difference, a disagreement between wires or a failed grading; 2 input; 3 service.
    """
    stored = stored_rewards(expect) if expect else None
    if stack is not None:
        asked |= _in_stack(stack, asked)
    if asked["target"] != IN_PROCESS:
        if cores is not None:
            raise InputError(
                "--cores is for grading in process", fix="Write --concurrency for other targets."
            )
        cores = 1  # one process keeps all the calls under way
        if concurrency is not None:
            os.environ[CONCURRENCY] = str(concurrency)
    run = prepare(ReplayRequest(**asked))
    totals = _replay(run, cores, quiet=as_json)
    outcome = summary_of(run, totals, stored)
    if as_json:
        emit_json(outcome.to_json())
    else:
        for line in outcome.lines():
            print(printable(line))
    if run.facts["label"] is not None and not totals.agreed + totals.disagreed:
        raise InputError(
            f"no rollout with a reward carries a verdict in the field {run.facts['label']!r}",
            place=run.facts["rollouts"],
            fix="A label is true, false or a number.",
        )
    if totals.errors.get("input"):
        return 2
    return int(bool(outcome.changed or totals.wires or totals.errors))


def _in_stack(stack: str, asked: dict[str, Any]) -> dict[str, Any]:
    """The target that a stack's grader is."""
    from harness.deploy.outputs import read_stack

    if asked["target"] != IN_PROCESS:
        raise InputError("--stack and --target both say where to grade", fix="Leave one out.")
    found = read_stack(stack, asked["region"])
    return {"target": found.arn(asked["grader"]), "grader": None, "region": None}


def _replay(run: Run, cores: int | None, quiet: bool) -> Totals:
    """Replay, with a progress bar where somebody is looking."""
    if quiet or not sys.stderr.isatty():
        return replay(run, cores=cores)
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    expected = _expected(run)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=stderr_console(), transient=True) as bar:
        task = bar.add_task("grading", total=expected)

        def progress(totals: Totals) -> None:
            mean = "" if totals.mean is None else f"  mean reward {totals.mean:.3f}"
            errors = sum(totals.errors.values())
            failed = f"  {errors} failed" if errors else ""
            bar.update(task, completed=totals.gradings, description=f"grading{mean}{failed}")

        return replay(run, progress, cores)


def _expected(run: Run) -> int:
    """About how many gradings there will be, by the length of the first lines."""
    path, size = Path(run.facts["rollouts"]), int(run.facts["bytes"])
    with path.open("rb") as file:
        head = file.read(min(size, 1 << 20))
    count = head.count(b"\n") + (not head.endswith(b"\n"))
    rollouts: int = max(1, round(count * size / max(1, len(head))))
    return rollouts * int(run.facts["repeats"])
