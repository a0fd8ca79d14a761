"""Evaluates constant string expressions in source code without executing it."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping

__all__ = ["folded", "named_constants"]

_LONGEST = 4_000
_DEEPEST = 40


def named_constants(tree: ast.Module) -> dict[str, ast.expr]:
    """Return the expressions that a module assigns to names, by name. The last assignment wins.

    Args:
        tree: The module.
    """
    found: dict[str, ast.expr] = {}
    for node in tree.body:
        if isinstance(node, ast.Assign):
            found |= {each.id: node.value for each in node.targets if isinstance(each, ast.Name)}
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value:
            found[node.target.id] = node.value
    return found


def folded(node: ast.expr, names: Mapping[str, ast.expr], depth: int = 0) -> str | None:
    """Return the value of a string expression built from constants, f-strings, `+`, joins and `re.escape`.

    Args:
        node: The expression.
        names: The module's own constants.
        depth: Nesting depth of the expression, which is limited.

    Returns:
        The string, or None if the expression is not constant.
    """
    if depth > _DEEPEST:
        return None
    if isinstance(node, ast.Constant):
        return str(node.value) if isinstance(node.value, str | int | float) else None
    if isinstance(node, ast.Name) and node.id in names:
        return folded(names[node.id], names, depth + 1)
    parts: list[str | None] = [None]
    between = ""
    if isinstance(node, ast.JoinedStr):
        parts = [folded(_plain(one), names, depth + 1) for one in node.values]
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        parts = [folded(one, names, depth + 1) for one in (node.left, node.right)]
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and len(node.args) == 1:
        if node.func.attr == "escape":
            inner = folded(node.args[0], names, depth + 1)
            return None if inner is None else re.escape(inner)
        if node.func.attr == "join":
            between = folded(node.func.value, names, depth + 1) or ""
            parts = _items(node.args[0], names, depth + 1)
    texts = [part for part in parts if part is not None]
    text = between.join(texts)
    return text if len(texts) == len(parts) and len(text) <= _LONGEST else None


def _plain(node: ast.expr) -> ast.expr:
    return node.value if isinstance(node, ast.FormattedValue) else node


def _items(node: ast.expr, names: Mapping[str, ast.expr], depth: int) -> list[str | None]:
    """Return the strings in a list, in `map(re.escape, items)` or in a comprehension over such a list."""
    if depth > _DEEPEST:
        return [None]
    if isinstance(node, ast.Name) and node.id in names:
        return _items(names[node.id], names, depth + 1)
    if isinstance(node, ast.List | ast.Tuple | ast.Set):
        return [folded(one, names, depth + 1) for one in node.elts]
    if isinstance(node, ast.Dict):
        return [None if one is None else folded(one, names, depth + 1) for one in node.keys]
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        if node.func.id in ("sorted", "list", "tuple", "set") and node.args:
            return _items(node.args[0], names, depth + 1)
        if node.func.id == "map" and len(node.args) == 2:
            inner = _items(node.args[1], names, depth + 1)
            return [None if one is None else re.escape(one) for one in inner]
    if isinstance(node, ast.GeneratorExp | ast.ListComp) and len(node.generators) == 1:
        return _items(node.generators[0].iter, names, depth + 1)
    return [None]
