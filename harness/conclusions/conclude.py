"""Draws conclusions about a job from its rewards, for rehearsals and the emulator."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from harness.conclusions.folds import FoldedFigures, fold_figures
from harness.conclusions.goal import Goal
from harness.conclusions.length_pay import LengthPay, length_pay, length_pay_by_components
from harness.conclusions.made import MadePay, grade_made
from harness.conclusions.reward_warnings import WarningFigures, reward_warnings, unchecked
from harness.conclusions.verdict import Facts, Verdict, verdicts
from harness.errors import InputError
from harness.findings import Finding
from harness.replay.controls import Controls, count_controls
from harness.rollouts.derive import REFERENCE, PlacedRecord, derived
from harness.simulator.examples import Example, Examples
from harness.simulator.grader_calls import Grading, Turn
from harness.simulator.learned import LearnedReport, distinct
from harness.simulator.pool import Candidate
from harness.simulator.training import Schedule

__all__ = ["Conclusions", "JobRewards", "conclude"]

_CONTROLS: Final = 100
"""Maximum number of records whose references are graded as completions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRewards:
    """A job and its grader's rewards for the recorded completions."""

    examples: Examples
    schedule: Schedule
    rewards: Mapping[str, float | None]
    """The reward of each completion."""
    components: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """The grader's components of each reward, by completion. Empty if they were not saved."""
    learned: LearnedReport
    goal: Goal | None
    bounds: tuple[float, float] | None
    """The grader's range, or None if it is unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conclusions:
    """Conclusions about a job, with notes on anything that was not measured."""

    folds: FoldedFigures | None
    """Figures from records left out of training, or None if all records share one prompt."""
    length_pay: LengthPay | None = None
    """Correlation between reward and length.

    None if length and correctness could not be separated or if nothing could be compared.
    """
    made: list[MadePay] = field(default_factory=list)
    """Rewards of generated completions, largest gain over the learned policy first."""
    findings: list[Finding] = field(default_factory=list)
    """Warnings about the reward: B001 to B004."""
    unchecked: list[str] = field(default_factory=list)
    """Warnings that were not checked, with the reasons."""
    controls: Controls | None
    """Rewards of the references, or None if a reference is missing or is not text."""
    verdicts: list[Verdict]


def conclude(
    job: JobRewards, rewards: Grading, stage: Callable[[str], None] = lambda name: None
) -> Conclusions:
    """Draw conclusions about the effects of training on a reward.

    Args:
        job: The job. All completions with a reward are used, even if the job did not draw them.
        rewards: Grades references and generated completions.
        stage: Called with the name of each stage as it starts.

    Raises:
        JobFailure: The grader could not be called for a reference.
    """
    stage("grading the references")
    controls = _controls(job.examples.training, rewards, job.bounds)
    every = distinct([*job.examples.training, *job.examples.held_out])
    stage("training without each fifth of the records, to test on it")
    folds = fold_figures(every, job.rewards, job.goal, job.schedule)
    stage("grading generated completions")
    figures = _figures(job, every, folds, rewards)
    return Conclusions(
        folds=folds,
        length_pay=figures.length,
        made=[] if figures.made is None else figures.made.pays,
        findings=reward_warnings(figures),
        unchecked=unchecked(figures),
        controls=controls,
        verdicts=verdicts(Facts(job.learned, folds, job.bounds, controls)),
    )


def _figures(
    job: JobRewards, every: Sequence[Example], folds: FoldedFigures | None, rewards: Grading
) -> WarningFigures:
    made = None
    if folds is not None and folds.rewards_after:
        made = grade_made(every, folds.rewards_after, job.rewards, rewards, job.schedule.seed)
    if job.goal is None:
        length = length_pay_by_components(every, job.rewards, job.components)
    else:
        length = length_pay(every, job.rewards, job.goal)
    return WarningFigures(
        goal=None if job.goal is None else job.goal.field,
        folds=folds,
        scale=_scale(job.bounds, job.rewards),
        length=length,
        made=made,
    )


def _scale(bounds: tuple[float, float] | None, rewards: Mapping[str, float | None]) -> float:
    """Return the width of the grader's range, or of the observed rewards if the range is unknown."""
    if bounds is not None:
        return bounds[1] - bounds[0]
    known = [reward for reward in rewards.values() if reward is not None]
    return max(known) - min(known) if known else 0.0


def _controls(
    training: Sequence[Example], rewards: Grading, bounds: tuple[float, float] | None
) -> Controls | None:
    """Grade references of the first 100 records as completions for their own and for another record."""
    records = [
        PlacedRecord(number, f"record {number}", example.record)
        for number, example in enumerate(training[:_CONTROLS], 1)
    ]
    try:
        rollouts = list(derived(records))
    except InputError:  # the record has no reference, or it is not text
        return None
    turns, number = [], 0
    for rollout in rollouts:
        *prompt, completion = rollout["messages"]
        fields = {name: value for name, value in rollout.items() if name not in ("record", "model")}
        number += rollout["model"] == REFERENCE
        name = f"{number}/{rollout['id']}"  # records may share an id, but each counts
        candidate = Candidate(completion, f"control:{name}", None, None)
        turns.append(Turn({**fields, "messages": prompt}, candidate, name))
    graded = rewards.grade(turns)
    return count_controls(((turn.name, one.reward) for turn, one in zip(turns, graded, strict=True)), bounds)
