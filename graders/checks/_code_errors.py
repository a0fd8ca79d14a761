"""Errors across the wall around a model's code: the nearest built-in class, and plain arguments.

A program may read all of an error, so that none of this is worded for people; `Ran.message` is.
"""

from __future__ import annotations

import builtins

from ._code_values import packed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

LONGEST_MESSAGE = 300
"""Characters of what is said of an error."""

_LONGEST_ARGUMENTS = 10_000  # bytes, as they are packed
# Python takes these for the end of a loop: `all(map(f, ...))` would be true for a function that raises one.
_ENDS_OF_LOOPS = (StopIteration, StopAsyncIteration)


def error_name(error: BaseException) -> str:
    """The name of the built-in exception that an error is, or is an instance of a subclass of.

    What Python takes for control flow is a `RuntimeError`, as it is where a generator raises it (PEP 479).
    """
    kinds = type.mro(type(error))
    if Exception not in kinds or any(kind in kinds for kind in _ENDS_OF_LOOPS):
        return "RuntimeError"
    return next((kind.__name__ for kind in kinds if is_error_name(kind.__name__)), "Exception")


def is_error_name(name: object) -> bool:
    """Whether this is the name of a built-in exception that may cross: no control flow, and no group."""
    kind = getattr(builtins, name, None) if isinstance(name, str) else None
    if not isinstance(kind, type) or not issubclass(kind, Exception):
        return False
    return not issubclass(kind, (BaseExceptionGroup, *_ENDS_OF_LOOPS))


def error_arguments(error: BaseException) -> list[Any]:
    """An error's arguments where they can cross and say all that its text says; otherwise its text."""
    # Both may run methods of the code's own, which may raise anything; an interrupt of the grader's passes.
    try:
        said = str(error)
    except (Exception, SystemExit):
        return []
    try:
        arguments = list(error.args)
        packed(arguments, _LONGEST_ARGUMENTS)
        if str(error_of(error_name(error), arguments)) == said:
            return arguments
    except (Exception, SystemExit):
        pass
    return [said[:LONGEST_MESSAGE]]


def error_of(name: object, arguments: object) -> Exception:
    """The built-in exception with this name and arguments, which may come from untrusted code."""
    kind: Any = getattr(builtins, name) if isinstance(name, str) and is_error_name(name) else Exception
    given = arguments if isinstance(arguments, list) else []
    try:
        error: Exception = kind(*given)
    except Exception:  # a UnicodeDecodeError of other than its five arguments
        error = kind.__new__(kind)
        error.args = tuple(given)
    return error
