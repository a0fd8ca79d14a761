"""Checks of Python code: they run it in isolation from the grader and reward the tests that it passes."""

from __future__ import annotations

from ..errors import DecorationError, RecordError
from ..extract import Missing
from ._answers import take_option
from ._code_graded import CodeGrading
from ._code_records import assert_tests, call_tests, entry_option, program_tests
from ._code_same import same_output, same_value
from ._code_text import function_code, head_of, program_code
from ._code_verdict import Asserts, Calls, Programs, with_entry
from ._options import choice_option, number_option, share_option, text_option

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Literal, TypeAlias

    from ..sample import Sample
    from ._answers import Take
    from ._code_graded import CodeCheck, EngineName, Protection, ReadCode

    Output: TypeAlias = Literal["lines", "words", "exact"]

EXTRA = "code"
TIMEOUT_S = 60.0
"""The limit holds the longest `seconds`, and the code of a record's own solution beside a sample's."""

_OUTPUTS = ("lines", "words", "exact")


def code_function(
    *,
    entry: str | None = None,
    field: str = "tests",
    entry_field: str = "entry_point",
    prompt_field: str | None = None,
    partial: bool = False,
    tolerance: float = 0,
    relative: float = 1e-9,
    seconds: float = 2,
    memory_mb: int = 128,
    engine: EngineName = "auto",
    protection: Protection = "full",
    take: Take | None = None,
) -> CodeCheck:
    """Make a check that a Python function returns what each test expects.

    A test is an object with `args`, `kwargs` (either may be left out) and `expected`. The function is called
    away from the grader and the value that it returns is compared here, so that the code never sees what is
    expected. True is not 1 and "1" is not 1; a tuple counts as the list of its items. `docs/code.md` says
    which part of a completion is the code, and what keeps the code in.

    It pays a function that knows the tests, as a table of their answers: give many, and none that the prompt
    shows. A record whose tests one value passes is refused, because a function that always returns it does
    too. Where the record's reference answer holds a solution, it has to pass the tests itself.

    Args:
        entry: Name of the function, `Solution.add` for a method; None to read it from the record.
        field: Field of the record with the list of tests, or with its text in JSON.
        entry_field: Field of the record with the function's name; not read beside `entry`.
        prompt_field: Field of the record with code that a completion may continue, such as imports and the
            function's head; None where completions hold all of the code.
        partial: Pay the share of the tests that pass, instead of all or nothing.
        tolerance: How far two numbers may lie apart.
        relative: The same as a share of the expected one, where that is a float.
        seconds: What all tests of a completion may take together, on each engine; less where the grader's
            `timeout_s`, or the time of a call with many samples, holds less.
        memory_mb: What the code may take, in MB.
        engine: `auto` runs the code in Monty and runs it again on CPython unless it passes there; `monty` or
            `cpython` is that one alone.
        protection: `full` refuses to run code on CPython where the system cannot shut it in; `limits` runs it
            there with limits of time and memory alone, for code that is trusted.
        take: Finds the part of a completion that holds the code; None searches all of it.

    Raises:
        DecorationError: An option cannot be meant.
        ConfigurationError: pydantic-monty is not installed, and `engine` needs it.

    Example:
        >>> from graders import grader
        >>> check = grader(code_function(entry="double"))
        >>> tests = [{"args": [2], "expected": 4}, {"args": [5], "expected": 10}]
        >>> check.grade(make_sample("def double(n): return n + n", tests=tests)).value
        1.0
        >>> check.grade(make_sample("def double(n): return 4", tests=tests)).value
        0.0
    """
    named, started = entry_option(entry, entry_field), _start_option(prompt_field)
    text_option("field", field)
    number_option("tolerance", tolerance, 0)
    share_option("relative", relative)

    def same(found: Any, expected: Any) -> bool:
        return same_value(found, expected, tolerance, relative)

    return CodeGrading(
        _function_reader(named, started),
        lambda sample: Calls(named(sample), call_tests(sample, field, same), same),
        partial=partial,
        seconds=seconds,
        memory_mb=memory_mb,
        engine=engine,
        protection=protection,
        find=take_option(take),
    ).check()


def code_asserts(
    *,
    entry: str | None = None,
    field: str = "test",
    entry_field: str = "entry_point",
    prompt_field: str | None = None,
    partial: bool = False,
    seconds: float = 2,
    memory_mb: int = 128,
    engine: EngineName = "auto",
    protection: Protection = "full",
    take: Take | None = None,
) -> CodeCheck:
    """Make a check that a Python function passes tests written in Python.

    A test is a text with asserts that call the function by its name or as `candidate`, as MBPP has them, or
    one that defines `check(candidate)`, as HumanEval has them. The tests run away from the code: a call in
    them is passed on to where the code runs, and plain values come back, copied. A test is passed when it
    ends without an error and has called the function.

    It pays whatever the asserts let pass, such as `== 1` for True, and a function that knows the tests. A
    record is refused where a function passes that always returns one of the values that the tests compare
    with, or always raises an error that they catch, and where a test ends before it calls the function or
    needs more than plain values of it. Where the record's reference answer holds a solution, it has to pass
    the tests itself.

    Args:
        entry: Name of the function, `Solution.add` for a method; None to read it from the record.
        field: Field of the record with the text of the test, or with a list of such texts.
        entry_field: Field of the record with the function's name; not read beside `entry`.
        prompt_field: Field of the record with code that a completion may continue, such as imports and the
            function's head; None where completions hold all of the code.
        partial: Pay the share of the texts that pass, instead of all or nothing.
        seconds: What all tests of a completion may take together, on each engine; less where the grader's
            `timeout_s`, or the time of a call with many samples, holds less.
        memory_mb: What the code may take, in MB.
        engine: `auto` runs the code in Monty and runs it again on CPython unless it passes there; `monty` or
            `cpython` is that one alone.
        protection: `full` refuses to run code on CPython where the system cannot shut it in; `limits` runs it
            there with limits of time and memory alone, for code that is trusted.
        take: Finds the part of a completion that holds the code; None searches all of it.

    Raises:
        DecorationError: An option cannot be meant.
        ConfigurationError: pydantic-monty is not installed, and `engine` needs it.

    Example:
        >>> from graders import grader
        >>> check = grader(code_asserts(entry="double"))
        >>> test = "assert double(2) == 4; assert double(5) == 10"
        >>> check.grade(make_sample("def double(n): return n + n", test=test)).value
        1.0
        >>> check.grade(make_sample("def double(n): return 4", test=test)).value
        0.0
    """
    named, started = entry_option(entry, entry_field), _start_option(prompt_field)
    text_option("field", field)

    def tests(sample: Sample[Any]) -> Asserts:
        name, start = named(sample), started(sample)
        return Asserts(name, assert_tests(sample, field), head_of(start, name) if start else "")

    return CodeGrading(
        _function_reader(named, started),
        tests,
        partial=partial,
        seconds=seconds,
        memory_mb=memory_mb,
        engine=engine,
        protection=protection,
        find=take_option(take),
    ).check()


def code_program(
    *,
    field: str = "tests",
    output: Output = "lines",
    tolerance: float = 0,
    partial: bool = False,
    seconds: float = 5,
    memory_mb: int = 128,
    engine: EngineName = "auto",
    protection: Protection = "full",
    take: Take | None = None,
) -> CodeCheck:
    """Make a check that a Python program prints the expected output for each test's input.

    A test is an object with `input`, which the program reads, and `output`. Each test runs the program anew,
    as `python program.py` would, so that `if __name__ == "__main__"` holds.

    It pays a program that knows the tests: give many, and none that the prompt shows. A record whose tests
    one output passes is refused, because a program that always prints it does too. Where the record's
    reference answer holds a solution, it has to pass the tests itself.

    Args:
        field: Field of the record with the list of tests, or with its text in JSON.
        output: How outputs are compared: `lines` without the space at the ends of lines and of all of it,
            `words` without any difference in space, `exact` as they are.
        tolerance: How far two numbers may lie apart, with `words`.
        partial: Pay the share of the tests that pass, instead of all or nothing.
        seconds: What all tests of a completion may take together, on each engine; less where the grader's
            `timeout_s`, or the time of a call with many samples, holds less.
        memory_mb: What the program may take, in MB.
        engine: `auto` runs the code in Monty and runs it again on CPython unless it passes there; `monty` or
            `cpython` is that one alone.
        protection: `full` refuses to run code on CPython where the system cannot shut it in; `limits` runs it
            there with limits of time and memory alone, for code that is trusted.
        take: Finds the part of a completion that holds the code; None searches all of it.

    Raises:
        DecorationError: An option cannot be meant.
        ConfigurationError: pydantic-monty is not installed, and `engine` needs it.

    Example:
        >>> from graders import grader
        >>> check = grader(code_program())
        >>> tests = [{"input": "2", "output": "4"}, {"input": "5", "output": "10"}]
        >>> check.grade(make_sample("print(int(input()) * 2)", tests=tests)).value
        1.0
        >>> check.grade(make_sample("print(4)", tests=tests)).value
        0.0
    """
    text_option("field", field)
    choice_option("output", output, _OUTPUTS)
    number_option("tolerance", tolerance, 0)
    if tolerance and output != "words":
        raise DecorationError(
            f"tolerance={tolerance!r}: numbers are told from text with output='words' alone"
        )

    def read(sample: Sample[Any], text: str) -> str | Missing:
        code = program_code(text)
        return code if isinstance(code, Missing) else code.whole()

    def same(found: str, expected: str) -> bool:
        return same_output(found, expected, output, tolerance)

    return CodeGrading(
        read,
        lambda sample: Programs(program_tests(sample, field, same), same),
        partial=partial,
        seconds=seconds,
        memory_mb=memory_mb,
        engine=engine,
        protection=protection,
        find=take_option(take),
    ).check()


def _start_option(field: str | None) -> Callable[[Sample[Any]], str | None]:
    """Return the function that finds the code that a sample's completion may continue."""
    if field is None:
        return lambda sample: None
    name = text_option("prompt_field", field)

    def start(sample: Sample[Any]) -> str:
        given = sample.fields.get(name)
        if not isinstance(given, str) or not given.strip():
            raise RecordError(f"the record's field {name!r} holds no code that a completion could continue")
        return given

    return start


def _function_reader(
    named: Callable[[Sample[Any]], str], started: Callable[[Sample[Any]], str | None]
) -> ReadCode:
    """What finds the code that defines a record's function in a text."""

    def read(sample: Sample[Any], text: str) -> str | Missing:
        entry = named(sample)
        code = function_code(text, entry, started(sample))
        return code if isinstance(code, Missing) else with_entry(code.whole(), entry)

    return read
