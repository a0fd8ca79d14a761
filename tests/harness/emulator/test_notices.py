from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.emulator.notices import Notices

JOB = "ftjob-0123456789"


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def notices(told: list[str]) -> Notices:
    return Notices(told.append)


def event(message: str, level: str = "info", **data: Any) -> Any:
    return {"level": level, "message": message, "data": data}


def test_steps_are_told_at_the_first_every_tenth_part_and_the_last(notices: Notices, told: list[str]) -> None:
    for step in range(1, 96):
        notices.event(JOB, event("Step", step=step, total_steps=95, critic_rewards_mean=step / 100))
    steps = [int(line.split("step ")[1].split()[0]) for line in told]
    assert steps == [1, 9, 18, 27, 36, 45, 54, 63, 72, 81, 90, 95]
    assert told[1] == "ftjob-01234567  step 9 of 95, mean reward 0.090"


def test_a_step_without_a_reward_says_so(notices: Notices, told: list[str]) -> None:
    notices.event(JOB, event("Step", step=1, total_steps=1))
    assert told == ["ftjob-01234567  step 1 of 1, no reward"]


def test_an_error_of_a_grader_is_told_once_and_counted_at_the_end(notices: Notices, told: list[str]) -> None:
    for _ in range(1200):
        notices.grader_error(JOB, "exception", "ValueError: secret text (grader.py:7)")
    notices.grader_error(JOB, "exception", "KeyError (grader.py:9)")
    notices.grader_error(JOB, "timeout", "interrupted after 5 s")
    notices.ended(JOB)
    notices.ended(JOB)
    assert told == [
        "ftjob-01234567  a sample got no reward: exception ValueError at grader.py:7",
        "ftjob-01234567  a sample got no reward: exception KeyError at grader.py:9",
        "ftjob-01234567  a sample got no reward: timeout",
        "ftjob-01234567  1,200 samples without a reward: exception ValueError at grader.py:7",
        "ftjob-01234567  1 sample without a reward: exception KeyError at grader.py:9",
        "ftjob-01234567  1 sample without a reward: timeout",
    ]


def test_a_refusal_that_comes_again_is_told_every_tenfold(notices: Notices, told: list[str]) -> None:
    for _ in range(250):
        notices.refused("GET", "/v1/models", 401, "no key")
    notices.refused("GET", "/v1/files", 401, "no key")
    line = "GET /v1/models 401: no key"
    assert told == [line, f"{line} (10 times)", f"{line} (100 times)", "GET /v1/files 401: no key"]


@given(st.text(), st.text(), st.sampled_from(["exception", "value", "timeout"]))
def test_every_line_is_one_printable_line(text: str, other: str, kind: str) -> None:
    told: list[str] = []
    notices = Notices(told.append)
    notices.event(text, event(other, level="warn"))
    notices.grader_error(text, kind, other)
    notices.ended(text)
    notices.refused("GET", text, 400, other)
    assert len(told) == 4
    assert all(line.isprintable() for line in told)
