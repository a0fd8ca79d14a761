"""Defines the messages exchanged between the grader, the fork server and a session.

A message to or from a session consists of a length and one plain value. A request is a tuple that starts with
`run`, `call`, `function` or `program`. An answer is `(how, value, message, error)`. If the code raised an
error, the value is its arguments. A session calls one of the grader's functions with `("ask", name, args,
kwargs)`, and the grader replies with `("value", value)` or `("error", type, arguments)`. Messages to and from
the server consist of numbers.
"""

from __future__ import annotations

import struct

HEADER = struct.Struct("!I")

LARGEST_REQUEST = 64 * 2**20
"""Maximum size of a message to a session, in bytes."""

START, END = 1, 2
REQUEST = struct.Struct("!Bidqq")
"""Request: `START`, 0, seconds, bytes of memory and bytes of output, or `END`, process ID and zeros.
"""

REPLY = struct.Struct("!ii")
"""Reply: process ID (or negated error number) and 0, or, after `END`, process ID and wait status."""

WALLS = ("landlock", "seccomp")
"""Confinement layers in the order of their bits in the server's first message."""

NOT_CONFINED, BROKEN = 111, 112
"""Exit statuses of a session that could not be confined and ran no code, and of one broken by its code.
"""

CANNOT_IMPORT = "cannot import "
"""Prefix of the server's last line if it cannot load a module. The name and the reason follow.
"""


def framed(content: bytes) -> bytes:
    """Prefix a message with its length."""
    return HEADER.pack(len(content)) + content
