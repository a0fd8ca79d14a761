"""Messages between the grader and the process that runs a model's code: a length, then one plain value.

A request is a tuple that starts with `run`, `call` or `program`; an answer is `(how, value, message, error)`,
or `("ask", name, args, kwargs)` for a function of the grader's, which is answered with `("value", value)` or
`("error", type, message)`.
"""

from __future__ import annotations

import builtins
import struct

HEADER = struct.Struct("!I")

LARGEST_REQUEST = 64 * 2**20
"""Bytes of the largest message to the code, arguments and all."""

LONGEST_MESSAGE = 300
"""Characters of what is said of an error."""


def framed(content: bytes) -> bytes:
    """A message's content behind its length."""
    return HEADER.pack(len(content)) + content


def error_name(error: BaseException) -> str:
    """The name of the built-in exception that an error is, or is an instance of a subclass of."""
    kinds = type.mro(type(error))
    return next((kind.__name__ for kind in kinds if is_error_name(kind.__name__)), "Exception")


def is_error_name(name: object) -> bool:
    """Whether this is the name of a built-in exception that code may catch as an `Exception`."""
    kind = getattr(builtins, name, None) if isinstance(name, str) else None
    return isinstance(kind, type) and issubclass(kind, Exception) and not issubclass(kind, BaseExceptionGroup)
