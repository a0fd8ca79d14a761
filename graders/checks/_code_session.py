"""Defines the engines that run a model's code, their sessions, and their results.

A session runs Python source code in isolation. Only copies of plain values pass in and out: None, booleans,
numbers, strings, bytes, and lists, tuples, sets and dicts of them. Objects of the model's classes never pass,
so their own equality methods are never called.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any, Protocol

    class Session(Protocol):
        """An isolated place to run code, empty when opened; nothing remains after it is closed.

        Everything that a session runs counts toward one limit each of time, memory and output. Each of these
        methods raises `SessionLost` if the session ended for a reason other than the code.
        """

        def run(self, source: str, given: Mapping[str, Callable[..., Any]] | None = None) -> Ran:
            """Run the source code of a module, which may call the host functions in `given`, by name.

            A host function runs on the grader's side. It gets plain values, and returns a plain value or
            raises an error.
            """
            ...

        def call(self, name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Ran:
            """Call a function that the module has defined."""
            ...

        def program(self, source: str, stdin: str) -> Ran:
            """Run source code as the main program with this input; the result contains the output."""
            ...

        @property
        def used(self) -> float:
            """The seconds of the limit that the session has used."""
            ...

        def close(self) -> None:
            """End the session and everything that it started."""
            ...

    class Engine(Protocol):
        """An engine that runs code."""

        @property
        def name(self) -> str:
            """The engine's name: `monty` or `cpython`."""
            ...

        @property
        def protection(self) -> tuple[str, ...]:
            """The layers that confine the code: `interpreter`, `seccomp`, `landlock`, `limits`."""
            ...

        def session(self, limits: Limits) -> Session:
            """Open a session.

            Raises:
                ConfigurationError: The engine cannot run here.
            """
            ...


class SessionLost(Exception):
    """A session ended for a reason other than the code, so nothing is known about the code."""


class Limits:
    """The limits of one session.

    Args:
        seconds: The time for everything that the session runs. The time of host functions does not count, and
            an engine may also exclude waits for a busy machine.
        memory_mb: The memory beyond the interpreter's own, in MB.
        output_bytes: The maximum size of the output, and of each value that is passed in or out, in bytes.
        longest: The maximum wall-clock seconds; `seconds` when None.
        least: The seconds that the code must have had for the wall-clock limit to count against it; `seconds`
            when None.
    """

    __slots__ = ("least", "longest", "memory_mb", "output_bytes", "seconds")

    def __init__(
        self,
        seconds: float,
        memory_mb: int,
        output_bytes: int = 1_000_000,
        longest: float | None = None,
        least: float | None = None,
    ) -> None:
        self.seconds = seconds
        self.longest = seconds if longest is None else max(longest, seconds)
        self.memory_mb = memory_mb
        self.output_bytes = output_bytes
        self.least = seconds if least is None else least


class Ran:
    """How a run or a call ended, and its result.

    Args:
        how: `done`; `raised` (the code raised the error that `message` names); `stopped` (the code exceeded a
            limit, or ended its session, for example with exit); `unsupported` (the engine lacks a module or
            syntax that the code needs); `refused` (the answer was not a plain value).
        value: The result of a call.
        output: The output, up to the limit.
        message: If `how` is not `done`, the reason in words, without the source code.
        error: For `raised`, the name of the built-in exception that the code raised, or of its nearest
            built-in base class; always an `Exception`, so that a host function can raise it in another
            session. For `stopped`, `TimeoutError` if the time was up.
        arguments: The arguments of that exception, a list of plain values, as the code wrote them.
    """

    __slots__ = ("arguments", "error", "how", "message", "output", "value")

    def __init__(
        self,
        how: str,
        value: Any = None,
        output: str = "",
        message: str = "",
        error: str = "",
        arguments: object = None,
    ) -> None:
        self.how = how
        self.value = value
        self.output = output
        self.message = message
        self.error = error
        self.arguments = arguments

    @property
    def kind(self) -> type[Exception]:
        """Return the class that `error` names; `Exception` if it names no class."""
        import builtins

        found = getattr(builtins, self.error, Exception)
        return found if isinstance(found, type) and issubclass(found, Exception) else Exception
