"""Code is not run on Monty if CPython cannot compile it or cannot evaluate its annotations."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders.checks._code_compiled import is_compiled
from graders.checks._code_names import LONGEST

SOUND = [
    "",
    "def f(n: int, *a: str, k: float = 1, **b: bool) -> None: pass",
    "from typing import List, Dict, Optional, Tuple, Any\n"
    "def f(a: List[int], b: Dict[str, List[Any]]) -> Optional[Tuple[int, int]]: pass",
    "def f(a: list[int] | None, b: dict[str, tuple[int, str]], c: int | str | None): pass",
    "class A: pass\ndef f(a: A) -> list[A]: pass",
    "import typing\nGrid = list[list[int]]\ndef f(a: Grid): pass",
    "x: int = 1\ndef f(n):\n    y: list[int] = []\n    return y",
    "def f(n): return [1, 2][0], 'ab'[n], n is None",
]
UNSOUND = [
    "def f(n: List[int]) -> int: return n",
    "x: Nope = 1",
    "class A:\n    x: Nope",
    "def f(*a: Nope): pass",
    "def f(a: A): pass\nclass A: pass",
    "class A:\n    def f(self, a: A): pass",
    "if False:\n    from typing import List\ndef f(a: List): pass",
    "def f(a: int[3], b: 1 / 0): pass",
    "def f(a: 'A' | int, b: None | None): pass",
    "from typing import Optional\ndef f(a: Optional[int, str]): pass",
    "from typing import List\nList = 5\ndef f(a: List[int]): pass",
    "list = 5\ndef f(a: list[int]): pass",
    "def f(n):\n    return n\n    await x",
    "x = 1\nfrom __future__ import annotations",
    "def f(n):\n    global n",
    "def f(n): return [b := 1 for b in n]",
    "def f():\n    try: pass\n    except: pass\n    except ValueError: pass",
    "return 1",
    "def f(n: T[: pass",
]
WARNED = [
    "assert (x, 'y')",
    "1 is None",
    "'a'()",
    "[1]['a']",
    "def f():\n    try: pass\n    finally: return 1",
]


@pytest.mark.parametrize("source", SOUND)
def test_what_compiles_and_names_its_types_is_compiled(source):
    exec(compile(source, "x", "exec", dont_inherit=True), {"__name__": "x"})
    assert is_compiled(source)


@pytest.mark.parametrize("source", UNSOUND)
def test_what_cpython_refuses_is_not(source):
    assert not is_compiled(source)


@pytest.mark.parametrize("source", WARNED)
def test_what_cpython_would_warn_of_is_not_compiled_here(source):
    assert not is_compiled(source)


@pytest.mark.parametrize(
    "source", ["x = 1\n" * LONGEST, "-" * 15_000 + "1", "(" * 300, "-(" * 90 + "1" + ")" * 90]
)
def test_a_deep_or_long_text_is_no_error(source):
    is_compiled(source)


@given(
    st.text()
    | st.lists(st.sampled_from(["a", ":", "=", "int", "[", "]", "\n", " ", "def f(", ")"])).map("".join)
)
def test_no_text_raises(source):
    is_compiled(source)
