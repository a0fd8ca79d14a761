"""Monty's result is used only for code that CPython would run with the same result."""

from __future__ import annotations

import pytest

from graders.checks._code_dialect import is_shared
from support.growth import assert_linear

SHARED = [
    "def f(n):\n    return sorted(set(n))",
    "def f(n):\n    for a, b in zip(n, n[1:]):\n        print(a, b)",
    "def f(n): return list(map(str, n)), dict(zip(n, n)), sum(x for x in n), ','.join(str(x) for x in n)",
    "def f(n): return [x for x in n if x in {1, 2}], {x: 1 for x in n}, {}, {**{'a': 1}}",
    "def f(n): return len(set(n)) == len(n), set(n) == {1}, {1, 2} != set(n)",
    "def f(n): return round(n), n is None, n is not None, n is True",
    "def f(n):\n    '''A set of names; round(n, 2), map.'''\n    return n  # zip(a, b) is a list there",
    "class A:\n    def __init__(self, n): self.n = n\n    def __repr__(self): return f'{self.n!r}'",
    "def f(n): return max(*map(int, n)), [*zip(n, n)], any(x > 1 for x in n), reversed_n(n)",
]
OTHER = [
    "def f(n): return list(set(n))",
    "def f(n): return ''.join(set(n))",
    "def f(n):\n    for x in set(n): return x",
    "def f(n):\n    for x in {3, 1}: return x",
    "def f(n):\n    seen = set()\n    return seen",
    "def f(n): return {x for x in n}",
    "def f(n): return [x for x in {1, 2}]",
    "def f(n): return map(str, n)",
    "def f(n): return (x for x in n)",
    "def f(n):\n    pairs = zip(n, n)\n    return list(pairs)",
    "def f(n): return len(zip(n, n)), reversed(n)[0]",
    "def f(n): return sorted(n, key=filter)",
    "def f(n): return list(reversed(map(str, n)))",
    "def f(n): return round(n, 2)",
    "def f(n): return round(number=n, ndigits=2)",
    "def f(n): return n is 1, n is n",
    "def f(n): return hasattr(n, 'x')",
    "class A:\n    def __len__(self): return 0",
    "import re",
    "def f(n): return f'{round(n, 2)}'",
    "def f(n): return f'{set(n)}'",
    "def f(n): return float('nan')",
    "from collections import deque",
    "def f(n): return eval('list(set(n))')",
    "def f(n): return 'unfinished",
    "def f(n): return (n",
    "m = map\ndef f(n): return m(str, n)",
]


@pytest.mark.parametrize("source", SHARED)
def test_what_both_run_alike_is_left_to_monty(source):
    assert is_shared(source)


@pytest.mark.parametrize("source", OTHER)
def test_what_monty_may_run_otherwise_is_not(source):
    assert not is_shared(source)


PARTS = ["{", "(", "zip(", "in {", '"""x\n', "'", "a.", "if ", "set(a, ", "\\", "f'{"]


@pytest.mark.parametrize("part", PARTS)
def test_a_long_text_takes_no_more_than_its_length(part):
    assert_linear(is_shared.__wrapped__, lambda size: part * (size // len(part)), 100_000)
