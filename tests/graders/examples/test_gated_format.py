from __future__ import annotations

import pytest

from graders import Failure, Reward
from graders.examples.gated_format import correct_then_format
from graders.testing import invoke, make_sample


def graded(completion):
    return correct_then_format.grade(make_sample(completion, "#### 72"))


def test_a_right_answer_in_good_form_gets_everything():
    reward = graded("24 + 48 = 72\n#### 72")
    assert reward.value == pytest.approx(1.0)
    assert {"shows_work", "short_answer"} <= {*reward.components, *reward.metrics}


@pytest.mark.parametrize("completion", ["24 + 48 = 72\n#### 73", "a = b\n####", "", "= = =", "a = b\n#### ,"])
def test_form_never_pays_for_a_wrong_answer(completion):
    assert graded(completion).value == 0.0


@pytest.mark.parametrize("work", ["", "=", "= = =", "a = b", "72 = 72", "1\n+\n1 = 2"])
def test_a_sign_alone_shows_no_work(work):
    assert graded(f"{work}\n#### 72").value < 1


@pytest.mark.parametrize("work", ["24 + 48 = 72", "48/2 = <<48/2=24>>24 clips", "$6 x 12 = $72", "3*24=72"])
def test_a_calculation_shows_work(work):
    assert graded(f"{work}\n#### 72").value == pytest.approx(1.0)


def test_a_right_answer_in_bad_form_still_gets_most():
    assert graded("#### 72 is what I think of it, all in all").value == pytest.approx(0.8)
    assert 0.8 < graded("#### 72").value < 1.0


def test_the_reward_goes_over_the_wire_whole():
    right, failed = invoke(
        correct_then_format, [make_sample("#### 72", "#### 72"), make_sample("#### 72", "?")]
    )
    assert isinstance(right, Reward)
    assert right.components
    assert isinstance(failed, Failure)
    assert failed.kind == "record"
