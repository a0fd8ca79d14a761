"""Finds the imports in Python source code without running it."""

from __future__ import annotations

import ast
import sys

from ..checks._code_library import COMMON

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_NOT_LOADED = frozenset({"antigravity", "this", "__main__", "__future__"})
"""Standard library modules that are never loaded, because they have side effects or are not real modules."""


class Import:
    """A module imported by source code.

    Args:
        module: Dotted name of the module.
        place: File and line.
        is_needed: True if the function needs the module.
        is_tried: True if the code may work without the module because the import is in a `try` or an `if`.
        name: The name imported from the module, which may itself be a module. Empty for an `import`
            statement.
    """

    __slots__ = ("is_needed", "is_tried", "module", "name", "place")

    def __init__(self, module: str, place: str, is_needed: bool, is_tried: bool, name: str = "") -> None:
        self.module, self.place, self.name = module, place, name
        self.is_needed, self.is_tried = is_needed, is_tried

    @property
    def package(self) -> str:
        """The first part of the dotted name."""
        return self.module.partition(".")[0]

    @property
    def is_there(self) -> bool:
        """True if the module does not need to be loaded, because every session has it or must not load it."""
        return self.module in COMMON or self.package in _NOT_LOADED


def has_async(tree: ast.Module) -> bool:
    """Return True if the source code defines an async function, which needs asyncio."""
    return any(isinstance(node, ast.AsyncFunctionDef) for node in ast.walk(tree))


def library_imports(text: str) -> frozenset[str]:
    """Return the standard library modules that source code imports, as arguments for `CPython`."""
    tree = ast.parse(text)
    found = {f"?{one.module}" for one in imports_of(tree, "", "", "") if not one.is_there}
    if has_async(tree):
        found.add("?asyncio")
    return frozenset(found)


def is_pythons(package: str) -> bool:
    """Return True if the package belongs to the standard library."""
    return package.partition(".")[0] in sys.stdlib_module_names


def imports_of(tree: ast.Module, place: str, package: str, function: str) -> Iterator[Import]:
    """Yield a module's imports. Those in functions that `function` does not use are marked as not needed."""
    used = _used_by(tree, function) if function else frozenset()

    def look(node: ast.AST, is_needed: bool, is_tried: bool) -> Iterator[Import]:
        for one in ast.iter_child_nodes(node):
            if isinstance(one, ast.Import):
                for name in one.names:
                    yield Import(name.name, f"{place}:{one.lineno}", is_needed, is_tried)
            elif isinstance(one, ast.ImportFrom):
                around = package.split(".")[: len(package.split(".")) - one.level + 1] if one.level else []
                module = ".".join([*around, *([one.module] if one.module else [])])
                if module:
                    yield Import(module, f"{place}:{one.lineno}", is_needed, is_tried)
                    for name in one.names:
                        yield Import(module, f"{place}:{one.lineno}", False, is_tried, name.name)
            elif isinstance(one, (ast.Try, ast.If)):
                yield from look(one, False, True)
            elif isinstance(one, (*FUNCTIONS, ast.ClassDef)) and node is tree:
                yield from look(one, is_needed and one.name in used, is_tried)
            else:
                yield from look(one, is_needed, is_tried)

    yield from look(tree, True, False)
    yield from _attributes(tree, place)


def _attributes(tree: ast.Module, place: str) -> Iterator[Import]:
    """Yield the module attributes that the code uses, such as `random.default_rng`. Some load a module."""
    modules = {
        name.asname or name.name.partition(".")[0]: name.name if name.asname else name.name.partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for name in node.names
    }
    for node in ast.walk(tree):
        names: list[str] = []
        inner: ast.AST = node
        while isinstance(inner, ast.Attribute):
            names.insert(0, inner.attr)
            inner = inner.value
        if names and isinstance(inner, ast.Name) and inner.id in modules:
            yield Import(modules[inner.id], f"{place}:{inner.lineno}", False, True, ".".join(names))


def _used_by(tree: ast.Module, function: str) -> frozenset[str]:
    """Return a function's name and the names of the functions and classes in its module that it uses."""
    names = {
        one.name: {node.id for node in ast.walk(one) if isinstance(node, ast.Name)}
        for one in tree.body
        if isinstance(one, (*FUNCTIONS, ast.ClassDef))
    }
    found, waiting = {function}, [function]
    while waiting:
        new = names.get(waiting.pop(), set()) - found
        found |= new
        waiting += new
    return frozenset(found)
