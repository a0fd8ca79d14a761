"""Determines the verdict on a model's code outside the process in which the code runs.

The code and the tests run in separate sessions. Only the values that the code returns or a program's output
count. They are compared with the expected ones by the grader's process or by the tests.
"""

from __future__ import annotations

import re
from functools import partial
from time import perf_counter

from ._code_asserted import broken_source, hollow_bodies
from ._code_errors import error_of
from ._code_session import Limits, Ran

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from ._code_session import Engine, Session

_CHECK = re.compile(r"^def check\(", re.MULTILINE)
_CANDIDATE = "candidate"
BROKEN = "broken"
_METHOD = "method_under_test"


def with_entry(source: str, entry: str) -> str:
    """Add a plain function that calls the tested method. Code for a plain function is returned unchanged.

    Args:
        source: The code.
        entry: Name of the function, such as `add`, or `Solution.add` for a method.
    """
    owner, _, method = entry.rpartition(".")
    if not owner:
        return source
    return f"{source}\n\ndef {_METHOD}(*args, **kwargs):\n    return {owner}().{method}(*args, **kwargs)\n"


def called_name(entry: str) -> str:
    """Return the plain name under which the tests call the function.

    Args:
        entry: Name of the function, such as `add`, or `Solution.add` for a method.
    """
    return _METHOD if "." in entry else entry


class CodeVerdict:
    """Result of running a record's tests on source code.

    Args:
        passed: Number of tests that the code passed.
        total: Number of tests.
        fault: Outcome of the first failed test: `wrong`, `broken` if the test itself is wrong, or a value of
            `Ran.how`.
        reason: A description of that failure.
    """

    __slots__ = ("fault", "passed", "reason", "total")

    def __init__(self, passed: int, total: int, fault: str = "", reason: str = "") -> None:
        self.passed, self.total, self.fault, self.reason = passed, total, fault, reason

    @property
    def is_full(self) -> bool:
        """Whether the code passed every test."""
        return self.passed == self.total > 0


class CodePlace:
    """The engine and the remaining limits for one sample's code.

    Args:
        engine: Engine that runs the code.
        seconds: Time for all sessions together.
        memory_mb: Memory for each session, in MB.
        hasty: Whether to stop at the first test that the code does not pass.
        longest: Maximum wall-clock seconds, even on a busy machine. Defaults to `seconds`.
        least: Seconds that the code must have run for the wall-clock limit to count against it. Defaults to
            `seconds`.
    """

    def __init__(
        self,
        engine: Engine,
        seconds: float,
        memory_mb: int,
        hasty: bool = False,
        longest: float | None = None,
        least: float | None = None,
    ) -> None:
        self.engine, self.hasty = engine, hasty
        self._memory_mb = memory_mb
        self._least = seconds if least is None else least
        self._seconds = self._left = seconds
        self._ends = perf_counter() + (seconds if longest is None else longest)

    @property
    def is_over(self) -> bool:
        """Whether the time is up."""
        return self._left <= 0 or perf_counter() >= self._ends

    @property
    def used(self) -> float:
        """Seconds that the code has used in sessions that are now closed."""
        return self._seconds - self._left

    def session(self) -> Session:
        """Open a session for the remaining time."""
        longest = max(self._ends - perf_counter(), 0.001)
        seconds = min(max(self._left, 0.001), longest)
        least = self._least - self.used
        return self.engine.session(Limits(seconds, self._memory_mb, longest=longest, least=least))

    def close(self, session: Session) -> None:
        """Close a session and add up the time that it used."""
        self._left -= session.used
        session.close()

    def counted(self, trial: Callable[..., Ran], tests: Sequence[tuple[Any, ...]]) -> CodeVerdict:
        """Run tests and return the verdict.

        Args:
            trial: Runs one test. Receives the items of the test's tuple as arguments.
            tests: Arguments of `trial` for each test.
        """
        passed, fault, reason, total = 0, "", "", len(tests)
        for number, test in enumerate(tests, 1):
            ran = trial(*test)
            if ran.how == "done":
                passed += 1
                continue
            if not fault or ran.how == BROKEN:
                fault, reason = ran.how, f"test {number} of {total}: {ran.message}"
            if self.hasty or self.is_over or ran.how == BROKEN:
                break
        return CodeVerdict(passed, total, fault, reason)


class Calls:
    """Tests that call a function and compare its result.

    Args:
        entry: Name of the function.
        tests: Positional arguments, keyword arguments and expected result of each test.
        same: Returns True if a value is the expected one.
    """

    source = ""
    hollow: tuple[str, ...] = ()  # `call_tests` rejects tests that a single value passes

    def __init__(
        self,
        entry: str,
        tests: Sequence[tuple[Sequence[Any], Mapping[str, Any], Any]],
        same: Callable[[Any, Any], bool],
    ) -> None:
        self.tests, self.total, self._same = tests, len(tests), same
        self.entry, self._named = called_name(entry), entry

    def verdict(self, place: CodePlace, source: str) -> CodeVerdict:
        with _Opened(place) as session:
            began = session.run(source)
            if began.how != "done":
                return CodeVerdict(0, self.total, began.how, began.message)
            return place.counted(partial(self._tried, session), self.tests)

    def _tried(self, session: Session, args: Sequence[Any], kwargs: Mapping[str, Any], expected: Any) -> Ran:
        ran = session.call(self.entry, args, kwargs)
        if ran.how == "done" and not self._same(ran.value, expected):
            return Ran("wrong", message=f"{self._named} returns another value")
        return ran


class Programs:
    """Tests that run a program and compare its output.

    Args:
        tests: Input and expected output of each test.
        same: Returns True if an output is the expected one.
    """

    source = entry = ""
    hollow: tuple[str, ...] = ()

    def __init__(self, tests: Sequence[tuple[str, str]], same: Callable[[str, str], bool]) -> None:
        self.tests, self.total, self._same = tests, len(tests), same

    def verdict(self, place: CodePlace, source: str) -> CodeVerdict:
        """Run the tests on source code, each in a separate session."""
        return place.counted(partial(self._tried, place, source), self.tests)

    def _tried(self, place: CodePlace, source: str, stdin: str, expected: str) -> Ran:
        with _Opened(place) as session:
            ran = session.program(source, stdin)
        if ran.how == "done" and not self._same(ran.output, expected):
            return Ran("wrong", message="it prints something else")
        return ran


class Asserts:
    """Tests written as source code, which calls the function and asserts its results.

    Each test runs in a separate session, in which the function is a host function that forwards calls to the
    code's session. A test passes if it ends without an error and has called the function.

    Args:
        entry: Name of the function, such as `Solution.add` for a method.
        tests: Source code of each test.
        head: Other code that the tests may use, such as imports and functions defined in the prompt.
    """

    def __init__(self, entry: str, tests: Sequence[str], head: str = "") -> None:
        self.tests, self.total = tests, len(tests)
        self.entry, self._head = called_name(entry), head
        self._named = entry
        self.source = "\n".join([head, *tests])

    @property
    def hollow(self) -> tuple[str, ...]:
        """Bodies of trivial functions that return the tests' expected values or raise their errors."""
        return hollow_bodies(self.tests)

    def verdict(self, place: CodePlace, source: str) -> CodeVerdict:
        with _Opened(place) as session:
            began = session.run(source)
            if began.how != "done":
                return CodeVerdict(0, self.total, began.how, began.message)
            return place.counted(partial(self._tried, place, session), [(test,) for test in self.tests])

    def _tried(self, place: CodePlace, session: Session, test: str) -> Ran:
        called = 0
        ended: list[Ran] = []

        def candidate(*args: Any, **kwargs: Any) -> Any:
            nonlocal called
            called += 1
            if ended:
                raise _Over
            ran = session.call(self.entry, args, kwargs)
            if ran.how == "done":
                return ran.value
            if ran.how != "raised":  # no test may mistake this for an error that it expects
                ended.append(ran)
            raise error_of(ran.error, ran.arguments)

        if broken := broken_source(test, (_CANDIDATE, self._named)):
            return Ran(BROKEN, message=broken)
        given = {name: candidate for name in (_CANDIDATE, self._named) if name.isidentifier()}
        with _Opened(place) as tester:
            asked = f"check({_CANDIDATE})\n" if _CHECK.search(test) else ""
            ran = tester.run(f"{self._head}\n{test}\n{asked}", given)
        if ended:
            return ended[0]
        if called or (ran.how == "stopped" and place.is_over):
            return ran
        why = "" if ran.how == "done" else f": {ran.message}"
        return Ran(
            BROKEN if ran.how != "unsupported" else ran.how,
            message=f"it ends before it calls {self._named}{why}",
        )


class _Over(Exception):
    """Raised in a test if the code's session has ended."""


class _Opened:
    """Context manager that opens a session and closes it."""

    def __init__(self, place: CodePlace) -> None:
        self._place = place

    def __enter__(self) -> Session:
        self._session = self._place.session()
        return self._session

    def __exit__(self, *_: object) -> None:
        self._place.close(self._session)
