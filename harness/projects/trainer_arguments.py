"""Finds the reward functions and weights that a Python file passes to a TRL trainer."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from harness.errors import InputError

__all__ = ["GivenFunction", "given_functions"]

_OF_LISTS = ("append", "clear", "extend", "insert", "pop", "remove", "reverse", "sort")


class GivenFunction(NamedTuple):
    """One entry of `reward_funcs`."""

    function: ast.expr
    weight: float | None
    """The function's weight in the reward; None if the file does not state it."""


def given_functions(tree: ast.Module, path: Path) -> list[GivenFunction]:
    """Return the functions that a file passes to trainers as `reward_funcs`, with their `reward_weights`.

    Args:
        tree: The module.
        path: The module's file.

    Raises:
        InputError: The source does not show the functions or their weights.
    """
    lists = [*_keywords(tree, "reward_funcs")]
    if not lists:
        return []
    if len({ast.dump(each) for each in lists}) > 1:
        raise _different("reward_funcs", path, (each.lineno for each in lists))
    value = _resolved(tree, path, lists[0])
    parts = value.elts if isinstance(value, ast.List | ast.Tuple) else [value]
    return [*map(GivenFunction, parts, _weights(tree, path, len(parts)))]


def _weights(tree: ast.Module, path: Path, count: int) -> list[float | None]:
    found: dict[tuple[float, ...], int] = {}
    for each in _keywords(tree, "reward_weights"):
        weights = _numbers(_resolved(tree, path, each))
        if weights is None or (weights and len(weights) != count):
            fix = "Write the numbers there, or name the functions: --take NAME, once for each."
            message = f"reward_weights does not show one number for each of {count} functions"
            raise InputError(message, place=f"{path}:{each.lineno}", fix=fix)
        if weights:
            found.setdefault(weights, each.lineno)
    if len(found) > 1:
        raise _different("reward_weights", path, found.values())
    return list(*found) if found else [None] * count


def _numbers(value: ast.expr) -> tuple[float, ...] | None:
    """Return the numbers in a list (none for the constant `None`), or None for any other expression."""
    try:
        found = ast.literal_eval(value)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None
    if found is None:
        return ()
    if not isinstance(found, list | tuple) or not found:
        return None
    shown = all(isinstance(each, int | float) and -1e9 < each < 1e9 for each in found)
    return tuple(map(float, found)) if shown else None


def _different(argument: str, path: Path, lines: Iterable[int]) -> InputError:
    places = ", ".join(f"line {each}" for each in lines)
    fix = "Name the functions: --take NAME, once for each."
    return InputError(f"passes trainers different {argument}: {places}", place=str(path), fix=fix)


def _resolved(tree: ast.Module, path: Path, value: ast.expr) -> ast.expr:
    """Return the list that a name is bound to anywhere in the file. Return other expressions unchanged."""
    if not isinstance(value, ast.Name):
        return value
    bound = [each for node in ast.walk(tree) for each in _bound_to(value.id, node)]
    lists = [each for each in bound if isinstance(each, ast.List | ast.Tuple)]
    changed = any(_changes(value.id, node) for node in ast.walk(tree))
    if lists and (changed or len({ast.dump(each) for each in bound}) > 1):
        fix = "Name the functions: --take NAME, once for each."
        message = f"{value.id} is built in several steps"
        raise InputError(message, place=f"{path}:{value.lineno}", fix=fix)
    return lists[0] if lists else value


def _bound_to(name: str, node: ast.AST) -> list[ast.expr]:
    """Return the expressions that a statement binds a name to."""
    targets: list[ast.expr] = []
    if isinstance(node, ast.Assign):
        targets = node.targets
    elif isinstance(node, ast.AnnAssign | ast.NamedExpr):
        targets = [node.target]
    is_bound = any(isinstance(each, ast.Name) and each.id == name for each in targets)
    return [node.value] if is_bound and node.value is not None else []  # type: ignore[attr-defined]


def _changes(name: str, node: ast.AST) -> bool:
    """Return True if a node changes the list that a name is bound to."""
    if isinstance(node, ast.AugAssign):
        return isinstance(node.target, ast.Name) and node.target.id == name
    if isinstance(node, ast.Attribute):
        held: ast.expr | None = node.value if node.attr in _OF_LISTS else None
    else:
        is_stored = isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Load)
        held = node.value if is_stored else None  # type: ignore[attr-defined]
    return isinstance(held, ast.Name) and held.id == name


def _keywords(tree: ast.Module, name: str) -> Iterator[ast.expr]:
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg == name:
            yield node.value
