"""The report on what a job learned, for jobs with a known outcome."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


def report_on(serve: Callable[..., Any], data: Any, grader: str, **changes: Any) -> Any:
    service = serve(grader, **changes)
    name = service.submit(service.upload(data.records_of(data.rollouts())[:32]), learning_rate_multiplier=2.0)
    service.finish()
    return service.raw("GET", f"/_emulator/jobs/{name}/learned")


def test_a_constant_grader_is_reported_as_groups_that_never_moved(serve, data) -> None:
    report = report_on(serve, data, "constant")
    assert report["never_moved"]["groups"] == len(report["never_moved"]["all_equal"]) == 32
    assert report["amplified"] == report["suppressed"] == []
    assert report["expected_reward"]["after"] == report["expected_reward"]["before"]


def test_a_grader_that_pays_length_is_found_out(serve, data) -> None:
    report = report_on(serve, data, "longer")
    length = report["length"]
    assert length["after"] > length["before"]
    [first, *_] = report["features_amplified"]
    assert first["after"] > 1.5 * first["before"]
    assert len(first["texts"]) == 3
    longest = max(report["by_model"], key=lambda name: report["by_model"][name]["reward_mean"])
    assert report["by_model"][longest]["after"] > 1.5 * report["by_model"][longest]["before"]


def test_the_report_concludes_what_a_rehearsal_does(serve, data) -> None:
    report = report_on(serve, data, "right")
    [verdict] = report["verdicts"]
    assert "right answers" in verdict["message"]
    assert report["folds"]["goal"] == "is_right"
    assert (report["findings"], report["unchecked"]) == ([], [])


def test_a_goal_that_cannot_be_read_is_said(serve, data, folder: Path) -> None:
    rollouts = [{**one, "is_right": "yes, quite"} for one in data.rollouts()]
    (folder / "rollouts.jsonl").write_bytes(data.jsonl(rollouts))
    report = report_on(serve, data, "right")
    assert report["folds"]["goal"] is None
    assert "is_right is not the goal" in report["remarks"][0]
    assert "no field says which completions are right" in report["unchecked"][0]


def test_grading_can_be_left_out(serve, data) -> None:
    service = serve()
    name = service.submit(service.upload(data.records_of(data.rollouts())[:32]))
    service.step(4)
    report = service.raw("GET", f"/_emulator/jobs/{name}/learned?grade=false")
    assert report["steps"] == 2
    assert report["graded"]["asked"] < 32 * 8
    assert report["never_moved"]["undrawn"] == 24
    assert "verdicts" not in report
    before = service.job(name)
    service.raw("GET", f"/_emulator/jobs/{name}/learned")
    assert service.job(name) == before
    service.finish()
    assert service.job(name)["status"] == "succeeded"


@pytest.mark.slow
def test_where_style_says_nothing_the_curve_stays_flat(serve, data, shared_data: Path, folder: Path) -> None:
    source = shared_data / "gsm8k" / "labelled-rollouts.jsonl"
    if not source.is_file():
        pytest.skip("no labeled GSM8K rollouts in RFT_SHARED_DATA")
    rollouts = [json.loads(line) for line in source.read_text("utf-8").splitlines()]
    by_record = {rollout["record"]: rollout for rollout in rollouts}
    records = [
        {"messages": rollout["messages"][:-1], "reference_answer": rollout["reference_answer"]}
        for rollout in by_record.values()
    ]
    (folder / "gsm8k_grader.py").write_text(
        "from graders import grader\n\n\n"
        "@grader\n"
        "def last_answer(sample) -> bool:\n"
        "    wanted = sample.reference_text.rsplit('A:')[-1].strip()\n"
        "    return sample.completion.rsplit('A:')[-1].strip() == wanted\n"
    )
    service = serve(rollouts=(source,), functions={"my-grader": f"{folder / 'gsm8k_grader.py'}:last_answer"})
    name = service.submit(service.upload(records[:560]))
    service.finish()
    report = service.raw("GET", f"/_emulator/jobs/{name}/learned")
    curve = report["expected_reward"]
    assert math.isclose(curve["before"]["held_out"], curve["after"]["held_out"], abs_tol=0.02)
    assert 0.2 < curve["before"]["training"] < 0.6
