"""`rft signal`: what a training job could learn from a run's rewards, before it is paid for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from harness.cli.options import (
    hyperparameter_options,
    json_option,
    price_per_hour_option,
    range_option,
    region_option,
    run_folder,
    runs_dir_option,
)
from harness.cli.output import emit_json, stdout_console
from harness.runs.store import open_run
from harness.signal.learning import Signal, signal_of


@click.command("signal")
@click.argument("run", type=click.Path(path_type=Path))
@range_option
@hyperparameter_options(checked=True)
@region_option
@price_per_hour_option
@runs_dir_option
@json_option
def command(**asked: Any) -> int:
    """Say whether a job could learn anything from the rewards of RUN, and what it would cost.

    RUN is the run's folder, or its name under --runs-dir. The first line says what to do: train, fix the
    data, fix the grader, or fine-tune first. Each statistic has its 95 % interval and what it rests on;
    fewer than 30 rollouts or 10 groups are not measured.

    Exit codes: 0 train; 1 something to mend first; 2 too little to tell, or wrong input.
    """
    run = open_run(run_folder(asked["run"], asked["runs_dir"]))
    found = signal_of(run, asked["range"])
    from harness.api.types import HYPERPARAMETERS
    from harness.jobs.forecast import forecast_replayed

    planned = {name: asked[name] or int(HYPERPARAMETERS[name].default) for name in ("batch_size", "n_epochs")}
    cost = forecast_replayed(
        found.groups,
        found.seconds,
        run.facts.target.kind,
        region=asked["region"],
        usd_per_hour=asked["price_per_hour"],
        **planned,
    )
    if asked["as_json"]:
        emit_json({**found.to_json(), "sentence": found.verdict.sentence, "job": cost.to_json()})
    else:
        from harness.report.signal import print_signal

        print_signal(found, cost.lines(), stdout_console())
    return _code(found)


def _code(found: Signal) -> int:
    return {"train": 0, "not measured": 2}.get(found.verdict.action, 1)
