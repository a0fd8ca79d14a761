"""A whole training job on this machine: recorded rollouts and a grader come in, a `Rehearsal` goes out.

Records are made of the rollouts and split; the emulator, a process of its own that the caller knows how to
start, serves them; the job is uploaded, submitted, followed and evaluated through the real client. Killed
half-way, the same call goes on where the job stopped. It never talks to AWS.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2

from harness.api.auth import find_credential, find_endpoint
from harness.api.client import FineTuning
from harness.api.types import MODELS, RESPONSE_LENGTH_MEAN, REWARD_MEAN
from harness.clock import SystemClock
from harness.data.json_lines import lines, parse
from harness.disk import write_json
from harness.errors import HarnessError, InputError, ServiceError
from harness.evaluation.evaluate import Evaluation, Named, evaluate
from harness.evaluation.evaluate import EvaluationRequest as Asked
from harness.follow.watch import JobEnd, Polling, watch
from harness.jobs.journal import Entry, held
from harness.jobs.models import asker
from harness.jobs.plan import Plan, read_training_file
from harness.jobs.submit import submit
from harness.rehearsal.controls import measure_controls
from harness.rehearsal.request import BeforeAfter, Emulated, Progress, Rehearsal, RehearsalRequest, Service
from harness.rehearsal.split import Split, split
from harness.rehearsal.verdict import Facts, verdicts
from harness.rollouts.read import read_rollouts
from harness.targets.in_process import InProcessTarget

__all__ = ["quarters", "rehearse"]

FUNCTION = "rehearsed-grader"
_ARN = f"arn:aws:lambda:us-west-2:000000000000:function:{FUNCTION}:1"
_NAME = "rehearsal"
_SCHEMA = 1
_LEARNED_S = 600.0


def rehearse(request: RehearsalRequest, progress: Progress) -> Rehearsal:
    """Run a job on recorded rollouts, and say what this reward would breed.

    Args:
        request: What to rehearse.
        progress: Who is told.

    Raises:
        InputError: The rollouts or the grader cannot be used, or the folder holds something else.
        HarnessError: The job failed.
        ServiceError: The emulator did not start or went away.
    """
    if not 0 <= request.holdout < 1:
        raise InputError("the share that is held out must be at least 0 and less than 1", place="--holdout")
    target = InProcessTarget(request.grader)
    low, high = target.options.get("range", (0.0, 1.0))
    jobs, identity = request.into / "jobs", request.identity()
    with held(jobs, _NAME):
        _begin(request, identity)
        progress.stage("splitting the rollouts by record")
        parts = split(request.rollouts, request.into, request.holdout, request.seed, request.labels)
        progress.stage("grading the references themselves")
        controls = measure_controls(parts.training, request.into, target, (low, high))
        progress.stage("starting the emulator")
        with request.emulate(_emulated(request)) as service, _client(service) as client:
            progress.stage("the job runs")
            outcome = _trained(client, request, parts, jobs, progress)
            if not outcome.succeeded:
                _finish(request, identity)
                raise _failed(outcome, request)
            progress.stage("reading what was learned")
            learned = _learned(service, outcome.job["id"])
            evaluation = None
            if parts.held_out_records:
                progress.stage("asking base and tuned model about the held-out records")
                evaluation = _evaluated(client, request, parts, outcome, progress)
    rewards = quarters(outcome.curves.series[REWARD_MEAN].curve())
    lengths = quarters(outcome.curves.series[RESPONSE_LENGTH_MEAN].curve())
    facts = Facts(learned, rewards, lengths, (low, high), controls)
    found = Rehearsal(
        folder=request.into,
        split=parts,
        job=dict(outcome.job),
        remarks=_remarks(jobs / _NAME / "events.jsonl"),
        curves=outcome.curves,
        rewards=rewards,
        lengths=lengths,
        learned=learned,
        controls=controls,
        evaluation=evaluation,
        example=_example(evaluation) if evaluation else None,
        verdicts=verdicts(facts),
    )
    _finish(request, identity)
    return found


def quarters(values: Sequence[float]) -> list[float]:
    """The mean of each quarter of a curve; empty for fewer than four values."""
    if len(values) < 4:
        return []
    cuts = [len(values) * part // 4 for part in range(5)]
    return [sum(values[a:b]) / (b - a) for a, b in zip(cuts, cuts[1:], strict=False)]


class _NearClock(SystemClock):
    """The machine's clock, for a service on the same machine: no wait is long."""

    def sleep(self, seconds: float) -> None:
        super().sleep(min(seconds, 0.25))


def _begin(request: RehearsalRequest, identity: dict[str, Any]) -> None:
    """Make the folder ready: go on with the same rehearsal, or begin anew after a finished one."""
    note = request.into / "rehearsal.json"
    try:
        found = json.loads(note.read_text(encoding="utf-8"))
    except FileNotFoundError:
        found = None
    except (OSError, ValueError):
        found = {}
    if found is None:
        others = [path for path in request.into.iterdir() if path.name != "jobs"]
        if others:
            raise InputError(
                "there is something here that is no rehearsal",
                fix="Name a new folder.",
                place=str(request.into),
            )
    elif found.get("schema") != _SCHEMA or found.get("identity") != identity:
        raise InputError(
            "this folder holds another rehearsal",
            fix="Name a new folder with --into.",
            place=str(request.into),
        )
    elif found.get("state") == "done":
        # The same input gives the same result; a grader's neighbours may have changed all the same.
        for name in ("state", "evaluation"):
            shutil.rmtree(request.into / name, ignore_errors=True)
        for path in (request.into / "jobs" / _NAME).iterdir():
            if path.is_file() and path.name != ".lock":
                path.unlink()
    _note(note, identity, "running")


def _finish(request: RehearsalRequest, identity: dict[str, Any]) -> None:
    _note(request.into / "rehearsal.json", identity, "done")


def _note(path: Path, identity: dict[str, Any], state: str) -> None:
    write_json(path, {"schema": _SCHEMA, "state": state, "identity": identity})


def _emulated(request: RehearsalRequest) -> Emulated:
    return Emulated(
        rollouts=request.rollouts,
        state=request.into / "state",
        function=FUNCTION,
        grader=request.grader,
        group_size=request.group_size,
        seed=request.seed,
    )


def _client(service: Service) -> FineTuning:
    # An environment of its own: no key of the user's has any business with the emulator.
    where = find_endpoint(service.base_url, None, {})
    return FineTuning(where, find_credential(where, {}), max_retries=0)


def _trained(
    client: FineTuning, request: RehearsalRequest, parts: Split, jobs: Path, progress: Progress
) -> JobEnd:
    """Submit the job, or find the one that an earlier call submitted, and follow it to its end."""
    clock = _NearClock()
    plan = Plan(
        read_training_file(parts.training),
        _ARN,
        MODELS[0].id,
        request.hyperparameters,
        # Every start has a port of its own, and is the same service all the same.
        "emulator",
        None,
    )
    entry = Entry.open(jobs, _NAME, plan, datetime.now(UTC).isoformat(timespec="seconds"))
    if entry.state == "intended":
        entry.reach("intended")
    job = submit(client, plan, entry, clock).job
    pace = Polling(interval_s=0.2, patience_s=20.0)
    return watch(client, job["id"], jobs / _NAME, observer=progress, clock=clock, pace=pace)


def _remarks(journal: Path) -> list[str]:
    """The warnings among a job's events, but for those of single steps, which the report counts."""
    said = (parse(line) for _, line in lines(journal))
    found = [event["message"] for event in said if event.get("level") == "warn"]
    return list(dict.fromkeys(text for text in found if not text.startswith("Step ")))


def _failed(outcome: JobEnd, request: RehearsalRequest) -> HarnessError:
    error = outcome.job.get("error")
    said = (error and error.get("message")) or f"it is {outcome.job.get('status')}"
    return HarnessError(
        f"the job did not succeed: {said}",
        fix=f"`rft replay {request.rollouts} --grader {request.grader}` shows what the grader does.",
    )


def _learned(service: Service, job_id: str) -> dict[str, Any]:
    url = f"{service.admin_url}/jobs/{job_id}/learned"
    try:
        with httpx2.Client(trust_env=False, timeout=_LEARNED_S) as http:
            answer = http.get(url)
            found: dict[str, Any] = answer.json()
    except (httpx2.HTTPError, ValueError) as error:
        raise ServiceError(f"the emulator did not say what was learned: {error}") from error
    if answer.status_code != 200:
        raise HarnessError(f"what was learned cannot be measured: {found.get('error', {}).get('message')}")
    return found


def _evaluated(
    client: FineTuning, request: RehearsalRequest, parts: Split, outcome: JobEnd, progress: Progress
) -> Evaluation:
    tuned = outcome.job["fine_tuned_model"]
    assert tuned is not None
    return evaluate(
        Asked(
            records=parts.held_out,
            grader=request.grader,
            models=(Named("base", MODELS[0].id), Named("tuned", tuned)),
            into=request.into / "evaluation",
            service=_NAME,
            n=request.n,
            seed=request.seed,
            concurrency=4,
        ),
        asker(client),
        progress.asked,
    )


def _example(evaluation: Evaluation) -> BeforeAfter | None:
    """An answer with a higher reward than before, where more answers have a higher one than a lower."""
    base, tuned = evaluation.standings
    both = [key for key in base.by_completion if key in tuned.by_completion]
    higher = [key for key in both if tuned.by_completion[key] > base.by_completion[key]]
    lower = sum(tuned.by_completion[key] < base.by_completion[key] for key in both)
    if len(higher) <= lower:
        return None
    turns = [
        next(
            one.sent["messages"]
            for one in read_rollouts(standing.rollouts)
            if one.id == min(higher) and one.sent
        )
        for standing in (base, tuned)
    ]
    return BeforeAfter(
        min(higher),
        turns[0][-2]["content"],
        turns[0][-1]["content"],
        turns[1][-1]["content"],
        base.by_completion[min(higher)],
        tuned.by_completion[min(higher)],
        len(higher),
        lower,
        len(both),
    )
