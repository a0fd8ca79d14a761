"""Takes the verdict on a model's code, outside of where the code runs.

The code and the tests run in sessions of their own. Of what the code says, prints or raises nothing counts
but the values that it returns, or the output of a program; they are compared on this side, or by the tests.
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
    """Code whose method can be called as a function, where a method is what is tested.

    Args:
        source: The code.
        entry: `add`, or `Solution.add`.
    """
    owner, _, method = entry.rpartition(".")
    if not owner:
        return source
    return f"{source}\n\ndef {_METHOD}(*args, **kwargs):\n    return {owner}().{method}(*args, **kwargs)\n"


def called_name(entry: str) -> str:
    """The name that calls what is tested.

    Args:
        entry: `add`, or `Solution.add`.
    """
    return _METHOD if "." in entry else entry


class CodeVerdict:
    """How a text of code did on the tests of a record.

    Args:
        passed: Tests that it passed.
        total: Tests that there are.
        fault: How the first one that it did not pass ended: `wrong`, `broken` where that is the test's own
            fault, or as `Ran.how` says it.
        reason: What happened there, for people.
    """

    __slots__ = ("fault", "passed", "reason", "total")

    def __init__(self, passed: int, total: int, fault: str = "", reason: str = "") -> None:
        self.passed, self.total, self.fault, self.reason = passed, total, fault, reason

    @property
    def is_full(self) -> bool:
        """Whether it passed every test."""
        return self.passed == self.total > 0


class CodePlace:
    """Where the code of one sample runs: an engine, and what is left of the sample's limits.

    Args:
        engine: What runs it.
        seconds: For all sessions together.
        memory_mb: Of memory, for each.
        hasty: Stop at the first test that is not passed.
        longest: Seconds on the wall clock at most, however busy the machine is; `seconds` when None.
        least: Seconds that the code has to have had where the wall clock ends it; `seconds` when None.
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
        """Seconds that the code has had in the sessions that are closed."""
        return self._seconds - self._left

    def session(self) -> Session:
        """Open a session for what is left of the time."""
        longest = max(self._ends - perf_counter(), 0.001)
        seconds = min(max(self._left, 0.001), longest)
        least = self._least - self.used
        return self.engine.session(Limits(seconds, self._memory_mb, longest=longest, least=least))

    def close(self, session: Session) -> None:
        """End a session, and count what it used."""
        self._left -= session.used
        session.close()

    def counted(self, trial: Callable[..., Ran], tests: Sequence[tuple[Any, ...]]) -> CodeVerdict:
        """The verdict on several tests, each of which is run here.

        Args:
            trial: Runs one test, given what stands in its tuple.
            tests: The tests.
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
    """Tests that call a function and compare what it returns.

    Args:
        entry: The function's name.
        tests: Positional arguments, named ones, and the value that the call has to return.
        same: Whether a value is the expected one.
    """

    source = ""
    hollow: tuple[str, ...] = ()  # what one value passes is refused as it is read

    def __init__(
        self,
        entry: str,
        tests: Sequence[tuple[Sequence[Any], Mapping[str, Any], Any]],
        same: Callable[[Any, Any], bool],
    ) -> None:
        self.tests, self.total, self._same = tests, len(tests), same
        self.entry, self._named = called_name(entry), entry

    def verdict(self, place: CodePlace, source: str) -> CodeVerdict:
        """Run the tests on a text of code."""
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
    """Tests that run a program and compare what it prints.

    Args:
        tests: Input, and the output that it has to print.
        same: Whether an output is the expected one.
    """

    source = entry = ""
    hollow: tuple[str, ...] = ()

    def __init__(self, tests: Sequence[tuple[str, str]], same: Callable[[str, str], bool]) -> None:
        self.tests, self.total, self._same = tests, len(tests), same

    def verdict(self, place: CodePlace, source: str) -> CodeVerdict:
        """Run the tests on a text of code, each in a separate session."""
        return place.counted(partial(self._tried, place, source), self.tests)

    def _tried(self, place: CodePlace, source: str, stdin: str, expected: str) -> Ran:
        with _Opened(place) as session:
            ran = session.program(source, stdin)
        if ran.how == "done" and not self._same(ran.output, expected):
            return Ran("wrong", message="it prints something else")
        return ran


class Asserts:
    """Tests that are code themselves, which calls the function and asserts what it returns.

    Each test runs in a separate session, in which the function is a host's function that asks the session
    of the code. A test is passed when it ends without an error and has called the function.

    Args:
        entry: The function's name, `Solution.add` for a method.
        tests: The texts of the tests.
        head: What the tests may use besides, such as imports and functions that the prompt defines.
    """

    def __init__(self, entry: str, tests: Sequence[str], head: str = "") -> None:
        self.tests, self.total = tests, len(tests)
        self.entry, self._head = called_name(entry), head
        self._named = entry
        self.source = "\n".join([head, *tests])

    @property
    def hollow(self) -> tuple[str, ...]:
        """What a function might always do: return what the tests compare with, or raise what they name."""
        return hollow_bodies(self.tests)

    def verdict(self, place: CodePlace, source: str) -> CodeVerdict:
        """Run the tests on a text of code."""
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
            if ran.how != "raised":  # which no test may take for an error that it expects
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
    """The session of the code is over, so that the test is as well."""


class _Opened:
    """A session of a place, closed at the end of the block."""

    def __init__(self, place: CodePlace) -> None:
        self._place = place

    def __enter__(self) -> Session:
        self._session = self._place.session()
        return self._session

    def __exit__(self, *_: object) -> None:
        self._place.close(self._session)
