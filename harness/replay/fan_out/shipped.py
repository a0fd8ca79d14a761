"""Which of the harness's modules the worker function needs: those that it imports, and no others.

The worker's artifact holds these, the library `graders` and orjson; boto3 comes with Lambda's runtime. They
are found by reading `import` statements, so that a module joins them by being imported.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

__all__ = ["WORKER", "shipped_modules"]

WORKER: Final = "harness.replay.fan_out.part_worker"
"""The module with the handler."""


def shipped_modules(root: Path) -> dict[str, Path]:
    """The files of the harness that the worker imports, at once or when it calls something, by module.

    Args:
        root: The folder that holds the package `harness`.

    Returns:
        The modules, sorted, with their paths relative to the folder; the packages' own files among them.
    """
    found: dict[str, Path] = {}
    waiting = [WORKER]
    while waiting:
        module = waiting.pop()
        path = _file(root, module)
        if module in found or path is None:
            continue
        found[module] = path.relative_to(root)
        parts = module.split(".")
        waiting += (".".join(parts[:length]) for length in range(1, len(parts)))
        waiting += _imported(ast.parse(path.read_bytes(), str(path)))
    return dict(sorted(found.items()))


def _file(root: Path, module: str) -> Path | None:
    """The file of a module of the harness; None for anything else."""
    if module.partition(".")[0] != "harness":
        return None
    plain = root.joinpath(*module.split("."))
    return next((one for one in (plain.with_suffix(".py"), plain / "__init__.py") if one.is_file()), None)


def _imported(node: ast.AST) -> Iterator[str]:
    """The names that may be modules in the imports below a node; those for type checkers alone left out."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        if isinstance(child, ast.Import):
            yield from (alias.name for alias in child.names)
        elif isinstance(child, ast.ImportFrom) and child.module:
            yield child.module
            yield from (f"{child.module}.{alias.name}" for alias in child.names)
        yield from _imported(child)
