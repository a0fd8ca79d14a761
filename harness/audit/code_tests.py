"""Extracts the name of the tested function and the expected values from a code grader's records."""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from harness.audit.readings import opened_json

__all__ = ["Expected", "Task", "entry_of", "expected_of", "fields_of", "lookup", "written"]

_CALLED = re.compile(r"\bassert\s+(?:not\s+)?([A-Za-z_]\w*)\s*\(")
_DEFINED = re.compile(r"^\s*def\s+([A-Za-z_]\w*)\s*\(", re.M)
_ENTRY = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)?")
_GIVEN = ("args", "arguments", "input", "inputs", "given", "stdin")
_WANTED = ("expected", "expected_output", "output", "outputs", "result", "want", "stdout")
_NAMES = ("entry_point", "entry", "function", "function_name", "func_name", "fn_name", "method")
_MOST = 200


class Expected(NamedTuple):
    """A test, with the program's input and the expected value."""

    given: str
    """The arguments as a tuple in Python notation, or the standard input of a program."""
    wanted: str
    """The expected value in Python notation."""
    shown: bool
    """Whether the prompt shows the arguments and the value."""


class Task(NamedTuple):
    """The task of one record."""

    name: str | None
    """The function or `Class.method` that the tests call, or None for a program that reads its input."""
    tests: tuple[Expected, ...]
    """The tests that compare the result with a literal value."""


def fields_of(record: dict[str, Any]) -> dict[str, Any]:
    """Return all fields of a record except the conversation."""
    return {key: value for key, value in record.items() if key != "messages"}


def entry_of(record: dict[str, Any], right: str | None) -> str | None:
    """Return the name of the function that the tests of a record call.

    Args:
        record: The record's fields. `entry_point` or a test may name the function.
        right: A right program. Its last function is used if nothing else names the function.

    Returns:
        The name, or None if the program reads input and prints output.
    """
    fields = fields_of(record)
    for key in _NAMES:
        for value in _strings(fields, key):
            if _ENTRY.fullmatch(value):
                return value
    names = _functions(right or "")
    called: list[str] = _CALLED.findall("\n".join(_strings(fields)))
    for name in called:
        if not names or name in names:
            return name
    if any("stdin" in value or isinstance(value, str) for value, _ in _pairs(fields)):
        return None
    if names:
        return names[-1]
    return next(iter(_DEFINED.findall("\n".join(_strings(record)))), None)


def _functions(source: str) -> list[str]:
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return _DEFINED.findall(source)
    return [node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def _strings(value: Any, key: str | None = None) -> Iterable[str]:
    """Yield all strings in a JSON value, or only those under the given key."""
    if isinstance(value, dict):
        for name, part in value.items():
            opened = opened_json(part)
            if key is None or name == key or not isinstance(opened, str):
                yield from _strings(opened, key)
    elif isinstance(value, list):
        for part in value:
            if key is None or not isinstance(part, str):
                yield from _strings(part, key)
    elif isinstance(value, str):
        opened = opened_json(value)
        if opened is value:
            yield value
        else:
            yield from _strings(opened, key)


def expected_of(record: dict[str, Any], name: str | None) -> tuple[Expected, ...]:
    """Return a record's tests that compare the result with a literal value, without duplicates.

    Args:
        record: The record's fields.
        name: The function that the tests call, or None for a program that reads input and prints output.
    """
    prompt = "".join(_strings(record.get("messages", [])))
    fields = fields_of(record)
    found: dict[str, tuple[str, bool]] = {}
    if name is not None:
        for text in _strings(fields):
            for given, wanted in _asserted(text, name.rpartition(".")[2]):
                found[given] = (wanted, _inside(given.strip("(),"), prompt) and _inside(wanted, prompt))
    for arguments, value in _pairs(fields):
        if name is None:
            if isinstance(arguments, str) and isinstance(value, str):
                shown = _inside(arguments.strip(), prompt) and _inside(value.strip(), prompt)
                found[arguments.strip()] = (repr(value.strip("\n")), shown)
            continue
        listed = tuple(arguments) if isinstance(arguments, list) else (arguments,)
        inner = ", ".join(map(repr, listed))
        found[repr(listed)] = (repr(value), _inside(inner, prompt) and _inside(repr(value), prompt))
    return tuple(Expected(given, *rest) for given, rest in [*found.items()][:_MOST])


def _inside(text: str, prompt: str) -> bool:
    plain = re.sub(r"\s|['\"]", "", text)
    return bool(plain) and plain in re.sub(r"\s|['\"]", "", prompt)


def _pairs(value: Any) -> Iterator[tuple[Any, Any]]:
    """Yield the inputs and expected values in test objects. Lists of the same length are paired."""
    value = opened_json(value)
    if isinstance(value, dict):
        given = next((value[key] for key in _GIVEN if key in value), None)
        wanted = [value[key] for key in _WANTED if key in value]
        if given is not None and wanted:
            several = isinstance(value.get("inputs"), list) and isinstance(wanted[0], list)
            if several and len(given) == len(wanted[0]) and not ("args" in value or "input" in value):
                yield from zip(given, wanted[0], strict=True)
            else:
                yield given, wanted[0]
            return
        value = list(value.values())
    if isinstance(value, list):
        for part in value:
            yield from _pairs(part)


def _asserted(text: str, name: str) -> Iterator[tuple[str, str]]:
    """Yield the arguments and expected values in the source of tests, in Python notation."""
    if "==" not in text and "assert" not in text:
        return
    try:
        tree = ast.parse(textwrap.dedent(text))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    for node in ast.walk(tree):
        sides: list[ast.expr] = []
        if isinstance(node, ast.Compare) and len(node.ops) == 1 and isinstance(node.ops[0], ast.Eq | ast.Is):
            sides = [node.left, node.comparators[0]]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            sides = node.args[:2] if node.func.attr.startswith("assert") else []
        for call, value in (sides, sides[::-1]) if len(sides) == 2 else ():
            if isinstance(call, ast.Call) and _name(call.func) in (name, "candidate"):
                try:
                    given = tuple(ast.literal_eval(each) for each in call.args)
                    yield repr(given), repr(ast.literal_eval(value))
                except (ValueError, TypeError):
                    continue


def _name(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def written(name: str | None, body: str, head: str = "") -> str:
    """Return a program whose function runs the given statements. Without a function, it prints the result.

    Args:
        name: The function or `Class.method`, or None for a program that reads input and prints output.
        body: Statements, which may use the arguments as `a` and return a value.
        head: Source code to put before the function.
    """
    owner, _, inner = (name or "answer").rpartition(".")
    head = f"{head.rstrip()}\n\n" if head else ""
    if owner:
        method = f"def {inner}(self, *a, **k):\n{textwrap.indent(body, '    ')}"
        return f"{head}class {owner}:\n{textwrap.indent(method, '    ')}\n"
    function = f"{head}def {inner}(*a, **k):\n{textwrap.indent(body, '    ')}\n"
    if name is None:
        last = "found = answer(sys.stdin.read().strip())\nprint('' if found is None else found)\n"
        return f"import sys\n{function}\n{last}"
    return function


def lookup(name: str | None, tests: Iterable[Expected]) -> str:
    """Return a program that finds the expected values of some tests by looking up their arguments.

    Args:
        name: The function that the tests call, or None for a program that reads input and prints output.
        tests: The tests that the program passes.
    """
    table = ", ".join(f"{one.given!r}: {one.wanted}" for one in tests)
    key = "a[0]" if name is None else "repr(a)"
    return written(name, f"return {{{table}}}.get({key})")
