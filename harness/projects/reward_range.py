"""Finds the smallest and the largest reward of a function from the constants in its source."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from harness.projects.foreign_function import ForeignFunction
from harness.projects.imported import ImportNote
from harness.projects.reached_code import Definition, ReachedCode
from harness.projects.written_numbers import written_number, written_range

__all__ = ["Shown", "range_of", "shown_rewards"]

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_DEEPEST = 12
_SCORES = ("score", "aggregate_reward_score", "reward")
_SAME = ("float", "int", "round", "max", "min", "abs", "asdict")


def range_of(
    code: ReachedCode, file: str, functions: Sequence[ForeignFunction]
) -> tuple[tuple[float, float], list[ImportNote]]:
    """Return the range of the functions' combined reward, and notes of which the last states the range.

    Args:
        code: The code that runs when the functions are called.
        file: The file that defines the functions.
        functions: The functions with their weights.
    """
    low = high = 0.0
    notes = []
    for each in functions:
        share = 1.0 if each.weight is None else each.weight
        shown = shown_rewards(code, file, each.name)
        values = [0.0, 1.0, *(one.value for one in shown)]
        ends = sorted((share * min(values), share * max(values)))
        low, high = low + ends[0], high + ends[1]
        for one in shown:
            if not 0 <= one.value <= 1:
                notes.append(
                    ImportNote(
                        one.place, "mapped", f"a reward of {written_number(one.value)} widens the range"
                    )
                )
    what = f"the range is {written_range((low, high))}, judging by the source; --range sets another"
    return (low, high), [*dict.fromkeys(notes), ImportNote(file, "mapped", what)]


class Shown(NamedTuple):
    """A number that a function may return."""

    value: float
    place: str


def shown_rewards(code: ReachedCode, file: str, function: str) -> list[Shown]:
    """Find the numbers that a function returns as rewards, to the extent that its constants show them.

    Args:
        code: The code that runs when the function is called.
        file: The file that defines the function.
        function: The function's name.
    """
    reader = _Reader(code)
    found = code.definition(file, function)
    return list(reader.made() if found is None else reader.returned(*found, 0)) or list(reader.scores())


class _Reader:
    def __init__(self, code: ReachedCode) -> None:
        self._code = code
        self._seen: set[ast.AST] = set()

    def scores(self) -> Iterator[Shown]:
        """Yield values that the code stores under a key such as "score", as handlers do in responses."""
        around: dict[ast.AST, tuple[str, Definition]] = {}
        for file, part in self._code.parts():
            if not isinstance(part, ast.stmt) or not hasattr(part, "name"):
                continue
            for node in ast.walk(part):
                around.setdefault(node, (file, part))  # type: ignore[arg-type]
        for node, (file, part) in around.items():
            for value in _named_scores(node):
                yield from self._value(value, file, part, 0)

    def made(self) -> Iterator[Shown]:
        """Yield return values of nested functions and methods, because the code may call them anywhere."""
        for file, part in self._code.parts():
            for node in ast.walk(part):
                is_method = isinstance(part, ast.ClassDef) and getattr(node, "name", "") == "__call__"
                is_inner = isinstance(part, _FUNCTIONS) and node is not part
                if isinstance(node, _FUNCTIONS) and (is_method or is_inner):
                    yield from self.returned(file, node, 0)

    def returned(self, file: str, part: Definition, depth: int) -> Iterator[Shown]:
        for node in _own_nodes(part):
            if isinstance(node, ast.Return) and node.value is not None:
                yield from self._value(node.value, file, part, depth)

    def _value(self, node: ast.expr, file: str, part: Definition, depth: int) -> Iterator[Shown]:
        if depth > _DEEPEST or node in self._seen:
            return
        number = _number(node)
        if number is not None:
            yield Shown(number, f"{file}:{node.lineno}")
            return
        self._seen.add(node)
        for each in self._parts(node, file, part, depth):
            if isinstance(each, Shown):
                yield each
            else:
                yield from self._value(each, file, part, depth + 1)

    def _parts(self, node: ast.expr, file: str, part: Definition, depth: int) -> Iterator[ast.expr | Shown]:
        """Yield the possible values of an expression."""
        if isinstance(node, ast.Name):
            yield from _bound_to(node.id, part)
        elif isinstance(node, ast.Call):
            yield from _named_scores(node)
            if isinstance(node.func, ast.Name) and node.func.id in _SAME:
                yield from node.args
            elif (found := self._code.meant(file, node.func)) and not isinstance(found[1], ast.ClassDef):
                yield from self.returned(*found, depth + 1)
        elif type(node) in _PARTS:
            yield from _PARTS[type(node)](node)


def _named_scores(node: ast.AST) -> Iterator[ast.expr]:
    """Yield the values that an expression holds under a key such as "score"."""
    if isinstance(node, ast.Dict):
        for key, value in zip(node.keys, node.values, strict=True):
            if isinstance(key, ast.Constant) and key.value in _SCORES:
                yield value
    elif isinstance(node, ast.Call):
        called = node.func.id if isinstance(node.func, ast.Name) else ""
        if called[:1].isupper() and "Metric" not in called:  # an object for a result
            yield from (each.value for each in node.keywords if each.arg in _SCORES)


def _own_nodes(part: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes of a function without those of nested functions."""
    for node in ast.iter_child_nodes(part):
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield from _own_nodes(node)


def _bound_to(name: str, part: Definition) -> Iterator[ast.expr]:
    """Yield the values that a function assigns to a name or appends to the list with that name."""
    for node in ast.walk(part):
        if isinstance(node, ast.Assign):
            if any(isinstance(each, ast.Name) and each.id == name for each in node.targets):
                yield node.value
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            if isinstance(node.target, ast.Name) and node.target.id == name:
                yield node.value
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
            held = node.func.value
            if node.func.attr == "append" and isinstance(held, ast.Name) and held.id == name:
                yield node.args[0]
        elif isinstance(node, ast.arguments):
            placed = [*node.posonlyargs, *node.args]
            defaults = dict(zip(reversed(placed), reversed(node.defaults), strict=False))
            defaults |= {
                a: d for a, d in zip(node.kwonlyargs, node.kw_defaults, strict=True) if d is not None
            }
            yield from (value for arg, value in defaults.items() if arg.arg == name)


def _number(node: ast.expr) -> float | None:
    try:
        value = ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None
    if isinstance(value, bool | int | float) and -1e9 < value < 1e9:
        return float(value)
    return None


_PARTS: dict[type[ast.expr], Callable[[Any], Iterable[ast.expr]]] = {
    ast.IfExp: lambda node: (node.body, node.orelse),
    ast.BoolOp: lambda node: node.values,
    ast.List: lambda node: node.elts,
    ast.Tuple: lambda node: node.elts[:1],
    ast.ListComp: lambda node: (node.elt,),
    ast.Await: lambda node: (node.value,),
    ast.Dict: lambda node: _named_scores(node),
    # [0.0] * len(completions)
    ast.BinOp: lambda node: (each for each in (node.left, node.right) if isinstance(each, ast.List)),
}
"""Possible values of an expression, by the expression's type."""
