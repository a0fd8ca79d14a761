"""A check that the completion's math expression has the same value as the reference in any notation."""

from __future__ import annotations

from functools import partial

from ..extract import Missing
from ..extract._compared import allowance
from ._answers import comparing, take_option
from ._maths_shape import (
    VARIABLES,
    Scalar,
    Shape,
    as_equation,
    as_interval,
    as_relation,
    as_tuple,
    same_name,
    shape_of,
)
from ._maths_slot import answer_slot, whole_slot, with_escapes, with_points
from ._maths_value import EXTRA as EXTRA
from ._maths_value import reading_of, require, same_equation, same_value
from ._options import choice_option, number_option, share_option

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Literal, TypeAlias

    from ..extract._numbers import Decimal
    from ..reward import Reward
    from ..sample import Sample
    from ._answers import Take

    Kind: TypeAlias = Literal["any", "scalar", "set", "tuple", "interval", "equation"]
    Units: TypeAlias = Literal["reference", "ignore"]
    Same: TypeAlias = Callable[[Scalar, Scalar], bool]

_KINDS = ("any", "scalar", "set", "tuple", "interval", "equation")
_UNITS = ("reference", "ignore")
_DECIMALS = (".", ",")


def maths(
    *,
    kind: Kind = "any",
    units: Units = "reference",
    tolerance: float = 0,
    relative: float = 0,
    decimal: Decimal = ".",
    take: Take | None = None,
) -> Callable[[Sample[Any]], Reward]:
    r"""Create a check that the completion's math expression has the same value as the reference.

    `2\sqrt{3}` equals `\sqrt{12}`, `(x-1)(x+1)` equals `x^2-1`, and `[0,1)` equals `0 \le x < 1`. The answer
    is the first of these expressions that exists: the last box, the text after `the answer is`, the last
    formula between dollar signs, the last number. Numbers, and sets, tuples and intervals of numbers, are
    compared exactly. math-verify is imported only if an answer contains other expressions. Without a
    tolerance, `0.333` does not equal `1/3`. Alternatives, such as `72 or 73`, form a set, which never equals
    a scalar.

    It rewards any expression with the right value, even an unfinished calculation: `6 \cdot 12` for 72, or
    `\int_0^1 2x\,dx` for 1. It compares values to 40 digits and expressions with variables at four points.
    `\%`, `^\circ` and currency signs are ignored, so `50\%` is right if 50 is. Words in `\text{}` are
    compared, ignoring case. Other words around the value are ignored, as in `the opposite of 72`.

    Args:
        kind: The required kind of every reference and answer: `scalar`, `set`, `tuple`, `interval` or
            `equation`. `any` derives the kind from each reference's form. `(1, 2)` may then be a tuple or an
            interval.
        units: `reference` if the answer must contain the reference's unit, spelled the same except for case
            and a plural s. `ignore` to ignore units.
        tolerance: The largest difference between values that count as equal.
        relative: The largest difference as a fraction of the reference's value. The larger of the two
            tolerances applies.
        decimal: The decimal separator, in the answer and the reference. With `,`, every comma between two
            digits is a decimal comma: `1,234` is 1.234, and a list is written `1; 2` or `1, 2`.
        take: Extracts the expression. Use it instead of the box, claim or formula.

    Raises:
        DecorationError: An option is invalid.
        ConfigurationError: math-verify is not installed.

    Example:
        >>> check = maths()
        >>> check(make_sample(r"So it is $\boxed{\sqrt{12}}$.", r"2\sqrt{3}")).value
        1.0
        >>> check(make_sample(r"\boxed{3.46}", r"2\sqrt{3}")).value
        0.0
    """
    choice_option("kind", kind, _KINDS)
    choice_option("units", units, _UNITS)
    choice_option("decimal", decimal, _DECIMALS)
    number_option("tolerance", tolerance, 0)
    share_option("relative", relative)
    find = take_option(take)
    require()
    limit, share = allowance("tolerance", tolerance), allowance("relative", relative)

    def read(text: str, strict: bool) -> Shape | Missing:
        text = with_escapes(text)
        if decimal == ",":
            text = with_points(text)
        slot = whole_slot(text) if strict or find else answer_slot(text)
        if isinstance(slot, Missing):
            return slot
        shape = shape_of(slot, ignore_units=units == "ignore")
        if isinstance(shape, Missing):
            return shape
        shape = _of_kind(shape, kind)
        for scalar in shape.scalars() if isinstance(shape, Shape) else ():
            value = reading_of(scalar) if scalar.is_expression else None
            if isinstance(value, Missing):
                return value
        return shape

    def same_scalar(found: Scalar, right: Scalar) -> bool:
        return found.unit == (right.unit or found.unit) and same_value(found, right, limit, share)

    return comparing(
        read, lambda found, right: float(_same(found, right, same_scalar)), what=_WHAT[kind], take=find
    )


_WHAT = {
    "any": "one expression",
    "scalar": "one value",
    "set": "a set",
    "tuple": "a tuple",
    "interval": "an interval",
    "equation": "an equation",
}


def _of_kind(shape: Shape, kind: Kind) -> Shape | Missing:
    """Convert an expression to the required kind. Return `Missing` if it is of another kind."""
    if kind in ("any", shape.kind):
        return shape
    if kind == "equation" and (equation := as_equation(shape)) is not None:
        return equation
    if kind == "interval" and (pair := as_interval(shape)) is not None:
        return pair
    if kind == "tuple" and len(shape.names) > 1:
        return as_tuple(shape)
    if kind == "set" and shape.kind in ("scalar", "tuple", "equation"):
        return Shape("set", [shape.parts[0] if shape.kind == "scalar" else shape])
    several = kind == "scalar" and shape.kind in ("set", "tuple")
    return Missing(f"its kind is {shape.kind}, not {kind}", "several" if several else "not exact")


def _same(found: Scalar | Shape, right: Scalar | Shape, same: Same) -> bool:
    """Return True if every part of an answer equals the corresponding part of the reference."""
    if isinstance(found, Scalar) or isinstance(right, Scalar):
        one = found.parts[0] if isinstance(found, Shape) and found.kind == "scalar" else found
        other = right.parts[0] if isinstance(right, Shape) and right.kind == "scalar" else right
        return isinstance(one, Scalar) and isinstance(other, Scalar) and same(one, other)
    if right.names and sorted(right.names) == sorted(found.names):
        found, right = as_tuple(found), as_tuple(right)
    elif found.kind != right.kind:
        found, right = _reconciled(found, right)
    if found.kind != right.kind or (found.signs != right.signs and right.kind != "equation"):
        return False
    if right.kind == "equation":
        return _same_relation(found, right)
    if right.kind == "set" and len(right.names) > 1:  # values of different unknowns must not be swapped
        found, right = Shape("tuple", found.parts), Shape("tuple", right.parts)
    if right.kind == "set" or right.signs == "\u222a":
        return _paired(found.parts, right.parts, partial(_same, same=same))
    return (
        same_name(found.name, right.name)
        and len(found.parts) == len(right.parts)
        and all(_same(one, other, same) for one, other in zip(found.parts, right.parts, strict=True))
    )


def _reconciled(found: Shape, right: Shape) -> tuple[Shape, Shape]:
    """Convert expressions of different kinds to the same kind if their form allows it.

    For example, a pair may be an interval, `y = 2x + 1` an equation, and a single element a set.
    """
    if right.kind == "equation" and found.kind == "scalar":
        return as_equation(found) or found, right
    if found.kind == "equation" and any(VARIABLES.search(one.text) for one in right.scalars()):
        return found, as_equation(right) or right
    if "equation" in (found.kind, right.kind) and "interval" in (found.kind, right.kind):
        return as_relation(found) or found, as_relation(right) or right
    if right.kind == "interval":
        return as_interval(found) or found, right
    if found.kind == "interval":
        return found, as_interval(right) or right
    if right.kind == "tuple" and len(found.names) > 1:
        return as_tuple(found), right
    if found.kind == "tuple" and len(right.names) > 1:
        return found, as_tuple(right)
    if right.kind == "set" and len(right.parts) == 1:
        return Shape("set", [found]), right
    if found.kind == "set" and len(found.parts) == 1:
        return found, Shape("set", [right])
    return found, right


def _same_relation(found: Shape, right: Shape) -> bool:
    """Return True if two relations have the same solutions. Chains are compared as written."""
    if right.signs == "chain" or found.signs == "chain":
        return [one.text for one in found.scalars()] == [one.text for one in right.scalars()]
    turned = {"<": ">", "\u2264": "\u2265"}
    sides = []
    for shape in (found, right):
        low, high = (part for part in shape.parts if isinstance(part, Scalar))
        sides.append((high, low) if shape.signs in turned else (low, high))
    signs = [turned.get(shape.signs, shape.signs) for shape in (found, right)]
    return signs[0] == signs[1] and same_equation(*sides, directed=signs[0] in "><\u2265\u2264")


def _paired(
    found: list[Scalar | Shape], right: list[Scalar | Shape], same: Callable[[Any, Any], bool]
) -> bool:
    """Return True if each part of either list is also in the other."""
    if len(found) > 2 * len(right):
        return False
    hit = set()
    for one in found:
        places = [at for at, other in enumerate(right) if same(one, other)]
        if not places:
            return False
        hit.update(places)
    return len(hit) == len(right)
