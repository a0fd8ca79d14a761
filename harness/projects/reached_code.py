"""Finds the code that runs when a function is called: its module's top level and everything that it uses."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple, TypeAlias

from harness.projects.syntax import aliases_of, caught_by, dotted, module_of_import, packages_of

__all__ = ["Definition", "Function", "ReachedCode", "SourceNode"]

Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef
Definition: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
_CATCH_IMPORTS = {"ImportError", "ModuleNotFoundError", "Exception", "BaseException"}
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


class SourceNode(NamedTuple):
    """A node of a source file."""

    file: str
    node: ast.AST

    @property
    def line(self) -> int:
        """Line of the node."""
        return getattr(self.node, "lineno", 1)

    def __str__(self) -> str:
        """File and line."""
        return f"{self.file}:{self.line}"


class ReachedCode:
    """The parts of source files that run when functions in the first file are called, judging by names.

    Args:
        trees: The syntax trees of the files by name, starting with the file of the functions.
        functions: Names of functions in the first file.
    """

    def __init__(self, trees: Mapping[str, ast.Module], functions: Iterable[str]) -> None:
        self._trees = trees
        self._main = next(iter(trees))
        self._modules = {_module_of(name): name for name in trees}
        self._defined = {name: _definitions(tree) for name, tree in trees.items()}
        self.aliases = {name: aliases_of(tree, name) for name, tree in trees.items()}
        """Full names by imported name, for each file: `np` is `numpy`, `run` is `subprocess.run`."""
        self._stars = {name: _stars(name, tree) for name, tree in trees.items()}
        self._reached: dict[str, dict[str, Definition]] = {name: {} for name in trees}
        waiting: list[tuple[str, ast.AST]] = [
            (name, node) for name, tree in trees.items() for node in _top(tree)
        ]
        waiting += filter(None, (self._reach(self.definition(self._main, name)) for name in functions))
        while waiting:
            waiting += self._named_in(*waiting.pop())

    def parts(self) -> Iterator[SourceNode]:
        """Yield the top-level statements of each file, and the functions and classes that are reached."""
        for name, tree in self._trees.items():
            yield from (SourceNode(name, node) for node in _top(tree))
            yield from (SourceNode(name, node) for node in self._reached[name].values())

    def nodes(self) -> Iterator[SourceNode]:
        """Yield every reached node of the syntax trees."""
        for file, part in self.parts():
            yield from (SourceNode(file, node) for node in ast.walk(part))

    def packages(self) -> set[str]:
        """Return the imported packages, except those imported only in functions that are not reached."""
        return {name for _, node in self.nodes() for name in packages_of(node)}

    def needed_imports(self) -> Iterator[tuple[str, SourceNode]]:
        """Yield each package that the code requires, along with the import that requires it.

        Imports under an `if`, or in a `try` that catches their failure, are optional.
        """
        waiting: list[tuple[str, ast.AST]] = [(place.file, place.node) for place in self.parts()][::-1]
        while waiting:
            file, node = waiting.pop()
            yield from ((name, SourceNode(file, node)) for name in packages_of(node))
            if isinstance(node, ast.Try | ast.TryStar):
                needed = [*node.orelse, *node.finalbody]
                if not any({*caught_by(each)} & _CATCH_IMPORTS for each in node.handlers):
                    needed += node.body
                waiting += [(file, each) for each in needed][::-1]
            elif not isinstance(node, ast.If | ast.expr):
                waiting += [(file, each) for each in ast.iter_child_nodes(node)][::-1]

    def texts(self) -> set[str]:
        """Return the strings in the code."""
        return {
            node.value
            for _, node in self.nodes()
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        }

    def definition(self, file: str, name: str) -> tuple[str, Definition] | None:
        """Return the function or class that a name in a file refers to, with the file that defines it."""
        waiting, seen = [(file, name)], set()
        while waiting:
            file, name = place = waiting.pop(0)
            if name in self._defined[file]:
                return file, self._defined[file][name]
            if place not in seen:
                seen.add(place)
                module, _, inner = self.aliases[file].get(name, "").rpartition(".")
                for each, wanted in ((module, inner), *((star, name) for star in self._stars[file])):
                    if (other := self._modules.get(each.lstrip("."))) is not None:
                        waiting.append((other, wanted))
        return None

    def meant(self, file: str, node: ast.expr) -> tuple[str, Definition] | None:
        """Return the function or class that an expression names: `f`, `module.f`, `package.module.f`.

        Args:
            file: The file of the expression.
            node: The expression.
        """
        if isinstance(node, ast.Name):
            return self.definition(file, node.id)
        if isinstance(node, ast.Attribute):
            name = dotted(node.value, self.aliases[file])
            module = None if name is None else self._modules.get(name.lstrip("."))
            return None if module is None else self.definition(module, node.attr)
        return None

    def called(self, place: SourceNode) -> str | None:
        """Return the full dotted name of the called function."""
        if not isinstance(place.node, ast.Call):
            return None
        return dotted(place.node.func, self.aliases[place.file])

    def _reach(self, found: tuple[str, Definition] | None) -> tuple[str, Definition] | None:
        """Mark a function or class as reached and return it, or return None if it was already marked."""
        if found is None or found[1].name in self._reached[found[0]]:
            return None
        self._reached[found[0]][found[1].name] = found[1]
        return found

    def _named_in(self, file: str, part: ast.AST) -> Iterator[tuple[str, Definition]]:
        """Yield the functions and classes that a part of a file names, except those already reached."""
        for node in ast.walk(part):
            if isinstance(node, ast.Name | ast.Attribute) and (found := self._reach(self.meant(file, node))):
                yield found


def _module_of(name: str) -> str:
    return name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _top(tree: ast.Module) -> Iterator[ast.stmt]:
    """Yield a module's statements that run on import, except definitions of functions and classes."""
    for node in tree.body:
        if not isinstance(node, _DEFINITIONS) and not _is_for_scripts(node):
            yield node


def _is_for_scripts(node: ast.stmt) -> bool:
    """Return True for `if __name__ == "__main__":` and for branches that only type checkers read."""
    if not isinstance(node, ast.If):
        return False
    names = {each.id for each in ast.walk(node.test) if isinstance(each, ast.Name)}
    return bool(names & {"__name__", "TYPE_CHECKING"})


def _definitions(tree: ast.Module) -> dict[str, Definition]:
    """Return the functions and classes of a module, including those in its `if` and `try` statements."""
    found: dict[str, Definition] = {}
    waiting: list[ast.stmt] = list(tree.body)
    while waiting:
        node = waiting.pop(0)
        if isinstance(node, _DEFINITIONS):
            found[node.name] = node
        elif isinstance(node, ast.If | ast.Try | ast.With) and not _is_for_scripts(node):
            waiting[:0] = [*node.body, *getattr(node, "orelse", [])]
    return found


def _stars(file: str, tree: ast.Module) -> list[str]:
    """Return the modules from which a module imports all names (`import *`)."""
    return [
        module_of_import(node, file)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.names[0].name == "*"
    ]
