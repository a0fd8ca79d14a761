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
    ("main", "files"),
    [
        ("import pkg.b\ndef score(): return pkg.b.f()", {"pkg/b.py": ""}),
        ("import pkg.b as b\ndef score(): return b.f()", {"pkg/b.py": ""}),
        ("from pkg import b\ndef score(): return b.f()", {"pkg/b.py": ""}),
        ("import pkg\ndef score(): return pkg.f()", {"pkg/__init__.py": "from .b import f", "pkg/b.py": ""}),
        (
            "from pkg import f as g\ndef score(): return g()",
            {"pkg/__init__.py": "from .b import f", "pkg/b.py": ""},
        ),
        (
            "from pkg import f\ndef score(): return f()",
            {"pkg/__init__.py": "from .b import *", "pkg/b.py": ""},
        ),
        (
            "from pkg import f\ndef score(): return f()",
            {"pkg/__init__.py": "from .a import f", "pkg/a.py": "from pkg.b import f", "pkg/b.py": ""},
        ),
        ("from .b import f\ndef score(): return f()", {"b.py": ""}),
        ("from . import b\ndef score(): return b.f()", {"b.py": ""}),
    ],
)
def test_modules_of_packages_and_names_that_are_passed_on_are_followed(main, files):
    texts = {"main.py": main, **files}
    [last] = [name for name in files if name.endswith("b.py")]
    texts[last] = "def f(): return inner()\ndef inner(): return 1\ndef far(): return 2\n"
    code = ReachedCode({name: ast.parse(text) for name, text in texts.items()}, ["score"])
    assert names(code) == {"score", "f", "inner"}


def test_names_that_pass_each_other_on_end():
    files = {
        "main.py": "from a import f\ndef score(): return f()",
        "a.py": "from b import f",
        "b.py": "from a import f",
    }
    code = ReachedCode({name: ast.parse(text) for name, text in files.items()}, ["score"])
    assert names(code) == {"score"}


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
