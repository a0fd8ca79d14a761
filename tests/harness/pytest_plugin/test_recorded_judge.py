"""Replay tests of a judge with recorded answers and the network blocked."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.targets.recorded_answers import RecordedAnswer, RecordedAnswers, write_answers
from support.pytest_run import said_by
from support.rollout_files import rollout, write_rollouts

JUDGE = """
import json, os, urllib.request
from graders import Sample, grader

ADDRESS = os.environ["JUDGE_URL"]

@grader
def judge(sample: Sample) -> float:
    body = json.dumps({"text": sample.completion}).encode()
    with urllib.request.urlopen(urllib.request.Request(ADDRESS, body)) as answer:
        return json.load(answer)["score"]
"""
TESTS = """
def test_rewards(rft_replay):
    rft_replay("some.jsonl", "my_judge.py:judge", answers="a.jsonl").assert_rewards({1: 1.0, 2: 0.5})

def test_a_new_text(rft_replay):
    run = rft_replay("more.jsonl", "my_judge.py:judge")
    assert [row["error"] and row["error"]["kind"] for row in run.rows] == [None, "unrecorded"]

def test_order(assert_order):
    assert_order("good", "fair")
"""


@pytest.fixture
def project(pytester: pytest.Pytester) -> Path:
    folder = pytester.path
    (folder / "my_judge.py").write_text(JUDGE)
    (folder / "rft.toml").write_text('grader = "my_judge.py:judge"\nanswers = "a.jsonl"\n')
    (folder / "test_judge.py").write_text(TESTS)
    url = "https://judge.example/v1"
    told = {"good": 1.0, "fair": 0.5}
    answers = [RecordedAnswer(url, {"text": text}, 200, {"score": score}) for text, score in told.items()]
    write_answers(folder / "a.jsonl", RecordedAnswers(tuple(answers), {"JUDGE_URL": url}))
    write_rollouts(folder / "some.jsonl", [rollout(1, "good"), rollout(2, "fair")])
    write_rollouts(folder / "more.jsonl", [rollout(1, "good"), rollout(2, "unheard")])
    expected = [rollout(1, "good", expected_reward=1.0), rollout(2, "fair", expected_reward=0.5)]
    write_rollouts(folder / "kept.rollouts.jsonl", expected)
    return folder


def test_replays_orders_and_files_of_rollouts_are_answered(project: Path, pytester: pytest.Pytester) -> None:
    assert "5 passed" in said_by(pytester, project)


def test_a_missing_file_says_how_to_record_it(project: Path, pytester: pytest.Pytester) -> None:
    (project / "a.jsonl").unlink()
    said = said_by(pytester, project / "test_judge.py")
    assert "a.jsonl: the file of recorded answers does not exist. Record them: rft replay ROLLOUTS" in said


ASKING = """
from graders import Reward, Sample, grader

@grader
def judge(sample: Sample) -> Reward:
    return Reward(1, metrics={"judge.judge_calls": 2.0})
"""


def test_the_summary_says_how_often_a_judge_was_asked(project: Path, pytester: pytest.Pytester) -> None:
    (project / "my_judge.py").write_text(ASKING)
    tests = 'def test_it(rft_replay):\n    assert rft_replay("some.jsonl").rows == 3\n'
    (project / "test_judge.py").write_text(tests)
    assert "questions that a judge answered" not in said_by(pytester, project / "test_judge.py")
    (project / "rft.toml").write_text('grader = "my_judge.py:judge"\n')
    assert "questions that a judge answered: 4;" in said_by(pytester, project / "test_judge.py")
