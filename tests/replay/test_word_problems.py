"""Replay tests of the shipped grader on the shipped rollouts."""

from __future__ import annotations

import pytest

from graders.examples.word_problems import word_problem
from harness.samples import ROLLOUTS


def test_it_agrees_with_every_verdict(rft_replay):
    run = rft_replay(ROLLOUTS, word_problem, label="is_right")
    assert len(run.rows) == 2_400
    run.assert_agrees()
    run.assert_bounds()


def test_rewards_of_a_few(rft_replay):
    run = rft_replay(ROLLOUTS, "graders.examples.word_problems:word_problem", limit=8)
    run.assert_rewards({"word-problem-001/0": 0.0, "word-problem-001/1": 0.0})
    assert set(run.rewards) == {f"word-problem-001/{at}" for at in range(8)}


def test_it_is_deterministic_over_every_wire(rft_replay):
    run = rft_replay(ROLLOUTS, word_problem, limit=400, repeats=2, wire="all")
    run.assert_deterministic()
    run.assert_wires_agree()


def test_there_is_something_to_learn(rft_replay):
    rewards = rft_replay(ROLLOUTS, word_problem).rewards
    groups: dict[str, set[float]] = {}
    for key, reward in rewards.items():
        groups.setdefault(key.partition("/")[0], set()).add(reward)
    assert len(groups) == 300
    assert sum(len(values) == 2 for values in groups.values()) > 150


def test_these_tests_can_fail(rft_replay):
    from graders import grader

    generous = grader(lambda sample: 1.0)
    with pytest.raises(AssertionError, match="rewards agree with is_right"):
        rft_replay(ROLLOUTS, generous, label="is_right").assert_agrees()
