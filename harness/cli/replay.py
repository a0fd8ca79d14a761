"""`rft replay`: grades recorded rollouts and saves every reward."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from harness.cli.configured import setting_of
from harness.cli.fan_out import fan_out_options, fan_out_run, where_to_grade_widely
from harness.cli.label_options import label_rule_options
from harness.cli.options import (
    answers_option,
    data_argument,
    grader_option,
    handler_option,
    json_option,
    keep_field_option,
    label_option,
    limit_option,
    name_option,
    place_options,
    range_option,
    records_option,
    runs_dir_option,
    wire_option,
)
from harness.cli.other_rollouts import fitting_label, fitting_records
from harness.cli.output import emit_json, printable, progress_bar, say
from harness.data.sources import as_source
from harness.errors import InputError
from harness.replay.expect import stored_rewards
from harness.replay.expected_gradings import ExpectedGradings
from harness.replay.prepare import ReplayRequest, prepare
from harness.replay.published_answers import publish_answers
from harness.replay.supervisor import replay
from harness.report.summary import summary_of
from harness.runs.labels import PLAIN, label_rule, not_compared
from harness.runs.rows import Totals
from harness.runs.store import Run
from harness.targets.opening import CONCURRENCY, IN_PROCESS


@click.command("replay")
@data_argument("rollouts")
@grader_option()
@handler_option
@place_options()
@click.option(
    "--concurrency",
    metavar="N",
    type=click.IntRange(1),
    envvar="RFT_CONCURRENCY",
    help="Keep N calls in flight; by default 8 in AWS, one per core for an artifact.",
)
@wire_option()
@click.option(
    "--repeats",
    metavar="N",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="Grade each rollout N times.",
)
@limit_option("rollouts")
@label_option()
@label_rule_options
@keep_field_option
@records_option
@range_option
@answers_option
@click.option(
    "--ask",
    type=click.Choice(["never", "new", "all"]),
    default="never",
    show_default=True,
    help="Ask the service nothing, only the questions that the --answers file cannot answer, or every "
    "question again. New answers are recorded.",
)
@click.option(
    "--expect",
    metavar="PATH",
    help="Compare with stored rewards, from a file or a run's folder, for the repeats that both contain.",
)
@runs_dir_option
@name_option("Give the run this name; by default the time and the grader's name.")
@click.option("--fresh", is_flag=True, help="Start a new run even if the same work was started before.")
@click.option(
    "--completion-template",
    metavar="TEXT",
    help="Use this form to write references that are not strings, when records are graded.",
)
@click.option(
    "--cores",
    metavar="N",
    type=click.IntRange(1),
    help="Grade in N worker processes; by default one per core.",
)
@fan_out_options
@json_option
def command(
    expect: str | None,
    cores: int | None,
    arn: str | None,
    stack: str | None,
    runs_dir: Path,
    concurrency: int | None,
    label_threshold: float | None,
    label_tolerance: float | None,
    label_true: tuple[str, ...],
    yes: bool,
    as_json: bool,
    **asked: Any,
) -> int:
    """Run rollouts through a grader, and save every reward under --runs-dir.

    ROLLOUTS are files, patterns, - for standard input, or objects (s3://bucket/key) and prefixes
    (s3://bucket/prefix/) in S3, optionally compressed; several are graded as one file. Input that is not
    seekable, such as standard input, is first copied to the run's folder.

    The grader runs in this process (--grader), as a built function in the local Lambda runtime (--artifact or
    --function), or as a deployed function in AWS (--arn or --stack).

    --handler calls a handwritten handler as Lambda would.

    Records work too: each record's own reference is graded as if it were the completion, and another record's
    reference as a negative control. After a kill or an interruption, the same command resumes the run.

    Fields that differ between the rollouts of one record are hidden from the grader, because training does
    not have them. With --records, the grader sees the fields of the training file instead.

    With --fan-out, many workers in AWS each grade a part of the rollouts in S3. The command first shows what
    this takes and asks for confirmation. The same command resumes.

    With --answers, the grader's requests to a service are answered from a file; --ask records the answers.

    Exit codes: 0 good; 1 a difference, a disagreement between wire formats, a failed grading or a field that
    contradicts itself; 2 wrong input; 3 the service could not be reached.
    """
    stored = stored_rewards(expect) if expect else None
    asked["rollouts"] = as_source(asked["rollouts"])
    rule = label_rule(asked["label"], label_threshold, label_tolerance, label_true)
    label = fitting_label(asked["rollouts"], asked["label"])
    if label is None:
        rule = PLAIN
    asked |= {"label": label, "records": fitting_records(asked["rollouts"], asked["records"])}
    asked |= where_to_grade_widely(arn, stack, concurrency, asked)
    if asked["target"] != IN_PROCESS:
        if cores is not None:
            raise InputError("--cores is for grading in process", fix="Use --concurrency elsewhere.")
        cores = 1  # one process makes all the calls
        if concurrency is not None:
            os.environ[CONCURRENCY] = str(concurrency)
    run = _prepare(ReplayRequest(**asked, label_rule=rule, runs=runs_dir), quiet=as_json)
    here = run.facts.fan_out is None
    totals = _replay(run, cores, quiet=as_json) if here else fan_out_run(run, yes=yes, quiet=as_json)
    published = publish_answers(run, cores)
    run.bounds()  # raises an error if the rewards are outside --range, before figures that depend on it
    outcome = replace(summary_of(run, totals, stored), published=published)
    if as_json:
        emit_json(outcome.to_json())
    else:
        for line in outcome.lines():
            say(printable(line))
    if run.facts.label is not None and totals.rewards and not totals.agreed + totals.disagreed:
        # If the label comes from the settings and the grader's range is unknown, this is not an error. The
        # summary says that the range is unknown.
        range_known = run.facts.bounds is not None
        if range_known or setting_of("label") is None:
            # With the run's name, the command reads the saved rewards and grades nothing.
            name = "" if asked["name"] else f"--name {run.facts.id} "
            raise not_compared(
                run.facts.label, range_known=range_known, place=run.rollouts_name, options=name
            )
    if totals.errors.get("input"):
        return 2
    return int(bool(outcome.changed or totals.wires or totals.errors or totals.fields))


def _prepare(request: ReplayRequest, quiet: bool) -> Run:
    """Create a run or find an unfinished one. Show a progress bar if the input must be copied."""
    with contextlib.ExitStack() as shown:
        update: Callable[..., None] | None = None
        begun = False

        def copying(done: int) -> None:
            nonlocal update, begun
            if not begun:
                begun, update = True, shown.enter_context(progress_bar("copying the input (MB)", quiet=quiet))
            if update is not None:
                update(completed=done // 1_000_000)

        return prepare(request, copying)


def _replay(run: Run, cores: int | None, quiet: bool) -> Totals:
    with progress_bar("grading", quiet=quiet) as update:
        if update is None:
            return replay(run, cores=cores)
        expected = ExpectedGradings(run)

        def progress(totals: Totals, done: int) -> None:
            mean = "" if totals.mean is None else f"  mean reward {totals.mean:.3f}"
            errors = sum(totals.errors.values())
            failed = f"  {errors} failed" if errors else ""
            total = expected.total(totals.gradings, done)
            update(completed=totals.gradings, total=total, description=f"grading{mean}{failed}")

        return replay(run, progress, cores)
