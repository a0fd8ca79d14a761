"""`rft signal`: shows what a training job could learn from a run's rewards before you pay for one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli.options import (
    DATA,
    LOCAL_PATH,
    json_option,
    out_option,
    price_per_hour_option,
    range_option,
    region_option,
    run_folder,
    runs_dir_option,
)
from harness.cli.output import emit_json, stdout_console
from harness.data.typed_json import as_json
from harness.errors import InputError
from harness.runs.store import Run, open_run
from harness.signal.learning import Signal, signal_of

if TYPE_CHECKING:
    from harness.data.sources import DataFile
    from harness.jobs.forecast import Forecast
    from harness.signal.kept import KeptRecords


@click.command("signal")
@click.argument("run", type=LOCAL_PATH)
@range_option
@click.option(
    "--records",
    metavar="DATA",
    type=DATA,
    help="Plan the job for this training file; by default for the run's records.",
)
@out_option("Write the training file to this path without the records that would rarely teach anything.")
@click.option(
    "--n-epochs", metavar="N", type=click.IntRange(1), help="Train on every record N times; by default 1."
)
@click.option(
    "--batch-size", metavar="N", type=click.IntRange(1), help="Use N records per step; by default 4."
)
@region_option
@price_per_hour_option
@runs_dir_option
@json_option
def command(**asked: Any) -> int:
    """Show whether a job could learn anything from the rewards of RUN, and what it would cost.

    RUN is the run's folder, or its name under --runs-dir. The first line says what to do: train, fix the
    data, fix the grader, or fine-tune first. Each statistic has a 95 % interval and its sample size; fewer
    than 30 rollouts or 10 groups are not measured.

    With --records and --out, it writes a training file that omits records whose rewards are all at the same
    end of the range and are expected to stay equal. Every other line is copied byte for byte.

    Exit codes: 0 train; 1 something must be fixed first; 2 too little data to tell, or wrong input.
    """
    run = open_run(run_folder(asked["run"], asked["runs_dir"]))
    found = signal_of(run, asked["range"])
    kept = None if asked["out"] is None else _keep(run, found, asked["records"], asked["out"])
    cost = _cost(run, found, asked)
    if asked["as_json"]:
        more = {} if kept is None else {"kept": as_json(kept)}
        emit_json(
            {**found.to_json(), "sentence": found.verdict.sentence, "job": cost and cost.to_json(), **more}
        )
    else:
        from harness.report.signal import print_signal

        print_signal(found, cost, kept, stdout_console())
    return {"train": 0, "not measured": 2}.get(found.verdict.action, 1)


def _keep(run: Run, found: Signal, records: DataFile | None, out: Path) -> KeptRecords:
    from harness.signal.kept import keep_records

    if records is None:
        fix = "Add --records FILE, the training file that the rollouts were made from."
        raise InputError("--out needs a training file, but none was given", fix=fix)
    if found.droppable.value is None or found.bounds is None:
        what = f"the records to drop were not measured: {found.droppable.why}"
        raise InputError(what, place=found.run, fix="Nothing was written.")
    return keep_records(run, found.bounds, records, out)


def _cost(run: Run, found: Signal, asked: dict[str, Any]) -> Forecast | None:
    """Forecast the job. Return None if there are no records to train on."""
    from harness.api.types import HYPERPARAMETERS
    from harness.deploy.regions import find_region
    from harness.jobs.forecast import forecast_replayed
    from harness.jobs.plan import read_training_file

    records = asked["out"] or asked["records"]
    count = found.groups if records is None else read_training_file(records).records
    if not count:
        return None
    target = run.facts.target
    known = find_region(asked["region"] or getattr(target, "region", None), None, Path())
    planned = {name: asked[name] or int(HYPERPARAMETERS[name].default) for name in ("batch_size", "n_epochs")}
    return forecast_replayed(
        count,
        found.seconds,
        target.kind,
        region=None if known is None else known.name,
        usd_per_hour=asked["price_per_hour"],
        **planned,
    )
