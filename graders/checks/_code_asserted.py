"""Detects tests that no code can pass and finds trivial functions that might pass a test."""

from __future__ import annotations

import ast
import warnings
from collections import Counter
from functools import lru_cache

from ._code_errors import is_error_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_USUAL = ("None", "True", "False", "0", "[]", "[1]")
"""Return values that pass tests that check only truth, type or length."""
_PLAIN_NAMES = {
    name
    for kind in (bool, int, float, complex, str, bytes, list, tuple, set, frozenset, dict)
    for name in dir(kind)
}
_MOST = 12
_LONGEST = 1000


@lru_cache(256)
def broken_source(test: str, names: tuple[str, ...] = ()) -> str:
    """Return the reason why no code can pass a test, or an empty string if none is found in its source.

    The result is cached because every completion needs it and it depends only on the record's tests.

    Args:
        test: The test's source code.
        names: Names under which the test may call the function.
    """
    try:
        tree = _tree(test)
    except SyntaxError as error:
        return f"it is not Python: {error.msg} (line {error.lineno})"
    except (ValueError, RecursionError, MemoryError):
        return "it is not Python"
    return next(_uncrossed(tree, names), "")


def _uncrossed(tree: ast.Module, names: Sequence[str]) -> Iterator[str]:
    """Yield a message for each value in a test that cannot be passed to or from the code."""

    def is_call(node: ast.AST | None) -> bool:
        return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names

    nodes = [*ast.walk(tree)]
    functions = {node.name for node in nodes if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
    returned = {
        target.id
        for node in nodes
        if isinstance(node, ast.Assign) and is_call(node.value)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in nodes:
        if isinstance(node, ast.Call) and is_call(node):
            for one in (*node.args, *(keyword.value for keyword in node.keywords)):
                if isinstance(one, ast.Lambda) or (isinstance(one, ast.Name) and one.id in functions):
                    yield f"it passes a function, which is not a plain value (line {node.lineno})"
        elif isinstance(node, ast.Attribute) and node.attr not in _PLAIN_NAMES:
            if is_call(node.value) or (isinstance(node.value, ast.Name) and node.value.id in returned):
                yield f"it uses .{node.attr}, which no plain value has (line {node.lineno})"


def hollow_bodies(tests: Sequence[str]) -> tuple[str, ...]:
    """Return function bodies that might pass tests without computing anything.

    Each body returns a common value or a value that the tests compare with, or raises an error that the tests
    name. If the tests contain only one comparison, its value is omitted, because returning it would pass any
    test of that kind.

    Args:
        tests: Source code of the tests. A test that is not Python is skipped.
    """
    found: Counter[str] = Counter()
    for test in tests:
        if not broken_source(test):
            found.update(body for node in ast.walk(_tree(test)) for body in _bodies(node))
    returned = [body for body in found if body.startswith("return ")]
    if len(returned) == 1 and found[returned[0]] == 1:
        del found[returned[0]]
    usual = [f"return {value}" for value in _USUAL]
    return tuple(dict.fromkeys([*usual, *(body for body, _ in found.most_common(_MOST))]))


def _bodies(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Compare):
        for one in (node.left, *node.comparators):
            try:
                ast.literal_eval(one)
            except (ValueError, TypeError, MemoryError, RecursionError):
                continue
            text = ast.unparse(one)
            if len(text) <= _LONGEST:
                yield f"return {text}"
    elif isinstance(node, ast.Name) and is_error_name(node.id):
        yield f"raise {node.id}"
    elif isinstance(node, ast.ExceptHandler) and node.type is None:
        yield "raise Exception"


def _tree(test: str) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # such as warnings about invalid escapes
        return ast.parse(test)
