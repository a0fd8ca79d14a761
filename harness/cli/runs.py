"""`rft runs`: lists the replay runs in a folder."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli.options import json_option, limit_option, runs_dir_option
from harness.cli.output import emit_json, say

if TYPE_CHECKING:
    from harness.runs.listing import ListedRun


@click.command("runs")
@limit_option("runs", 20)
@runs_dir_option
@json_option
def command(limit: int, runs_dir: Path, as_json: bool) -> int:
    """List the newest replay runs under --runs-dir, including any that cannot be read.

    Exit codes: 0 listed; 2 the folder could not be read.
    """
    from harness.cli.columns import say_columns
    from harness.data.typed_json import as_json as plain
    from harness.runs.listing import list_runs

    found = list_runs(runs_dir, limit)
    if as_json:
        emit_json(plain(found))
        return 0
    if not found.runs:
        say(f"no runs in {runs_dir}; `rft replay` makes one")
        return 0
    say_columns(("run", "when", "graded", "mean", "failed", "agree"), [_line(run) for run in found.runs])
    if found.more:
        say(f"and {found.more:,} older; --limit {len(found.runs) + found.more} lists all")
    return 0


def _line(run: ListedRun) -> tuple[str | None, ...]:
    """Return the columns of a run. The last value is the grader and the rollouts, or the problem."""
    rollouts = os.path.relpath(run.rollouts) if run.rollouts and run.rollouts[0] == "/" else run.rollouts
    played = "" if run.answers is None else f", answered from {os.path.relpath(run.answers)}"
    return (
        run.name,
        datetime.fromisoformat(run.when).astimezone().strftime("%Y-%m-%d %H:%M"),
        None if run.gradings is None else f"{run.gradings:,}",
        None if run.mean is None else f"{run.mean:.4f}",
        None if run.failures is None else f"{run.failures:,}",
        None if run.judged is None else f"{run.agreed:,}/{run.judged:,}",
        run.problem or f"{'' if run.state == 'done' else f'{run.state}: '}{run.grader} on {rollouts}{played}",
    )
