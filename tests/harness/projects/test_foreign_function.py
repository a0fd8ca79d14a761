from __future__ import annotations

import ast
from pathlib import Path

import pytest

from harness.errors import InputError
from harness.projects.foreign_function import find_functions

TRL = "def brief(completions, **kwargs): return [1.0]\n"
VERL = "def compute_score(data_source, solution_str, ground_truth, extra_info=None): return 1.0\n"
HANDLER = "def lambda_handler(event, context): return [compute_score(e, 1, 2) for e in event]\n"


def find(source, named=(), kind=None):
    return find_functions(ast.parse(source), Path("rewards.py"), named, kind)


@pytest.mark.parametrize(
    ("source", "kind", "name"),
    [
        (TRL, "trl", "brief"),
        ("async def brief(prompts, completions, answer, **kw): ...", "trl", "brief"),
        ("def short(completion_ids, **kwargs): ...", "trl", "short"),
        ("brief = lambda completions, **kwargs: [1.0]", "trl", "brief"),
        (VERL, "verl", "compute_score"),
        ("def my_score(solution_str, ground_truth, *, strict=True): ...", "verl", "my_score"),
        ("def scores(data_sources, solution_strs, ground_truths, extra_infos): ...", "verl", "scores"),
        ("def compute_score(text, ground_truth): ...", "verl", "compute_score"),
        (VERL + "def compute_score_loose(solution_str, ground_truth): ...", "verl", "compute_score"),
        (VERL + HANDLER, "lambda", "lambda_handler"),
        (VERL + "def reward(event, _): return compute_score(event)", "lambda", "reward"),
        ("lambda_handler = wrap(main)", "lambda", "lambda_handler"),
        ("from app import lambda_handler", "lambda", "lambda_handler"),
        ("async def lambda_handler(event, context): ...", "lambda", "lambda_handler"),
        ("def grade(sample: dict, item: dict) -> float: ...", "openai", "grade"),
        (
            "from eval_protocol import reward_function\n@reward_function\ndef f(messages, **kw): ...",
            "eval-protocol",
            "f",
        ),
        ("import reward_kit as rk\n@rk.reward_function(id='x')\ndef f(messages): ...", "eval-protocol", "f"),
        (
            "from ..typed_interface import reward_function as r\n@r\ndef f(messages): ...",
            "eval-protocol",
            "f",
        ),
        (
            "from llm_eval_kit.graders.decorator import grader\n@grader(name='a')\ndef f(messages, t): ...",
            "llm-eval-kit",
            "f",
        ),
        (
            "from llm_eval_kit.graders.decorator import grader\n@grader(name='a')\ndef f(messages, t): ...\n"
            "def lambda_handler(event, context): return f(event)",
            "llm-eval-kit",
            "f",
        ),
        (
            "from llm_eval_kit.models import R\ndef f(messages, ground_truth, **kw): ...",
            "llm-eval-kit",
            "f",
        ),
        (
            "from llm_eval_kit.graders.base import Grader\nclass F(Grader):\n    def grade(self): ...",
            "llm-eval-kit",
            "F",
        ),
        ("try:\n    import x\nexcept ImportError:\n    raise\n" + TRL, "trl", "brief"),
        (TRL + "def _private(completions): ...", "trl", "brief"),
        (TRL + "def outer(completions): return brief(completions)", "trl", "outer"),
    ],
)
def test_imports_decorators_and_parameters_tell_what_a_function_was_written_for(source, kind, name):
    [found] = find(source)
    assert (found.kind, found.name) == (kind, name)


@pytest.mark.parametrize(
    "given",
    [
        "Trainer(reward_funcs=[brief, kind], args=Config(reward_weights=[1.0, 0.5]))",
        "funcs = [brief, kind]\nweights = (1, 0.5)\nTrainer(reward_funcs=funcs, reward_weights=weights)",
        "def main():\n    Trainer(reward_funcs=[brief, kind], reward_weights=[1, .5])",
    ],
)
def test_what_a_trainer_is_given_is_taken_together_with_its_weights(given):
    found = find(TRL + "def kind(completions): ...\ndef other(completions): ...\n" + given)
    assert [(each.name, each.weight) for each in found] == [("brief", 1.0), ("kind", 0.5)]


def test_a_trainer_with_one_function_has_no_weights():
    [found] = find(TRL + "Trainer(reward_funcs=brief)")
    assert found.weight is None


def test_the_user_may_know_better():
    source = "def a(x, y): ...\ndef b(x, y): ...\n"
    assert [each.kind for each in find(source, ["a"], "lambda")] == ["lambda"]
    assert [each.name for each in find(TRL + VERL, [], "verl")] == ["compute_score"]
    assert [each.name for each in find("def a(x): ...", [], "trl")] == ["a"]
    assert [each.name for each in find("made = Made(3)", ["made"], "trl")] == ["made"]
    assert [each.name for each in find("from beside import made", ["made"], "trl")] == ["made"]
    assert [each.name for each in find(TRL + "def b(completions): ...", ["rewards.b", "brief"])] == [
        "b",
        "brief",
    ]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("", "has no function that grades. Such a function is an AWS Lambda handler"),
        ("def a(x): ...\nb = 3", "It defines a. Such a function is"),
        (
            TRL + "def b(completions): ...",
            r"2 functions could be the grader: brief \(trl, line 1\), b \(trl, line 2\)",
        ),
        (TRL + VERL, r"brief \(trl, line 1\), compute_score \(verl, line 2\). Name one: --take brief"),
        (
            "from graders import grader\n@grader\ndef g(sample): ...",
            "rewards.py:3: g is already a grader of this library",
        ),
        (
            TRL + "T(reward_funcs=['org/model', brief])",
            "rewards.py:2: the reward model 'org/model' cannot be",
        ),
        (TRL + "T(reward_funcs=[make(3)])", "rewards.py:2: an entry of reward_funcs is not the name"),
        ("from trl.rewards import think\nT(reward_funcs=[think])", "2: think comes from trl.rewards.think"),
        (TRL + "T(reward_funcs=[brief])\nU(reward_funcs=[])", "different reward_funcs: line 2, line 3"),
        (
            "class R:\n    def __call__(self, completions): ...",
            "rewards.py:1: R is a class of reward functions",
        ),
        ("import nova_custom_evaluation_sdk\n", "rewards.py:1: uses nova_custom_evaluation_sdk"),
    ],
)
def test_a_file_without_one_such_function_is_refused(source, message):
    with pytest.raises(InputError, match=message) as refused:
        find(source)
    assert "None" not in str(refused.value)


@pytest.mark.parametrize(
    ("named", "message"),
    [
        (["no"], "there is no function no. It defines brief, plain"),
        (["R"], "rewards.py:2: R is a class"),
        (["R.score"], "rewards.py:2: R.score is a method"),
        (["inner"], "rewards.py:5: inner is defined inside another function or class. Move it to the top"),
        (["sqrt"], "sqrt comes from math.sqrt"),
        (["plain"], "rewards.py:4: plain: its parameters do not show .* Add --as"),
        (["made"], "rewards.py:7: made: it has no parameters that show"),
        (["brief", "compute_score"], "--take names 2 functions of trl, verl"),
    ],
)
def test_one_that_is_named_and_cannot_be_it_is_refused(named, message):
    source = f"{TRL}class R:\n    def score(self): ...\ndef plain(a):\n    def inner(b): ...\n"
    source += f"from math import sqrt\nmade = R()\n{VERL}"
    with pytest.raises(InputError, match=message):
        find(source, named)
