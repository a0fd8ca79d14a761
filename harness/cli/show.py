"""`rft show`: look at a replay run, or at one of its samples."""

from __future__ import annotations

from pathlib import Path

import click

from harness.cli.options import json_option, range_option, run_folder, runs_dir_option
from harness.cli.output import emit_json
from harness.report.look import look_at, sample_of
from harness.runs.store import open_run


@click.command("show")
@click.argument("run", type=click.Path(path_type=Path))
@click.argument("sample", required=False)
@click.option(
    "--worst",
    metavar="N",
    type=click.IntRange(1),
    default=5,
    show_default=True,
    help="List the N lowest and the N slowest samples.",
)
@click.option(
    "--all", "everything", is_flag=True, help="Print long texts whole, and every message and metric."
)
@range_option
@runs_dir_option
@json_option
def command(
    run: Path,
    sample: str | None,
    worst: int,
    everything: bool,
    range: tuple[float, float] | None,  # the word that users write
    runs_dir: Path,
    as_json: bool,
) -> int:
    """Show what a replay run found; with the id of a SAMPLE, show that sample.

    RUN is the run's folder, or its name under --runs-dir.
    """
    opened = open_run(run_folder(run, runs_dir))
    if sample is not None:
        found = sample_of(opened, sample)
        if as_json:
            emit_json(found)
        else:
            from harness.report.terminal import print_sample

            print_sample(found, everything=everything)
        return 0
    look = look_at(opened, worst, range)
    if as_json:
        emit_json(look.to_json())
    else:
        from harness.report.terminal import print_run

        print_run(look, everything=everything)
    return 0
