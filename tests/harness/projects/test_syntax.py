from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.projects.syntax import aliases_of, caught_by, dotted, key_of, module_of_import, packages_of

NAMES = st.from_regex("[a-z]{1,4}", fullmatch=True).map(lambda name: f"{name}_")


def expression(text):
    return ast.parse(text, mode="eval").body


@given(st.lists(NAMES, min_size=1, max_size=5))
def test_a_chain_of_attributes_is_a_dotted_name_with_imports_spelled_out(steps):
    node = expression(".".join(steps))
    assert dotted(node, {}) == ".".join(steps)
    assert dotted(node, {steps[0]: "pkg.mod"}) == ".".join(["pkg.mod", *steps[1:]])
    assert dotted(expression(f"f().{steps[0]}"), {}) is None


@pytest.mark.parametrize(
    ("statement", "packages"),
    [
        ("import a.b, c as d", ["a", "c"]),
        ("from a.b import c", ["a"]),
        ("from . import a", []),
        ("from .a import b", []),
        ("a.b", []),
    ],
)
def test_an_import_names_packages_unless_it_is_relative(statement, packages):
    assert packages_of(ast.parse(statement).body[0]) == packages


@pytest.mark.parametrize(
    ("file", "statement", "module", "aliases"),
    [
        ("r.py", "from a import b as c", "a", {"c": "a.b"}),
        ("r.py", "from . import b", ".", {"b": ".b"}),
        ("r.py", "from .a import b", ".a", {"b": ".a.b"}),
        ("pkg/r.py", "from . import b", "pkg", {"b": "pkg.b"}),
        ("pkg/r.py", "from .a import b", "pkg.a", {"b": "pkg.a.b"}),
        ("pkg/in/r.py", "from ..a import b", "pkg.a", {"b": "pkg.a.b"}),
        ("pkg/__init__.py", "from .a import b", "pkg.a", {"b": "pkg.a.b"}),
    ],
)
def test_relative_imports_are_named_from_the_folder_where_python_looks_first(
    file, statement, module, aliases
):
    tree = ast.parse(statement)
    assert module_of_import(tree.body[0], file) == module
    assert aliases_of(tree, file) == aliases


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("x['a']", "a"),
        ("x.get('a', 1)", "a"),
        ("x[0]", None),
        ("x.get()", None),
        ("x.pop('a')", None),
        ("x", None),
    ],
)
def test_a_key_is_read_by_brackets_or_get(text, key):
    assert key_of(expression(text)) == key


@pytest.mark.parametrize(
    ("caught", "names"),
    [("", ["BaseException"]), (" ValueError", ["ValueError"]), (" (a.B, C)", ["B", "C"])],
)
def test_exceptions_are_told_by_the_last_part_of_their_names(caught, names):
    [block] = ast.parse(f"try:\n    pass\nexcept{caught}:\n    pass").body
    assert isinstance(block, ast.Try)
    assert caught_by(block.handlers[0]) == names
