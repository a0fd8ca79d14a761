from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.tags import parse_tag

from harness.errors import InputError
from harness.localaws.platforms import MACHINES, glibc_of, wheel_platforms


@pytest.mark.parametrize(
    ("runtime", "glibc"),
    [
        ("python3.8", (2, 26)),
        ("python3.11", (2, 26)),
        ("python3.12", (2, 34)),
        ("python3.13", (2, 34)),
        ("python3.14", (2, 34)),
    ],
)
def test_glibc_changed_with_python_3_12(runtime, glibc):
    assert glibc_of(runtime) == glibc


@given(st.integers(8, 20), st.sampled_from(sorted(MACHINES)))
def test_wheels_are_offered_up_to_the_runtime_s_glibc_and_no_further(minor, architecture):
    runtime = f"python3.{minor}"
    tags = wheel_platforms(runtime, architecture)
    versions = [int(tag.split("_")[2]) for tag in tags if tag.startswith("manylinux_")]
    assert versions == list(range(glibc_of(runtime)[1], 16, -1))
    assert tags[-1] == f"manylinux2014_{MACHINES[architecture]}"
    for tag in tags:
        assert len(parse_tag(f"cp313-abi3-{tag}")) == 1


def test_an_architecture_that_lambda_has_not_is_refused():
    with pytest.raises(InputError, match="riscv"):
        wheel_platforms("python3.13", "riscv")
