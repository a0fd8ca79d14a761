"""`rft calibrate`: measures how well a judge (or any grader) agrees with people and with itself."""

from __future__ import annotations

from typing import Any

import click

from harness.cli.configured import setting_of
from harness.cli.label_options import label_rule_options
from harness.cli.options import (
    DATA,
    LOCAL_PATH,
    FiniteNumber,
    json_option,
    range_option,
    run_folder,
    runs_dir_option,
)
from harness.cli.output import emit_json, stdout_console
from harness.data.typed_json import as_json
from harness.runs.labels import label_rule
from harness.runs.store import open_run
from harness.signal.calibration import calibrate
from harness.signal.human_labels import LabelReading, read_value
from harness.signal.trust_limits import outcome_of, read_trust_limit


@click.command("calibrate")
@click.argument("run", type=LOCAL_PATH)
@click.option(
    "--label",
    "labels",
    metavar="FIELD",
    multiple=True,
    help="Compare the grader with people's labels in this field of the rollouts; by default the run's "
    "label. Further fields are other raters. Repeatable.",
)
@click.option(
    "--label-file",
    metavar="DATA",
    type=DATA,
    help="Read the labels from this JSON Lines file, by the id of each rollout.",
)
@click.option(
    "--metric",
    metavar="NAME",
    help="Compare this metric (a criterion of a rubric, a part of a combined grader) with the labels, "
    "instead of the reward. Its range is 0 to 1 unless --range says otherwise.",
)
@label_rule_options
@click.option(
    "--label-value",
    "values",
    metavar="TEXT=REWARD",
    multiple=True,
    help="Map this label text to a reward, as in fair=0.5. Repeatable.",
)
@click.option(
    "--label-range",
    metavar="LOW HIGH",
    nargs=2,
    type=FiniteNumber(),
    help="Map numeric labels from this scale (such as 1 5) to the grader's range.",
)
@click.option(
    "--target-noise",
    metavar="PERCENT",
    type=FiniteNumber(0.1, 99.9),
    default=20.0,
    show_default=True,
    help="Estimate how many repeats keep the noise at or below this percentage of the variance.",
)
@click.option(
    "--fail-on",
    "limits",
    metavar="NAME=LIMIT",
    multiple=True,
    help="Exit with 1 below this limit of kappa or agreement, or above one of false_positives,"
    " false_negatives, flips, noise, noise_of_total or position; as in kappa=0.7 or flips=5%. Repeatable.",
)
@click.option(
    "--worst",
    metavar="N",
    type=click.IntRange(0),
    default=5,
    show_default=True,
    help="List the N samples that disagree most with their label.",
)
@click.option(
    "--all", "everything", is_flag=True, help="List every sample that disagrees, with its full text."
)
@range_option
@runs_dir_option
@json_option
def command(**asked: Any) -> int:
    """Measure whether the grader of RUN agrees with people, and with itself.

    RUN is the run's folder, or its name under --runs-dir. Use a few hundred labeled rollouts, replayed with
    --label FIELD and --repeats 3 or more. The figures describe a single grading, with 95 % intervals over the
    records; a figure that the run cannot provide is "not measured".

    Exit codes: 0 measured, and within every limit; 1 beyond a limit; 2 agreement or a limited figure was not
    measured, or wrong input.
    """
    limits = [read_trust_limit(text) for text in asked["limits"]]
    run = open_run(run_folder(asked["run"], asked["runs_dir"]))
    if run.facts.label is not None:
        asked |= _without_settings(asked)
    found = calibrate(
        run,
        asked["labels"],
        _scale(asked, asked["labels"] or ((run.facts.label,) if run.facts.label else ())),
        asked["range"],
        file=asked["label_file"],
        metric=asked["metric"],
        target_noise=asked["target_noise"] / 100,
        worst=None if asked["everything"] else asked["worst"],
    )
    outcomes = [outcome_of(limit, found) for limit in limits]
    if asked["as_json"]:
        emit_json({**found.to_json(), "limits": as_json(outcomes)})
    else:
        from harness.report.calibration_screen import print_calibration

        print_calibration(found, outcomes, run, stdout_console(), whole=asked["everything"])
    if any(not one.kept and one.value is not None for one in outcomes):
        return 1
    unmeasured = [one for one in outcomes if one.value is None] if outcomes else found.kappa.value is None
    return 2 if unmeasured else 0


def _without_settings(asked: dict[str, Any]) -> dict[str, Any]:
    """Reset label options that come from the settings, because the run's own label options override them."""
    names = ("labels", "label_true", "label_threshold", "label_tolerance")
    return {name: () if isinstance(asked[name], tuple) else None for name in names if setting_of(name)}


def _scale(asked: dict[str, Any], labels: tuple[str, ...]) -> LabelReading | None:
    """Return the rule for reading labels, or None to use the run's rule."""
    given = {name: asked[f"label_{name}"] for name in ("threshold", "tolerance", "true", "range")}
    values = dict(map(read_value, asked["values"]))
    if not values and not any(value not in (None, ()) for value in given.values()):
        return None
    rule = label_rule(next(iter(labels), None), given["threshold"], given["tolerance"], given["true"])
    return LabelReading(rule, values, given["range"])
