"""Describes an error that leaves a model's code by its nearest built-in class and by plain arguments.

Programs read this description; people read the text in `Ran.message`.
"""

from __future__ import annotations

import builtins

from ._code_values import packed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

LONGEST_MESSAGE = 300
"""The maximum length of a text about an error, in characters."""

_LONGEST_ARGUMENTS = 10_000  # the size in bytes after packing
# Python takes these for the end of a loop: `all(map(f, ...))` would be true for a function that raises one.
_ENDS_OF_LOOPS = (StopIteration, StopAsyncIteration)


def error_name(error: BaseException) -> str:
    """Return the name of an error's built-in exception class, or of its nearest built-in base class.

    An exception that Python treats as control flow becomes a `RuntimeError`, as it does when a generator
    raises it (PEP 479).
    """
    kinds = type.mro(type(error))
    if Exception not in kinds or any(kind in kinds for kind in _ENDS_OF_LOOPS):
        return "RuntimeError"
    return next((kind.__name__ for kind in kinds if is_error_name(kind.__name__)), "Exception")


def is_error_name(name: object) -> bool:
    """Return whether a name belongs to a built-in exception that is neither control flow nor a group."""
    kind = getattr(builtins, name, None) if isinstance(name, str) else None
    if not isinstance(kind, type) or not issubclass(kind, Exception):
        return False
    return not issubclass(kind, (BaseExceptionGroup, *_ENDS_OF_LOOPS))


def error_arguments(error: BaseException) -> list[Any]:
    """Return an error's arguments if they are plain and contain all of its text; otherwise its text."""
    # Both may run methods of the model's code, which may raise anything; interrupts from the grader pass
    # through.
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
    """Return the built-in exception with this name and arguments, which may come from untrusted code."""
    kind: Any = getattr(builtins, name) if isinstance(name, str) and is_error_name(name) else Exception
    given = arguments if isinstance(arguments, list) else []
    try:
        error: Exception = kind(*given)
    except Exception:  # a UnicodeDecodeError without its five arguments
        error = kind.__new__(kind)
        error.args = tuple(given)
    return error
