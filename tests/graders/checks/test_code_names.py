from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders.checks._code_names import LONGEST, code_names


def test_code_needs_the_names_that_are_neither_bound_nor_built_in():
    names = code_names(
        "import a.b as c\nfrom d import e\ndef f(g, *h, i=J, **k) -> L:\n    m = [n for n in o]\n"
        "    try: pass\n    except P as q: print(q, r := 1)\nclass S(T): pass\nu: V = __name__\n"
    )
    assert names is not None
    assert names.needs == {"J", "L", "o", "P", "T", "V"}
    assert names.binds == {"c", "e", "f", "S", "u"}
    assert not names.acts


@pytest.mark.parametrize(
    ("source", "acts"),
    [
        ("", False),
        ("# 2", False),
        ("'x'\n4", False),
        ("x = input()", False),
        ("Input: n = 2\nOutput: 4", False),
        ("print(1)", True),
        ("if __name__ == '__main__':\n    f()", True),
        ("for x in y: pass", True),
    ],
)
def test_a_program_does_more_than_to_define(source, acts):
    names = code_names(source)
    assert names is not None
    assert names.acts is acts


@pytest.mark.parametrize("source", ["def f(", "x = '\\", "\0", "(" * 300, "x = 1\n" * LONGEST, "-" * 15_000])
def test_what_does_not_parse_or_is_too_long_has_no_names(source):
    assert code_names(source) is None


def test_an_unknown_escape_is_no_warning():
    assert code_names("x = '\\d', r'\\d', '\\'', f'\\d{y}'") is not None


@given(st.text() | st.lists(st.sampled_from(["a", "=", "(", ":", "\n", " ", "'", "\\", "if "])).map("".join))
def test_no_text_raises(source):
    code_names(source)
