from __future__ import annotations

import ast

import pytest

from harness.projects.reached_code import ReachedCode

MAIN = """
import os as system
from numbers_beside import close
import words_beside
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import requests

LIMIT = compute()

def compute(): return 3
def score(text): return close(text) + words_beside.count(text)
def unused(): return dangerous()
def dangerous(): return system.remove("x")

if __name__ == "__main__":
    dangerous()
"""
NUMBERS = "def close(x): return inner(x)\ndef inner(x): return 1\ndef far(x): return 2\n"
WORDS = "def count(x): return 1\ndef other(x): return 2\n"


def code_of(**files):
    trees = {f"{name}.py": ast.parse(text) for name, text in files.items()}
    return ReachedCode(trees, ["score"])


def names(code):
    return {part.node.name for part in code.parts() if hasattr(part.node, "name")}


def test_what_a_function_and_the_top_of_its_module_name_is_reached_across_files():
    code = code_of(main=MAIN, numbers_beside=NUMBERS, words_beside=WORDS)
    assert names(code) == {"score", "compute", "close", "inner", "count"}


def test_a_chain_of_any_length_is_followed():
    chain = "".join(f"def f{at}(): return f{at + 1}()\n" for at in range(3000))
    assert len(names(code_of(main=f"{chain}def f3000(): pass\ndef score(): return f0()"))) == 3002


def test_calls_are_named_by_what_was_imported():
    code = code_of(
        main="from subprocess import run as r\nimport numpy as np\ndef score(): r(); np.random.rand()"
    )
    assert {code.called(place) for place in code.nodes()} - {None} == {"subprocess.run", "numpy.random.rand"}


def test_functions_that_call_each_other_and_names_that_are_nothing_end():
    assert names(code_of(main="def score(): return other() + nothing\ndef other(): return score()")) == {
        "score",
        "other",
    }


def test_names_of_star_imports_are_followed():
    code = code_of(main="from .beside import *\ndef score(): return close(1)", beside=NUMBERS)
    assert names(code) == {"score", "close", "inner"}


@pytest.mark.parametrize(
    ("caught", "needed"),
    [
        ("except ImportError", set()),
        ("except (ValueError, ModuleNotFoundError)", set()),
        ("except Exception as e", set()),
        ("except", set()),
        ("except ValueError", {"zz"}),
        ("finally", {"zz"}),
    ],
)
def test_a_package_may_be_missing_only_where_its_import_s_failure_is_caught(caught, needed):
    source = f"try:\n    import zz\n{caught}:\n    pass\n"
    code = ReachedCode({"r.py": ast.parse(source)}, [])
    assert {name for name, _ in code.needed_imports()} == needed
