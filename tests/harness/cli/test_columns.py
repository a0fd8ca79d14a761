from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from harness.api.safe_text import plain_text
from harness.cli.columns import in_columns

HEADER = ("job", "status", "name")
VALUES = st.none() | st.integers() | st.text(max_size=60)


def test_values_stand_under_their_names_and_details_below():
    lines = [("ftjob-1", "running", None, "model-1"), ("x", None, "first", None)]
    assert list(in_columns(HEADER, lines)) == [
        "JOB      STATUS   NAME",
        "ftjob-1  running  -",
        "    model-1",
        "x        -        first",
    ]


def test_columns_that_do_not_fit_stand_below_with_their_names():
    lines = [("ftjob-" + "a" * 36, "validating_files", "first"), ("x", "failed", None)]
    assert list(in_columns(HEADER, lines, 64)) == [
        "JOB                                         STATUS",
        f"ftjob-{'a' * 36}  validating_files",
        "    name first",
        "x                                           failed",
    ]


def test_one_odd_value_pushes_no_other_away():
    lines = [("a", "w" * 300, "first"), ("漢字", "failed", "second")]
    assert list(in_columns(HEADER, lines))[2] == f"漢字  {'failed':44}  second"


@given(
    st.lists(st.tuples(VALUES, VALUES, VALUES, st.text(max_size=60)), max_size=5),
    st.sampled_from([None, 40, 80]),
)
def test_every_value_is_there(lines, width):
    shown = list(in_columns(HEADER, lines, width))
    for line in lines:
        for value in line:
            assert value is None or any(plain_text(str(value)) in text for text in shown)
