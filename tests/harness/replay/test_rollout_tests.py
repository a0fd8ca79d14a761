from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders import Abstain, Sample, grader
from harness.errors import InputError
from harness.replay.rollout_tests import names_of, read_tests
from harness.targets.in_process import InProcessTarget
from support.rollout_files import rollout, write_rollouts

IDS = st.lists(
    st.text(st.characters(), max_size=4)
    | st.sampled_from(["a", "a.2", "a.2.2", "", "::", "[", 1, None, [1]]),
    max_size=12,
)


@given(IDS)
def names_of_are_printable_and_their_own(ids: list[Any]) -> None:
    names = names_of(ids)
    assert len(set(names)) == len(names) == len(ids)
    assert all(name.isprintable() and name.strip() and "::" not in name for name in names)
    plain = {"a", "a.2", "a.2.2"}
    assert plain & {*map(str, ids)} <= set(names), "the first sample with an id is named after it"


def test_odd_ids() -> None:
    ids = ["p1/0", "p1/0", "p1/0.2", "a[b]", "a::b", "x\n\x1b[31m\u202e", 7, {"k": "\u00e9"}, "", "y" * 500]
    assert names_of(ids)[:-1] == [
        "p1/0",
        "p1/0.3",
        "p1/0.2",
        "a[b]",
        "a:\\x3ab",
        "x\\n\\x1b[31m\\u202e",
        "7",
        '{"k": "\u00e9"}',
        "blank",
    ]
    assert len(names_of(ids)[-1]) < 100


@grader
def sees(sample: Sample) -> float | Abstain:
    if sample.completion == "away":
        return Abstain("the judge is away")
    return float(sample.fields == {"level": 1} and sample.completion == sample.reference_text)


def test_a_sample_is_graded_as_in_training_and_compared_with_its_expectation(tmp_path: Path) -> None:
    lines = [
        rollout("a", "72", "72", level=1, ok=True, expected_reward=1, record="r", model="m"),
        rollout("b", "7", "72", level=1, ok=False, expected_reward={"at_least": 0.5}, record="r"),
        rollout("c", "away", "72", level=1, ok=True, expected_reward=None, record="s"),
        rollout(None, "72", "72", level=1, ok=True, metadata={"expected_reward": 0}, record="s"),
    ]
    path = write_rollouts(tmp_path / "x.rollouts.jsonl", lines)
    tests, target = read_tests(path, "ok"), InProcessTarget(sees)
    assert [(one.name, one.line) for one in tests] == [("a", 1), ("b", 2), ("c", 3), ("line-4", 4)]
    said = [one.failure(target, (0, 1)) for one in tests]
    assert said[0] is said[2] is None
    assert str(said[1]).splitlines() == [
        "b: reward 0.0, expected at least 0.5",
        "  completion: '7'",
        "  reference:  '72'",
    ]
    assert str(said[3]).startswith("at-")
    assert "reward 1.0, expected 0\n" in str(said[3])


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("\n", "x.rollouts.jsonl: the file has no rollouts"),
        ("{\n", "x.rollouts.jsonl:1: not JSON"),
        (
            "\n[]\n{}\n",
            r"x.rollouts.jsonl:2: the line is not an object \(the first of 2",
        ),
        ('{"messages": [], "expected_reward": "1"}', "x.rollouts.jsonl:1: "),
    ],
)
def test_unusable_lines_are_reported_with_their_place(lines: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "x.rollouts.jsonl"
    path.write_text(lines)
    with pytest.raises(InputError, match=said):
        read_tests(path)


def test_an_invalid_expectation_is_reported_with_its_place(tmp_path: Path) -> None:
    path = write_rollouts(
        tmp_path / "x.rollouts.jsonl", [rollout("a", "1"), rollout("b", "1", expected_reward="1")]
    )
    with pytest.raises(InputError, match=r"x\.rollouts\.jsonl:2: expected_reward is not a number"):
        read_tests(path)
