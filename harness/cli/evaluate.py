"""`rft evaluate`: compares models on held-out records with one grader."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli.options import (
    data_argument,
    grader_option,
    handler_option,
    jobs_dir_option,
    json_option,
    limit_option,
    model_option,
    named_grader,
    out_option,
)
from harness.cli.output import emit_json, say, stdout_console
from harness.cli.rollout import (
    asking_options,
    count_option,
    patient,
    sampling,
    shown_progress,
    shows_asking,
    way_of_asking,
)
from harness.cli.service import Service, inference_option, service_options
from harness.data.sources import stem_of, text_sha256
from harness.errors import InputError
from harness.grader_output import LOG, output_to

if TYPE_CHECKING:
    from harness.api.client import FineTuning
    from harness.evaluation.evaluate import Evaluation, Named
    from harness.rollouts.asking import Generated

BASE = "base"


@click.command("evaluate")
@data_argument("records")
@grader_option()
@handler_option
@model_option(
    "Ask this model: its id, a job (its tuned model), or `base` (that job's base model). Repeatable: the"
    " others are compared with the first, the baseline.",
    multiple=True,
    required=True,
)
@click.option("--checkpoints", is_flag=True, help="Also ask every checkpoint of the named jobs.")
@click.option(
    "--allow-training-records",
    is_flag=True,
    help="Also evaluate records that a job was trained on; the result says so.",
)
@count_option(4)
@limit_option("records")
@out_option("Save the completions in this folder; by default one under evaluations/.")
@asking_options
@jobs_dir_option
@service_options
@inference_option
@json_option
def command(**asked: Any) -> int:
    """Ask every model for completions of the RECORDS, grade them all, and compare record by record.

    The first model is the baseline. If a deployment of native Bedrock is among them, rft asks all of them
    through Converse. rft refuses records that a named job was trained on, and records with a
    prompt from its training file; if it does not know the training file, the result says "not checked".

    rft keeps the completions of each model in a rollouts file. After an interruption, and with another
    grader or one more model, the same command asks only for the completions that are missing.

    Exit codes: 0 measured; 2 wrong input, or a model without any reward; 3 the service was busy or did not
    answer for too long.
    """
    service: Service = asked["service"]
    if shows_asking(asked, asked["models"][0], "record and model"):
        return 0
    asked["grader"] = named_grader(asked["grader"], asked.pop("handler"))
    from harness.api.client import FineTuning
    from harness.evaluation.evaluate import EvaluationRequest, evaluate
    from harness.evaluation.exposure import refuse_trained
    from harness.jobs.journal import other_grader
    from harness.jobs.models import asker, service_name

    with service.connect_for(asked["models"]) as client:
        models = _models(client, asked) if isinstance(client, FineTuning) else _deployed(asked)
    if not asked["allow_training_records"]:
        refuse_trained((named.label, named.exposure) for named in models)
    with service.connect_for(asked["models"], **patient(asked)) as client:
        into = asked["out"] or Path("evaluations") / _name(asked, service_name(client))
        request = EvaluationRequest(
            grader=asked["grader"], models=models, into=into, **way_of_asking(asked, client)
        )
        with shown_progress(quiet=asked["as_json"]) as bar:

            def progress(label: str, state: Generated) -> None:
                bar(state)

            with output_to(into / LOG):
                found = evaluate(request, asker(client), progress)
    jobs = (name for name in asked["models"] if name != BASE)
    told = (other_grader(asked["jobs_dir"], name, found.grader_sha256) for name in jobs)
    _tell(found, request.into, [note for note in told if note], as_json=asked["as_json"])
    return 0 if found.measured else 2


def _tell(found: Evaluation, into: Path, notes: list[str], *, as_json: bool) -> None:
    if as_json:
        emit_json({**found.to_json(), "into": str(into), "measured": found.measured, "notes": notes})
        return
    from harness.report.evaluation import print_evaluation

    print_evaluation(found, stdout_console())
    for standing in found.standings:
        if standing.reward is None:
            say(f"not measured: {standing.label} got no reward at all")
    for note in notes:
        say(f"note: {note}")
    tokens = sum(sum(standing.tokens.values()) for standing in found.standings)
    say(f"completions are in {into}" + (f"; {tokens:,} tokens in all" if tokens else ""))
    kept = sum(standing.kept for standing in found.standings)
    if kept:
        say(f"{kept:,} of them are from an earlier run; --out NEW-FOLDER asks for all of them again")
    if (into / LOG).exists():
        say(f"what the grader printed: {into / LOG}")
    say("to see two models side by side: rft replay their files, then rft report RUN --against RUN")


def _deployed(asked: dict[str, Any]) -> tuple[Named, ...]:
    """Return the models to call through Converse: deployments by ARN and base models by id."""
    from harness.evaluation.evaluate import Named
    from harness.evaluation.exposure import exposure_of_model
    from harness.jobs.models import job_of

    given = list(dict.fromkeys(asked["models"]))
    if asked["checkpoints"]:
        raise InputError("native Bedrock has no checkpoints", fix="Leave --checkpoints out.")
    for name in given:
        if name == BASE or job_of(asked["jobs_dir"], name):
            raise InputError(
                "with a deployment among the models, each model needs an ARN or an id",
                fix="Pass the base model's id, or deploy the job's model with `rft deploy-model`.",
                place=name,
            )
    return tuple(Named(name, name, exposure_of_model(name)) for name in given)


def _models(client: FineTuning, asked: dict[str, Any]) -> tuple[Named, ...]:
    """Return the models to evaluate, without duplicates. A job's checkpoints come before its tuned model."""
    from harness.api.inference import checkpoints_by_step, tuned_model
    from harness.evaluation.evaluate import Named
    from harness.evaluation.exposure import exposure_of_base, exposure_of_job, exposure_of_model
    from harness.jobs.models import job_of

    jobs_dir, given = asked["jobs_dir"], asked["models"]
    jobs = {name: job_of(jobs_dir, name) for name in given if name != BASE}
    found: list[Named] = []
    for name in given:
        job_id = jobs.get(name)
        if name == BASE:
            base = _base(client, [job for job in jobs.values() if job])
            found.append(Named(BASE, base, exposure_of_base()))
        elif job_id is None:
            found.append(Named(name, name, exposure_of_model(name)))
        else:
            exposure = exposure_of_job(jobs_dir, name, asked["records"], asked["limit"])
            if asked["checkpoints"]:
                checkpoints = checkpoints_by_step(client, job_id)
                if checkpoints.incomplete is not None:
                    raise checkpoints.incomplete
                if missing := sum(one.model is None for one in checkpoints.elements):
                    say(f"note: {missing} of the checkpoints of {name} have no model to ask", err=True)
                found += [
                    Named(f"{name} step {'-' if one.step is None else one.step}", one.model, exposure)
                    for one in checkpoints.elements
                    if one.model is not None
                ]
            found.append(Named(name, tuned_model(client, job_id), exposure))
    if asked["checkpoints"] and not any(jobs.values()):
        raise InputError("--checkpoints needs a job, but none was given", fix="Name it with --model JOB.")
    once: dict[str, Named] = {}
    for named in found:
        once.setdefault(named.model, named)
    return tuple(once.values())


def _base(client: FineTuning, jobs: list[str]) -> str:
    """Return the base model of the jobs, which must be the same for all of them."""
    found = {client.job(job).model for job in jobs}
    models = {model for model in found if model is not None}
    if found and not models:
        raise InputError(
            "the service does not say which base model the jobs have", fix="Name the model's id."
        )
    if len(models) != 1:
        what = "no job is named" if not models else f"the jobs have several: {', '.join(sorted(models))}"
        raise InputError(f"it is not clear which base model to ask: {what}", fix="Name the model's id.")
    return models.pop()


def _name(asked: dict[str, Any], service: str) -> str:
    """Return a folder name that depends only on the requests, not on the models or the grader."""
    parts = [text_sha256(asked["records"]), service, sampling(asked), asked["seed"], asked["limit"]]
    mark = hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:8]
    return f"{stem_of(asked['records'])}-{mark}"
