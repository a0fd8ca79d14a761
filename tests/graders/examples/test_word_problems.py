"""Only the number after the last `####` counts."""

from __future__ import annotations

import pytest

from graders import Failure, Reward
from graders.examples.word_problems import word_problem
from graders.testing import invoke, make_sample


@pytest.mark.parametrize(
    ("completion", "reward"),
    [
        ("24 + 48 = 72\n#### 72", 1.0),
        ("#### 72.", 1.0),
        ("#### $72", 1.0),
        ("#### 72.0", 1.0),
        ("<think>70?</think>24 + 48 = 72\n#### 72", 1.0),
        ("#### 70\nNo, wait.\n#### 72", 1.0),
        ("#### 72\nNo, wait.\n#### 70", 0.0),
        ("#### 73", 0.0),
        ("#### -72", 0.0),
        ("#### 720", 0.0),
        ("72", 0.0),
        ("####", 0.0),
        ("#### ,", 0.0),
        ("", 0.0),
        (None, 0.0),
        ("<think>#### 72", 0.0),
    ],
)
def test_the_final_number_decides(completion, reward):
    assert word_problem.grade(make_sample(completion, "#### 72")) == Reward(reward)


@pytest.mark.parametrize("reference", [None, "", "####", "no number", {"answer": "72"}])
@pytest.mark.parametrize("completion", ["#### 72", "", "####", "#### ,"])
def test_a_record_without_a_number_is_never_rewarded(completion, reference):
    (found,) = invoke(word_problem, [make_sample(completion, reference)])
    assert isinstance(found, Failure)
    assert found.kind == "record"


def test_every_reference_scores_full_on_itself():
    for reference in ("#### 72", "#### 1,000", "#### -3", "#### 0.5", "steps\n#### 18"):
        assert word_problem.grade(make_sample(reference, reference)) == Reward(1.0)
