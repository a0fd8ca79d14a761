from __future__ import annotations

from harness.conclusions.goal import Goal
from harness.emulator.job_report import JobReport, job_report
from support.emulator_bench import Bench, answering, is_right, text


def finished(bench, data, reward) -> tuple[Bench, str]:
    found = data.rollouts(0, 20)
    made = bench(found, answering(reward))
    name = made.submit(data.jsonl(data.records_of(found)))
    made.run(name)
    return made, name


def report_on(made: Bench, name: str, goal: Goal | None = None, *, grade: bool = True) -> JobReport:
    stored = made.store.job(name)
    assert stored is not None
    return job_report(made.store, name, made.lifecycle.equipment(stored.object), goal, grade=grade)


def test_a_report_that_is_asked_for_again_is_the_same_and_calls_nobody(bench, data) -> None:
    made, name = finished(bench, data, is_right)
    first = report_on(made, name)
    sent = len(made.target.events)
    assert report_on(made, name) == first
    assert len(made.target.events) == sent
    assert first.conclusions is not None
    assert first.conclusions.controls is not None
    assert first.conclusions.controls.pairs == 20
    assert first.conclusions.findings == []
    assert first.learned.graded.asked == 20 * 8


def test_without_grading_nothing_is_called_and_nothing_concluded(bench, data) -> None:
    made, name = finished(bench, data, is_right)
    sent = len(made.target.events)
    found = report_on(made, name, grade=False)
    assert found.conclusions is None
    assert "verdicts" not in found.to_json()
    assert len(made.target.events) == sent


def test_a_reward_for_length_is_warned_of_with_a_goal_and_left_open_without(bench, data) -> None:
    made, name = finished(bench, data, lambda item: len(text(item)) / 1_000)
    keys = [one.key for group in made.pool.groups.values() for one in group.candidates]
    found = report_on(made, name, Goal("is_right", dict.fromkeys(keys, 0.0), None, 0))
    assert found.conclusions is not None
    assert "B004" in {finding.id for finding in found.conclusions.findings}
    found = report_on(made, name)
    assert found.conclusions is not None
    assert "B004" not in {finding.id for finding in found.conclusions.findings}
    assert any("B004 was not checked" in reason for reason in found.conclusions.unchecked)
