"""`rft compare`: shows what changed between two runs."""

from __future__ import annotations

from typing import Any

import click

from harness.cli.options import LOCAL_PATH, json_option, range_option, run_folder, runs_dir_option
from harness.cli.output import emit_json, stdout_console
from harness.runs.store import open_run
from harness.signal.comparison import compare_runs
from harness.signal.fail_on import measured_of, read_limit


@click.command("compare")
@click.argument("was", type=LOCAL_PATH)
@click.argument("now", type=LOCAL_PATH)
@click.option(
    "--fail-on",
    "limits",
    metavar="NAME=LIMIT",
    multiple=True,
    help="Exit with 1 above this limit: changed, flips, inversions, failures, broken, zero_std,"
    " false_positives or false_negatives, as a count or a percentage (flips=1%); the last three also as an"
    " increase (zero_std=+2%). Repeatable.",
)
@click.option(
    "--by",
    type=click.Choice(["rollout", "record"]),
    help="Compare rollout by rollout, or the means of each record; by default whichever the two runs have "
    "in common.",
)
@range_option
@click.option("--all", "everything", is_flag=True, help="List every change, with its full text.")
@runs_dir_option
@json_option
def command(**asked: Any) -> int:
    """Compare the run NOW with the run WAS: order within records, zero-std groups, failures, labels.

    Both are folders, or names under --runs-dir. Runs of the same rollouts (two versions of a grader, here and
    deployed) are compared rollout by rollout. So are runs of two files if at least half of the rollouts
    (nearly all, for a single grader) have the same record and completion; other runs (two models) are
    compared record by record. Only the first repeat counts.

    Exit codes: 0 compared, and within every limit; 1 over a limit; 2 nothing to compare, or a limit that was
    not measured.
    """
    limits = [read_limit(text) for text in asked["limits"]]
    was, now = (open_run(run_folder(asked[name], asked["runs_dir"])) for name in ("was", "now"))
    found = compare_runs(was, now, asked["range"], asked["by"])
    measured = [measured_of(limit, found) for limit in limits]
    if asked["as_json"]:
        from harness.data.typed_json import as_json

        emit_json({**found.to_json(), "limits": as_json(measured)})
    else:
        from harness.report.changes import print_comparison

        print_comparison(found, measured, (was, now), stdout_console(), everything=asked["everything"])
    if all(one.kept for one in measured):
        return 0
    return 1 if any(not one.kept and one.count is not None for one in measured) else 2
