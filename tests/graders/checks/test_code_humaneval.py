"""HumanEval's solutions earn full reward in any formatting, and code that solves nothing earns nothing."""

from __future__ import annotations

import ast
import json

import pytest

from graders import Reward, grader
from graders.checks.code import code_asserts
from graders.testing import make_sample

CHECK = grader(timeout_s=None)(code_asserts(prompt_field="start", seconds=1))


@pytest.fixture(scope="module")
def problems(shared_data):
    file = shared_data / "humaneval" / "problems.jsonl"
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]


def graded(problem, completion):
    fields = {"start": problem["prompt"], "test": problem["test"], "entry_point": problem["entry_point"]}
    outcome = CHECK.grade_all([make_sample(completion, problem["canonical_solution"], **fields)])[0]
    assert isinstance(outcome, Reward), (problem["task_id"], outcome)
    return outcome


def test_each_solution_is_paid_and_few_need_cpython(problems):
    rewards = [graded(problem, problem["canonical_solution"]) for problem in problems]
    assert [reward.value for reward in rewards] == [1.0] * len(problems)
    fallbacks = sum(reward.metrics["engine_fallback"] for reward in rewards)
    assert fallbacks <= 0.2 * len(problems)  # 6 of 82 on an idle machine


def unparsed(problem):
    """Return the whole solution, reformatted and without comments and docstring."""
    tree = ast.parse(problem["prompt"] + problem["canonical_solution"])
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and ast.get_docstring(node) is not None:
            node.body = node.body[1:] or [ast.Pass()]
    return ast.unparse(tree)


VARIANTS = {
    "reformatted": unparsed,
    "in a block": lambda one: f"Here it is:\n```python\n{unparsed(one)}\n```\nIt works.",
    "with an example": lambda one: (
        f"```python\n{unparsed(one)}\nif __name__ == '__main__':\n    input()\n```"
    ),
    "without a fence's end": lambda one: f"```python\n{unparsed(one)}\n",
    "body in a block": lambda one: f"```python\n{one['canonical_solution']}```",
    "behind another name": lambda one: (
        f"{unparsed(one)}\n\nfirst = {one['entry_point']}\n\n\n"
        f"def {one['entry_point']}(*args):\n    return first(*args)\n"
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("variant", VARIANTS)
def test_a_solution_is_paid_however_it_is_written(problems, variant):
    missed = [one["task_id"] for one in problems if graded(one, VARIANTS[variant](one)).value != 1]
    assert missed == []


HOLLOW = {
    "nothing": "    pass\n",
    "nothing implemented": "    raise NotImplementedError\n",
    "true": "    return True\n",
    "an empty list": "    return []\n",
    "exit": "    import sys\n    sys.exit(0)\n",
    "the end": "    import os\n    os._exit(0)\n",
    "always equal": "    class Equal:\n        def __eq__(self, other): return True\n    return Equal()\n",
    "a copy of the prompt": "",
    "prose": "The function can be written in a few lines.",
}


@pytest.mark.slow
@pytest.mark.parametrize("body", HOLLOW)
def test_what_solves_nothing_is_not_paid(problems, body):
    paid = [one["task_id"] for one in problems if graded(one, HOLLOW[body]).value > 0]
    assert paid == []
