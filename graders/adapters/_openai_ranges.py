"""Computes the range of an OpenAI grader's scores by interval arithmetic on its formula."""

from __future__ import annotations

import ast
import math

from ..checks._arithmetic import formula_tree, name_of
from ._openai_spec import EndpointGrader, MultiGrader, ScoreModel

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import TypeAlias

    from ._openai_spec import OpenAIGrader

    Interval: TypeAlias = tuple[float, float]
    Bounds: TypeAlias = Interval | None

_RISING: dict[str, Callable[[float], float]] = {
    "floor": math.floor,
    "ceil": math.ceil,
    "exp": math.exp,
    "sqrt": lambda value: math.sqrt(max(value, 0.0)),  # a negative number has no root, so no score
    "log": math.log,
}
_LARGEST_POWER = 1_000


def score_range(node: OpenAIGrader) -> Bounds:
    """Return the smallest and largest score, or None if either does not exist or is not documented."""
    if isinstance(node, EndpointGrader):
        return None
    if isinstance(node, ScoreModel):
        return node.low, node.high  # an unread completion gets the lower bound
    if not isinstance(node, MultiGrader):
        return 0.0, 1.0
    ranges = {key: score_range(each) for key, each in node.graders.items()}
    try:
        found = _range_of(formula_tree(node.formula, ranges), ranges)
    except (ArithmeticError, ValueError):
        return None
    if found is None or not all(map(math.isfinite, found)):
        return None
    low, high = found
    return (min(low, 0.0), max(high, 1.0)) if low == high else found


def _range_of(node: ast.expr, ranges: Mapping[str, Bounds]) -> Bounds:
    """Return the range of a part of a formula."""
    if isinstance(node, ast.Constant):
        return float(node.value), float(node.value)  # type: ignore[arg-type]
    if isinstance(node, ast.Name):
        return ranges[name_of(node, ranges) or ""]
    if isinstance(node, ast.UnaryOp):
        inner = _range_of(node.operand, ranges)
        return (-inner[1], -inner[0]) if inner and isinstance(node.op, ast.USub) else inner
    if isinstance(node, ast.BinOp):
        left, right = _range_of(node.left, ranges), _range_of(node.right, ranges)
        return _of_two(node.op, left, right) if left and right else None
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
        return None
    given = [_range_of(one, ranges) for one in node.args]
    known = [bounds for bounds in given if bounds]
    if len(known) < len(given):
        return None
    return _of_call(node.func.id, known)


def _of_call(name: str, given: list[Interval]) -> Bounds:
    if name in ("min", "max"):
        least = min if name == "min" else max
        return least(low for low, _ in given), least(high for _, high in given)
    low, high = given[0]
    if name == "abs":
        return (0.0 if low <= 0 <= high else min(abs(low), abs(high))), max(abs(low), abs(high))
    if name == "log" and low <= 0:
        return None
    return float(_RISING[name](low)), float(_RISING[name](high))


def _of_two(sign: ast.operator, left: Interval, right: Interval) -> Bounds:
    if isinstance(sign, ast.Add):
        return left[0] + right[0], left[1] + right[1]
    if isinstance(sign, ast.Sub):
        return left[0] - right[1], left[1] - right[0]
    if isinstance(sign, ast.Mult):
        return _corners(left, right, lambda one, other: one * other)
    if isinstance(sign, ast.Div):
        if right[0] <= 0 <= right[1]:
            return None
        return _corners(left, right, lambda one, other: one / other)
    return _of_power(left, right)


def _of_power(base: Interval, power: Interval) -> Bounds:
    low, high = power
    whole = low == high and float(low).is_integer() and abs(low) <= _LARGEST_POWER
    if base[0] > 0 or (base[0] >= 0 and low >= 0):
        return _corners(base, power, math.pow)
    if not whole or low < 0:
        return None
    found = _corners(base, power, math.pow)
    return (min(0.0, found[0]) if low % 2 else 0.0, found[1]) if low else (1.0, 1.0)


def _corners(left: Interval, right: Interval, join: Callable[[float, float], float]) -> Interval:
    """Return the range of a function that is monotonic in both arguments."""
    found = [join(one, other) for one in left for other in right]
    return min(found), max(found)
