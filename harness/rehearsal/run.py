"""Runs a complete training job in this process, with recorded rollouts and a grader.

The records of the rollouts are split. Within seconds and without any service, the simulator's policy trains
on one part and is tested on the other. Rewards are saved during the job, so a killed rehearsal can resume
without grading twice. The other files are written atomically at the end, with `rehearsal.json` last.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Final, Protocol

from harness.api.types import ENTROPY, HYPERPARAMETERS, RESPONSE_LENGTH_MEAN, REWARD_MEAN
from harness.clock import SystemClock
from harness.conclusions.conclude import JobRewards, conclude
from harness.data.record_file import RecordFacts, check_either, look_at_records, open_records
from harness.data.records import text_of
from harness.data.sources import DataFile, stem_of, text_sha256
from harness.data.typed_json import as_json
from harness.disk import file_sha256, lock, replaced
from harness.errors import HarnessError, InputError
from harness.follow.curves import Series
from harness.grader_output import LOG, output_to
from harness.rehearsal.bred import breed, paid_texts
from harness.rehearsal.rehearsal_file import (
    BeforeAfter,
    Rehearsal,
    RehearsalInputs,
    Sizes,
    check_identity,
    read_rehearsal,
    write_rehearsal,
)
from harness.rehearsal.rewards import BATCH, KeptRewards
from harness.rehearsal.split import Split, split
from harness.simulator.examples import Example, Examples, about_size
from harness.simulator.failure import WINDOW, JobFailure, failing_grader
from harness.simulator.grader_calls import GraderCalls
from harness.simulator.learned import distinct, learned, rewards_by_record
from harness.simulator.policy import Policy, initial, probabilities
from harness.simulator.training import DrawRow, Schedule, grade_all, take_step
from harness.targets.grader_name import named
from harness.targets.own_process import OwnProcessTarget

__all__ = ["WITNESSES", "Progress", "RehearsalRequest", "StepFigures", "quarters", "rehearse"]

WITNESSES: Final = "witnesses.jsonl"
"""File with the rollouts that caused the warnings, for `rft replay`."""
_REWARDS = "rewards.jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class RehearsalRequest:
    """The options of a rehearsal."""

    rollouts: DataFile
    grader: str
    out: Path | None = None
    """Output folder; None for a folder under `rehearsals/` that is named after the inputs.

    An unfinished rehearsal with the same inputs in this folder is resumed.
    """
    holdout: float = 0.1
    seed: int = 0
    n_epochs: int = int(HYPERPARAMETERS["n_epochs"].default)
    batch_size: int = int(HYPERPARAMETERS["batch_size"].default)
    learning_rate_multiplier: float = HYPERPARAMETERS["learning_rate_multiplier"].default
    group_size: int = 8
    labels: tuple[str, ...] = ()
    """Rollout fields that the records do not have."""
    keep_field: tuple[str, ...] = ()
    """Fields to keep in records even though they differ between the rollouts of one record."""
    records: DataFile | None = None
    """The training records, whose fields the grader sees instead of the rollouts' fields."""
    answers: Path | None = None
    """Recorded answers to the grader's requests to a service; None to send the requests."""
    goal: str | None = None
    """Rollout field that states if a completion is right; None to use `is_right` or a single label.

    The grader does not see the field.
    """
    runs: Path = Path("runs")
    """The folder of all runs, which also contains the graders' audits."""


@dataclass(frozen=True, slots=True)
class StepFigures:
    """A job's progress."""

    step: int
    total: int
    reward: list[float]
    """Mean reward over the steps so far, thinned to at most 512 points."""
    entropy: list[float]
    length: list[float]


class Progress(Protocol):
    """Interface for following a rehearsal's progress."""

    def stage(self, name: str) -> None:
        """Called when a stage starts."""

    def step(self, figures: Callable[[], StepFigures]) -> None:
        """Called after each step. A call of `figures` computes the progress so far."""


@dataclass(slots=True)
class _Job:
    policy: Policy = field(default_factory=initial)
    step: int = 0
    draws: list[tuple[int, DrawRow]] = field(default_factory=list)
    series: dict[str, Series] = field(
        default_factory=lambda: {name: Series() for name in (REWARD_MEAN, ENTROPY, RESPONSE_LENGTH_MEAN)}
    )

    def figures(self, total: int) -> StepFigures:
        """Return the curves so far."""
        return StepFigures(self.step, total, *(series.curve() for series in self.series.values()))


def rehearse(request: RehearsalRequest, progress: Progress) -> Rehearsal:
    """Run a job on recorded rollouts, and report how the reward would change a model.

    The grader's output goes to `grader.log` in the output folder.

    Args:
        request: The options.
        progress: Notified of the progress.

    Raises:
        InputError: The rollouts or the grader cannot be used, or the folder already contains something else.
        HarnessError: The job failed.
    """
    if not 0 <= request.holdout < 1:
        raise InputError("the held-out share must be at least 0 and less than 1", place="--holdout")
    check_either(request.keep_field, request.records)
    training = None if request.records is None else look_at_records(request.records)
    with ExitStack() as stack:
        with output_to(None) as imported:
            target = stack.enter_context(closing(OwnProcessTarget(request.grader, request.answers)))
            printed = imported.read_text(encoding="utf-8", errors="replace")
        return _in_folder(request, progress, target, printed, training)


def _in_folder(
    request: RehearsalRequest,
    progress: Progress,
    target: OwnProcessTarget,
    printed: str,
    training: RecordFacts | None,
) -> Rehearsal:
    identity = _identity(request, target, training)
    out = request.out or _default_folder(request, identity)
    _check_folder(out, identity)
    progress.stage("splitting the rollouts by record")
    records = None if training is None else open_records(training)
    parts = split(
        request.rollouts,
        request.holdout,
        request.seed,
        request.labels,
        request.keep_field,
        records,
        request.goal,
    )
    remarks: list[str] = []
    if request.answers is not None:
        remarks.append(f"requests were answered from {request.answers}, not by the service")
    batch = BATCH if request.answers is None else 1  # a request without an answer fails only its sample
    calls = GraderCalls(target, "open-weight", batch, SystemClock(), remarks.append)
    try:
        with (
            lock(out / ".lock", "this rehearsal", fix="Wait for it, or choose another --out."),
            KeptRewards(out / _REWARDS, identity, calls) as rewards,
            output_to(out / LOG),
        ):
            sys.stdout.write(printed)
            sys.stdout.flush()
            target.print_to(out / LOG)
            return _rehearsed(request, out, identity, parts, target, rewards, progress, remarks)
    except JobFailure as failure:
        raise HarnessError(
            f"the job did not succeed: {failure.message}",
            fix=f"`rft replay {request.rollouts} --grader {request.grader}` shows what the grader does.",
        ) from failure


def quarters(values: Sequence[float]) -> list[float]:
    """Return the mean of each quarter of a curve, or an empty list for fewer than four values."""
    if len(values) < 4:
        return []
    cuts = [len(values) * part // 4 for part in range(5)]
    return [sum(values[a:b]) / (b - a) for a, b in zip(cuts, cuts[1:], strict=False)]


def _rehearsed(
    request: RehearsalRequest,
    out: Path,
    identity: RehearsalInputs,
    parts: Split,
    target: OwnProcessTarget,
    rewards: KeptRewards,
    progress: Progress,
    remarks: list[str],
) -> Rehearsal:
    schedule = _schedule(request)
    progress.stage("running the job")
    job = _train(schedule, parts.training, rewards, progress)
    progress.stage("grading the completions that no step drew")
    examples = Examples(parts.training, parts.held_out, [])
    known = grade_all(distinct([*parts.training, *parts.held_out]), {}, rewards)
    report = learned(examples, job.draws, known, job.policy)
    outcome = JobRewards(
        examples=examples,
        schedule=schedule,
        rewards=known,
        components=rewards.components,
        learned=report,
        goal=parts.goal,
        bounds=target.bounds,
    )
    paid = paid_texts(request.runs, target.sha256) if request.answers is None else []
    if paid:
        progress.stage("training with the paid texts from the audit")
    bred = breed(paid, parts.training, parts.held_out, schedule, rewards)
    asked = rewards.questions
    concluded = conclude(outcome, rewards, progress.stage)
    curves = {name: series.curve() for name, series in job.series.items()}
    found = Rehearsal(
        folder=out,
        identity=identity,
        sizes=Sizes(
            len(parts.training), len(parts.held_out), parts.completions, parts.fewest, parts.left_out
        ),
        remarks=[*_remarks(parts), *dict.fromkeys(remarks)],
        steps=job.step,
        curves=curves,
        reward_by_quarter=quarters(curves[REWARD_MEAN]),
        length_by_quarter=quarters(curves[RESPONSE_LENGTH_MEAN]),
        learned=report,
        example=_example(parts.held_out, job.policy, known),
        bred=bred,
        questions=rewards.questions if request.answers is None else 0,
        questions_made=rewards.questions - asked if request.answers is None else 0,
        **{one.name: getattr(concluded, one.name) for one in fields(concluded)},
    )
    _write(found, parts)
    return found


def _train(schedule: Schedule, training: Sequence[Example], rewards: KeptRewards, progress: Progress) -> _Job:
    total, job = schedule.total_steps(len(training)), _Job()
    latest: deque[str | None] = deque(maxlen=WINDOW)
    for number in range(total):
        step = take_step(job.policy, number, schedule, training, rewards)
        job.policy, job.step = step.learned.policy, number + 1
        job.draws += [(job.step, row) for row in step.rows]
        figures = step.learned.figures
        for name, value in (
            (REWARD_MEAN, figures.reward_mean),
            (ENTROPY, figures.entropy),
            (RESPONSE_LENGTH_MEAN, figures.length_mean),
        ):
            if value is not None:
                job.series[name].add(value)
        latest.extend(row.error for row in step.rows)
        failure = failing_grader(latest)
        if failure is not None:
            raise failure
        progress.step(lambda: job.figures(total))
    return job


def _schedule(request: RehearsalRequest) -> Schedule:
    return Schedule(*(getattr(request, name) for name in Schedule._fields))


def _example(
    examples: Sequence[Example], policy: Policy, rewards: dict[str, float | None]
) -> BeforeAfter | None:
    """Return the held-out record whose expected reward rose most, or None if no completion improved."""
    before = rewards_by_record(None, examples, rewards)
    after = rewards_by_record(policy, examples, rewards)
    gained = {name: after[name] - mean for name, mean in before.items()}
    if not gained or max(gained.values()) <= 0.0:
        return None
    best = max(gained, key=lambda name: gained[name])
    example = next(one for one in examples if one.group.key == best)
    options = example.group.options
    first, last = probabilities(initial(), options), probabilities(policy, options, own=False)
    shift = [b - a for a, b in zip(first, last, strict=True)]
    known = [at for at, option in enumerate(options) if rewards.get(option.key) is not None]
    lost, won = min(known, key=lambda at: shift[at]), max(known, key=lambda at: shift[at])
    lost_reward, won_reward = (rewards[options[at].key] for at in (lost, won))
    assert lost_reward is not None
    assert won_reward is not None
    if lost_reward >= won_reward:
        return None
    candidates = example.group.candidates
    return BeforeAfter(
        best,
        text_of(example.record["messages"][-1].get("content")) or "",
        candidates[lost].text,
        candidates[won].text,
        lost_reward,
        won_reward,
        (first[lost], last[lost]),
        (first[won], last[won]),
    )


def _remarks(parts: Split) -> list[str]:
    found = [*about_size(len(parts.training)), *parts.remarks]
    if parts.kept:
        names = ", ".join(parts.kept)
        found.append(f"kept with the value from each record's first rollout, even though it differs: {names}")
    if parts.single:
        found.append(f"{parts.single:,} records are excluded because they have only one recorded completion")
    return found


# --- the folder ---------------------------------------------------------------------------------------------


def _default_folder(request: RehearsalRequest, identity: RehearsalInputs) -> Path:
    """Return the default output folder, whose name depends only on the inputs."""
    grader = named(request.grader)
    words = f"{stem_of(request.rollouts)}-{grader.name or grader.where}"
    mark = hashlib.sha256(json.dumps(as_json(identity), sort_keys=True).encode()).hexdigest()[:8]
    return Path("rehearsals") / f"{re.sub(r'[^A-Za-z0-9]+', '-', words).strip('-')[:60]}-{mark}"


def _check_folder(folder: Path, identity: RehearsalInputs) -> None:
    """Check that a folder contains nothing but this rehearsal."""
    if not folder.exists():
        return
    if not folder.is_dir():
        raise InputError("this path is not a folder", place=str(folder), fix="Name a new folder with --out.")
    done = read_rehearsal(folder)
    if done is not None:
        check_identity(done.identity, identity, folder)
        return
    others = [path.name for path in folder.iterdir() if path.name not in (_REWARDS, LOG, ".lock")]
    if others and not (folder / _REWARDS).exists():
        raise InputError(
            "the folder contains something that is not a rehearsal",
            place=str(folder),
            fix="Name a new folder with --out.",
        )


def _write(found: Rehearsal, parts: Split) -> None:
    """Write the folder's files, ending with `rehearsal.json`. Write a witness file only for witnesses."""
    files = {
        "training.jsonl": [example.record for example in parts.training],
        "held_out.jsonl": [example.record for example in parts.held_out],
        WITNESSES: [finding.witness for finding in found.findings if finding.witness is not None],
    }
    for name, lines in files.items():
        if lines or name != WITNESSES:
            with replaced(found.folder / name) as file:
                file.writelines(json.dumps(line).encode("ascii") + b"\n" for line in lines)
        else:
            (found.folder / name).unlink(missing_ok=True)
    write_rehearsal(found)


def _identity(
    request: RehearsalRequest, target: OwnProcessTarget, training: RecordFacts | None
) -> RehearsalInputs:
    same = {name: getattr(request, name) for name in ("grader", "holdout", *Schedule._fields)}
    return RehearsalInputs(
        rollouts_sha256=text_sha256(request.rollouts),
        code_sha256=target.sha256 or "",
        labels=sorted(request.labels),
        keep_field=sorted(request.keep_field),
        records_sha256=None if training is None else training.sha256,
        goal=request.goal,
        answers_sha256=None if request.answers is None else file_sha256(request.answers),
        **same,
    )
