from __future__ import annotations

import ast

import pytest

from harness.projects.reached_code import ReachedCode
from harness.projects.reward_range import shown_rewards


@pytest.mark.parametrize(
    ("body", "values"),
    [
        ("return 1", {1}),
        ("return -1 if x else +1.0", {-1, 1}),
        ("return [1.0 if m else 0.0 for m in x]", {1, 0}),
        ("return [0.5] * len(x)", {0.5}),
        ("r = []\nr.append(2)\nr.append(-0.5)\nreturn r", {2, -0.5}),
        ("score = 0.0\nif x:\n    score = 3\nreturn float(score)", {0, 3}),
        ("return {'score': 1 if x else -1, 'length': 900}", {1, -1}),
        ("return Result(score=-2.0, reason='no')", {-2}),
        ("return helper(x)", {5, -5}),
        ("return max(0.0, min(1.0, x))", {0, 1}),
        ("return bonus", {0.25}),
        ("return None, 7", set()),
        ("return x.score", set()),
        ("def inner():\n    return 9\nreturn True", {1}),
        ("x = x\nreturn x", set()),
        ("return f(x)", set()),
    ],
)
def test_constants_that_are_returned_are_found_with_their_place(body, values):
    lines = "\n".join(f"    {line}" for line in body.splitlines())
    source = f"def f(x, bonus=0.25):\n{lines}\ndef helper(x):\n    return 5 or -5\ndef other(): return 77\n"
    code = ReachedCode({"rewards.py": ast.parse(source)}, ["f"])
    found = shown_rewards(code, "rewards.py", "f")
    assert {each.value for each in found} == values
    assert all(each.place.startswith("rewards.py:") for each in found)


def test_what_functions_of_other_modules_return_is_found():
    files = {
        "rewards.py": "import pkg.b\nfrom c import h\ndef f(x): return pkg.b.g(x) or h(x)",
        "pkg/b.py": "def g(x): return 3",
        "c.py": "def h(x): return -2",
    }
    code = ReachedCode({name: ast.parse(text) for name, text in files.items()}, ["f"])
    assert [(each.value, each.place) for each in shown_rewards(code, "rewards.py", "f")] == [
        (3, "pkg/b.py:1"),
        (-2, "c.py:1"),
    ]


def test_a_handler_is_read_by_what_it_calls_a_score():
    source = """
def handler(event, context):
    answers = []
    for item in event:
        answers.append(Answer(id=item["id"], aggregate_reward_score=-1.0))
        answers.append({"id": 3, "aggregate_reward_score": 2})
    return answers
"""
    code = ReachedCode({"rewards.py": ast.parse(source)}, ["handler"])
    assert {each.value for each in shown_rewards(code, "rewards.py", "handler")} == {-1, 2}


@pytest.mark.parametrize(
    "source",
    [
        "class R:\n    def other(self): return 9\n    def __call__(self, x): return [-1.0]\nf = R()",
        "def make(n):\n    def f(completions): return [-1.0]\n    return f\nf = make(3)",
    ],
)
def test_a_function_that_is_made_by_a_call_is_read_where_it_is_made(source):
    code = ReachedCode({"rewards.py": ast.parse(source)}, ["f"])
    assert {each.value for each in shown_rewards(code, "rewards.py", "f")} == {-1}
