"""Replay tests of the grader that rewards form only for right answers."""

from __future__ import annotations

import json

from graders.examples.gated_format import correct_then_format
from harness.samples import ROLLOUTS

VERDICTS = {one["id"]: one["is_right"] for one in map(json.loads, ROLLOUTS.read_text().splitlines())}


def test_it_agrees_with_every_verdict(rft_replay):
    run = rft_replay(ROLLOUTS, correct_then_format, label="is_right")
    run.assert_agrees()
    run.assert_bounds(0, 1)


def test_form_never_pays_for_a_wrong_answer(rft_replay):
    rewards = rft_replay(ROLLOUTS, correct_then_format).rewards
    assert {rewards[key] for key, right in VERDICTS.items() if not right} == {0.0}
    assert min(rewards[key] for key, right in VERDICTS.items() if right) >= 0.8
    assert len({rewards[key] for key, right in VERDICTS.items() if right}) > 1, "form makes a difference"


def test_it_is_deterministic_over_every_wire(rft_replay):
    run = rft_replay(ROLLOUTS, correct_then_format, limit=400, repeats=2, wire="all")
    run.assert_deterministic()
    run.assert_wires_agree()
