"""Parses a formula over named numbers without evaluating any part of it as Python."""

from __future__ import annotations

import ast
import math
import re
from keyword import iskeyword
from operator import itemgetter

from ..errors import DecorationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from typing import TypeAlias

    Computed: TypeAlias = Callable[[Mapping[str, float]], float]

_LONGEST = 2_000
_DEEPEST = 200
_SIGNS = re.compile(r"[\w\s.,()+\-*/^]*", re.ASCII)
_OPERATORS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: lambda left, right: left + right,
    ast.Sub: lambda left, right: left - right,
    ast.Mult: lambda left, right: left * right,
    ast.Div: lambda left, right: left / right,
    ast.Pow: math.pow,
}
_OF_ONE: dict[str, Callable[[float], float]] = {
    "abs": abs,
    "floor": math.floor,
    "ceil": math.ceil,
    "exp": math.exp,
    "sqrt": math.sqrt,
    "log": math.log,
}
_OF_SEVERAL: dict[str, Callable[..., float]] = {"min": min, "max": max}
_MARK = "\u00b7"
"""Suffix that lets Python parse names that are Python keywords. It cannot occur in a formula.
"""
FUNCTIONS = (*_OF_SEVERAL, *_OF_ONE)
"""Functions that a formula may call. `log` is the natural logarithm."""


def read_formula(text: str, names: Collection[str], *, all_used: bool = True) -> Computed:
    """Return a function that evaluates a formula, given the values of its names.

    Args:
        text: The formula. It may contain numbers, names, `+ - * / ^`, parentheses and `FUNCTIONS`. `^` and
            `**` both mean power.
        names: Names that the formula may use.
        all_used: Whether the formula must use every name.

    Returns:
        A function that raises `ArithmeticError` or `ValueError` if the formula has no finite value.

    Raises:
        DecorationError: The formula is invalid.
    """
    reader = _FormulaReader(text, names)
    computed = reader.read(formula_tree(text, names), 0)
    unused = [name for name in names if name not in reader.used]
    if all_used and unused:
        raise DecorationError(f"formula {text!r}: it does not use {unused[0]}: leave that part out")
    return computed


def formula_tree(text: str, names: Collection[str]) -> ast.expr:
    """Parse a formula into a Python syntax tree. `^` becomes Python's power operator.

    Args:
        text: The formula.
        names: Names that the formula may use. Python keywords are spelled differently in the tree; see
            `name_of`.

    Raises:
        DecorationError: The formula is invalid.
    """
    if not _SIGNS.fullmatch(text) or len(text) > _LONGEST:
        raise DecorationError(
            f"formula {text!r}: write at most {_LONGEST:,} characters: numbers, the parts' names, + - * / ^, "
            f"parentheses, and {', '.join(FUNCTIONS)}"
        )
    python = " ".join(text.split()).replace("^", "**")
    for name in names:
        if iskeyword(name):
            python = re.sub(rf"\b{name}\b", f"{name}{_MARK}", python)
    try:
        return ast.parse(python, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise DecorationError(f"formula {text!r}: it is not a valid formula") from None


def name_of(node: ast.Name, names: Collection[str]) -> str | None:
    """Return the name that a syntax tree node refers to, or None if it is not in `names`."""
    name = node.id.removesuffix(_MARK)
    return name if name in names else None


class _FormulaReader:
    """Compiles a formula's syntax tree into a function."""

    __slots__ = ("names", "text", "used")

    def __init__(self, text: str, names: Collection[str]) -> None:
        self.text = text
        self.names = names
        self.used: set[str] = set()

    def read(self, node: ast.expr, depth: int) -> Computed:
        if depth > _DEEPEST:
            raise self.refused(f"is nested more than {_DEEPEST} deep")
        if isinstance(node, ast.Constant):
            return self.constant(node.value)
        if isinstance(node, ast.Name):
            name = name_of(node, self.names)
            if name is None:
                raise self.refused(f"names {node.id}, and the parts are {', '.join(self.names)}")
            self.used.add(name)
            return itemgetter(name)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.UAdd, ast.USub)):
            inner = self.read(node.operand, depth + 1)
            return inner if isinstance(node.op, ast.UAdd) else lambda values: -inner(values)
        if isinstance(node, ast.BinOp) and (operator := _OPERATORS.get(type(node.op))):
            left, right = self.read(node.left, depth + 1), self.read(node.right, depth + 1)
            if isinstance(node.op, ast.Div) and not _holds_names(node.right) and right({}) == 0:
                raise self.refused(f"divides by 0: {ast.unparse(node)}")
            return self.known(node, lambda values: _finite(operator(left(values), right(values))))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.keywords:
            return self.known(node, self.call(node.func.id, [self.read(one, depth + 1) for one in node.args]))
        raise self.refused(f"contains what a formula cannot contain: {ast.unparse(node)}")

    def known(self, node: ast.expr, computed: Computed) -> Computed:
        """Compute a constant part immediately, so that `log(0)` is an error when the check is created."""
        if _holds_names(node):
            return computed
        try:
            number = computed({})
        except (ArithmeticError, ValueError):
            raise self.refused(f"contains {ast.unparse(node)}, which has no value") from None
        return lambda values: number

    def constant(self, value: object) -> Computed:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise self.refused(f"contains {value!r}, which is not a number")
        try:
            number = _finite(float(value))
        except OverflowError:
            raise self.refused("contains a number that is too large") from None
        return lambda values: number

    def call(self, name: str, given: list[Computed]) -> Computed:
        several = _OF_SEVERAL.get(name)
        if several and given:
            return lambda values: several([one(values) for one in given])
        function = _OF_ONE.get(name)
        if function is None or len(given) != 1:
            known = ", ".join(f"{one}(x)" for one in _OF_ONE)
            raise self.refused(f"calls {name} incorrectly: write min(x, y), max(x, y), {known}")
        [inner] = given
        return lambda values: _finite(float(function(inner(values))))

    def refused(self, why: str) -> DecorationError:
        return DecorationError(f"formula {self.text!r}: it {why}")


def _holds_names(node: ast.expr) -> bool:
    """Return True if an expression depends on a named number."""
    called = {id(inner.func) for inner in ast.walk(node) if isinstance(inner, ast.Call)}
    return any(isinstance(inner, ast.Name) and id(inner) not in called for inner in ast.walk(node))


def _finite(value: float) -> float:
    if not math.isfinite(value):
        raise OverflowError("a number is too large")
    return value
