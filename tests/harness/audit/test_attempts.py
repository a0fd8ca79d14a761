import pytest

from harness.audit.answers import answers_in
from harness.audit.attempts import Attempt, Idea, full, try_all, try_ideas, with_work
from support.auditing import audited_case
from support.graded_by import handler


@pytest.fixture
def case(tmp_path):
    with audited_case(tmp_path, handler("marked(text) == gold or 0.5 * ('half' in text)")) as case:
        yield case


def test_attempts_are_counted_by_name(case):
    gold = answers_in(case, case.known.formats[0]).gold
    attempts = [Attempt("right", at, f"#### {gold[at]}") for at in range(4)]
    attempts += [Attempt("half", at, "half") for at in range(4)] + [Attempt("none", 0, "nothing")]
    found = try_all(case, attempts)
    assert {name: (one.tried, len(one.paid)) for name, one in found.items()} == {
        "right": (4, 4),
        "half": (4, 4),
        "none": (1, 0),
    }
    assert found["half"].mean == 0.5
    assert found["right"].best.share == 1.0
    assert full(case, 1.0, 0)
    assert not full(case, 0.5, 0)


def test_ideas_that_are_paid_come_best_first_and_luck_is_left_out(case):
    answers = answers_in(case, case.known.formats[0])
    lucky = Idea("lucky", lambda at: f"#### {answers.gold[at]}")
    ideas = [lucky, Idea("half", lambda _: "half"), Idea("nothing", lambda _: "nothing")]
    assert [one.name for one in try_ideas(case, answers, ideas, "test")] == ["half"]


def test_working_comes_before_the_answer():
    assert with_work("#### 5", "Because.") == "Because.\n#### 5"
    assert with_work("<think></think><answer>5</answer>", "Because.").startswith("<think>Because.")
    assert with_work({"tool_calls": [1]}, "Because.") == {"tool_calls": [1], "content": "Because."}
