from __future__ import annotations

import pytest

from harness.emulator.settings import parse_faults, parse_functions, parse_speed
from harness.errors import InputError


def test_speed_is_max_manual_or_steps_a_second() -> None:
    assert parse_speed("max") == (None, False)
    assert parse_speed("manual") == (None, True)
    assert parse_speed("2.5") == (2.5, False)
    for wrong in ("fast", "0", "-1", "nan", "inf"):
        with pytest.raises(InputError, match="speed"):
            parse_speed(wrong)


def test_functions_are_name_and_target() -> None:
    assert parse_functions(["a=m:f", "arn:aws:x=./folder"]) == {"a": "m:f", "arn:aws:x": "./folder"}
    for wrong in (["a"], ["=m:f"], ["a="], ["a=1", "a=2"]):
        with pytest.raises(InputError, match="--bind"):
            parse_functions(wrong)


def test_faults_are_names_and_rates() -> None:
    assert parse_faults("throttle=0.1, 500=0.02,slow-start=5") == {
        "throttle": 0.1,
        "500": 0.02,
        "slow-start": 5,
    }
    assert parse_faults("") == {}
    for wrong in (
        "quake=1",
        "throttle",
        "throttle=x",
        "throttle=2",
        "throttle=-1",
        "throttle=.6,500=.6",
        "500=nan",
    ):
        with pytest.raises(InputError):
            parse_faults(wrong)
