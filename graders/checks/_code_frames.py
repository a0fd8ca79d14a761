"""Messages between the grader, the server that creates a process for a model's code, and that process.

A message to or from the process consists of a length and one plain value. A request is a tuple that starts
with `run`, `call`, `program` or `function`; an answer is `(how, value, message, error)`, whose value is the
error's arguments if the code raised one, or `("ask", name, args, kwargs)` for one of the grader's functions,
which is answered with `("value", value)` or `("error", type, arguments)`. A message to or from the server
consists of numbers.
"""

from __future__ import annotations

import struct

HEADER = struct.Struct("!I")

LARGEST_REQUEST = 64 * 2**20
"""The maximum size of a message to the code, in bytes."""

START, END = 1, 2
REQUEST = struct.Struct("!Bidqq")
"""`START`, 0, and the limits: seconds, bytes of memory and of output; or `END`, process ID, zeros."""

REPLY = struct.Struct("!ii")
"""Process ID and 0, or negative error number and 0; after `END`, process ID and wait status."""

WALLS = ("landlock", "seccomp")
"""The features that the server's first message reports, as bits in its first number."""

NOT_CONFINED, BROKEN = 111, 112
"""Exit statuses of a session that could not be confined (no code ran), and of one that the code broke."""

CANNOT_IMPORT = "cannot import "
"""The prefix of a server's last line if it cannot load a module; its name, a colon and the reason follow."""


def framed(content: bytes) -> bytes:
    """Return the content of a message with its length in front."""
    return HEADER.pack(len(content)) + content
