from __future__ import annotations

import pytest

from harness.projects.made_up_samples import made_up, make_up
from harness.projects.read_keys import ReadKeys

GRADER = """
from graders import Abstain, grader

@grader(max_error_rate=1)
def reward(sample):
    reference = sample.reference_answer
    {body}
"""


def write(body):
    def write_grader(folder):
        file = folder / "grader.py"
        file.write_text(GRADER.format(body=body))
        return file

    return write_grader


@pytest.mark.parametrize(
    ("body", "keys", "texts", "right", "reference"),
    [
        ("return sample.completion == '#### ' + reference", ReadKeys(), ["#### (x)"], "#### 42", "42"),
        (
            "return '#' in reference and sample.completion == reference",
            ReadKeys(),
            ["####"],
            "#### 42",
            "#### 42",
        ),
        (
            "return '<answer>' + reference['a'] in sample.completion",
            ReadKeys("r", ("a",)),
            [],
            "<answer>42</answer>",
            {"a": "42"},
        ),
        (
            "return sample.fields['sizes'] == [42] and sample.completion == '42'",
            ReadKeys(fields=(("sizes", "list"),)),
            [],
            None,
            None,
        ),
    ],
)
def test_the_shapes_that_are_told_apart_best_are_kept(body, keys, texts, right, reference):
    found = make_up(write(body), keys, texts)
    assert found.problem is None
    if right is not None:
        assert len(found.records) == 3
        assert len(found.rollouts) == 9
        assert found.rollouts[0]["messages"][-1]["content"] == right
        assert found.rollouts[0]["reference_answer"] == found.records[0]["reference_answer"] == reference


def test_samples_that_cannot_be_graded_are_left_out():
    found = make_up(write("return 1 / len(sample.completion) * len(sample.prompt) / 100"), ReadKeys(), [])
    assert found.rollouts
    assert all(each["messages"][-1]["content"] for each in found.rollouts)


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("raise ValueError('never')", "never"),
        ("return Abstain('not mine')", "not mine"),
        (")", "importing it failed"),
    ],
)
def test_where_none_can_be_graded_the_first_reason_is_said(body, problem):
    found = make_up(write(body), ReadKeys(), [])
    assert found.rollouts == ()
    assert found.problem is not None
    assert problem in found.problem


def test_fields_have_values_of_the_types_that_are_written():
    keys = ReadKeys(
        fields=(("a", "list[int]"), ("b", "List[List[str]]"), ("c", ""), ("d", "bool"), ("e", "dict"))
    )
    record, _ = next(made_up(keys))
    assert {name: record[name] for name in "abcde"} == {"a": 42, "b": ["42"], "c": "42", "d": True, "e": {}}
