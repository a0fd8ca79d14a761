"""Messages between the grader, the server that makes a process for a model's code, and that process.

To the process and back goes a length, then one plain value. A request is a tuple that starts with `run`,
`call`, `program` or `function`; an answer is `(how, value, message, error)`, whose value are the arguments of
the error where it raised one, or `("ask", name, args, kwargs)` for a function of the grader's, which is
answered with `("value", value)` or `("error", type, arguments)`. To the server and back go numbers.
"""

from __future__ import annotations

import struct

HEADER = struct.Struct("!I")

LARGEST_REQUEST = 64 * 2**20
"""Bytes of the largest message to the code, arguments and all."""

START, END = 1, 2
REQUEST = struct.Struct("!Bidqq")
"""`START` with 0, seconds, bytes of memory and bytes of output; or `END` with the process's id and zeros."""

REPLY = struct.Struct("!ii")
"""The process's id and 0, or the error's number below zero and 0; after `END` the id and the wait status."""

WALLS = ("landlock", "seccomp")
"""What the server's first message counts up, as bits in its first number."""

NOT_CONFINED, BROKEN = 111, 112
"""A session's exit status where it could not be shut in, and no code has run; and where the code broke it."""

CANNOT_IMPORT = "cannot import "
"""What the last line begins with of a server that cannot load a module; its name, a colon and why follow."""


def framed(content: bytes) -> bytes:
    """A message's content behind its length."""
    return HEADER.pack(len(content)) + content
