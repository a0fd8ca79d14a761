"""`rft show`: shows a replay run, one of its samples, or the samples that match a filter."""

from __future__ import annotations

from pathlib import Path

import click

from harness.cli.options import LOCAL_PATH, json_option, range_option, run_folder, runs_dir_option
from harness.cli.output import emit_json, stdout_console
from harness.errors import InputError
from harness.report.look import look_at, sample_of
from harness.runs.store import Run, open_run
from harness.signal.row_filter import ChosenRows, RowFilter, choose_rows, read_condition

_LIMIT = 10


@click.command("show")
@click.argument("run", type=LOCAL_PATH)
@click.argument("sample", required=False)
@click.option(
    "--worst",
    metavar="N",
    type=click.IntRange(1),
    default=5,
    show_default=True,
    help="List the N lowest and the N slowest samples.",
)
@click.option("--failed", is_flag=True, help="List the samples without a reward.")
@click.option("--disagree", is_flag=True, help="List the samples whose label or wires disagree.")
@click.option(
    "--group", metavar="RECORD", help="List the samples of this record; each sample's page names its record."
)
@click.option(
    "--where",
    metavar="CONDITION",
    multiple=True,
    help="List the samples with NAME=VALUE, NAME<VALUE or NAME>VALUE; NAME is reward, label, length, "
    "finish, error or a metric. Repeatable: all must hold.",
)
@click.option(
    "--limit", metavar="N", type=click.IntRange(1), help=f"List at most the first N samples ({_LIMIT})."
)
@click.option("--all", "everything", is_flag=True, help="Print the full text, and every message and metric.")
@range_option
@runs_dir_option
@json_option
def command(
    run: Path,
    sample: str | None,
    worst: int,
    failed: bool,
    disagree: bool,
    group: str | None,
    where: tuple[str, ...],
    limit: int | None,
    everything: bool,
    range: tuple[float, float] | None,  # the option's name
    runs_dir: Path,
    as_json: bool,
) -> int:
    """Show the results of a replay run; with the id of a SAMPLE, show that sample.

    RUN is the run's folder, or its name under --runs-dir. --failed, --disagree, --group and --where list
    samples with their text; combined, they list the samples that match all of them.
    """
    asked = RowFilter(failed, disagree, group, tuple(map(read_condition, where)))
    opened = open_run(run_folder(run, runs_dir))
    if asked != RowFilter() or limit is not None:
        if sample is not None:
            raise InputError("a sample and a filter cannot be combined", fix="Leave one out.")
        _list(opened, choose_rows(opened, asked, limit or _LIMIT, range), everything, as_json)
    elif sample is not None:
        found = sample_of(opened, sample)
        if as_json:
            emit_json(found)
        else:
            from harness.report.terminal import print_sample

            print_sample(found, everything=everything)
    else:
        look = look_at(opened, worst, range)
        if as_json:
            emit_json(look.to_json())
        else:
            from harness.report.short_texts import SampleReader
            from harness.report.terminal import print_run

            print_run(look, everything=everything, reader=SampleReader(opened))
    return 0


def _list(run: Run, found: ChosenRows, everything: bool, as_json: bool) -> None:
    from harness.report.chosen_samples import chosen_as_json, print_chosen

    if as_json:
        emit_json(chosen_as_json(run, found))
    else:
        print_chosen(run, found, stdout_console(), whole=everything)
