"""Describes an error raised by a model's code, using its nearest built-in class and plain arguments.

The description is meant for programs, and `Ran.message` for people.
"""

from __future__ import annotations

import builtins

from ._code_values import packed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

LONGEST_MESSAGE = 300
"""Maximum length of a message about an error, in characters."""

_LONGEST_ARGUMENTS = 10_000  # in bytes, after packing
# In Python these end an iteration, so `all(map(f, ...))` would be True if `f` raised one.
_ENDS_OF_LOOPS = (StopIteration, StopAsyncIteration)


def error_name(error: BaseException) -> str:
    """Return the name of an error's class, or of its nearest built-in base class if it is not built in.

    Exceptions that Python uses for control flow become `RuntimeError`, as in generators (PEP 479).
    """
    kinds = type.mro(type(error))
    if Exception not in kinds or any(kind in kinds for kind in _ENDS_OF_LOOPS):
        return "RuntimeError"
    return next((kind.__name__ for kind in kinds if is_error_name(kind.__name__)), "Exception")


def is_error_name(name: object) -> bool:
    """Return True for the name of a built-in exception, except control-flow exceptions and groups."""
    kind = getattr(builtins, name, None) if isinstance(name, str) else None
    if not isinstance(kind, type) or not issubclass(kind, Exception):
        return False
    return not issubclass(kind, (BaseExceptionGroup, *_ENDS_OF_LOOPS))


def error_arguments(error: BaseException) -> list[Any]:
    """Return an error's arguments, or its message if they are not plain or do not include all of it."""
    # `str` and `args` may run the model's code, which may raise anything.
    # Interrupts from the grader pass through.
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
    """Create a built-in exception. The name and arguments may come from untrusted code."""
    kind: Any = getattr(builtins, name) if isinstance(name, str) and is_error_name(name) else Exception
    given = arguments if isinstance(arguments, list) else []
    try:
        error: Exception = kind(*given)
    except Exception:  # a UnicodeDecodeError without its five arguments
        error = kind.__new__(kind)
        error.args = tuple(given)
    return error
