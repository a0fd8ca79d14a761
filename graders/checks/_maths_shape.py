"""Parses a math answer as a scalar, set, tuple, interval or equation."""

from __future__ import annotations

import re

from ..extract import Missing, parse_number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal, TypeAlias

    from ..extract._runs import Number

    Kind: TypeAlias = Literal["scalar", "set", "tuple", "interval", "equation"]

LONGEST = 400
"""Maximum length of an expression, in characters."""

_DEEPEST = 6
_MOST_PARTS = 50
_MOST_EXPRESSIONS = 12
_MOST_LEVELS = 3

_SPELLINGS = (
    (re.compile(r",\s?\\!\s?"), ","),
    (re.compile(r"!="), "\u2260"),
    (re.compile(r"\\approx(?![A-Za-z])"), "\u2248"),
    (
        re.compile(
            r"\\(?:left|right|[bB]igg?[lr]?|displaystyle|limits|,|;|!|:)(?![A-Za-z])|\\q?quad|(?<!\\)\\ |~|\$"
        ),
        " ",
    ),
    (re.compile(r"\\(?:dfrac|tfrac|cfrac)(?![A-Za-z])"), r"\\frac"),
    (re.compile(r"\\(?:leqslant|leq|le)(?![A-Za-z])|\u2264|<="), "\u2264"),
    (re.compile(r"\\(?:geqslant|geq|ge)(?![A-Za-z])|\u2265|>="), "\u2265"),
    (re.compile(r"\\lt(?![A-Za-z])"), "<"),
    (re.compile(r"\\gt(?![A-Za-z])"), ">"),
    (re.compile(r"\\(?:neq?|not=)(?![A-Za-z])"), "\u2260"),
    (re.compile(r"\\in(?![A-Za-z])|\u2208"), "\u2208"),
    (re.compile(r"\\cup(?![A-Za-z])|\u222a|\\bigcup(?![A-Za-z])"), "\u222a"),
    (re.compile(r"\\infty(?![A-Za-z])|\u221e|\binfinity\b|\boo\b"), "\u221e"),
    (re.compile(r"\\pm(?![A-Za-z])"), "\u00b1"),
    (re.compile(r"\\mp(?![A-Za-z])"), "\u2213"),
    (re.compile(r"[\u2212\u2013]"), "-"),
    (re.compile(r"\\(?:emptyset|varnothing)(?![A-Za-z])|\u2205"), "\u2983\u2984"),
    (re.compile(r"\\[{]|\\lbrace(?![A-Za-z])"), "\u2983"),
    (re.compile(r"\\[}]|\\rbrace(?![A-Za-z])"), "\u2984"),
    (re.compile(r"\\langle(?![A-Za-z])"), "("),
    (re.compile(r"\\rangle(?![A-Za-z])"), ")"),
    (re.compile(r"(?:\\(?:text|mbox)\s?\{\s*(and|or)\s*\})|\b(and|or)\b"), r" \1\2 "),
    (re.compile(r"(?<=\d)\{,\}(?=\d{3})"), ","),
    (re.compile(r"\\mathrm\s?\{\s*([ei])\s*\}"), r" \1 "),
    (re.compile(r"\u03c0|(?<![A-Za-z\\])pi(?![A-Za-z])"), r"\\pi "),
)
_ESCAPED_TWICE = re.compile(r"\\\\(?=[A-Za-z{}])")
_INDEX = re.compile(r"(?<=[A-Za-z])_\w+")
_BASE = re.compile(r"[_(]")
_SYSTEMS = re.compile(r";|\bor\b")
_COMMAS = re.compile(r"[,;]")
_OPEN, _CLOSE = "([{\u2983", ")]}\u2984"
_SEPARATORS = re.compile(r",\s*(?:and|or)\b|,(?!\d{3}(?!\d))|[;\u222a]|\band\b|\bor\b|(?<=\d),(?=\s)")
_RELATION = re.compile(r"[=\u2260<>\u2264\u2265]")
# The name before a value: x, x_1, f(x), |AB|, (x, y), n_{max}.
_NAME = re.compile(
    r"\s*(?:[A-Za-z](?:_(?:\w|\{[^{}]{1,12}\}))?'?(?:\s?\([A-Za-z\d, ]{1,12}\))?|\|?[A-Z]{1,3}\|?"
    r"|[A-Z]{1,2}(?:_\{?\w{1,5}\}?)?\s?:\s?[A-Z]{1,2}(?:_\{?\w{1,5}\}?)?"
    r"|\\frac\{[A-Z]{1,3}\}\{[A-Z]{1,3}\}"
    r"|\\(?:alpha|beta|gamma|theta|lambda|mu|phi|omega|angle [A-Z]{1,3})"
    r"|\(\s?[A-Za-z](?:,\s?[A-Za-z])+\s?\))\s*[=\u2208]\s*"
)
_VARIABLE = re.compile(r"\s*(?:\(?[A-Za-z](?:_\w)?\)?|[A-Za-z]\([A-Za-z]\))\s*\Z")
VARIABLES = re.compile(r"(?<![\\A-Za-z])[A-DF-Za-df-z](?![A-Za-z])")
"""Matches a one-letter variable other than e and E."""

_UNIT = re.compile(
    r"(?P<value>.*[\d)}\u2984!.]|.*\\pi\s|.*[\dA-Za-z)}]\s?(?=\\(?:text|mbox)))\s*"
    r"(?P<unit>(?:\\(?:text|mbox|mathrm|textbf|textit|mathbf|textrm)\s?\{[^{}]+\}"
    r"|(?<=[\s\d])[A-Za-z]{3,}(?:\s[A-Za-z]+)*|(?<=[\s\d])(?:cm|mm|km|kg|mg|ml|mL|ft|in|mi|lb|oz|hr|m|g|s|h|L))"
    r"(?:\s?/\s?(?:h|s|hr|\\text\{[^{}]+\}))?(?:\s?\^\s?\{?\d\}?|[\u00b2\u00b3])?)\s*\Z",
    re.DOTALL,
)
_MARKS = re.compile(r"(?:\s*(?:\\?%|\^\s?\{?\s?\\circ\s?\}?|\u00b0|\\text\s?\{\s?degrees?\s?\}))+\s*\Z")
_MONEY = re.compile(r"\s*(?:\\\$|[\u20ac\u00a3])\s*")
_WORD = re.compile(r"\s*\\(?:text|mbox|textbf|mathrm|mathbf|textit|operatorname)\s?\{([^{}]*)\}\s*\.?\s*\Z")
_LETTERS = re.compile(r"[A-Za-z]{2,}\Z")
_AS_WRITTEN = re.compile(r"\d\s*_|\d\s*:\s*\d|\\overline|\\dot|\\ldots|\\cdots|\\dots|\.\.\.")


class Scalar:
    """A single value: a number, a word, an expression, or a string that is compared literally.

    Args:
        text: The value as written, without its unit.
        unit: The normalized unit. Empty if there is none.
        number: The exact number, if the value is a plain number.
        written: The string to compare literally. Empty for a number or an expression.
    """

    __slots__ = ("number", "text", "unit", "value", "written")

    def __init__(self, text: str, unit: str, number: Number | None, written: str) -> None:
        self.text, self.unit, self.number, self.written = text, unit, number, written
        self.value: object = None  # the expression as parsed by math-verify, set on first use

    @property
    def is_expression(self) -> bool:
        """True if math-verify has to evaluate the value."""
        return self.number is None and not self.written


class Shape:
    """A parsed expression.

    Args:
        kind: The kind of expression.
        parts: The scalars or nested shapes.
        signs: The brackets of an interval, the sign of a union, or the relation of an equation.
        name: The name of a scalar, or the variable bounded by an inequality. Empty if there is none.
        names: The names of the parts of a set or tuple if they all differ, such as `x` and `y` in `x = 1, y =
            2`.
    """

    __slots__ = ("kind", "name", "names", "parts", "signs")

    def __init__(
        self,
        kind: Kind,
        parts: list[Scalar | Shape],
        signs: str = "",
        name: str = "",
        names: tuple[str, ...] = (),
    ) -> None:
        self.kind, self.parts, self.signs, self.name, self.names = kind, parts, signs, name, names

    def scalars(self) -> list[Scalar]:
        """Return all scalars, including nested ones."""
        found: list[Scalar] = []
        for part in self.parts:
            found += [part] if isinstance(part, Scalar) else part.scalars()
        return found


def shape_of(text: str, *, ignore_units: bool = False) -> Shape | Missing:
    """Parse an expression, dropping its units if `ignore_units` is True."""
    if len(text) > LONGEST:
        return Missing(f"the expression is longer than {LONGEST} characters", "not exact")
    if "\\begin" not in text:
        text = _ESCAPED_TWICE.sub(r"\\", text)
    for pattern, spelled in _SPELLINGS:
        text = pattern.sub(spelled, text)
    left, _, right = text.partition("\u2248")
    text = (right if right and _VARIABLE.match(left) else left).strip().rstrip(".").strip()
    depth = 0
    for sign in text:
        depth += (sign in _OPEN) - (sign in _CLOSE)
        if depth > _DEEPEST:
            return Missing(f"the expression is nested more than {_DEEPEST} deep", "not exact")
    shape = _shape(text, ignore_units, 0)
    if isinstance(shape, Shape) and sum(one.is_expression for one in shape.scalars()) > _MOST_EXPRESSIONS:
        return Missing(f"it contains more than {_MOST_EXPRESSIONS} expressions", "several")
    return shape


def _shape(text: str, loose: bool, level: int) -> Shape | Missing:
    """Parse an expression in normalized spelling."""
    text = _unwrapped(text.strip())
    if level > _MOST_LEVELS:
        return Missing("the expression nests too many lists", "not exact")
    number = None if "\u00b1" in text else _scalar(text, loose)
    if isinstance(number, Scalar) and number.number is not None:
        return Shape("scalar", [number], name=_name_of(_NAME.match(text)))
    parts = _split(text, _SEPARATORS)
    if len(parts) > 1:
        return _several(text, parts, loose, level)
    name = _NAME.match(text)
    if name and text[name.end() :].strip() and len(_split(text[name.end() :], _RELATION)) == 1:
        shape = _shape(text[name.end() :], loose, level + 1)
        if isinstance(shape, Shape):
            _call(shape, _name_of(name))
        return shape
    if len(_split(text, _RELATION)) > 1:
        return _relation(text, loose)
    if "\u00b1" in text or "\u2213" in text:
        both = [text.replace("\u00b1", one).replace("\u2213", other) for one, other in ("+-", "-+")]
        return _collection("set", both, loose, level)
    if text and text[0] in "([\u2983" and text[-1] in ")]\u2984" and _closes_last(text):
        listed = _bracketed(text, loose, level)
        if listed is not None:
            return listed
    scalar = _scalar(text, loose)
    return scalar if isinstance(scalar, Missing) else Shape("scalar", [scalar])


def _name_of(found: re.Match[str] | None) -> str:
    return re.sub(r"[\s{}|]", "", found[0].rstrip("=\u2208 ")) if found else ""


def _call(shape: Shape, name: str) -> None:
    """Set the name of a scalar, or the names of a tuple's parts."""
    if shape.kind == "scalar":
        shape.name = name
    elif shape.kind == "tuple":
        names = tuple(name.strip("()").split(","))
        shape.names = names if len({*names}) == len(shape.parts) else ()


def _several(text: str, parts: list[str], loose: bool, level: int) -> Shape | Missing:
    """Combine parts without brackets into a union of intervals, a set of solutions or a plain set."""
    if "\u222a" in text:
        return _intervals(parts, loose)
    return _systems(text, loose, level) or _collection("set", parts, loose, level)


def _systems(text: str, loose: bool, level: int) -> Shape | None:
    """Parse solutions such as `p = 5, q = 2; p = 7, q = 2` into a set of tuples, or return None."""
    groups = _split(text, _SYSTEMS)
    found = [_shape(group, loose, level + 1) for group in groups] if len(groups) > 1 else []
    tuples = [as_tuple(shape) for shape in found if isinstance(shape, Shape) and shape.names]
    named = {tuple(sorted(shape.names)) for shape in found if isinstance(shape, Shape)}
    return Shape("set", [*tuples]) if tuples and len(tuples) == len(groups) and len(named) == 1 else None


def same_name(one: str, other: str) -> bool:
    """Return True if two names may be the same. `n_{max}` matches `n`, and an empty name matches any name."""
    bases = [_BASE.split(name)[0] for name in (one, other)]
    return not one or not other or one == other or (bases[0] == bases[1] and bases[0] in (one, other))


def as_tuple(shape: Shape) -> Shape:
    """Return named values as a tuple ordered by name: `y = 2, x = 1` becomes `(1, 2)`."""
    order = sorted(range(len(shape.names)), key=shape.names.__getitem__)
    return Shape("tuple", [shape.parts[at] for at in order], names=tuple(shape.names[at] for at in order))


def _bracketed(text: str, loose: bool, level: int) -> Shape | Missing | None:
    """Parse a bracketed list, or return None if the brackets contain a single value."""
    inner, brackets = _split(text[1:-1], _COMMAS), text[0] + text[-1]
    if brackets == "\u2983\u2984":
        return _collection("set", inner, loose, level) if text[1:-1].strip() else Shape("set", [])
    if len(inner) == 2 and (brackets != "()" or "\u221e" in text):
        return _interval(text, inner, loose)
    if len(inner) == 1:
        return None
    return _collection("tuple" if brackets == "()" else "set", inner, loose, level)


def as_interval(shape: Shape) -> Shape | None:
    """Return a pair of scalars as an open interval, or None for any other expression."""
    if (
        shape.kind == "tuple"
        and len(shape.parts) == 2
        and all(isinstance(one, Scalar) for one in shape.parts)
    ):
        return Shape("interval", shape.parts, "()")
    return None


def as_relation(shape: Shape) -> Shape | None:
    """Return the inequality that an interval was parsed from, such as `x < 5`, or None."""
    if shape.kind != "interval" or not shape.name:
        return None
    name = Scalar(shape.name, "", None, "")
    for end, bracket, open_sign, closed_sign in (0, "(", ">", "\u2265"), (1, ")", "<", "\u2264"):
        other = shape.parts[1 - end]
        if isinstance(other, Scalar) and other.written.endswith("\u221e"):
            return Shape(
                "equation",
                [name, shape.parts[end]],
                open_sign if shape.signs[end] == bracket else closed_sign,
            )
    return None


def as_equation(shape: Shape) -> Shape | None:
    """Return a scalar named after a variable as an equation, such as `y = 2x + 1`, or None."""
    if shape.kind == "scalar" and _VARIABLE.match(shape.name):
        return Shape("equation", [Scalar(shape.name, "", None, ""), *shape.parts], "=")
    return None


def _collection(kind: Kind, parts: list[str], loose: bool, level: int) -> Shape | Missing:
    if len(parts) > _MOST_PARTS:
        return Missing("the expression lists too many items", "several")
    made: list[Scalar | Shape] = []
    names: list[str] = []
    for part in parts:
        if not part.strip():
            return Missing("a part of the list is empty", "not exact")
        shape = _shape(part, loose, level + 1)
        if isinstance(shape, Missing):
            return shape
        if shape.kind == "set" and kind == "set":  # 1 \pm \sqrt{2}, 3
            made += shape.parts
        else:
            made.append(shape.parts[0] if shape.kind == "scalar" else shape)
            names += [_INDEX.sub("", shape.name)] if shape.kind == "scalar" and shape.name else []
    keyed = kind == "set" and len(set(names)) == len(made)  # x_1 and x_2 may be swapped, x and y may not
    return Shape(kind, made, names=tuple(names) if keyed else ())


def _intervals(parts: list[str], loose: bool) -> Shape | Missing:
    """Parse a union of intervals, keeping the order in which they are written."""
    made: list[Scalar | Shape] = []
    for part in parts:
        shape = _shape(part, loose, 1)
        shape = (as_interval(shape) or shape) if isinstance(shape, Shape) else shape
        if isinstance(shape, Missing):
            return shape
        if shape.kind not in ("interval", "set"):
            return Missing("something other than intervals is united", "not exact")
        made.append(shape)
    return Shape("interval", made, "\u222a")


def _interval(text: str, inner: list[str], loose: bool) -> Shape | Missing:
    ends: list[Scalar | Shape] = []
    for part in inner:
        end = _scalar(part, loose)
        if isinstance(end, Missing):
            return end
        ends.append(end)
    return Shape("interval", ends, text[0] + text[-1])


def _relation(text: str, loose: bool) -> Shape | Missing:
    """Parse bounds on one variable as an interval, and any other relation as an equation."""
    sides, signs = _split(text, _RELATION), _RELATION.findall(text)
    if len(sides) != len(signs) + 1 or not all(side.strip() for side in sides):
        return Missing("the relation lacks a side", "not exact")
    bounds = "<\u2264" if all(sign in "<\u2264" for sign in signs) else ">\u2265"
    if all(sign in bounds for sign in signs) and (shape := _bounded(sides, signs, loose)) is not None:
        return shape
    if len(sides) > 2 and all(sign == "=" for sign in signs):
        return _shape(sides[-1], loose, 1)  # x = 5 + 6 = 11
    if len(sides) > 2:
        return Shape("equation", [Scalar(text, "", None, re.sub(r"\s", "", text))], "chain")
    made: list[Scalar | Shape] = []
    for side in sides:
        scalar = _scalar(side.strip(), True)
        if isinstance(scalar, Missing):
            return scalar
        made.append(scalar)
    return Shape("equation", made, signs[0])


def _bounded(sides: list[str], signs: list[str], loose: bool) -> Shape | Missing | None:
    """Return the interval for `a < x <= b` or `x > a`, or None unless numbers bound a single variable."""
    if signs[0] in ">\u2265":
        sides = sides[::-1]
        signs = ["<" if sign == ">" else "\u2264" for sign in reversed(signs)]
    places = [at for at, side in enumerate(sides) if _VARIABLE.match(side)]
    if len(places) != 1 or len(sides) > 3 or (len(sides) == 3 and places != [1]):
        return None
    [at] = places
    low = sides[0] if at == 1 else "-\u221e"
    high = sides[at + 1] if at + 1 < len(sides) else "\u221e"
    opens = "(" if at == 0 or signs[0] == "<" else "["
    closes = ")" if at + 1 == len(sides) or signs[-1] == "<" else "]"
    ends = [_scalar(low, loose), _scalar(high, loose)]
    made: list[Scalar | Shape] = []
    for end in ends:
        if isinstance(end, Missing):
            return end
        if end.is_expression and VARIABLES.search(end.text):
            return None
        made.append(end)
    return Shape("interval", made, opens + closes, sides[at].strip(" ()"))


def _scalar(text: str, loose: bool) -> Scalar | Missing:
    text = text.strip()
    if not text:
        return Missing("it is empty")
    if text in ("\u221e", "+\u221e", "-\u221e"):
        return Scalar(text, "", None, text.lstrip("+"))
    word = _WORD.match(text)
    if word or _LETTERS.match(text):
        said = " ".join((word[1] if word else text).split()).strip("()")
        if any(map(str.isalpha, said)) and not any(map(str.isdigit, said)):
            return Scalar(text, "", None, said.casefold() if len(said) > 1 else said)
    text = _MONEY.sub("", text, count=1) if text[:2] == "\\$" or text[0] in "\u20ac\u00a3" else text
    text, unit = _MARKS.sub("", text), ""
    found = _UNIT.match(text)
    if found:
        text, unit = found["value"].strip(), "" if loose else _plain_unit(found["unit"])
    if _AS_WRITTEN.search(text):
        return Scalar(text, unit, None, re.sub(r"[\s{}]", "", text))
    number = parse_number(text, strict=True) if any(map(str.isdecimal, text)) else Missing()
    if not isinstance(number, Missing):
        return Scalar(text, unit, number, "")
    if _split(text, _SEPARATORS) != [text] or len(_split(text, _RELATION)) > 1:
        return Missing("it is not a single expression", "several")
    return Scalar(text, unit, None, "")


def _plain_unit(text: str) -> str:
    """Normalize a unit: drop commands, spaces, dots and the plural s."""
    bare = re.sub(r"\\[A-Za-z]+|[\s{}^.]", "", text).replace("\u00b2", "2").replace("\u00b3", "3")
    return bare.casefold().removesuffix("s") if len(bare) > 3 else bare.casefold()


def _unwrapped(text: str) -> str:
    """Remove brackets around a whole expression, unless they enclose a list."""
    while len(text) > 2 and text[0] + text[-1] in ("()", "{}") and _closes_last(text):
        inner = text[1:-1].strip()
        if text[0] == "(" and len(_split(inner, _COMMAS)) > 1:
            break
        if text[0] == "{" and len(_split(inner, _COMMAS)) > 1:
            return f"\u2983{inner}\u2984"
        text = inner
    return text


def _closes_last(text: str) -> bool:
    """Return True if the last character closes the first bracket."""
    depth = 0
    for at, sign in enumerate(text):
        depth += (sign in _OPEN) - (sign in _CLOSE)
        if not depth:
            return at == len(text) - 1
    return False


def _split(text: str, pattern: re.Pattern[str]) -> list[str]:
    """Split a text at separators that are outside brackets."""
    parts, start, depth, at = [], 0, 0, 0
    places = {found.start(): found.end() for found in pattern.finditer(text)}
    while at < len(text):
        if not depth and at in places:
            parts.append(text[start:at])
            start = at = places[at]
            continue
        depth += (text[at] in _OPEN) - (text[at] in _CLOSE)
        at += 1
    return [*parts, text[start:]]
