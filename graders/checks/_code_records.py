"""Parses a record's tests: calls and their results, inputs and their outputs, or code with assertions.

Tests that cannot be parsed raise a `RecordError` that explains what to write, because no completion could
pass them.
"""

from __future__ import annotations

import json

from ..errors import DecorationError, RecordError
from ._options import text_option

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ..sample import Sample

MOST_TESTS = 1000

_CALL = '{"args": [2, 3], "expected": 5}'
_PROGRAM = '{"input": "2 3\\n", "output": "5\\n"}'


def entry_option(entry: str | None, field: str) -> Callable[[Sample[Any]], str]:
    """Return a function that returns the name that a sample's code must define.

    Args:
        entry: Name for all records, or None to use the name in each record.
        field: Record field that contains the name.

    Raises:
        DecorationError: `entry` is not a name.
    """
    text_option("entry_field", field)
    if entry is not None:
        if not _is_name(entry):
            raise DecorationError(
                f"entry={entry!r}: write the name of a function, or of a method as 'Solution.add'"
            )
        spelled = entry.replace("()", "")
        return lambda sample: spelled

    def named(sample: Sample[Any]) -> str:
        name = sample.fields.get(field)
        if not _is_name(name):
            raise RecordError(
                f"the record's field {field!r} names no function: write its name there, such as 'add', or "
                "name it for all records with entry="
            )
        return str(name).replace("()", "")

    return named


def call_tests(
    sample: Sample[Any], field: str, same: Callable[[Any, Any], bool]
) -> list[tuple[list[Any], dict[str, Any], Any]]:
    """Return the arguments, keyword arguments and expected value of each of a record's tests.

    Args:
        sample: A sample of the record.
        field: Record field that contains the tests.
        same: Returns True if a value is the expected one.

    Raises:
        RecordError: The record has no tests, a test cannot be parsed, or a single value passes all tests.
    """
    made = []
    for number, one in enumerate(_listed(sample, field, _CALL), 1):
        fits = isinstance(one, dict) and "expected" in one and not one.keys() - {"args", "kwargs", "expected"}
        args, kwargs = (one.get("args", []), one.get("kwargs", {})) if fits else (None, None)
        if not isinstance(args, list) or not isinstance(kwargs, dict):
            raise RecordError(f"test {number} of the record's field {field!r} cannot be read: write {_CALL}")
        made.append((args, kwargs, one["expected"]))
    if _has_constant([expected for _, _, expected in made], same):
        raise RecordError(
            f"every test of the record's field {field!r} expects the same value, so a function that "
            "always returns it passes: add a test that expects another"
        )
    return made


def program_tests(sample: Sample[Any], field: str, same: Callable[[str, str], bool]) -> list[tuple[str, str]]:
    """Return the input and the expected output of each of a record's tests.

    Args:
        sample: A sample of the record.
        field: Record field that contains the tests.
        same: Returns True if an output is the expected one.

    Raises:
        RecordError: The record has no tests, a test cannot be parsed, or a single output passes all tests.
    """
    made = []
    for number, one in enumerate(_listed(sample, field, _PROGRAM), 1):
        fits = isinstance(one, dict) and not one.keys() - {"input", "output"}
        stdin, output = (one.get("input", ""), one.get("output")) if fits else (None, None)
        if not isinstance(stdin, str) or not isinstance(output, str) or not output.strip():
            raise RecordError(
                f"test {number} of the record's field {field!r} cannot be read: write {_PROGRAM}"
            )
        made.append((stdin, output))
    if _has_constant([output for _, output in made], same):
        raise RecordError(
            f"every test of the record's field {field!r} expects the same output, so a program that "
            "always prints it passes: add a test that expects another"
        )
    return made


def assert_tests(sample: Sample[Any], field: str) -> list[str]:
    """Return the source code of each of a record's tests.

    Raises:
        RecordError: The record has no tests or too many tests, or a test is not a string that contains an
            assertion.
    """
    given = _given(sample, field)
    texts = [given] if isinstance(given, str) else given
    if not isinstance(texts, list) or not texts or not all(isinstance(one, str) for one in texts):
        raise RecordError(
            f"the record's field {field!r} is not a test: write a string such as 'assert add(2, 3) == 5', or "
            "a list of such strings"
        )
    if not all("assert" in one or "raise" in one for one in texts):
        raise RecordError(f"a test of the record's field {field!r} asserts nothing")
    if len(texts) > MOST_TESTS:
        raise RecordError(f"the record's field {field!r} lists more than {MOST_TESTS:,} tests")
    return texts


def _listed(sample: Sample[Any], field: str, example: str) -> list[Any]:
    """Return the tests in a field that contains a list or a JSON string."""
    given = _given(sample, field)
    if isinstance(given, str):
        try:
            given = json.loads(given)
        except (ValueError, RecursionError):
            given = None
    if not isinstance(given, list) or not given:
        raise RecordError(f"the record's field {field!r} lists no tests: write a list such as [{example}]")
    if len(given) > MOST_TESTS:
        raise RecordError(f"the record's field {field!r} lists more than {MOST_TESTS:,} tests")
    return given


def _given(sample: Sample[Any], field: str) -> Any:
    return sample.reference_answer if field == "reference_answer" else sample.fields.get(field)


def _has_constant(expected: list[Any], same: Callable[[Any, Any], bool]) -> bool:
    """Return True if a single value passes all tests, according to the check's own comparison."""
    tried = [*expected]
    try:
        numbers = [float(one) for one in expected if not isinstance(one, bool)]
    except (TypeError, ValueError, OverflowError):
        numbers = []
    if len(numbers) == len(expected):  # the value in the middle may be within every test's tolerance
        middle = min(numbers) / 2 + max(numbers) / 2
        tried.append(repr(middle) if isinstance(expected[0], str) else middle)
    return any(all(same(one, other) for other in expected) for one in tried)


def _is_name(value: object) -> bool:
    if not isinstance(value, str):
        return False
    parts = value.replace("().", ".").split(".")
    return len(parts) <= 2 and all(one.isidentifier() for one in parts)
