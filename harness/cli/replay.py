"""`rft replay`: run recorded rollouts through a grader and keep every reward."""

from __future__ import annotations

import os
import sys
from itertools import islice
from pathlib import Path
from typing import Any

import click

from harness.cli.output import emit_json, printable, stderr_console
from harness.errors import InputError
from harness.replay.expect import Difference, differences, stored_rewards
from harness.replay.grading import ALL_WIRES
from harness.replay.plan import Request, plan
from harness.replay.pool import replay
from harness.rollouts.derive import OTHER, REFERENCE
from harness.runs.rows import Totals, read_rows
from harness.runs.store import Run
from harness.targets.opening import CONCURRENCY, IN_PROCESS

SHOWN = 10


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
    run = plan(Request(**asked))
    totals = _replay(run, cores, quiet=as_json)
    changed = differences(stored, _pairs(run)) if stored is not None else None
    controls = _controls(run) if run.facts["input"]["derived"] else None
    if as_json:
        emit_json(_summary(run, totals, changed, controls))
    else:
        _tell(run, totals, changed, controls)
    if run.facts["label"] is not None and not totals.agreed + totals.disagreed:
        raise InputError(
            f"no rollout with a reward carries a verdict in the field {run.facts['label']!r}",
            place=run.facts["rollouts"],
            fix="A label is true, false or a number.",
        )
    if totals.errors.get("input"):
        return 2
    return int(bool(changed or totals.wires or totals.errors))


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


def _pairs(run: Run) -> list[tuple[Any, float | None]]:
    return [(row["id"], row["reward"]) for row in read_rows(run.rewards)]


def _controls(run: Run) -> dict[str, Any]:
    """How rollouts made of records fared: references should get the most, other records' the least."""
    low, high = run.facts["grader"]["options"].get("range", (0.0, 1.0))
    found: dict[str, Any] = {
        REFERENCE: {"count": 0, "at_highest": 0},
        OTHER: {"count": 0, "at_lowest": 0},
    }
    below = []
    for row in read_rows(run.rewards):
        kind = str(row["id"]).rpartition("/")[2]
        part = found[kind]
        part["count"] += 1
        if kind == REFERENCE:
            part["at_highest"] += row["reward"] == high
            if row["reward"] != high:
                below.append(row["id"])
        else:
            part["at_lowest"] += row["reward"] == low
    found[REFERENCE]["below"] = below[:SHOWN]
    return found


def _summary(
    run: Run, totals: Totals, changed: list[Difference] | None, controls: dict[str, Any] | None
) -> dict[str, Any]:
    """The run as one JSON object."""
    summary: dict[str, Any] = {"run": str(run.folder), "rewards": str(run.rewards), **run.facts}
    summary["totals"] = totals.to_json()
    if run.facts["label"] is not None:
        judged = totals.agreed + totals.disagreed
        summary["agreement"] = totals.agreed / judged if judged else None
    if changed is not None:
        summary["differences"] = [one.to_json() for one in changed]
    if controls is not None:
        summary["controls"] = controls
    if totals.errors.get("input"):
        summary["unusable"] = [{"place": place, "message": said} for place, said in _unusable(run)]
    return summary


def _tell(
    run: Run, totals: Totals, changed: list[Difference] | None, controls: dict[str, Any] | None
) -> None:
    """The run in a few lines for people."""
    mean = "no rewards" if totals.mean is None else f"mean reward {totals.mean:.4f}"
    print(f"{totals.gradings:,} gradings, {mean}")
    if run.facts["target"].get("note"):
        print(f"note: {run.facts['target']['note']}")
    if controls is not None:
        _tell_controls(controls)
    if run.facts["label"] is not None:
        _tell_agreement(run, totals)
    if run.facts["wire"] == ALL_WIRES:
        known = f"the wires disagree on {totals.wires:,}; `rft show {run.folder}` lists them"
        print(known if totals.wires else "every wire gives the same rewards")
    for kind, count in sorted(totals.errors.items()):
        print(f"no reward for {count:,}: {kind}")
    if totals.errors.get("input"):
        _tell_unusable(run)
    if changed is not None:
        _tell_differences(changed)
    print(f"run: {run.folder}   next: rft show {run.folder}")


def _tell_controls(controls: dict[str, Any]) -> None:
    own, other = controls[REFERENCE], controls[OTHER]
    print(f"own reference as the completion: highest reward on {own['at_highest']:,} of {own['count']:,}")
    print(f"another record's reference:      lowest reward on {other['at_lowest']:,} of {other['count']:,}")
    for key in own["below"]:
        print(f"  below the highest: {printable(str(key))}")


def _tell_differences(changed: list[Difference]) -> None:
    print(f"{len(changed):,} differ from the stored rewards" if changed else "all as stored")
    for one in changed[:SHOWN]:
        print(f"  {printable(str(one.id))}: stored {_said(one.expected)}, now {_said(one.found)}")
    if len(changed) > SHOWN:
        print(f"  and {len(changed) - SHOWN:,} more; --json lists all")


def _said(reward: float | str | None) -> str:
    return "no reward" if reward is None else str(reward)


def _tell_agreement(run: Run, totals: Totals) -> None:
    judged = totals.agreed + totals.disagreed
    left = f" ({totals.unlabelled:,} without a verdict or a reward)" if totals.unlabelled else ""
    print(f"agrees with {run.facts['label']} on {totals.agreed:,} of {judged:,}{left}")


def _tell_unusable(run: Run) -> None:
    for place, message in _unusable(run):
        print(f"  {place}: {printable(message)}")


def _unusable(run: Run) -> list[tuple[str, str]]:
    """Place and problem of the first lines that were no rollouts."""
    from harness.rollouts.read import line_number

    path = run.facts["rollouts"]
    kept = (
        row
        for row in read_rows(run.rewards)
        if row["repeat"] == 0 and (row["error"] or {}).get("kind") == "input"
    )
    return [
        (f"{path}:{line_number(path, row['at'])}", row["error"]["message"]) for row in islice(kept, SHOWN)
    ]
