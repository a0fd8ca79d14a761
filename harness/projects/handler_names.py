"""Finds the Lambda handler of a module from its source."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from harness.errors import InputError

__all__ = ["bound_names", "choose_handler", "looks_like_handler", "names_of_graders"]

_USUAL = "lambda_handler"


def choose_handler(tree: ast.Module, path: Path, named: str | None) -> str:
    """Choose the handler of a module.

    Args:
        tree: The module.
        path: The module's file.
        named: `module.function` or `function`, if the user names the handler.

    Raises:
        InputError: No function can be the handler, several functions can, or the handler is one of this
            library's graders.
    """
    module = path.stem
    names = dict(bound_names(tree))
    graders = names_of_graders(tree)
    if named is not None:
        return _named(named, names, graders, path)
    likely = [name for name, node in names.items() if looks_like_handler(node)]
    if _USUAL in names and _USUAL not in graders and _can_be_one(names[_USUAL]):
        return _USUAL
    likely = [name for name in likely if name not in graders]
    if len(likely) == 1:
        return likely[0]
    if likely:
        fix = f"Name one: --handler {module}.{likely[0]}. It could be {', '.join(likely)}."
        raise InputError(f"has {len(likely)} functions (event, context)", place=str(path), fix=fix)
    if graders:
        raise _is_grader(sorted(graders)[0], path)
    for name, node in names.items():
        if isinstance(node, ast.AsyncFunctionDef) and _takes_two(node):
            raise _is_async(name, path)
    fix = (
        f"A handler is a function (event, context). Name one with other parameters: --handler {module}.NAME."
    )
    raise InputError("has no handler", place=str(path), fix=fix)


def _named(named: str, names: dict[str, ast.stmt], graders: set[str], path: Path) -> str:
    where, _, name = named.rpartition(".")
    if where not in ("", path.stem):
        fix = f"Use --handler {path.stem}.{name}, or name its file with --from."
        raise InputError(f"{named} is in another module than {path.name}", place="--handler", fix=fix)
    if name not in names:
        known = [each for each, node in names.items() if _can_be_one(node)]
        fix = (
            f"It defines {', '.join(known)}." if known else "It defines no function that takes two arguments."
        )
        raise InputError(f"there is no function {name}", place=str(path), fix=fix)
    if name in graders:
        raise _is_grader(name, path)
    if isinstance(names[name], ast.AsyncFunctionDef):
        raise _is_async(name, path)
    if not _can_be_one(names[name]):
        fix = "Lambda calls a handler with two arguments: (event, context)."
        raise InputError(f"{name} is not a handler", place=f"{path}:{names[name].lineno}", fix=fix)
    return name


def _is_grader(name: str, path: Path) -> InputError:
    fix = "Run rft init without --from, then move its code into the new project's grader."
    return InputError(f"{name} is a grader of this library, not a plain handler", place=str(path), fix=fix)


def _is_async(name: str, path: Path) -> InputError:
    fix = "Write a plain function that runs it: asyncio.run(...)."
    return InputError(f"{name} is async, but Lambda does not await handlers", place=str(path), fix=fix)


def bound_names(tree: ast.Module) -> Iterator[tuple[str, ast.stmt]]:
    """Yield the names that a module binds to functions, call results or imported objects."""
    waiting: list[ast.stmt] = list(tree.body)
    while waiting:
        node = waiting.pop(0)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, node
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Call | ast.Name | ast.Lambda):
            yield from ((each.id, node) for each in node.targets if isinstance(each, ast.Name))
        elif isinstance(node, ast.ImportFrom):
            yield from ((each.asname or each.name, node) for each in node.names)
        elif isinstance(node, ast.If | ast.Try | ast.With):
            waiting[:0] = node.body


def looks_like_handler(node: ast.stmt) -> bool:
    """Return True if a function has a handler's parameters with their usual names."""
    if not isinstance(node, ast.FunctionDef) or node.name.startswith("_") or not _takes_two(node):
        return False
    names = [each.arg.lower() for each in [*node.args.posonlyargs, *node.args.args]]
    return len(names) >= 2 and ("event" in names[0] or names[1].strip("_") in ("context", "ctx"))


def _can_be_one(node: ast.stmt) -> bool:
    """Return True if Lambda may be able to call the bound value, as with any assigned or imported name."""
    return isinstance(node, ast.Assign | ast.ImportFrom) or (
        isinstance(node, ast.FunctionDef) and _takes_two(node)
    )


def _takes_two(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Return True if a function can be called with two arguments."""
    given = node.args
    positional = len(given.posonlyargs) + len(given.args)
    needed = positional - len(given.defaults)
    by_name = any(default is None for default in given.kw_defaults)
    return needed <= 2 and (positional >= 2 or given.vararg is not None) and not by_name


def names_of_graders(tree: ast.Module) -> set[str]:
    """Return the names that are bound with this library's `grader`."""
    makers = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module in ("graders", "graders.decorator")
        for alias in node.names
        if alias.name == "grader"
    }

    def makes(node: ast.expr) -> bool:
        called = node.func if isinstance(node, ast.Call) else node
        if isinstance(called, ast.Call):  # grader(timeout_s=5)(function)
            return makes(called)
        if isinstance(called, ast.Attribute):
            return (
                called.attr == "grader"
                and isinstance(called.value, ast.Name)
                and called.value.id == "graders"
            )
        return isinstance(called, ast.Name) and called.id in makers

    return {
        name
        for name, node in bound_names(tree)
        if (isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and makes(node.value))
        or (
            isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            and any(makes(each) for each in node.decorator_list)
        )
    }
