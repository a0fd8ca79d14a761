from __future__ import annotations

import ast
from pathlib import Path

import pytest

from harness.errors import InputError
from harness.projects.trainer_arguments import given_functions


def find(source):
    return given_functions(ast.parse(source), Path("rewards.py"))


def test_a_file_without_a_trainer_gives_nothing():
    assert find("def brief(completions): ...") == []


TWO = "def brief(completions): ...\ndef kind(completions): ...\n"


@pytest.mark.parametrize(
    "weights",
    [
        "[1]",
        "[1, 2, 3]",
        "[1, x]",
        "[1, 'a']",
        "[1, 1e999]",
        "weights_of()",
        "W",
        "2",
        "{'brief': 1}",
        "{[]: 1}",
        "[]",
    ],
)
def test_weights_that_are_not_one_number_for_each_function_are_refused(weights):
    source = f"{TWO}W = load()\nT(reward_funcs=[brief, kind], reward_weights={weights})"
    with pytest.raises(InputError, match="rewards.py:4: reward_weights does not show one number for each"):
        find(source)


def test_weights_of_none_are_none():
    found = find(f"{TWO}T(reward_funcs=[brief, kind], reward_weights=None)")
    assert [each.weight for each in found] == [None, None]


@pytest.mark.parametrize(
    "steps",
    [
        "FS = [brief]\nFS += [kind]",
        "FS = [brief]\nFS.append(kind)",
        "FS = [brief]\nFS.extend([kind])",
        "FS = [brief]\nFS = [kind]",
        "FS = [brief]\nFS = FS + [kind]",
        "FS: list = [brief]\nFS = [brief, kind]",
        "FS = [brief, kind]\nFS[0] = kind",
        "FS = [brief, kind]\ndel FS[0]",
        "FS = [brief, kind]\nFS.pop()",
        "if x:\n    FS = [brief]\nelse:\n    FS = [brief, kind]",
    ],
)
def test_a_list_of_functions_that_is_made_in_several_steps_is_refused(steps):
    line = steps.count("\n") + 4
    with pytest.raises(InputError, match=f"rewards.py:{line}: FS is built in several steps. Name the"):
        find(f"{TWO}{steps}\nT(reward_funcs=FS)")


def test_the_same_list_twice_is_one_list():
    assert [each.function.id for each in find(f"{TWO}FS = [brief]\nFS = [brief]\nT(reward_funcs=FS)")] == [
        "brief"
    ]


def test_trainers_with_different_weights_are_refused():
    trainers = "".join(f"T(reward_funcs=[brief, kind], reward_weights=[1, {weight}])\n" for weight in (2, 3))
    with pytest.raises(
        InputError, match="passes trainers different reward_weights: line 3, line 4. Name the"
    ):
        find(TWO + trainers)
