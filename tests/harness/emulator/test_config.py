from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.emulator.arguments import read_options, write_options
from harness.emulator.config import EmulatorConfig, parse_faults, parse_functions, parse_speed
from harness.errors import InputError

names = st.text("abcXYZ-_09", min_size=1, max_size=8)


@given(
    st.builds(
        EmulatorConfig,
        rollouts=st.lists(names.map(Path), max_size=2).map(tuple),
        state=names.map(Path),
        functions=st.dictionaries(names, names.map(lambda name: f"m:{name}=1"), max_size=2),
        models=st.lists(names, max_size=2).map(tuple),
        port=st.integers(0, 65535),
        group_size=st.integers(2, 32),
        speed=st.one_of(st.none(), st.floats(0.01, 1000)),
        seed=st.integers(-5, 1 << 40),
        faults=st.dictionaries(st.sampled_from(["throttle", "500"]), st.floats(0, 0.5)),
        require_key=st.booleans(),
        die_with_parent=st.booleans(),
    )
)
def test_a_process_is_started_with_exactly_its_owners_configuration(config: EmulatorConfig) -> None:
    assert read_options(write_options(config)) == config


def test_manual_stepping_survives_the_way_through_the_options() -> None:
    config = EmulatorConfig(rollouts=(), state=Path("s"), manual=True)
    assert read_options(write_options(config)) == config


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


@pytest.mark.parametrize(
    "change", [{"group_size": 1}, {"group_size": 0}, {"port": 70000}, {"checkpoints": 0}]
)
def test_what_cannot_work_is_refused(change: Any) -> None:
    with pytest.raises(InputError):
        EmulatorConfig(rollouts=(), state=Path("s"), **change)
