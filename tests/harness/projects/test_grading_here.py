from __future__ import annotations

import pytest

from harness.clock import ManualClock
from harness.errors import InputError
from harness.projects.grading_here import grading_here

GRADER = """
import os
from graders import grader

@grader(max_error_rate=1)
def reward(sample):
    if sample.completion == "end":
        os._exit(3)
    return 1 / len(sample.completion)

other = grader(lambda sample: 0.5)
"""


def write(text):
    def into(folder):
        (folder / "mine.py").write_text(text)
        return folder / "mine.py"

    return into


def rollout(text):
    turns = [{"role": "user", "content": "?"}, {"role": "assistant", "content": text}]
    return {"id": text, "messages": turns, "reference_answer": "a"}


def test_each_rollout_gets_a_reward_or_a_reason():
    with grading_here(write(GRADER)) as here:
        assert here.grade(rollout("ab")) == (0.5, None)
        reward, problem = here.grade(rollout(""))
        assert reward is None
        assert "ZeroDivisionError" in str(problem)


def test_a_rollout_that_ends_the_process_is_a_reason_and_the_next_one_is_graded():
    with grading_here(write(GRADER)) as here:
        reward, problem = here.grade(rollout("end"))
        assert reward is None
        assert "ended its own process" in str(problem)
        assert here.grade(rollout("abcd")) == (0.25, None)


def test_the_grader_is_the_one_that_is_named():
    with grading_here(write(GRADER), function="other") as here:
        assert here.grade(rollout("")) == (0.5, None)


def test_a_grader_that_cannot_be_imported_is_named_without_the_folder_that_it_was_written_to():
    with pytest.raises(InputError, match=r"^mine\.py: importing it failed: RuntimeError: boom") as raised:
        with grading_here(write("raise RuntimeError('boom')")):
            raise AssertionError("it was imported")
    assert "/tmp" not in str(raised.value)


def test_time_is_up_after_half_a_minute():
    clock = ManualClock()
    with grading_here(write(GRADER), clock) as here:
        clock.sleep(29)
        assert here.goes_on()
        clock.sleep(1)
        assert not here.goes_on()
