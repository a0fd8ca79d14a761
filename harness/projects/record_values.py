"""Finds the values in foreign Python code that come from the record rather than the completion."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Collection, Iterable, Iterator, Mapping

from harness.projects.reached_code import ReachedCode, SourceNode
from harness.projects.syntax import key_of

__all__ = ["RecordValues"]

_NAMES = frozenset(
    "reference reference_answer ref_answer ground_truth ground_truths gold expected expected_answer "
    "correct_answer extra_info extra_infos metadata".split()
)
"""Names that always refer to a value of the record."""
_SAFE = ("isinstance", "print", "bool", "id", "type")
"""Functions that never fail, whatever their argument."""


class RecordValues:
    """Follows values of the record through code: assignments, loops and calls.

    Args:
        code: The code.
        given: The parameters that receive values of the record, by the functions that grade.
    """

    def __init__(self, code: ReachedCode, given: Mapping[str, Collection[str]] | None = None) -> None:
        self._code = code
        self._parts = [*code.parts()]
        self._names: dict[ast.AST, set[str]] = {part.node: set() for part in self._parts}
        for part in self._parts:
            self._names[part.node] |= {*(given or {}).get(getattr(part.node, "name", ""), ())}
        size = -1
        while size != (size := sum(map(len, self._names.values()))):
            for part in self._parts:
                self._spread(part)

    def reads(self, part: SourceNode, statements: Iterable[ast.AST]) -> bool:
        """Return True if statements use a value of the record in a way that may fail.

        Args:
            part: The function, class or top-level statement that contains them.
            statements: The statements.
        """
        return any(self._works_on(part, each) for each in statements)

    def _works_on(self, part: SourceNode, node: ast.AST) -> bool:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _SAFE:
            return False
        if isinstance(node, ast.Attribute) and node.attr in _NAMES or key_of(node) in _NAMES:
            return True
        names = (each.id for each in _worked_on(node) if isinstance(each, ast.Name))
        return any(self._is_known(part, each) for each in names) or any(
            self._works_on(part, each) for each in ast.iter_child_nodes(node)
        )

    def _is_known(self, part: SourceNode, name: str) -> bool:
        return name in _NAMES or name in self._names[part.node]

    def _is_of_record(self, part: SourceNode, value: ast.expr) -> bool:
        """Return True if a value is computed only from the record.

        If a value of the record is compared with a completion, the result is a verdict instead.
        """
        if isinstance(value, ast.Compare):
            return False
        found = False
        for node in _without_places(value):
            if isinstance(node, ast.Attribute) and node.attr in _NAMES or key_of(node) in _NAMES:
                return True
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                if self._is_known(part, node.id):
                    found = True
                elif not self._is_fixed(part.file, node.id):
                    return False
        return found

    def _is_fixed(self, file: str, name: str) -> bool:
        """Return True if a name has the same value for every sample."""
        known = name.isupper() or hasattr(builtins, name) or name in self._code.aliases[file]
        return known or self._code.definition(file, name) is not None

    def _spread(self, part: SourceNode) -> None:
        """Add the names in a part of the code that are bound to a value of the record."""
        for node in ast.walk(part.node):
            if isinstance(node, ast.Assign):
                for target in node.targets:
                    self._bind(part, target, node.value)
            elif isinstance(node, ast.AnnAssign | ast.NamedExpr) and node.value is not None:
                self._bind(part, node.target, node.value)
            elif isinstance(node, ast.For | ast.AsyncFor | ast.comprehension):
                self._bind_each(part, node.target, node.iter)
            elif isinstance(node, ast.Call):
                self._pass_on(part, node)

    def _bind(self, part: SourceNode, target: ast.expr, value: ast.expr) -> None:
        if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
            for one, given in zip(target.elts, value.elts, strict=False):
                self._bind(part, one, given)
        elif self._is_of_record(part, value):
            self._add(part, target)

    def _bind_each(self, part: SourceNode, target: ast.expr, values: ast.expr) -> None:
        called = values.func.id if isinstance(values, ast.Call) and isinstance(values.func, ast.Name) else ""
        if isinstance(values, ast.Call) and isinstance(target, ast.Tuple) and called in ("zip", "enumerate"):
            targets = target.elts if called == "zip" else target.elts[1:]
            for one, given in zip(targets, values.args, strict=False):
                self._bind_each(part, one, given)
        elif self._is_of_record(part, values):
            self._add(part, target)

    def _add(self, part: SourceNode, target: ast.expr) -> None:
        self._names[part.node] |= {
            each.id
            for each in ast.walk(target)
            if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)
        }

    def _pass_on(self, part: SourceNode, call: ast.Call) -> None:
        """Add the parameters of the called function that receive values of the record in this call."""
        found = self._code.meant(part.file, call.func)
        if found is None or isinstance(found[1], ast.ClassDef) or found[1] not in self._names:
            return
        listed = [each.arg for each in [*found[1].args.posonlyargs, *found[1].args.args]]
        given = [*zip(listed, call.args, strict=False)]
        given += [(each.arg, each.value) for each in call.keywords if each.arg]
        for parameter, value in given:
            if self._is_of_record(part, value):
                self._names[found[1]].add(parameter)


def _worked_on(node: ast.AST) -> list[ast.expr]:
    """Return the parts of a node that it processes in a way that may fail."""
    if isinstance(node, ast.Call):
        return [*node.args, *(each.value for each in node.keywords)]
    if isinstance(node, ast.Attribute | ast.Subscript | ast.Starred):
        return [node.value]
    if isinstance(node, ast.BinOp):
        return [node.left, node.right]
    if isinstance(node, ast.UnaryOp) and not isinstance(node.op, ast.Not):
        return [node.operand]
    if isinstance(node, ast.Compare):
        never_fails = all(isinstance(each, ast.Eq | ast.NotEq | ast.Is | ast.IsNot) for each in node.ops)
        return [] if never_fails else [node.left, *node.comparators]
    return [node.iter] if isinstance(node, ast.For | ast.AsyncFor | ast.comprehension) else []


def _without_places(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes of an expression, without subscripts that select a part of a value."""
    yield node
    for name, field in ast.iter_fields(node):
        if not (isinstance(node, ast.Subscript) and name == "slice"):
            for each in field if isinstance(field, list) else [field]:
                if isinstance(each, ast.AST):
                    yield from _without_places(each)
