"""Finds the grading functions in a Python file and the platform for which they were written."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.errors import InputError
from harness.projects.foreign_kinds import (
    KINDS_OF_PYTHON,
    Callables,
    is_grader_class,
    kind_of,
    parameters_of,
)
from harness.projects.handler_names import bound_names, names_of_graders
from harness.projects.reached_code import ReachedCode
from harness.projects.syntax import aliases_of
from harness.projects.trainer_arguments import given_functions

__all__ = ["ForeignFunction", "find_functions"]

# Usual names of entry points. If a file has several functions of one kind, such a name decides.
_USUAL = {"lambda": "lambda_handler", "verl": "compute_score", "openai": "grade"}
_OF_LIBRARIES = ("eval-protocol", "llm-eval-kit")


@dataclass(frozen=True, slots=True)
class ForeignFunction:
    """A grading function that was written for another platform."""

    kind: str
    """The platform, one of `KINDS_OF_PYTHON`."""
    name: str
    line: int
    node: Callables | None
    """The function's definition; None if the source does not contain it."""
    weight: float | None = None
    """The function's weight in the reward; None if the file does not state it."""


def find_functions(
    tree: ast.Module, path: Path, named: Sequence[str] = (), kind: str | None = None
) -> tuple[ForeignFunction, ...]:
    """Find a file's grading function, or all the functions that the file passes to a TRL trainer.

    Args:
        tree: The module.
        path: The module's file.
        named: Functions that the user names.
        kind: The platform that the user names.

    Raises:
        InputError: No function fits, several functions fit, or a function that the user names does not fit.
    """
    finder = _Finder(tree, path)
    if named:
        return finder.named(named, kind)
    listed = finder.listed() if kind in (None, "trl") else ()
    return listed or (finder.alone(kind),)


class _Finder:
    def __init__(self, tree: ast.Module, path: Path) -> None:
        self._tree, self._path = tree, path
        self._names = dict(bound_names(tree))
        self._bound = {
            name: node for name, node in self._names.items() if not isinstance(node, ast.ImportFrom)
        }
        self._imports = aliases_of(tree, path.name)
        self._bound |= {
            node.name: node
            for node in tree.body
            if isinstance(node, ast.ClassDef)
            and any(is_grader_class(base, self._imports) for base in node.bases)
        }
        self._ours = names_of_graders(tree)

    def named(self, names: Sequence[str], kind: str | None) -> tuple[ForeignFunction, ...]:
        found = tuple(self._named(name, kind) for name in names)
        kinds = sorted({each.kind for each in found})
        if len(found) > 1 and kinds != ["trl"]:
            fix = "Only in TRL can several functions make one reward: name one."
            message = f"--take names {len(found)} functions of {', '.join(kinds)}"
            raise InputError(message, place=str(self._path), fix=fix)
        return found

    def _named(self, name: str, kind: str | None) -> ForeignFunction:
        where, _, inner = name.rpartition(".")
        if where == self._path.stem:
            name = inner
        if name in self._ours:
            raise self._is_ours(name)
        if name not in self._bound and kind is not None and name in self._names:
            return ForeignFunction(kind, name, self._names[name].lineno, None)
        if name not in self._bound:
            raise self._unbound(name)
        node = self._bound[name]
        candidate = self._candidate(name, node, kind)
        if candidate is None:
            fix = f"Add --as with the platform: {', '.join(KINDS_OF_PYTHON)}."
            shown = (
                "it has no parameters that show" if _callable(node) is None else "its parameters do not show"
            )
            raise InputError(
                f"{name}: {shown} for which platform it was written",
                place=f"{self._path}:{node.lineno}",
                fix=fix,
            )
        return candidate

    def listed(self) -> tuple[ForeignFunction, ...]:
        """Return the functions that the file passes to a TRL trainer as `reward_funcs`."""
        entries = given_functions(self._tree, self._path)
        return tuple(self._part(each.function, each.weight) for each in entries)

    def _part(self, part: ast.expr, weight: float | None) -> ForeignFunction:
        """Resolve one entry of `reward_funcs`."""
        place = f"{self._path}:{part.lineno}"
        if isinstance(part, ast.Constant):
            fix = "Name only the functions: --take NAME."
            raise InputError(f"the reward model {part.value!r} cannot be imported", place=place, fix=fix)
        if not isinstance(part, ast.Name):
            fix = "Give it a name at the top of the module: brief = ..., then reward_funcs=[brief]."
            raise InputError("an entry of reward_funcs is not the name of a function", place=place, fix=fix)
        if part.id not in self._bound:
            raise self._unbound(part.id, place)
        node = self._bound[part.id]
        return ForeignFunction("trl", part.id, node.lineno, _callable(node), weight)

    def alone(self, kind: str | None) -> ForeignFunction:
        """Return the only function that fits."""
        public = {
            name: node
            for name, node in self._bound.items()
            if not name.startswith("_") and name not in self._ours
            if _callable(node) is not None or isinstance(node, ast.ClassDef)
        }
        shown = [each for name, node in public.items() if (each := self._candidate(name, node, None))]
        found = [each for each in shown if kind in (None, each.kind)]
        if not found and kind is not None:  # the user named the platform, so any function may fit
            found = [
                ForeignFunction(kind, name, node.lineno, _callable(node)) for name, node in public.items()
            ]
        if kind is None:  # prefer a library's grader to a handler around it
            found = [each for each in found if each.kind in _OF_LIBRARIES] or found
        usual = [each for each in found if each.name == _USUAL.get(each.kind)]
        found = self._not_called(found)
        if len(found) == 1:
            return found[0]
        if len(usual) == 1 and all(each.kind == usual[0].kind for each in found):
            return usual[0]
        if found:
            raise self._several(found)
        if self._ours:
            raise self._is_ours(sorted(self._ours)[0])
        if kind in (None, "lambda") and _USUAL["lambda"] in self._names:  # made by a call, or imported
            name = _USUAL["lambda"]
            return ForeignFunction("lambda", name, self._names[name].lineno, None)
        raise self._none(kind)

    def _not_called(self, found: list[ForeignFunction]) -> list[ForeignFunction]:
        """Leave out functions that others call, such as a `compute_score` that is only part of a handler."""
        called: set[str] = set()
        for each in found:
            reached = ReachedCode({self._path.name: self._tree}, [each.name])
            called |= {
                part.node.name
                for part in reached.parts()
                if isinstance(part.node, ast.FunctionDef | ast.AsyncFunctionDef)
                and part.node.name != each.name
            }
        return [each for each in found if each.name not in called] or found

    def _candidate(self, name: str, node: ast.stmt, kind: str | None) -> ForeignFunction | None:
        """Return the function with its platform, or None if the platform is neither given nor recognized."""
        function = _callable(node)
        if isinstance(node, ast.ClassDef):
            known: str | None = "llm-eval-kit"
        else:
            known = kind or (None if function is None else kind_of(name, node, function, self._imports))
        return None if known is None else ForeignFunction(known, name, node.lineno, function)

    def _several(self, found: list[ForeignFunction]) -> InputError:
        listed = ", ".join(f"{each.name} ({each.kind}, line {each.line})" for each in found[:12])
        more = "" if len(found) <= 12 else f" and {len(found) - 12} more"
        together = (
            " Repeat the option for several TRL functions." if {e.kind for e in found} == {"trl"} else ""
        )
        fix = f"Name one: --take {found[0].name}.{together}"
        return InputError(
            f"{len(found)} functions could be the grader: {listed}{more}", place=str(self._path), fix=fix
        )

    def _none(self, kind: str | None) -> InputError:
        wanted = ", ".join([KINDS_OF_PYTHON[kind]] if kind else KINDS_OF_PYTHON.values())
        for node in ast.walk(self._tree):
            if isinstance(node, ast.Import | ast.ImportFrom) and _mentions(
                node, "nova_custom_evaluation_sdk"
            ):
                fix = (
                    "Its pre- and postprocessors have no equivalent: write the scoring as a function "
                    "(messages, ground_truth), or as a Lambda handler."
                )
                return InputError(
                    "uses nova_custom_evaluation_sdk", place=f"{self._path}:{node.lineno}", fix=fix
                )
        names = [name for name, node in self._bound.items() if _callable(node) is not None]
        for each in ast.walk(self._tree):
            if isinstance(each, ast.ClassDef) and _is_called_with_completions(each):
                fix = "Name one made at the top of the module: --take NAME --as trl."
                return InputError(
                    f"{each.name} is a class of reward functions",
                    place=f"{self._path}:{each.lineno}",
                    fix=fix,
                )
        others = f"It defines {', '.join(names[:8])}. " if names else ""
        fix = f"{others}Such a function is {wanted}. Or name one: --take NAME --as KIND."
        return InputError("has no function that grades", place=str(self._path), fix=fix)

    def _is_ours(self, name: str) -> InputError:
        fix = f"It does not need an import: rft replay ROLLOUTS --grader {self._path}:{name}."
        return InputError(
            f"{name} is already a grader of this library",
            place=f"{self._path}:{self._bound[name].lineno}",
            fix=fix,
        )

    def _unbound(self, name: str, place: str | None = None) -> InputError:
        """Explain why a name does not refer to a top-level function of the module."""
        outer, _, inner = name.rpartition(".")
        for node in ast.walk(self._tree):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                continue
            line = f"{self._path}:{node.lineno}"
            if isinstance(node, ast.ClassDef) and node.name in (name, outer):
                fix = f"Create an instance at the top of the module and name that: reward = {node.name}(...)."
                shown = f"{name} is a method" if inner and outer else f"{name} is a class"
                return InputError(
                    f"{shown}: only functions can be called without an instance", place=line, fix=fix
                )
            if node.name == (inner or name):
                fix = "Move it to the top of the module."
                return InputError(f"{name} is defined inside another function or class", place=line, fix=fix)
        if name in self._imports:
            fix = "Import the file that defines it, or add --as with the platform."
            message = f"{name} comes from {self._imports[name]}"
            return InputError(message, place=place or str(self._path), fix=fix)
        names = [each for each, node in self._bound.items() if _callable(node) is not None]
        known = f"It defines {', '.join(names[:12])}." if names else "It defines no function."
        return InputError(f"there is no function {name}", place=place or str(self._path), fix=known)


def _is_called_with_completions(node: ast.ClassDef) -> bool:
    calls = (each for each in node.body if isinstance(each, ast.FunctionDef) and each.name == "__call__")
    return any({"completions", "completion_ids"} & {*parameters_of(each).names} for each in calls)


def _callable(node: ast.stmt) -> Callables | None:
    """Return the function that a statement defines, or None if the statement contains no definition."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return node
    return node.value if isinstance(node, ast.Assign) and isinstance(node.value, ast.Lambda) else None


def _mentions(node: ast.Import | ast.ImportFrom, package: str) -> bool:
    names = [node.module or ""] if isinstance(node, ast.ImportFrom) else [each.name for each in node.names]
    return any(name.partition(".")[0] == package for name in names)
