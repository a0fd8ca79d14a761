"""Extracts names, imports, keys and caught exceptions from parts of a Python syntax tree."""

from __future__ import annotations

import ast
from collections.abc import Mapping

__all__ = ["aliases_of", "caught_by", "dotted", "key_of", "module_of_import", "packages_of"]


def dotted(node: ast.expr, aliases: Mapping[str, str]) -> str | None:
    """Return an expression's dotted name with imports resolved, or None if it has no such name.

    Args:
        node: The expression.
        aliases: The full names of imports.
    """
    if isinstance(node, ast.Name):
        return aliases.get(node.id, node.id)
    if isinstance(node, ast.Attribute):
        before = dotted(node.value, aliases)
        return None if before is None else f"{before}.{node.attr}"
    return None


def packages_of(node: ast.AST) -> list[str]:
    """Return the top-level modules that a statement imports absolutely; empty for other statements."""
    if isinstance(node, ast.Import):
        return [each.name.partition(".")[0] for each in node.names]
    if isinstance(node, ast.ImportFrom) and node.module and not node.level:
        return [node.module.partition(".")[0]]
    return []


def module_of_import(node: ast.ImportFrom, file: str) -> str:
    """Return the module that a statement imports from, with its package or with leading dots.

    Args:
        node: The statement.
        file: Path of the statement's file, relative to the folder where Python looks first.
    """
    package = file.split("/")[:-1]
    if node.level and package:
        return ".".join([*package[: len(package) - node.level + 1], *filter(None, [node.module])])
    return "." * node.level + (node.module or "")


def aliases_of(tree: ast.Module, file: str) -> dict[str, str]:
    """Return full names by imported name: `np` may be `numpy`, `run` may be `subprocess.run`.

    Args:
        tree: The module.
        file: Path of the module's file, relative to the folder where Python looks first.
    """
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for each in node.names:
                top = each.name.partition(".")[0]
                found[each.asname or top] = each.name if each.asname else top
        elif isinstance(node, ast.ImportFrom):
            module = module_of_import(node, file)
            before = f"{module}." if module.strip(".") else module
            found |= {each.asname or each.name: f"{before}{each.name}" for each in node.names}
    return found


def key_of(node: ast.AST) -> str | None:
    """Return the key of `x["key"]` or `x.get("key")`; None for other expressions."""
    key: ast.expr | None = None
    if isinstance(node, ast.Subscript):
        key = node.slice
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "get":
        key = node.args[0] if node.args else None
    return key.value if isinstance(key, ast.Constant) and isinstance(key.value, str) else None


def caught_by(handler: ast.ExceptHandler) -> list[str]:
    """Return the last part of the name of each exception that a handler catches."""
    if handler.type is None:
        return ["BaseException"]
    caught = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return [ast.unparse(each).rpartition(".")[2] for each in caught]
