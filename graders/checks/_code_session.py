"""Defines the engines that run a model's code, their sessions, and their results.

A session runs Python source code in isolation. Only copies of plain values pass in and out: None, booleans,
numbers, strings, bytes, and lists, tuples, sets and dicts of them. Objects of the model's classes never pass,
so the grader never calls their equality methods.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any, Protocol

    class Session(Protocol):
        """An isolated place to run code, which starts empty and leaves nothing behind.

        All code in a session shares one limit each for time, memory and output. Every method raises
        `SessionLost` if the session ended for a reason other than the code.
        """

        def run(self, source: str, given: Mapping[str, Callable[..., Any]] | None = None) -> Ran:
            """Run the source code of a module, which may call the host functions in `given` by name.

            A host function runs in the grader's process. It receives plain values, and returns a plain value
            or raises an error.
            """
            ...

        def call(self, name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Ran:
            """Call a function that the module has defined."""
            ...

        def program(self, source: str, stdin: str) -> Ran:
            """Run source code as the main program with this input. The result contains the output."""
            ...

        @property
        def used(self) -> float:
            """Seconds of the time limit that the session has used."""
            ...

        def close(self) -> None:
            """End the session and everything that it started."""
            ...

    class Engine(Protocol):
        """An engine that runs code."""

        @property
        def name(self) -> str:
            """Name of the engine: `monty` or `cpython`."""
            ...

        @property
        def protection(self) -> tuple[str, ...]:
            """Layers that confine the code: `interpreter`, `seccomp`, `landlock`, `limits`."""
            ...

        def session(self, limits: Limits) -> Session:
            """Open a session.

            Raises:
                ConfigurationError: The engine cannot run here.
            """
            ...


class SessionLost(Exception):
    """Raised when a session ends for a reason other than its code, so nothing is known about the code."""


class Limits:
    """Limits of one session.

    Args:
        seconds: Time for all code in the session. Host functions do not count, and an engine may also exclude
            waits for a busy machine.
        memory_mb: Memory in addition to the interpreter's own, in MB.
        output_bytes: Maximum size of the output, and of each value that is passed in or out, in bytes.
        longest: Maximum wall-clock seconds. Defaults to `seconds`.
        least: Seconds that the code must have had for the wall-clock limit to count against it. Defaults to
            `seconds`.
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
    """Result of a run or a call.

    Args:
        how: `done`; `raised` (the code raised an error); `stopped` (the code exceeded a limit, or ended its
            session, for example with exit); `unsupported` (the engine lacks a module or syntax that the code
            needs); `refused` (the result was not a plain value).
        value: Return value of a call.
        output: Printed output, up to the limit.
        message: If `how` is not `done`, the reason in words, without the source code.
        error: For `raised`, the name of the built-in exception that the code raised, or of its nearest
            built-in base class. It is always an `Exception`, so that a host function can raise it in another
            session. For `stopped`, `TimeoutError` if the time was up.
        arguments: Arguments of that exception, a list of plain values from the code.
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
        """Exception class that `error` names, or `Exception` if it names none."""
        import builtins

        found = getattr(builtins, self.error, Exception)
        return found if isinstance(found, type) and issubclass(found, Exception) else Exception
