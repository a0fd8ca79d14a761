"""Finds the JSON value that a text gives as its answer.

If a value cannot be parsed, no value inside it is used instead: `{"score": 5, "old": {"score": 1},}` is
unread, not `{"score": 1}`.
"""

from __future__ import annotations

import json
import re
from functools import cache

from ._blocks import TAKEN_BACK, Fence, fences, is_last, is_retracted
from ._missing import Missing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeAlias

    from ._blocks import Which

    _Placed: TypeAlias = tuple[int, int, Any]

_LABELS = ("json", "json5", "jsonc")
_CALLED = ("is ", "was ", "isn't ", "isn\u2019t ", "wasn't ", "cannot ", "can't ")
_BEFORE = 100
_OPENED = re.compile(r"\s{0,8}(?:(?:`{3,8}|~{3,8})[ \w.{}]{0,12}\s{0,8})?\Z")  # the fence before a value
# A single quote opens a string only where a value or a key may start; elsewhere it is an apostrophe.
_STRING = r'"(?:[^"\\]|\\.)*"|(?<=[{\[,:\s])' + r"'(?:[^'\\]|\\.)*'"
_COMMENT = r"//[^\n]*|/\*(?:.*?\*/|.*\Z)|(?<=\s)#[^\n]*"
_BRACKETS = re.compile(rf"{_STRING}|{_COMMENT}|[{{}}\[\]\"']", re.DOTALL)
_TOKEN = re.compile(rf"(?P<string>{_STRING})|(?P<comment>{_COMMENT})|(?P<word>[\w$.+-]+)|\S", re.DOTALL)
_TRAILING = re.compile(rf"(?>\s+|{_COMMENT})*+[}}\]]", re.DOTALL)
_LITERALS = {"True": "true", "False": "false", "None": "null"}
_ESCAPES = re.compile(r"""\\(?:\r?\n|.)|["\x00-\x1f]""", re.DOTALL)
# Braces in prose and in LaTeX, and brackets around a note, a source or an index.
_PROSE_BRACES = re.compile(r'\{[^{}\[\]:"]*\}')
_COMMAND = re.compile(r"\\[A-Za-z]{1,20}\s?\Z")
_ARRAY = re.compile(r"""\[\s*(?:[{\["'/]|[\s\d.,eE+-]*[{\[]|-?\d|true\b|false\b|null\b)""", re.IGNORECASE)
_FLAT = re.compile(r"\[[^{}\[\]\"']*\]")


def json_block(text: str, repair: bool = False, *, which: Which = "last") -> Any:
    """Parse and return the last JSON value in a text, but never part of a value that cannot be parsed.

    If the whole text is one value, that value is the answer. Otherwise, the answer is in the last fenced
    block that is labeled as JSON or is unlabeled and contains JSON. If there is no such block, it is the last
    object or array of objects in the prose, or else the last array of two or more plain values. If that value
    cannot be parsed, the answer is unread. An earlier value is not used, because the later one replaced it.

    Args:
        text: A completion.
        repair: Whether to accept deviations from JSON that are common in model output: trailing commas,
            single quotes, raw line breaks in strings, comments, and Python's `True`, `False` and `None`.
            Nothing is guessed: a value that is cut off or lacks a quote or a comma stays unread. To give a
            smaller reward for repaired values, call the function without `repair` first or use
            `graders.checks.json_fields`.
        which: Whether to use the last or the first block, or value in the prose.

    Returns:
        The value. `Missing` if the text has no value, or the value is null, is cut off, has a duplicate key,
        or contains NaN or an infinity. Also `Missing` if the text right before the value denies it (`not
        {"a": 1}`) or the text after it takes it back.

    Raises:
        ValueError: `which` is neither 'last' nor 'first'.
    """
    last = is_last(which)
    bare = text.strip()
    value = _value(bare, repair and bare[:1] in ("{", "["))
    if not isinstance(value, Missing) or bare == "null":
        return value
    blocks = list(fences(bare)) if "```" in bare or "~~~" in bare else []
    if blocks and bare[:1] in ("{", "["):
        end = _end(bare, 0) if not _PROSE_BRACES.match(bare) else 0
        if end < 0 or end > blocks[0].start:
            return value  # the fences are inside a string
    for block in reversed(blocks) if last else blocks:
        content = block.content.strip()
        if block.language in _LABELS or (not block.language and _is_json(content)):
            return _unless_taken_back(_value(content, repair), bare, block.start, block.end)
    for prose in dict.fromkeys((_without_code(bare, blocks), bare)):
        for values in _in_prose(prose, repair):
            if values:
                start, end, value = values[-1 if last else 0]
                return _unless_taken_back(value, prose, start, end)
    return Missing("there is no JSON value")


def _unless_taken_back(value: Any, text: str, start: int, end: int) -> Any:
    """Return a value unless the text before it denies it or the text after it takes it back."""
    if isinstance(value, Missing):
        return value
    behind = text[end:]
    called = behind.lstrip()
    if called.startswith(_CALLED):
        behind = f". That {called}"  # `{"a": 1} is wrong`
    if is_retracted(text[start:end], behind):
        return TAKEN_BACK
    before = _OPENED.sub("", text[max(0, start - _BEFORE) : start])
    if before and _is_denied()(before, len(before)):
        return Missing("the JSON value is denied")
    return value


@cache
def _is_denied() -> Callable[[str, int], bool]:
    """Load the denial rules once, because an import statement would cost each call 4 us."""
    from ._denials import is_denied_at_once

    return is_denied_at_once


def _without_code(text: str, blocks: list[Fence]) -> str:
    """Remove blocks in other languages from a text, because a dictionary in a program is not an answer."""
    pieces, behind = [], 0
    for block in blocks:
        if block.language and block.language not in _LABELS:
            pieces.append(text[behind : block.start])
            behind = block.end
    return "\n".join([*pieces, text[behind:]])


def _is_json(content: str) -> bool:
    """Return True if an unlabeled block contains JSON or looks like JSON that cannot be parsed."""
    if content[:1] in ("{", "["):
        return True
    try:
        _decoder.decode(content)
    except (ValueError, RecursionError):
        return False
    return True


def exact_json(text: str) -> Any:
    """Return the value of a text that contains only JSON. `Missing` for any other text or a null value.

    Args:
        text: A reference, or a part of a completion.
    """
    try:
        value = _decoder.decode(text) if text[:1] in _BEGINNINGS else _BROKEN  # its error counts lines
    except (ValueError, RecursionError):
        value = _BROKEN
    return Missing("the JSON value is null") if value is None else value


def leading_json(text: str, at: int) -> tuple[Any, int]:
    """Return the JSON value at a position and its end. The value is `Missing` if it is null or absent.

    Args:
        text: A text that may continue after the value.
        at: The position where the value must start.
    """
    try:
        value, end = _decoder.raw_decode(text, at)
    except (ValueError, RecursionError):
        value, end = _BROKEN, at
    return (Missing("the JSON value is null") if value is None else value), end


_BROKEN = Missing("the JSON value does not parse", "not exact")
_BEGINNINGS = frozenset(' \t\n\r{["-0123456789tfn')  # the first characters of JSON: white space or a value


def _value(text: str, repair: bool) -> Any:
    """Parse a whole text as a JSON value."""
    value = exact_json(text)
    if repair and isinstance(value, Missing) and value.kind == "not exact":
        return exact_json(_strict(text))
    return value


def _in_prose(text: str, repair: bool) -> tuple[list[_Placed], list[_Placed]]:
    """Return the values in prose with their positions: objects and arrays of objects, and other arrays.

    A closing bracket without an opening one shows that the value before it is part of a larger value whose
    start is missing.
    """
    objects: list[_Placed] = []
    arrays: list[_Placed] = []
    latest, depth, behind = arrays, 0, 0
    while (at := _next(text, behind)) >= 0:
        depth = _depth(text[behind:at], depth, latest)
        behind = _prose_end(text, at)
        if behind == at + 1:
            depth += 1
        elif behind < 0:
            flat = _FLAT.match(text, at) is not None
            behind, value = _read(text, at, repair)
            if isinstance(value, list) and not any(isinstance(one, (dict, list)) for one in value):
                if len(value) == 1 and not isinstance(value[0], str):
                    continue  # a note, such as [3]
                flat = True
            latest = arrays if flat else objects
            latest.append((at, behind, value))
            if behind < 0:
                break
    if behind >= 0:
        _depth(text[behind:], depth, latest)
    return objects, arrays


def _depth(prose: str, depth: int, values: list[_Placed]) -> int:
    """Return the number of open brackets after prose. An unmatched closing bracket makes a value unread."""
    depth += max(0, prose.count("(") - prose.count(")"))  # (0, 1]
    depth -= prose.count("}") + prose.count("]")
    if depth < 0 and values:
        missing = Missing("the JSON value is inside a value whose start is missing", "not exact")
        values[-1] = (*values[-1][:2], missing)
    return max(0, depth)


def _prose_end(text: str, at: int) -> int:
    """Return the position after a bracket that belongs to prose, or -1 if the bracket may open a value."""
    if text[at] == "{":
        prose = _PROSE_BRACES.match(text, at)
        if prose and text[at + 1 : prose.end() - 1].strip():
            return prose.end()
        return at + 1 if _COMMAND.search(text, max(0, at - 22), at) else -1
    array = _ARRAY.match(text, at)
    indexed = at > 0 and (text[at - 1].isalnum() or text[at - 1] in "])_")
    if array and not indexed and (array[0][-1] in "{[\"'/" or _FLAT.match(text, at)):
        return -1
    return at + 1


def _next(text: str, start: int) -> int:
    """Return the position of the next opening brace or bracket, or -1 if there is none."""
    opening = _OPENING.search(text, start)
    return opening.start() if opening else -1


_OPENING = re.compile(r"[{\[]")


def _read(text: str, at: int, repair: bool) -> tuple[int, Any]:
    """Return the end of the value at a position (-1 if it is never closed) and the value itself."""
    end = _end(text, at)  # a decoder error counts all lines before it, so the decoder gets only the value
    if end < 0:
        return -1, Missing("the last JSON value is not closed", "not exact")
    return end, _value(text[at:end], repair)


def _end(text: str, at: int) -> int:
    """Return the end of the bracket at a position, or -1 if it or a string inside it is never closed."""
    depth = 0
    for token in _BRACKETS.finditer(text, at):
        mark = token[0]
        if mark in ("{", "["):
            depth += 1
        elif mark in ("}", "]"):
            depth -= 1
            if not depth:
                return token.end()
        elif mark == '"':
            return -1
    return -1


def _strict(text: str) -> str:
    """Rewrite the deviations that `json_block` accepts as JSON and leave other faults unchanged."""
    before = ""

    def rewritten(token: re.Match[str]) -> str:
        nonlocal before
        kind, mark = token.lastgroup, token[0]
        if kind == "comment":
            return " "
        last, before = before, mark
        if kind == "word":
            return _LITERALS.get(mark, mark)
        if kind == "string":
            return '"' + _ESCAPES.sub(_escaped, mark[1:-1]) + '"'
        trailing = mark == "," and last not in ("", "{", "[", ",", ":") and _TRAILING.match(text, token.end())
        return "" if trailing else mark

    return _TOKEN.sub(rewritten, text)


def _escaped(part: re.Match[str]) -> str:
    """Return a string's escape or special character as it is written in JSON."""
    mark = part[0]
    if mark == "\\'":
        return "'"
    return json.dumps(mark)[1:-1] if len(mark) == 1 else mark


def _refuse(name: str) -> None:
    """Reject NaN and infinities, which JSON does not allow."""
    raise ValueError(name)


def _finite(digits: str) -> float:
    """Parse a float, rejecting numbers that are too large."""
    value = float(digits)
    if value in (_INFINITY, -_INFINITY):
        raise ValueError(digits)
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Create an object, rejecting duplicate keys because parsers disagree on their values."""
    made = dict(pairs)
    if len(made) < len(pairs):
        raise ValueError("a key occurs twice")
    return made


_INFINITY = float("inf")
_decoder = json.JSONDecoder(parse_constant=_refuse, parse_float=_finite, object_pairs_hook=_unique)
