"""What runs a model's code: a session of an engine, and what comes out of it.

A session runs one text of Python on the far side of a wall. Only plain values cross the wall, copied: None,
booleans, numbers, text, bytes, and lists, tuples, sets and dicts of such. An object of a class of the model's
never does, so that no equality of its own is ever asked.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any, Protocol

    class Session(Protocol):
        """One place to run code in, fresh when it is opened; nothing of it is left once it is closed.

        All that a session runs counts against one limit of time, memory and output. Each of these methods
        raises `SessionLost` where the session ended for a reason that is not the code's.
        """

        def run(self, source: str, given: Mapping[str, Callable[..., Any]] | None = None) -> Ran:
            """Run a module's text, which may call what is `given`: functions of the host's, by name.

            The host's function is called here, on this side, with plain values, and returns one or raises.
            """
            ...

        def call(self, name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Ran:
            """Call a function that the module has defined."""
            ...

        def program(self, source: str, stdin: str) -> Ran:
            """Run a text as the main program with this input; `output` is what it printed."""
            ...

        @property
        def used(self) -> float:
            """Seconds of its limit that it has used."""
            ...

        def close(self) -> None:
            """End it and everything that it began."""
            ...

    class Engine(Protocol):
        """A way to run code."""

        @property
        def name(self) -> str:
            """`monty` or `cpython`."""
            ...

        @property
        def protection(self) -> tuple[str, ...]:
            """What keeps the code in: `interpreter`, `seccomp`, `landlock`, `limits`."""
            ...

        def session(self, limits: Limits) -> Session:
            """Open a session.

            Raises:
                ConfigurationError: The engine cannot run here.
            """
            ...


class SessionLost(Exception):
    """A session ended for a reason that is not the code's, so that nothing is known of the code."""


class Limits:
    """What one session may cost.

    Args:
        seconds: For all that it runs together. Time in which the code waits for a busy machine need not
            count, and time that a function of the host's takes does not.
        memory_mb: Of memory beyond the interpreter's own, in MB.
        output_bytes: Of printed text, and of each value that crosses the wall.
        longest: Seconds of wall-clock time at most; `seconds` itself when None.
        least: Seconds that the code has to have had where the wall clock ends it; `seconds` when None.
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
    """How a run or a call ended.

    Args:
        how: `done`; `raised` (the code raised, `message` says what); `stopped` (it passed a limit, or ended
            its session: exit, a kill); `unsupported` (this engine lacks a module or syntax that it needs);
            `refused` (its answer was no plain value).
        value: What a call returned.
        output: What was printed, up to the limit.
        message: Why it did not end as `done`, for people, without the text of the code.
        error: For `raised`, the name of the built-in exception that the code raised, or of the nearest one
            that it is a subclass of; always an `Exception`, so that a function of the host's can raise it in
            another session. For `stopped`, `TimeoutError` where its time was up.
        arguments: The arguments of that exception, a list of plain values; as the code wrote them.
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
        """The class that `error` names; `Exception` for none."""
        import builtins

        found = getattr(builtins, self.error, Exception)
        return found if isinstance(found, type) and issubclass(found, Exception) else Exception
