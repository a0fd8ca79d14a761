from __future__ import annotations

from typing import Any

import pytest

from harness.follow.curves import Curves
from harness.follow.health import Health

GOOD = {
    "critic_rewards_mean": 0.5,
    "actor_entropy": 1.0,
    "response_length_mean": 300.0,
    "actor_grad_norm": 0.01,
}


def said(steps, **of):
    """Return the ids of all warnings for a job whose metrics are functions of the step."""
    curves, health = Curves(), Health()
    for step in range(1, steps + 1):
        data = {name: value + 0.01 * (step % 3) for name, value in GOOD.items()}
        data |= {name: function(step) for name, function in of.items()}
        event: Any = {"data": {"step": step, "total_steps": steps, **data}}
        curves.add(event)
        health.check(curves)
    return [finding.id for finding in health.findings]


def test_a_job_that_learns_is_left_alone():
    assert said(200, critic_rewards_mean=lambda step: 0.2 + step / 300 + 0.01 * (step % 2)) == []


@pytest.mark.parametrize(
    ("kind", "name", "function"),
    [
        ("W101", "actor_entropy", lambda step: float("nan") if step == 7 else 1.0),
        ("W102", "critic_rewards_mean", lambda step: 0.0),
        ("W102", "critic_rewards_mean", lambda step: 1.0),
        ("W103", "critic_rewards_mean", lambda step: 0.05 + 0.01 * (step % 2)),
        ("W104", "actor_entropy", lambda step: 1.0 / step**2),
        ("W105", "response_length_mean", lambda step: 300.0 + 30 * step),
        ("W105", "response_length_mean", lambda step: max(5.0, 300.0 - 20 * step)),
        ("W106", "actor_grad_norm", lambda step: 5.0 if step == 25 else 0.01),
        ("W107", "critic_rewards_mean", lambda step: 0.5 + (0.4 if step > 50 else 0.01) * (-1) ** step),
    ],
)
def test_each_sign_is_seen_once(kind, name, function):
    assert said(80, **{name: function}).count(kind) == 1


def test_a_low_but_rising_reward_is_not_a_plateau():
    assert "W103" not in said(60, critic_rewards_mean=lambda step: step / 600)


def test_a_job_that_has_just_begun_has_no_warnings():
    assert said(4, critic_rewards_mean=lambda step: 0.0, actor_entropy=lambda step: 0.0) == []


def test_a_warning_names_the_step_and_what_to_do():
    curves, health = Curves(), Health()
    for step in range(1, 11):
        event: Any = {"data": {"step": step, "critic_rewards_mean": 0.0}}
        curves.add(event)
    (finding,) = health.check(curves)
    assert finding.message.startswith("step 10:")
    assert "log" in (finding.fix or "")
