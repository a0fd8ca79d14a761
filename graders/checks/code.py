"""Checks that run a completion's Python code in isolation and give a reward for passing tests."""

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
"""Default time limit for one sample, in seconds. Allows for the longest `seconds` and a solution's run.
"""

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
    """Create a check that a Python function returns the expected result of each test.

    A test is an object with `args`, `kwargs` (both optional) and `expected`. The function runs in a separate
    process and the grader compares its results, so the code never sees the expected values. Neither True nor
    "1" equals 1, but a tuple equals a list with the same items. `docs/code.md` explains which part of a
    completion is the code and how the code is confined.

    It rewards a function that has memorized the tests, such as a table of their answers. Provide many tests,
    and none that are shown in the prompt. A record is rejected if a single value passes all of its tests,
    because a function that always returns that value would pass too. If the record's reference answer
    contains a solution, the solution must pass the tests.

    Args:
        entry: The name of the function or, for a method, a name such as `Solution.add`. None takes the name
            from the record.
        field: The record field with the tests, as a list or as a JSON string.
        entry_field: The record field with the function's name. Ignored if `entry` is given.
        prompt_field: The record field with code that a completion may continue, such as imports and the
            function's signature. None if completions contain all of the code.
        partial: Whether to reward the fraction of the tests that pass instead of all or nothing.
        tolerance: The largest difference at which two numbers count as equal.
        relative: The largest difference as a fraction of the expected number, if that number is a float.
        seconds: The time limit for all tests of a completion together, on each engine. The grader's
            `timeout_s`, or the time left in a call with many samples, may shorten it.
        memory_mb: The memory limit for the code, in MB.
        engine: `auto` runs the code in Monty and, if it does not pass there, again on CPython. `monty` and
            `cpython` use only that engine.
        protection: `full` refuses to run code on CPython if the system cannot sandbox it. `limits` applies
            only time and memory limits, and is for code that you trust.
        take: Extracts the part of a completion that contains the code. None searches the whole completion.

    Raises:
        DecorationError: An option is invalid.
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
    """Create a check that a Python function passes tests written in Python.

    A test is source code with assertions that call the function by its name or as `candidate`, as in MBPP, or
    source code that defines `check(candidate)`, as in HumanEval. The tests and the code run in separate
    processes. Each call in a test is forwarded to the code's process, and plain values are returned as
    copies. A test passes if it ends without an error and has called the function.

    It rewards any value that the assertions accept, such as True for `== 1`, and a function that has
    memorized the tests. A record is rejected if its tests accept a function that always returns one of the
    values they compare with or always raises an error they catch. It is also rejected if a test ends before
    it calls the function or needs more than plain values from it. If the record's reference answer contains a
    solution, the solution must pass the tests.

    Args:
        entry: The name of the function or, for a method, a name such as `Solution.add`. None takes the name
            from the record.
        field: The record field that contains a test's source code or a list of tests.
        entry_field: The record field with the function's name. Ignored if `entry` is given.
        prompt_field: The record field with code that a completion may continue, such as imports and the
            function's signature. None if completions contain all of the code.
        partial: Whether to reward the fraction of the tests that pass instead of all or nothing.
        seconds: The time limit for all tests of a completion together, on each engine. The grader's
            `timeout_s`, or the time left in a call with many samples, may shorten it.
        memory_mb: The memory limit for the code, in MB.
        engine: `auto` runs the code in Monty and, if it does not pass there, again on CPython. `monty` and
            `cpython` use only that engine.
        protection: `full` refuses to run code on CPython if the system cannot sandbox it. `limits` applies
            only time and memory limits, and is for code that you trust.
        take: Extracts the part of a completion that contains the code. None searches the whole completion.

    Raises:
        DecorationError: An option is invalid.
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
    """Create a check that a Python program prints the expected output for each test's input.

    A test is an object with the program's `input` and the expected `output`. Each test runs the program from
    the start, like `python program.py`, so `__name__` is `"__main__"`.

    It rewards a program that has memorized the tests. Provide many tests, and none that are shown in the
    prompt. A record is rejected if a single output passes all of its tests, because a program that always
    prints that output would pass too. If the record's reference answer contains a solution, the solution must
    pass the tests.

    Args:
        field: The record field with the tests, as a list or as a JSON string.
        output: How to compare outputs: `lines` ignores white space at the ends of lines and around the
            output, `words` ignores all differences in white space, `exact` ignores nothing.
        tolerance: The largest difference at which two numbers count as equal. Used only with `words`.
        partial: Whether to reward the fraction of the tests that pass instead of all or nothing.
        seconds: The time limit for all tests of a completion together, on each engine. The grader's
            `timeout_s`, or the time left in a call with many samples, may shorten it.
        memory_mb: The memory limit for the code, in MB.
        engine: `auto` runs the code in Monty and, if it does not pass there, again on CPython. `monty` and
            `cpython` use only that engine.
        protection: `full` refuses to run code on CPython if the system cannot sandbox it. `limits` applies
            only time and memory limits, and is for code that you trust.
        take: Extracts the part of a completion that contains the code. None searches the whole completion.

    Raises:
        DecorationError: An option is invalid.
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
        raise DecorationError(f"tolerance={tolerance!r}: only output='words' compares numbers")

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
    """Return a function that gets the code a completion may continue from its record."""
    if field is None:
        return lambda sample: None
    name = text_option("prompt_field", field)

    def start(sample: Sample[Any]) -> str:
        given = sample.fields.get(name)
        if not isinstance(given, str) or not given.strip():
            raise RecordError(
                f"the record's field {name!r} contains no code that a completion could continue"
            )
        return given

    return start


def _function_reader(
    named: Callable[[Sample[Any]], str], started: Callable[[Sample[Any]], str | None]
) -> ReadCode:
    """Return a function that extracts the code that defines the function a record asks for."""

    def read(sample: Sample[Any], text: str) -> str | Missing:
        entry = named(sample)
        code = function_code(text, entry, started(sample))
        return code if isinstance(code, Missing) else with_entry(code.whole(), entry)

    return read
