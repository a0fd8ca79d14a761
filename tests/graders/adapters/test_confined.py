"""Functions of others, shut in: what they may do, what comes back, and what is said where they fail."""

from __future__ import annotations

import sys

import pytest

from graders import ConfigurationError, DecorationError, SampleError, grader
from graders.adapters import ConfinedFunction
from graders.adapters._confined import placed
from graders.checks import _code_fork_server
from graders.testing import make_sample

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="other systems shut nothing in")


@pytest.fixture(scope="module", autouse=True)
def _end_servers():
    yield
    _code_fork_server.end_processes()


def failure(called, function, *args, **kwargs):
    with pytest.raises(SampleError) as raised:
        called(function, *args, **kwargs)
    return raised.value


def test_a_function_is_called_with_plain_values(rewards, called):
    double = rewards("def f(x, *, more=0):\n    return x * 2 + more\n")
    assert called(double, 4) == 8
    assert called(double, "ab", more="c") == "ababc"


def test_its_own_time_is_told_from_its_errors(rewards, called):
    problem = failure(called, rewards("\n\ndef f():\n    while True: pass\n", seconds=0.2))
    assert (problem.kind, problem.origin) == ("timeout", "timeout at rewards.py:3")
    assert problem.message == "f took more than 0.2 seconds"


def test_an_error_has_the_line_of_the_users_file(rewards, called):
    problem = failure(called, rewards("import json\ndef f(x):\n    return json.loads(x)\n"), "{")
    assert (problem.kind, problem.origin) == ("exception", "JSONDecodeError at rewards.py:3")
    assert problem.message.startswith("JSONDecodeError: Expecting property name")


def test_a_grader_of_one_fails_its_sample_with_that_place(rewards):
    function = rewards("def f(text):\n    return 1 / len(text)\n")

    @grader(range=(0, 1), timeout_s=10)
    async def reward(sample):
        return await function(sample.completion)

    assert reward.grade(make_sample("ab")).value == 0.5
    with pytest.raises(SampleError, match=r"^exception: ZeroDivisionError: .* \(rewards.py:2\)$"):
        reward.grade(make_sample(""))


def test_a_text_that_is_in_no_file_is_named_as_its_place_says(called):
    text = "def grade(sample, item):\n    return item['x']\n"
    function = ConfinedFunction.of_text(text, "grade", place="/graders/a/source")
    assert called(function, {}, {"x": 0.5}) == 0.5
    assert failure(called, function, {}, {}).origin == "KeyError at /graders/a/source:2"


INSIDE = '''
"""Stands between."""
import sys, types

PROVIDES = ("platform_of_others",)

def prepare():
    module = types.ModuleType("platform_of_others")
    module.reward_function = lambda function: function
    sys.modules["platform_of_others"] = module

def call(function, texts, scale):
    return [scale * one for one in function(texts)]
'''


def test_a_module_of_ours_calls_it_inside(rewards, called, tmp_path):
    inside = tmp_path / "_between_inside.py"
    inside.write_text(INSIDE)
    imports = "from platform_of_others import reward_function\n"
    text = f"{imports}@reward_function\ndef f(texts):\n    return map(len, texts)\n"
    assert called(placed(rewards(text), inside), ["a", "bc"], 10) == [10, 20]
    assert placed(lambda texts: map(len, texts), inside)(["a", "bc"], 10) == [10, 20]
    with pytest.raises(ConfigurationError, match=r"^rewards.py:1 imports platform_of_others: add"):
        called(rewards(text), ["a"])


def test_what_is_no_function_is_not_placed():
    with pytest.raises(DecorationError, match="3 is no function: pass one, or confined"):
        placed(3, "math")  # type: ignore[arg-type]
