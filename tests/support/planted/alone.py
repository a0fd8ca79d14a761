"""Copies a row's grader to a separate file, without the literals and patterns of other graders."""

from __future__ import annotations

import ast
from pathlib import Path

from support.planted.rows import Good, Planted, path_of

__all__ = ["alone"]


def alone(row: Planted | Good, folder: Path) -> Path:
    """Write a module with a row's grader and the code that it uses, and return the module's path.

    Args:
        row: The row.
        folder: The folder for the module. The module is named after the grader.
    """
    source = path_of(row.grader).read_text(encoding="utf-8")
    body = ast.parse(source).body
    defined = {name: node for node in body for name in _defines(node)}
    wanted, found = [row.name], set[str]()
    while wanted:
        name = wanted.pop()
        if name in defined and name not in found:
            found.add(name)
            wanted += [node.id for node in ast.walk(defined[name]) if isinstance(node, ast.Name)]
    lines = source.split("\n")
    kept = [node for node in body if found & set(_defines(node))]
    path = folder / f"{row.name}.py"
    path.write_text("\n\n\n".join("\n".join(_lines(node, lines)) for node in kept) + "\n", encoding="utf-8")
    return path


def _defines(node: ast.stmt) -> list[str]:
    """Return the names that a top-level statement defines."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return [node.name]
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        return [(alias.asname or alias.name).partition(".")[0] for alias in node.names]
    targets = node.targets if isinstance(node, ast.Assign) else []
    return [name.id for target in targets for name in ast.walk(target) if isinstance(name, ast.Name)]


def _lines(node: ast.stmt, lines: list[str]) -> list[str]:
    first = min([node.lineno, *(each.lineno for each in getattr(node, "decorator_list", ()))])
    return lines[first - 1 : node.end_lineno]
