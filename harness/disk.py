"""What every file that grows line by line needs, to be killed and gone on with: runs, rollouts, journals.

An open binary file comes in. Where its last whole line ends goes out; or bytes go into it, all of them.
"""

from __future__ import annotations

import os
from typing import IO, Any

__all__ = ["end_of_last_line", "write_all"]

_BLOCK = 1 << 16


def end_of_last_line(file: IO[bytes]) -> int:
    """The size of a file without a torn last line; the file's position moves.

    Args:
        file: Open for reading.
    """
    size = file.seek(0, os.SEEK_END)
    while size:
        start = max(0, size - _BLOCK)
        file.seek(start)
        end = file.read(size - start).rfind(b"\n")
        if end >= 0:
            return start + end + 1
        size = start
    return 0


def write_all(file: Any, content: bytes) -> None:
    """Write to an unbuffered file, whose `write` may take only a part at a time.

    Args:
        file: Opened with `buffering=0`: what could not be written must not be tried again when it is closed.
        content: What to write.

    Raises:
        OSError: The disk is full, or the file cannot be written.
    """
    rest = memoryview(content)
    while rest:
        rest = rest[file.write(rest) :]
