"""Finds code that catches a failure and returns a reward, as if the model had answered."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Iterator, Mapping
from math import inf

from harness.projects.reached_code import ReachedCode, SourceNode
from harness.projects.record_values import RecordValues
from harness.projects.syntax import caught_by, packages_of
from harness.projects.written_numbers import written_number

__all__ = ["failure_notes"]

# Errors that parsing a completion raises if the completion contains no answer.
_OF_ANSWERS = (
    "ValueError TypeError KeyError IndexError LookupError AttributeError ZeroDivisionError ArithmeticError "
    "OverflowError JSONDecodeError UnicodeDecodeError UnicodeError InvalidOperation AssertionError "
    "SyntaxError StopIteration"
).split()
_OF_IMPORTS = ("ImportError", "ModuleNotFoundError")
_OF_ALL = ("Exception", "BaseException")


def failure_notes(
    code: ReachedCode, values: RecordValues, missing: Collection[str]
) -> Iterator[tuple[SourceNode, str]]:
    """Report code that still returns a reward after a failure that the completion did not cause.

    Args:
        code: The code that runs when the source grades.
        values: The values in the code that come from the record.
        missing: Imported packages that are not installed.
    """
    for part in code.parts():
        for node in ast.walk(part.node):
            if isinstance(node, ast.Try | ast.TryStar):
                inside = (each for statement in node.body for each in ast.walk(statement))
                lacks = sorted({name for each in inside for name in packages_of(each)} & {*missing})
                for handler in node.handlers:
                    if lacks and _catches(handler, (*_OF_IMPORTS, *_OF_ALL)):
                        yield from _without(lacks, part.file, handler, code)
                        lacks = []
                    elif what := _hidden(handler, values.reads(part, node.body)):
                        yield SourceNode(part.file, handler), what
            elif isinstance(node, ast.With) and any(
                _suppresses(part.file, each.context_expr, code) for each in node.items
            ):
                yield SourceNode(part.file, node), _PASSED


_PASSED = "this ignores a failure, which then looks like a wrong answer; let it raise"


def _hidden(handler: ast.ExceptHandler, reads_record: bool) -> str | None:
    """Return the note about an exception handler that hides a failure, or None if the handler is harmless."""
    inside = [*ast.walk(handler)]
    paid = _paid(inside)
    if all(name in _OF_ANSWERS for name in caught_by(handler)):
        if paid is None or not reads_record:
            return None
        return (
            f"if a reference or another field of the record cannot be read, this pays {paid}, like a wrong "
            "answer; let it raise"
        )
    if paid is not None:
        return f"this pays {paid} for a failure, which then looks like a reward; let it raise"
    if all(name in _OF_IMPORTS for name in caught_by(handler)):
        return None  # The handler replaces a missing package. It does not grade.
    if any(isinstance(each, ast.Raise) for each in inside):
        return None
    given = [each.value for each in inside if isinstance(each, ast.Return)]
    return _PASSED if all(each is None or isinstance(each, ast.Constant) for each in given) else None


def _catches(handler: ast.ExceptHandler, names: Collection[str]) -> bool:
    return any(name in names for name in caught_by(handler))


def _suppresses(file: str, node: ast.expr, code: ReachedCode) -> bool:
    """Return True if a `with` suppresses errors other than those that an invalid completion causes."""
    if code.called(SourceNode(file, node)) != "contextlib.suppress" or not isinstance(node, ast.Call):
        return False
    return any(ast.unparse(each).rpartition(".")[2] not in (*_OF_ANSWERS, *_OF_IMPORTS) for each in node.args)


def _without(
    lacks: list[str], file: str, handler: ast.ExceptHandler, code: ReachedCode
) -> Iterator[tuple[SourceNode, str]]:
    """Yield notes on how samples are rewarded while these packages are not installed."""
    inside = [*ast.walk(handler)]
    if any(isinstance(each, ast.Raise) for each in inside):
        return
    names = " and ".join(lacks)
    paid = _paid(inside)
    if paid is not None:
        yield SourceNode(file, handler), f"without {names} every sample earns {paid}"
        return
    flags = _flags(inside)
    found = False
    for place in code.nodes():
        if isinstance(place.node, ast.If | ast.IfExp) and place.file == file:
            taken = _taken(place.node, flags)
            paid = _paid([each for statement in taken for each in ast.walk(statement)], taken)
            if paid is not None:
                found = True
                yield place, f"without {names} every sample earns {paid}"
    if not found:
        what = f"without {names} this code takes its place, and may grade differently"
        yield SourceNode(file, handler), what


def _flags(nodes: Iterable[ast.AST]) -> dict[str, object]:
    """Return the names that the nodes set to constants, with their values."""
    return {
        target.id: node.value.value
        for node in nodes
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def _taken(node: ast.If | ast.IfExp, flags: Mapping[str, object]) -> list[ast.AST]:
    """Return the branch that runs if the flags have these values, or an empty list if it is unknown."""
    holds = _holds(node.test, flags)
    if holds is None:
        return []
    branch = node.body if holds else node.orelse
    return [*branch] if isinstance(branch, list) else [branch]


def _holds(test: ast.expr, flags: Mapping[str, object]) -> bool | None:
    """Return a condition's truth value, or None if it is unknown."""
    if isinstance(test, ast.Name):
        return bool(flags[test.id]) if test.id in flags else None
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        inner = _holds(test.operand, flags)
        return None if inner is None else not inner
    if isinstance(test, ast.BoolOp):
        decides = isinstance(test.op, ast.Or)
        return decides if decides in [_holds(each, flags) for each in test.values] else None
    if isinstance(test, ast.Compare) and isinstance(test.left, ast.Name) and test.left.id in flags:
        [operator, *more], [right, *_] = test.ops, test.comparators
        if not more and isinstance(right, ast.Constant):
            same = flags[test.left.id] == right.value
            return same if isinstance(operator, ast.Is | ast.Eq) else not same
    return None


def _paid(nodes: Iterable[ast.AST], values: Iterable[ast.AST] = ()) -> str | None:
    """Return the number that statements return as a reward, formatted for a message.

    Args:
        nodes: The statements and all nodes in them.
        values: Expressions that are returned directly.
    """
    for value in values:
        if isinstance(value, ast.expr) and (number := _number_in(value)) is not None:
            return number
    for node in nodes:
        given: ast.expr | None = None
        if isinstance(node, ast.Return):
            if isinstance(node.value, ast.Constant) and isinstance(node.value.value, bool):
                return f"{node.value.value:d}"
            given = node.value
        elif isinstance(node, ast.Assign):
            given = node.value
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
            given = node.args[0] if node.func.attr == "append" else None
        if given is not None and (number := _number_in(given)) is not None:
            return number
    return None


def _number_in(node: ast.expr) -> str | None:
    """Return the number that an expression is, or that it holds under a key such as "score"."""
    if isinstance(node, ast.UnaryOp | ast.Constant):
        try:
            value = ast.literal_eval(node)
        except ValueError:
            return None
        is_number = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < inf
        return written_number(value) if is_number else None
    if isinstance(node, ast.List | ast.Tuple):
        return next((found for each in node.elts if (found := _number_in(each)) is not None), None)
    if isinstance(node, ast.BinOp):  # [0.0] * len(completions)
        return _number_in(node.left) if isinstance(node.left, ast.List) else None
    if isinstance(node, ast.ListComp):
        return _number_in(node.elt)
    if isinstance(node, ast.Dict):
        pairs = zip(node.keys, node.values, strict=True)
        named = [value for key, value in pairs if isinstance(key, ast.Constant) and "score" in str(key.value)]
        return next((found for each in named if (found := _number_in(each)) is not None), None)
    if isinstance(node, ast.Call):
        named = [each.value for each in node.keywords if each.arg and "score" in each.arg]
        return next((found for each in named if (found := _number_in(each)) is not None), None)
    return None
