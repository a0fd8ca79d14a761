"""Reports how far a job has learned, and draws the same conclusions from its rewards as a rehearsal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from harness.conclusions.conclude import Conclusions, JobRewards, conclude
from harness.conclusions.goal import Goal
from harness.data.typed_json import as_json
from harness.emulator.lifecycle import Equipment
from harness.emulator.state import Store
from harness.simulator.grader_calls import GraderCalls, SampleReward, Turn
from harness.simulator.learned import LearnedReport, distinct, learned
from harness.simulator.training import grade_all

__all__ = ["JobReport", "job_report"]


@dataclass(frozen=True, slots=True)
class JobReport:
    """A report on a job's progress so far."""

    learned: LearnedReport
    conclusions: Conclusions | None
    """Conclusions from the rewards; None if the report was requested without grading."""

    def to_json(self) -> dict[str, Any]:
        """Return the report as one JSON object."""
        found: dict[str, Any] = as_json(self.learned)
        return found if self.conclusions is None else {**found, **as_json(self.conclusions)}


class _StoredRewards:
    """Grades completions that have no stored reward, and stores the rewards for later reports."""

    def __init__(self, store: Store, job: str, calls: GraderCalls) -> None:
        self._store, self._job, self._calls = store, job, calls

    def grade(self, turns: Sequence[Turn]) -> list[SampleReward]:
        """Grade completions, and return the results in the same order."""
        known = self._store.rewards(self._job)
        missing = {turn.candidate.key: turn for turn in turns if turn.candidate.key not in known}
        graded = self._calls.grade(list(missing.values()))
        new = {key: one.reward for key, one in zip(missing, graded, strict=True)}
        self._store.add_evaluated(self._job, new)
        known.update(new)
        return [SampleReward(known[turn.candidate.key], None) for turn in turns]


def job_report(store: Store, job: str, equipment: Equipment, goal: Goal | None, *, grade: bool) -> JobReport:
    """Report on a job, finished or not.

    Must be called on the main thread, because graders run there, and never in the middle of a step.

    Args:
        store: The store that contains the job.
        job: The job's ID.
        equipment: The job's equipment.
        goal: The correctness of the recorded completions; None if unknown.
        grade: True to grade completions that have no reward yet and draw conclusions from all rewards.

    Raises:
        JobFailure: The grader could not be called.
    """
    examples, schedule = equipment.examples, equipment.schedule
    every = distinct([*examples.training, *examples.held_out])
    rewards = _StoredRewards(store, job, equipment.calls)
    if grade:
        grade_all(every, {}, rewards)
    stored = store.rewards(job)
    # The candidates include references and made-up completions, which an earlier report may have graded.
    keys = [candidate.key for example in every for candidate in example.group.candidates]
    known = {key: stored[key] for key in keys if key in stored}
    report = learned(examples, store.draws(job), known, store.policy(job), store.checkpoint_policies(job))
    if not grade:
        return JobReport(report, None)
    outcome = JobRewards(
        examples=examples,
        schedule=schedule,
        rewards=known,
        learned=report,
        goal=goal,
        bounds=equipment.bounds,
    )
    return JobReport(report, conclude(outcome, rewards))
