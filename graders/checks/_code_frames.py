"""Messages between the grader and the process that runs a model's code: a length, then one plain value.

A request is a tuple that starts with `run`, `call` or `program`; an answer is `(how, value, message, error)`,
whose value are the arguments of the error where it raised one, or `("ask", name, args, kwargs)` for a
function of the grader's, which is answered with `("value", value)` or `("error", type, arguments)`.
"""

from __future__ import annotations

import struct

HEADER = struct.Struct("!I")

LARGEST_REQUEST = 64 * 2**20
"""Bytes of the largest message to the code, arguments and all."""


def framed(content: bytes) -> bytes:
    """A message's content behind its length."""
    return HEADER.pack(len(content)) + content
