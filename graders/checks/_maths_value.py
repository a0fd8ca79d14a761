"""Parses expressions with math-verify and compares their values instead of simplifying them.

Expressions without variables are equal if their values agree to 40 digits. Expressions with variables are
equal if their values agree at several points. Matrices are compared entry by entry. Simplification is avoided
because it may never end. Values are not rounded, so a decimal never equals the fraction it approximates.
Expressions without a value, such as unknown functions, are compared by math-verify itself. Its timer is never
set.
"""

from __future__ import annotations

import re
from functools import lru_cache
from importlib.util import find_spec
from math import log10

from ..extract import Missing
from ..extract._compared import within
from ._maths_slot import has_words
from ._optional import optional

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..extract._runs import Number
    from ._maths_shape import Scalar

EXTRA = "maths"

_DIGITS = 60
_AGREED = 40
_LARGEST = 4000.0  # the maximum number of decimal digits of a value
_UNTOLD = float("inf")
_MOST_VARIABLES = 8
_POINTS = (
    ("7/3", "11/7", "13/5", "17/11", "19/13", "23/17", "29/19", "31/23"),
    ("-5/3", "8/7", "-9/4", "3/11", "-2/13", "15/17", "-6/19", "4/23"),
    ("1/7", "-12/5", "3/2", "-7/9", "10/3", "-1/5", "2/9", "-8/3"),
    ("41/9", "37/8", "-43/10", "47/12", "53/14", "-59/16", "61/18", "67/20"),
)
_LONG_DIGITS = re.compile(r"\d{31}|\d[eE][+-]?\d")
_GROWS = re.compile(r"\\(?:d?binom|tbinom|choose|sum|prod|gcd|lcm|int|lim|operatorname)(?![A-Za-z])|!")
_COMMAND = re.compile(r"\\[A-Za-z]+")
_LETTER = re.compile(r"[A-Za-z]")
_MANY_DIGITS = re.compile(r"\d{5}")
_PLAIN = (
    (re.compile(r"\*\*"), "^"),
    (re.compile(r"(?<!\\)\bsqrt\s?\(([^()]*)\)"), r"\\sqrt{\1}"),
    (re.compile(r"(?<!\\)\bsqrt\s?(\d+)"), r"\\sqrt{\1}"),
    (re.compile(r"\u221a\s?(\d+|[A-Za-z])"), r"\\sqrt{\1}"),
    (re.compile(r"(?<!\\)\b(sin|cos|tan|log|ln|exp)\b"), r"\\\1 "),
    (re.compile(r"[*\u00b7]"), r"\\cdot "),
    (re.compile(r"\u00d7"), r"\\times "),
    (re.compile(r"\^\s?\(([^()]*)\)"), r"^{\1}"),
    (re.compile(r"\u221e"), r"\\infty "),
    (re.compile(r"\u2983"), r"\\{"),
    (re.compile(r"\u2984"), r"\\}"),
    (re.compile(r"\u00b2"), "^{2}"),
    (re.compile(r"\u00b3"), "^{3}"),
)


def require() -> None:
    """Check that math-verify is installed without importing it.

    Raises:
        ConfigurationError: math-verify is not installed.
    """
    if find_spec("math_verify") is None or find_spec("latex2sympy2_extended") is None:
        optional("math_verify", EXTRA)


def reading_of(scalar: Scalar) -> object | Missing:
    """Return the expression as parsed by math-verify and cache it in the scalar."""
    if scalar.value is None:
        scalar.value = _read(scalar.text)
    return scalar.value


def same_value(one: Scalar, other: Scalar, tolerance: Number, relative: Number) -> bool:
    """Return True if two scalars have the same value.

    Args:
        one: The answer.
        other: The reference.
        tolerance: The largest difference between values that count as equal.
        relative: The largest difference as a fraction of the reference.
    """
    if one.number is not None and other.number is not None:
        return within(one.number, other.number, tolerance, relative)
    if one.written or other.written:
        return (one.written or one.text) == (other.written or other.text)
    left, right = reading_of(one), reading_of(other)
    if isinstance(left, Missing) or isinstance(right, Missing) or not _same_case(one.text, other.text):
        return False
    return _same(left, right, tolerance, relative)


def same_equation(one: tuple[Scalar, Scalar], other: tuple[Scalar, Scalar], *, directed: bool) -> bool:
    """Return True if two relations have the same solutions.

    This is the case if the differences between their sides are multiples of each other.

    Args:
        one: The two sides of the answer.
        other: The two sides of the reference.
        directed: True for inequalities, which require a positive multiple.
    """
    values = [reading_of(side) for side in (*one, *other)]
    if any(isinstance(value, Missing) for value in values):
        return False
    sympy = _sympy()
    if not all(isinstance(value, sympy.Expr) for value in values):
        return False
    names = sorted({name for value in values for name in value.free_symbols}, key=str)  # type: ignore[attr-defined]
    if not names or len(names) > _MOST_VARIABLES:
        return False
    ratios = []
    for point in _POINTS:
        places = dict(zip(names, map(sympy.Rational, point), strict=False))
        found = [_number_at(value, places) for value in values]
        if any(value is None for value in found):
            continue
        left, right = found[0] - found[1], found[2] - found[3]
        if _near_zero(right, 1):
            return False
        ratios.append(left / right)
    if len(ratios) < 3 or _near_zero(ratios[0], 1):
        return False
    if directed and not (ratios[0].is_real and ratios[0] > 0):
        return False
    return all(_near_zero(ratio - ratios[0], ratios[0]) for ratio in ratios[1:])


def _same_case(one: str, other: str) -> bool:
    """Return False if a letter differs only in case, which math-verify ignores."""
    letters, others = (set(_LETTER.findall(_COMMAND.sub(" ", text))) for text in (one, other))
    return not any(each.swapcase() in others and each not in others for each in letters)


def _same(left: Any, right: Any, tolerance: Number, relative: Number) -> bool:
    """Return True if two sympy expressions have the same value at every point where both have a value."""
    sympy = _sympy()
    if isinstance(left, sympy.Expr) and isinstance(right, sympy.Expr):
        names = sorted(left.free_symbols | right.free_symbols, key=str)
        if len(names) <= _MOST_VARIABLES:
            told = 0
            for point in _POINTS if names else _POINTS[:1]:
                places = dict(zip(names, map(sympy.Rational, point), strict=False))
                one, other = _number_at(left, places), _number_at(right, places)
                if one is None or other is None:
                    continue
                if not _alike(one, other, tolerance, relative):
                    return False
                told += 1
            if told >= (2 if names else 1):
                return True
    if isinstance(left, sympy.MatrixBase) and isinstance(right, sympy.MatrixBase):
        return left.shape == right.shape and all(
            _same(_exact(one), _exact(other), tolerance, relative)
            for one, other in zip(left, right, strict=True)
        )
    return bool(
        _math_verify().verify(right, left, float_rounding=15, numeric_precision=30, timeout_seconds=None)
    )


def _alike(one: Any, other: Any, tolerance: Number, relative: Number) -> bool:
    """Return True if two values agree to 40 digits or within a tolerance."""
    apart = abs(one - other)
    if _near_zero(apart, other):
        return True
    allowed = max(float(tolerance), float(relative) * float(abs(other)))
    return bool(apart <= allowed)


def _near_zero(value: Any, beside: Any) -> bool:
    return bool(abs(value) <= abs(beside) * _sympy().Rational(1, 10**_AGREED))


def _number_at(value: Any, places: dict[Any, Any]) -> Any:
    """Return the value of an expression at a point, or None if it has no value there."""
    sympy = _sympy()
    try:
        found = value.evalf(_DIGITS, subs=places or None, maxn=300)
        found = sympy.sympify(found)
    except (
        ArithmeticError,
        AttributeError,
        LookupError,
        NotImplementedError,
        TypeError,
        ValueError,
        RecursionError,
    ):
        return None
    if found.free_symbols or not found.is_number or found.has(sympy.nan, sympy.zoo, sympy.oo, -sympy.oo):
        return None
    real, imaginary = found.as_real_imag()
    if not (real.is_Number and imaginary.is_Number):
        return None
    return found


@lru_cache(256)
def _read(text: str) -> object | Missing:
    """Parse an expression, or return `Missing` if it is invalid or too large to evaluate."""
    for pattern, spelled in _PLAIN:
        text = pattern.sub(spelled, text)
    if _LONG_DIGITS.search(text) or (_GROWS.search(text) and _MANY_DIGITS.search(text)):
        return Missing("its numbers are too long", "not exact")
    if has_words(text):
        return Missing("it contains words", "not exact")
    if "\\%" in text or "$" in text:
        return Missing("it is not a single expression", "not exact")
    library = _math_verify()
    try:
        found = library.parse(
            f"${text}$",
            _configuration(),
            fallback_mode="no_fallback",
            extraction_mode="first_match",
            parsing_timeout=None,
        )
    except library.errors.TimeoutException:  # a BaseException, which callers do not expect
        found = []
    except (RecursionError, ArithmeticError, LookupError, TypeError, ValueError, AttributeError):
        found = []
    sympy = _sympy()
    if len(found) != 1 or not isinstance(found[0], (sympy.Expr, sympy.MatrixBase)):
        return Missing("it is not an expression that math-verify can read", "not exact")
    try:
        if _magnitude(found[0]) > _LARGEST:
            return Missing("its value is too large", "not exact")
        return found[0] if isinstance(found[0], sympy.MatrixBase) else _exact(found[0])
    except (RecursionError, ArithmeticError, TypeError, ValueError, AttributeError):
        return Missing("it is not an expression that can be evaluated", "not exact")


def _magnitude(value: Any) -> float:
    """Return an upper bound on a value's number of decimal digits without computing the value."""
    sympy = _sympy()
    if isinstance(value, sympy.MatrixBase):
        return max((_magnitude(one) for one in value), default=0.0)
    if value.is_Atom:
        return log10(abs(value.p) + value.q) if value.is_Rational else 1.0
    parts = [_magnitude(one) for one in value.args]
    largest = max(parts, default=0.0)
    if largest > _LARGEST:
        return _UNTOLD
    if isinstance(value, (sympy.Pow, sympy.exp)):
        base, power = (parts[0], value.args[1]) if isinstance(value, sympy.Pow) else (1.0, value.args[0])
        if power.free_symbols:
            return base * 10 ** parts[-1] if parts[-1] < 6 else _UNTOLD
        size = abs(power.evalf(15))  # safe, because the magnitudes above are small
        return base * max(1.0, float(size)) if size.is_Float and size < 10**6 else _UNTOLD
    if isinstance(value, sympy.factorial):
        size = 10 ** min(parts[0], 8)
        return size * log10(size + 1)
    if value.is_Add:
        return largest + log10(len(parts))
    if value.is_Mul:
        return sum(parts)
    return largest + 1


def _exact(value: Any) -> object:
    """Replace decimals with exact fractions."""
    sympy = _sympy()
    floats = value.atoms(sympy.Float)
    return value.xreplace({one: sympy.Rational(str(one)) for one in floats}) if floats else value


@lru_cache(1)
def _sympy() -> Any:
    return optional("sympy", EXTRA)


@lru_cache(1)
def _math_verify() -> Any:
    library = optional("math_verify", EXTRA)
    optional("math_verify.errors", EXTRA)
    import logging  # a cold start does not need it

    for part in ("parser", "grader"):  # silence the warning that no timer is set
        logging.getLogger(f"math_verify.{part}").addFilter(
            lambda record: "Timeout is disabled" not in record.msg
        )
    return library


@lru_cache(1)
def _configuration() -> Any:
    normalization = optional("latex2sympy2_extended", EXTRA).NormalizationConfig(
        basic_latex=True, units=False, malformed_operators=True, nits=True, boxed="none", equations=False
    )
    return [_math_verify().LatexExtractionConfig(normalization_config=normalization)]
