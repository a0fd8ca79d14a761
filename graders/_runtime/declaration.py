"""Validates a grader's declaration when the grader's module is imported."""

from __future__ import annotations

from math import isfinite

from ..errors import DecorationError
from ..wire import PROFILES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

_COROUTINE, _GENERATOR, _VARARGS = 0x80, 0x220, 0x04
_SHAPE = "def my_grader(sample): return ... (read sample.completion, sample.reference_text and sample.fields)"
_BATCH_SHAPE = "def my_grader(samples): return [... for sample in samples]"


class Options:
    """The options of `@grader`. See the decorator's docstring for each option.

    Raises:
        DecorationError: An option is invalid.
    """

    __slots__ = ("batch", "concurrency", "max_error_rate", "on_error", "range", "timeout_s", "wire")

    def __init__(
        self,
        range: Sequence[float],  # users write this name
        on_error: str,
        timeout_s: float | None,
        concurrency: int,
        max_error_rate: float,
        batch: bool,
        wire: str,
    ) -> None:
        self.range = _bounds(range)
        self.on_error = on_error
        self.timeout_s = timeout_s
        self.concurrency = concurrency
        self.max_error_rate = max_error_rate
        self.batch = batch
        self.wire = wire
        if on_error not in ("floor", "raise"):
            raise DecorationError(
                f"on_error={on_error!r}: write 'floor' (a failed sample gets the floor) or 'raise'"
            )
        if timeout_s is not None and not (_is_number(timeout_s) and timeout_s > 0):
            raise DecorationError(f"timeout_s={timeout_s!r}: write seconds above 0, or None for no limit")
        if isinstance(concurrency, bool) or not isinstance(concurrency, int) or concurrency < 1:
            raise DecorationError(
                f"concurrency={concurrency!r}: write the maximum number of concurrent samples, 1 or more"
            )
        if not (_is_number(max_error_rate) and 0 <= max_error_rate <= 1):
            raise DecorationError(f"max_error_rate={max_error_rate!r}: write a share from 0 to 1")
        if not isinstance(batch, bool):
            raise DecorationError(f"batch={batch!r}: write True if the function takes a list of samples")
        if not isinstance(wire, str) or wire not in PROFILES:
            raise DecorationError(f"wire={wire!r}: write one of {', '.join(PROFILES)}")

    def as_dict(self) -> dict[str, Any]:
        """Return the options as plain JSON values that can be stored with a replay."""
        return {name: list(self.range) if name == "range" else getattr(self, name) for name in self.__slots__}


class Declared:
    """A scoring function and its options.

    Args:
        function: The function that `@grader` decorates.
        options: The options of `@grader`.

    Raises:
        DecorationError: The function cannot be a scoring function.
    """

    __slots__ = ("awaits", "function", "is_async", "options")

    def __init__(self, function: Callable[..., Any], options: Options) -> None:
        self.is_async = check_function(function, options.batch)
        """True if the function is declared async. A function that is not may still return an awaitable."""
        self.awaits = self.is_async
        """True if the function is declared async, or returned an awaitable when it was called."""
        self.function = function
        self.options = options


def check_function(function: Any, batch: bool) -> bool:
    """Raise an error if the function cannot be a scoring function.

    Args:
        function: The function that `@grader` decorates.
        batch: True if the function takes a list of samples.

    Returns:
        True if the function is async.

    Raises:
        DecorationError: The function cannot be called with the argument that a grader passes.
    """
    if hasattr(function, "grade_all"):
        raise DecorationError(f"{function!r} is already a grader: decorate it once")
    if isinstance(function, type) or not callable(function):
        what = f"the class {function.__name__}" if isinstance(function, type) else repr(function)
        raise DecorationError(f"@grader was given {what}; it takes a function: {_SHAPE}")
    name = getattr(function, "__name__", type(function).__name__)
    code = getattr(function, "__code__", None)
    if code is None:  # a callable object or a partial; needs `inspect`, whose import takes 5 ms
        return _check_object(function, name, batch)
    if code.co_flags & _GENERATOR:
        raise DecorationError(f"{name} is a generator; a scoring function returns its answer")
    positional = code.co_varnames[: code.co_argcount]
    required = positional[: code.co_argcount - len(function.__defaults__ or ())]
    keywords = set(code.co_varnames[code.co_argcount : code.co_argcount + code.co_kwonlyargcount])
    keywords -= set(function.__kwdefaults__ or ())
    if getattr(function, "__self__", None) is not None:
        positional, required = positional[1:], required[1:]
    takes_one = positional or code.co_flags & _VARARGS
    _check_parameters(name, list(required), sorted(keywords), bool(takes_one), batch)
    return bool(code.co_flags & _COROUTINE)


def _check_object(function: Any, name: str, batch: bool) -> bool:
    """Check a callable that is not a plain function, and return True if it is async."""
    import inspect

    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return False  # a builtin that does not expose its parameters
    empty = inspect.Parameter.empty
    required = [
        p.name
        for p in parameters
        if p.default is empty and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
    ]
    keywords = [p.name for p in parameters if p.default is empty and p.kind is p.KEYWORD_ONLY]
    takes_one = any(p.kind not in (p.KEYWORD_ONLY, p.VAR_KEYWORD) for p in parameters)
    _check_parameters(name, required, keywords, takes_one, batch)
    inner = getattr(function, "func", None) or type(function).__call__
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(inner)


def _check_parameters(
    name: str, required: list[str], keywords: list[str], takes_one: bool, batch: bool
) -> None:
    """Check that a scoring function can be called with exactly one argument."""
    if required[:1] in (["self"], ["cls"]):
        raise DecorationError(f"{name} is a method: decorate a plain function at the top level of its module")
    if len(required) > 1 or not takes_one or keywords:
        needed = ", ".join([*required, *(f"*, {word}" for word in keywords)])
        takes, shape = ("a list of samples", _BATCH_SHAPE) if batch else ("one Sample", _SHAPE)
        raise DecorationError(f"{name}({needed}) cannot be called with {takes}; write {shape}")


def _bounds(given: Any) -> tuple[float, float]:
    try:
        low, high = given
        if _is_number(low) and _is_number(high) and low < high:
            return float(low), float(high)
    except (TypeError, ValueError):
        pass
    raise DecorationError(f"range={given!r}: write the smallest and the largest reward, such as (0, 1)")


def _is_number(value: Any) -> bool:
    try:
        return isinstance(value, (int, float)) and not isinstance(value, bool) and isfinite(value)
    except OverflowError:
        return False
