"""A JSONL file that is only appended to and survives being killed in mid-line.

Comes in: JSON values. Goes out: the same values, in order. On opening, everything from the first line that
is not whole JSON is cut off: it was being written when the machine or the process stopped. It holds no line
in memory.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from harness.disk import write_all
from harness.errors import InputError

__all__ = ["AppendedLines"]


class AppendedLines:
    """The file; made when missing.

    Args:
        path: Where it stands; its folder must exist.

    Raises:
        InputError: It cannot be opened for writing.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._file = path.open("ab", buffering=0)
        except OSError as error:
            raise _unwritable(path, error) from error

    def recover(self) -> Iterator[tuple[int, Any]]:
        """Read the file from the start and cut off what is not whole.

        Yields:
            Each line's offset in bytes and its value.
        """
        end = 0
        with self.path.open("rb") as handle:
            for line in handle:
                value = _whole(line)
                if value is None:
                    break
                yield end, value
                end += len(line)
        self._file.truncate(end)

    def at(self, offset: int) -> Any:
        """The value of the line that starts at an offset.

        Args:
            offset: As `recover` or `append` gave it.
        """
        with self.path.open("rb") as handle:
            handle.seek(offset)
            return json.loads(handle.readline())

    def append(self, values: Iterable[Any]) -> int:
        """Write values at the end, each as one line, and hand them to the operating system.

        Args:
            values: JSON values.

        Returns:
            The offset of the first one.

        Raises:
            InputError: The disk is full or the file cannot be written.
        """
        start = self._file.seek(0, 2)
        # ASCII: a lone surrogate in a message must not stop the journal.
        lines = "".join(json.dumps(value, separators=(",", ":")) + "\n" for value in values)
        try:
            write_all(self._file, lines.encode("ascii"))
        except OSError as error:
            raise _unwritable(self.path, error) from error
        return start

    def clear(self) -> None:
        """Empty the file."""
        self._file.truncate(0)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def fileno(self) -> int:
        """The open file's descriptor, for locking."""
        return self._file.fileno()


def _whole(line: bytes) -> Any | None:
    if not line.endswith(b"\n"):
        return None
    try:
        value = json.loads(line)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _unwritable(path: Path, error: OSError) -> InputError:
    return InputError(
        f"cannot be written: {error.strerror}",
        fix="Make room or choose another folder with --jobs-dir; the same command resumes.",
        place=str(path),
    )
