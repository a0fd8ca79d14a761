"""Grades a sample's code: chooses the engine that runs it and turns the verdict into a reward.

If Monty supports the code, it runs first on Monty, which takes less than a millisecond. Code that does not
pass on Monty is run again on CPython, and CPython's verdict counts. Monty does not support all of Python, so
a failure on Monty proves little about the code.
"""

from __future__ import annotations

from ..errors import RecordError, SampleError
from ..extract import Missing
from ..reward import Abstain, Reward
from ._answers import text_of
from ._code_child import CPython
from ._code_dialect import is_shared
from ._code_monty import MontyEngine
from ._code_turns import LEAST, OURS, Turns
from ._code_verdict import BROKEN, CodePlace, CodeVerdict
from ._options import choice_option, count_option, flag_options, number_option

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import Any, Literal, Protocol, TypeAlias

    from ..sample import Sample
    from ._answers import Find
    from ._code_session import Engine
    from ._code_turns import TurnTime

    EngineName: TypeAlias = Literal["auto", "monty", "cpython"]
    Protection: TypeAlias = Literal["full", "limits"]
    Graded: TypeAlias = Reward | Abstain
    CodeCheck: TypeAlias = Callable[[Sample[Any]], Awaitable[Graded]]
    ReadCode: TypeAlias = Callable[[Sample[Any], str], str | Missing]

    class Tests(Protocol):
        """The tests in a record."""

        total: int
        source: str
        """Source code of the tests. Empty if the tests are not code."""
        entry: str
        """Name of the function that the tests call."""

        @property
        def hollow(self) -> tuple[str, ...]:
            """Source code of function bodies that ignore the arguments and might still pass the tests."""
            ...

        def verdict(self, place: CodePlace, source: str) -> CodeVerdict: ...


ENGINES = ("auto", "monty", "cpython")
PROTECTIONS = ("full", "limits")
_LONGEST_SECONDS = 60
_WALLS = ("seccomp", "landlock")
_LOOK = 0.25
"""Fraction of a sample's time that Monty may use before CPython takes over."""
_OWN = OURS / (1 + _LOOK)
"""Fraction of a sample's time that its code may use on CPython after Monty has used its own fraction."""
_KEPT = 256


class CodeGrading:
    """Grades the samples of one code check.

    Args:
        read: Extracts the code from a string. It also receives the sample, in case it needs the record.
        tests: Returns the tests of a sample's record.
        partial: Whether the reward is the fraction of tests that pass.
        seconds: Time limit for all tests of a sample.
        memory_mb: Memory limit for the code, in MB.
        engine: `auto`, `monty` or `cpython`.
        protection: `full`, or `limits` to run trusted code on CPython without confinement.
        find: Extracts the part of a completion that contains the code. None means the whole completion.

    Raises:
        DecorationError: An option is invalid.
        ConfigurationError: An engine is not installed.
    """

    def __init__(
        self,
        read: ReadCode,
        tests: Callable[[Sample[Any]], Tests],
        *,
        partial: bool,
        seconds: float,
        memory_mb: int,
        engine: EngineName,
        protection: Protection,
        find: Find | None,
    ) -> None:
        flag_options(partial=partial)
        choice_option("engine", engine, ENGINES)
        self._seconds = number_option("seconds", seconds, 0.1, _LONGEST_SECONDS)
        self._memory_mb = count_option("memory_mb", memory_mb, 16, 8192)
        self._read, self._tests, self._partial, self._find = read, tests, partial, find
        choice_option("protection", protection, PROTECTIONS)
        self._protection = protection
        self._monty = None if engine == "cpython" else MontyEngine()
        self._cpython = None if engine == "monty" else CPython()
        self._turns = Turns(self._memory_mb)
        self._sound: dict[tuple[str, str, str], tuple[object, str]] = {}

    def check(self) -> CodeCheck:
        """Return the scoring function."""

        async def passes(sample: Sample[Any]) -> Graded:
            """Return the reward for the completion's code."""
            return await self.grade(sample)

        return passes

    async def grade(self, sample: Sample[Any]) -> Graded:
        """Grade one sample.

        Raises:
            RecordError: The sample's record cannot be graded.
            ConfigurationError: The code cannot be run here.
        """
        tests = self._tests(sample)
        part = sample.completion if self._find is None else text_of(self._find(sample.completion))
        code = part if isinstance(part, Missing) else self._read(sample, part)
        return await self._turns.take(lambda time: self._graded(sample, tests, code, time))

    def _graded(self, sample: Sample[Any], tests: Tests, code: str | Missing, time: TurnTime) -> Graded:
        """Grade one sample in a thread of `Turns`."""
        self._check_record(sample, tests, time)
        if isinstance(code, Missing):
            return self._reward(CodeVerdict(0, tests.total, "unread", code.reason), None)
        verdict, engine = self._verdict(tests, code, time, time.share)
        if verdict.fault == BROKEN:
            raise RecordError(f"the record's tests cannot be trusted: {verdict.reason}. Correct it")
        if verdict.fault == "unsupported":
            return Abstain(
                f"Monty cannot run this code, and engine='monty' allows no other: {verdict.reason}"
            )
        return self._reward(verdict, engine)

    def _verdict(self, tests: Tests, source: str, time: TurnTime, share: float) -> tuple[CodeVerdict, Engine]:
        """Return the verdict that counts and the engine that reached it.

        The code may run for the check's `seconds` or for the rest of the sample's `share`, whichever is
        shorter.

        Raises:
            ConfigurationError: CPython cannot confine the code here.
            SampleError: The call's time was up before the code had enough time for a meaningful verdict.
        """
        portion = time.portion(self._seconds, share, _OWN)
        if self._cpython is None:
            assert self._monty is not None
            place = CodePlace(self._monty, portion.seconds, self._memory_mb)
            return self._in_time(tests.verdict(place, source), place), self._monty
        if (monty := self._monty_for(tests, source)) is not None:
            place = CodePlace(monty, portion.seconds * _LOOK, self._memory_mb, hasty=True)
            verdict = tests.verdict(place, source)
            if verdict.is_full:
                return verdict, monty
        self._cpython.check_walls(self._protection)
        portion = time.portion(self._seconds, share, _OWN)
        longest, least = portion.longest, portion.least
        place = CodePlace(self._cpython, portion.seconds, self._memory_mb, longest=longest, least=least)
        return self._in_time(tests.verdict(place, source), place), self._cpython

    def _in_time(self, verdict: CodeVerdict, place: CodePlace) -> CodeVerdict:
        """Return the verdict, or raise an error if the call, rather than the code, ran out of time."""
        if verdict.fault == "stopped" and place.is_over and place.used < self._seconds * LEAST:
            raise SampleError("timeout", "the call's time was up while the sample's code ran")
        return verdict

    def _monty_for(self, tests: Tests, source: str) -> MontyEngine | None:
        """Return Monty if it runs the code and its tests the way CPython does, else None."""
        monty = self._monty
        shared = monty is not None and monty.is_usable and is_shared(source) and is_shared(tests.source)
        return monty if shared else None

    def _reward(self, verdict: CodeVerdict, engine: Engine | None) -> Reward:
        share = verdict.passed / verdict.total
        value = share if self._partial else float(verdict.is_full)
        fallback = self._monty is not None and engine is not None and engine is not self._monty
        metrics = {
            "unread": float(verdict.fault == "unread"),
            "tests": float(verdict.total),
            "passed": float(verdict.passed),
            "stopped": float(verdict.fault == "stopped"),
            "engine_fallback": float(fallback),
        }
        if engine is self._cpython and engine is not None:
            metrics |= {wall: float(wall in engine.protection) for wall in _WALLS}
        where = f" ({engine.name})" if engine else ""
        reason = verdict.reason or f"it passes {verdict.passed} of {verdict.total} tests"
        return Reward(value, metrics=metrics, reason=f"{reason}{where}")

    def _check_record(self, sample: Sample[Any], tests: Tests, time: TurnTime) -> None:
        """Reject a record whose tests cannot be trusted. The result is cached.

        Raises:
            RecordError: The tests accept wrong code or fail the record's own solution.
        """
        reference = sample.reference_answer
        solution = reference if isinstance(reference, str) and reference.strip() else ""
        key, fields = (solution, sample.prompt, tests.source), sample.fields
        kept = self._sound.get(key)
        if kept is None or kept[0] != fields:
            if len(self._sound) >= _KEPT:
                self._sound.clear()
            kept = self._sound[key] = fields, self._why_unsound(sample, tests, solution, time)
        if kept[1]:
            raise RecordError(f"the record's tests cannot be trusted: {kept[1]}")

    def _passes_once(self, tests: Tests, source: str, seconds: float) -> bool:
        """Return True if the grader's own code passes on the first engine that can run it."""
        engine = self._monty_for(tests, source) or self._cpython or self._monty
        assert engine is not None
        return tests.verdict(CodePlace(engine, seconds, self._memory_mb, hasty=True), source).is_full

    def _broken(self, tests: Tests, source: str, seconds: float) -> str:
        """Run the tests on a trivial function. If no code can pass one of them, return the reason."""
        engine: Engine | None = self._cpython or self._monty  # Monty may be unable to run the test
        assert engine is not None
        verdict = tests.verdict(CodePlace(engine, seconds, self._memory_mb), source)
        return f"{verdict.reason}. Correct it" if verdict.fault == BROKEN else ""

    def _why_unsound(self, sample: Sample[Any], tests: Tests, solution: str, time: TurnTime) -> str:
        """Return the reason why a record's tests cannot be trusted, or an empty string."""
        for number, body in enumerate(tests.hollow):
            hollow = f"def {tests.entry}(*args, **kwargs):\n    {body}\n"
            seconds = min(self._seconds, time.left)
            if number == 0 and (broken := self._broken(tests, hollow, seconds)):
                return broken
            if self._passes_once(tests, hollow, seconds):
                return f"a function that does nothing but `{body}` passes them. Add a test that it fails"
        if not solution:
            return ""
        code = self._read(sample, solution)
        if isinstance(code, Missing):
            return f"its reference_answer is not a solution: {code.reason}. Leave it out, or write one"
        hurried = time.left_of_call * _OWN < self._seconds
        verdict, _ = self._verdict(tests, code, time, time.left)
        if verdict.is_full:
            return ""
        if verdict.fault == "stopped" and hurried:
            raise SampleError("timeout", "the call's time was up while the record's own solution ran")
        return f"its reference_answer fails them: {verdict.reason}. Correct one of them"
