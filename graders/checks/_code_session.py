"""Defines the engines that run a model's code, their sessions and their results.

A session runs Python source code in isolation. Only copies of plain values are passed in and out: None,
booleans, numbers, strings, bytes, and lists, tuples, sets and dicts of these. Instances of the model's own
classes are never passed, so the grader never calls their equality methods.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any, Protocol

    class Session(Protocol):
        """An isolated environment to run code, which starts empty and leaves nothing behind.

        All code in a session shares the same time, memory and output limits. Every method raises
        `SessionLost` if the session ended for a reason unrelated to the code.
        """

        def run(self, source: str, given: Mapping[str, Callable[..., Any]] | None = None) -> Ran:
            """Run a module's source code, which may call the host functions in `given` by name.

            A host function runs in the grader's process. It receives plain values and either returns a plain
            value or raises an error.
            """
            ...

        def call(self, name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Ran:
            """Call a function defined by the module."""
            ...

        def program(self, source: str, stdin: str) -> Ran:
            """Run source code as the main program with the given input. The result contains the output."""
            ...

        @property
        def used(self) -> float:
            """Seconds of its time limit that the session has used."""
            ...

        def close(self) -> None:
            """End the session and everything it started."""
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
    """Raised when a session ends for a reason unrelated to its code, which leaves the verdict open."""


class Limits:
    """Limits of one session.

    Args:
        seconds: Time for all code in the session. Host functions do not count, and an engine may also exclude
            time spent waiting for a busy machine.
        memory_mb: Memory in addition to the interpreter's own, in MB.
        output_bytes: Maximum size of the output and of each value passed in or out, in bytes.
        longest: Maximum wall-clock seconds. Defaults to `seconds`.
        least: Seconds that the code must have run for the wall-clock limit to count against it. Defaults to
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
    """The result of running code or calling a function.

    Args:
        how: `done`; `raised` (the code raised an error); `stopped` (the code exceeded a limit or ended its
            session, for example by calling `exit`); `unsupported` (the engine lacks a module or syntax that
            the code needs); `refused` (the result was not a plain value).
        value: Return value of a call.
        output: Printed output, up to the limit.
        message: If `how` is not `done`, an explanation that does not include the source code.
        error: For `raised`, the name of the built-in exception that the code raised, or of its nearest
            built-in base class. It is always an `Exception`, so that a host function can raise it in another
            session. For `stopped`, `TimeoutError` if time ran out.
        arguments: The exception's arguments, a list of plain values from the code.
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
        """The exception class named by `error`, or `Exception` if there is none."""
        import builtins

        found = getattr(builtins, self.error, Exception)
        return found if isinstance(found, type) and issubclass(found, Exception) else Exception
