"""Parses a list of calls in Python syntax, `[f(a=1, b="x"), g.h()]`, without using Python's own parser.

Given hostile text, Python's parser uses excessive memory, may exhaust the C stack and cannot be interrupted.
Arguments must be literals.
"""

from __future__ import annotations

import re

from ..extract import Missing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ._call_forms import Call

_DEEPEST = 64
_TOKEN = re.compile(
    r"""\s*+(?:(?P<string>"(?!"")(?:[^"\\\n]|\\.)*+"|'(?!'')(?:[^'\\\n]|\\.)*+')"""
    r"|(?P<number>[-+]?(?:[0-9]++\.?[0-9]*+|\.[0-9]++)(?:[eE][-+]?[0-9]++)?(?![\w.]))"
    r"|(?P<name>[^\W\d]\w*+(?:\.[^\W\d]\w*+)*+)"
    r"|(?P<mark>[\[\](){},:=]))",
    re.DOTALL,
)
_ESCAPE = re.compile(
    r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U(000[0-9a-fA-F]{5}|0010[0-9a-fA-F]{4})|(.))", re.DOTALL
)
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "a": "\a", "v": "\v", "\n": ""}
_CONSTANTS: dict[str, Any] = {
    "True": True,
    "False": False,
    "None": None,
    "true": True,
    "false": False,
    "null": None,
}


def python_calls(text: str, most: int) -> list[Call] | Missing:
    """Parse a completion that consists only of a list of at most `most` calls."""
    if not text.startswith("["):
        return Missing("it makes no tool call")
    reader = _Reader(text)
    try:
        return reader.calls(most)
    except ValueError as error:
        return Missing(f"a tool call cannot be read exactly: {error}", "not exact")


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._kind = self._token = ""
        self._next()

    def calls(self, most: int) -> list[Call]:
        """Parse the whole list.

        Raises:
            ValueError: The text is not a list of calls or contains too many calls.
        """
        found: list[Call] = []
        self._mark("[")
        while self._token != "]" or self._kind != "mark":
            if len(found) == most:
                raise ValueError(f"there are more than {most}")
            name = self._name()
            found.append((name, self._arguments()))
            if not self._more("]"):
                break
        self._mark("]")
        if self._kind:
            raise ValueError("there is text after the list")
        if not found:
            raise ValueError("the list is empty")
        return found

    def _next(self) -> None:
        """Move to the next token. At the end of the text, the token and its kind are empty."""
        token = _TOKEN.match(self._text, self._at)
        if token is not None:
            self._kind, self._at = token.lastgroup or "", token.end()
            self._token = token[self._kind]
        elif self._text[self._at :].isspace() or self._at == len(self._text):
            self._kind = self._token = ""
        else:
            raise ValueError("it contains more than names and literals")

    def _is(self, mark: str) -> bool:
        return self._kind == "mark" and self._token == mark

    def _mark(self, mark: str) -> None:
        """Consume a required mark."""
        if not self._is(mark):
            raise ValueError(f"there is no {mark}")
        self._next()

    def _more(self, closing: str) -> bool:
        """Consume a comma and return True if another item follows."""
        if not self._is(","):
            return False
        self._next()
        return not self._is(closing)

    def _name(self) -> str:
        name = self._token
        if self._kind != "name" or name in _CONSTANTS:
            raise ValueError("there is no name")
        self._next()
        return name

    def _arguments(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        self._mark("(")
        while not self._is(")"):
            name = self._name()
            self._mark("=")
            if name in found:
                raise ValueError("an argument occurs twice")
            found[name] = self._value(0)
            if not self._more(")"):
                break
        self._mark(")")
        return found

    def _value(self, depth: int) -> Any:
        kind, token = self._kind, self._token
        if depth > _DEEPEST:
            raise ValueError("it is nested too deeply")
        self._next()
        if kind == "string":
            return _text(token[1:-1])
        if kind == "number":
            return _number(token)
        if kind == "name" and token in _CONSTANTS:
            return _CONSTANTS[token]
        if kind == "mark" and token == "{":
            return self._object(depth + 1)
        if kind == "mark" and token in ("[", "("):
            return self._list("]" if token == "[" else ")", depth + 1)
        raise ValueError("an argument is not a literal")

    def _list(self, closing: str, depth: int) -> Any:
        found: list[Any] = []
        commas = False
        while not self._is(closing):
            found.append(self._value(depth))
            commas = commas or self._is(",")
            if not self._more(closing):
                break
        self._mark(closing)
        return found[0] if closing == ")" and len(found) == 1 and not commas else found

    def _object(self, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while not self._is("}"):
            if self._kind != "string":
                raise ValueError("a key is not a string")
            key = self._value(depth)
            self._mark(":")
            if key in found:
                raise ValueError("a key occurs twice")
            found[key] = self._value(depth)
            if not self._more("}"):
                break
        self._mark("}")
        return found


def _number(digits: str) -> int | float:
    """Parse a number in Python's notation.

    Raises:
        ValueError: The notation is invalid or the number is too large.
    """
    if digits.lstrip("+-").isdecimal():
        if digits.lstrip("+-").startswith("0") and digits.strip("+-0"):
            raise ValueError("a number begins with 0")
        return int(digits)
    value = float(digits)
    if value in (float("inf"), float("-inf")):
        raise ValueError("a number is too large")
    return value


def _text(content: str) -> str:
    """Resolve the escapes in the content of a string literal.

    Raises:
        ValueError: The string contains an unsupported escape.
    """
    return _ESCAPE.sub(_unescaped, content) if "\\" in content else content


def _unescaped(escape: re.Match[str]) -> str:
    code = escape[1] or escape[2] or escape[3]
    if code:
        return chr(int(code, 16))
    sign = escape[4]
    if sign in "0123456789NxuU":
        raise ValueError("a string contains an unsupported escape")
    return sign if sign in "\\'\"" else _ESCAPED.get(sign, f"\\{sign}")
