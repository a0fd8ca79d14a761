"""Runs a model's code in Monty, a Python interpreter written in Rust with no files, network or environment.

Monty's workers are separate processes. This process has one pool of workers, which lasts from its first
session until it exits. If a worker dies, only its current session is lost, and the pool replaces the worker.

Monty implements only part of Python, so code that it rejects or runs incorrectly is not necessarily wrong. It
also passes some wrong code. `docs/code.md` has the measurements.
"""

from __future__ import annotations

import builtins
from time import perf_counter

from ..errors import ConfigurationError
from ._code_errors import error_arguments, error_name
from ._code_monty_pool import workers
from ._code_session import Limits, Ran
from ._optional import optional

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

EXTRA = "code"

_NEXT = "_next"
_LOOP = "while True:\n    _asked = _next({}(*_asked[0], **_asked[1]))\n"
_TOO_LONG = "it takes too long"
_CRASHED = "it takes too much time or memory"
_SUSPENSIONS = 1_000_000
_LACKS = ("monty", "not supported", "not yet support", "module '", "cannot create '")
# Parts of strings with which Monty replaces values that it cannot copy, such as iterators.
_WRITTEN = ("<", "range(", "dict_", "slice(", "[...]", "{...}", "(...)", "\ufffd")
_CONTAINERS = (list, tuple, set, frozenset)
_PLAIN = (bool, int, float, complex, type(None))
_ITEM_BYTES = 8


class MontyEngine:
    """Engine that runs code in Monty.

    Raises:
        ConfigurationError: pydantic-monty is not installed.
    """

    name = "monty"
    protection = ("interpreter", "limits")

    def __init__(self) -> None:
        try:
            self._library = optional("pydantic_monty", EXTRA)
        except ConfigurationError as error:
            raise ConfigurationError(f"{error}; or use engine='cpython'") from None

    @property
    def is_usable(self) -> bool:
        """Whether this process can start workers. A process forked from one that has workers cannot."""
        return not workers.lost

    def session(self, limits: Limits) -> MontySession:
        """Open a session.

        Raises:
            ConfigurationError: The workers cannot be started here.
        """
        return MontySession(self._library, workers.pool(self._library), limits)


class MontySession:
    """A session in one of Monty's workers.

    Args:
        library: The package `pydantic_monty`.
        pool: The pool of workers.
        limits: The session's limits.
    """

    def __init__(self, library: Any, pool: Any, limits: Limits) -> None:
        self._library, self._limits = library, limits
        self._began = perf_counter()
        self._checkout = pool.checkout(
            script_name="solution.py",
            limits={
                "max_feed_duration_secs": limits.seconds,
                "max_memory": limits.memory_mb * 2**20,
                "max_total_sleep_secs": 0,
                "max_suspensions": _SUSPENSIONS,
            },
            os_policy={"random_start": {"seed": 0}},  # so that a sample earns the same reward each time
            assert_message_annotations=False,
        )
        self._session = self._checkout.__enter__()
        self._printed: Any = None
        self._waiting: Any = None
        self._called = ""

    def run(self, source: str, given: Mapping[str, Callable[..., Any]] | None = None) -> Ran:
        """Run a module's source code, which may call the given functions."""
        return self._fed(source + "\nNone\n", {"__name__": "solution"}, given or {})

    def call(self, name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Ran:
        """Call a function defined by the module.

        All calls of a function share one loop in the worker, which takes a third of the time that separate
        runs would.
        """
        asked = (list(args), dict(kwargs))
        if self._waiting is None or self._called != name:
            self._called = name
            return self._fed(_LOOP.format(name), {"_asked": asked}, {}, waits=True)
        waiting, self._waiting = self._waiting, None
        return self._driven(lambda: waiting.resume({"return_value": asked}), {}, waits=True)

    def program(self, source: str, stdin: str) -> Ran:
        """Run source code as the main program. It can read its input only with `input`."""
        lines = iter(stdin.removesuffix("\n").split("\n") if stdin else [])
        prompts: list[object] = []

        def line(*prompt: object) -> str:
            prompts.extend(prompt)  # a prompt belongs in the output, where this function cannot print it
            try:
                return next(lines)
            except StopIteration:
                raise EOFError("EOF when reading a line") from None

        ran = self._fed(source + "\nNone\n", {"__name__": "__main__"}, {"input": line})
        return Ran("unsupported", message="it asks for input with a prompt") if prompts else ran

    @property
    def used(self) -> float:
        """Seconds of the time limit that the session has used."""
        return perf_counter() - self._began

    def close(self) -> None:
        """Return the worker to the pool and clear the session's data."""
        self._waiting = None
        self._checkout.__exit__(None, None, None)

    def _fed(
        self,
        source: str,
        inputs: Mapping[str, Any],
        given: Mapping[str, Callable[..., Any]],
        waits: bool = False,
    ) -> Ran:
        """Run source code until it ends or waits for the next call."""
        if self._waiting is not None:
            return Ran("stopped", message="the session is in the middle of another function's calls")
        self._printed = self._library.CollectString(max_bytes=self._limits.output_bytes)
        names = {_NEXT: print} if waits else dict(given)
        return self._driven(
            lambda: self._session.feed_start(
                source, inputs=dict(inputs), external_lookup=names, print_callback=self._printed
            ),
            given,
            waits,
        )

    def _driven(self, step: Callable[[], Any], given: Mapping[str, Callable[..., Any]], waits: bool) -> Ran:
        """Call host functions on the code's behalf until it ends or waits for the next call."""
        library = self._library
        if self.used > self._limits.seconds:
            return Ran("stopped", message=_TOO_LONG)
        try:
            at = step()
            while type(at) is not library.MontyComplete:
                if type(at) is not library.FunctionSnapshot or at.is_os_function:
                    at = at.resume_auto()
                elif waits and at.function_name == _NEXT:
                    self._waiting = at
                    return self._returned(at.args[0] if at.args else at)
                elif at.function_name in given:
                    at = at.resume(_asked(given, at))
                else:
                    at = at.resume_auto()  # the code then raises a NameError
        except library.MontyCrashedError:
            return Ran("stopped", output=self._printed.output, message=_CRASHED)
        except library.MontyRuntimeError as error:
            return _raised(error, self._printed.output)
        except library.MontyError as error:
            inner = error.exception()
            kind = type(inner).__name__
            return Ran("raised", message=f"{kind}: {error}", error=error_name(inner), arguments=[str(inner)])
        except (ValueError, RuntimeError, OverflowError) as error:
            # Either the value cannot be copied, such as an integer of more than 4,300 digits, or an earlier
            # call ended the session's worker.
            gone = type(error) is RuntimeError
            message = _CRASHED if gone else f"its value cannot be copied: {error}"
            return Ran("stopped" if gone else "unsupported", output=self._printed.output, message=message)
        return self._returned(at.output)

    def _returned(self, value: Any) -> Ran:
        lost = _not_copied(value, self._limits.output_bytes)
        if lost is not None:
            return Ran("unsupported", message=f"it returned {lost}")
        return Ran("done", value, self._printed.output)


def _asked(given: Mapping[str, Callable[..., Any]], at: Any) -> dict[str, Any]:
    try:
        return {"return_value": given[at.function_name](*at.args, **at.kwargs)}
    except Exception as error:
        return {"exception": error}


def _raised(error: Any, output: str) -> Ran:
    inner = error.exception()
    kind, text = type(inner).__name__, str(inner)
    message = f"{kind}: {text}" if text else kind
    if isinstance(inner, (MemoryError, TimeoutError)) and "limit" in text:
        return Ran("stopped", output=output, message=f"it went over a limit: {text}")
    lacks = isinstance(inner, ImportError) or "Internal error in monty" in text
    if isinstance(inner, (NotImplementedError, AttributeError, TypeError)):
        lacks = any(sign in text for sign in _LACKS)
    if isinstance(inner, NameError):
        lacks = text.partition("'")[2].partition("'")[0] in dir(builtins)
    if lacks:
        return Ran("unsupported", output=output, message=message)
    arguments = error_arguments(inner) if text else []
    return Ran("raised", output=output, message=message, error=error_name(inner), arguments=arguments)


def _not_copied(value: Any, most: int) -> str | None:
    """Describe the part of a value that is too large or was not copied exactly. Return None if there is none.

    Each part is inspected only once because shared parts can make a small value expand into a huge one.
    """
    seen: set[int] = set()
    waiting = [value]
    size = 0
    while waiting:
        one = waiting.pop()
        kind = type(one)
        if id(one) in seen:
            continue
        size += _ITEM_BYTES
        if kind in (str, bytes):
            seen.add(id(one))
            size += len(one)
            if kind is str and size <= most and any(sign in one for sign in _WRITTEN):
                return "a string that may represent another value"
        elif kind is dict:
            seen.add(id(one))
            waiting += one.keys()
            waiting += one.values()
        elif kind in _CONTAINERS:
            seen.add(id(one))
            waiting += one
        elif kind not in _PLAIN:
            return "an object that is not a plain value"
        if size > most:
            return f"more than {most:,} bytes"
    return None
