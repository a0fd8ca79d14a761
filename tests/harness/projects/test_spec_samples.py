from __future__ import annotations

import sys

import pytest

from harness.clock import ManualClock
from harness.projects.spec_samples import make_up_for_spec
from harness.projects.spec_values import read_spec_values

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="code is confined only on Linux")

SPEC = {
    "type": "string_check",
    "operation": "eq",
    "input": "{{sample.output_text}}",
    "reference": "{{item.name}}",
}
GRADER = (
    "from graders import grader\n"
    "from graders.adapters import from_openai\n"
    f"reward = grader(max_error_rate=1)(from_openai({SPEC!r}))\n"
)


class Hasty(ManualClock):
    """A clock that advances past the time limit whenever it is read."""

    def monotonic(self) -> float:
        self.sleep(60)
        return super().monotonic()


def made(text, clock=None, spec=SPEC):
    def write(folder):
        (folder / "grader.py").write_text(text)
        return folder / "grader.py"

    return make_up_for_spec(read_spec_values(spec), write, clock)


def test_each_record_has_a_right_answer_another_and_none():
    rollouts = made(GRADER).rollouts
    assert [one["messages"][-1]["content"] == one["name"] for one in rollouts] == [True, False, False] * 3
    assert len({one["name"] for one in rollouts}) == 3
    assert [one["messages"][-1]["content"] for one in rollouts[2::3]] == ["", "", ""]


def test_trying_ends_in_time_and_says_so():
    samples = made(GRADER, Hasty())
    assert (len(samples.records), samples.rollouts) == (3, ())
    assert "stops after 30 seconds" in str(samples.problem)


def test_a_grader_that_pays_wrong_answers_more_is_shown_with_what_it_pays():
    samples = made(GRADER.replace("'eq'", "'ne'"), spec={**SPEC, "operation": "ne"})
    assert samples.rewards == (0, 1, 1) * 3
    assert not samples.told_apart


def test_a_grader_that_cannot_be_imported_has_a_problem():
    assert "boom" in str(made("raise RuntimeError('boom')").problem)
