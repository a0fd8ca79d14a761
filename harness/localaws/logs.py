"""Collects a function's stdout and stderr in memory, where only the end is kept, and optionally in a file.

A thread keeps emptying the pipe, so a handler that prints a lot neither blocks nor fills the memory. Offsets
count all bytes since the start, so an offset taken before a call selects that call's output. Every read or
write first collects the output that the process has already written, so the order is correct even if the
thread runs late.
"""

from __future__ import annotations

import fcntl
import os
import select
import struct
import termios
import threading
from pathlib import Path

from harness.disk import open_to_append

__all__ = ["LogTail"]

_KEEP_BYTES = 256 * 1024
_FILE_BYTES = 64 * 1024 * 1024


class LogTail:
    """Collects the output of one environment, even if its process is restarted.

    Args:
        file: A file that also receives the output, up to 64 MB. Output is appended to an existing file.

    Raises:
        InputError: The file cannot be written, or is a symbolic link.
    """

    def __init__(self, file: Path | None = None) -> None:
        self._tail = bytearray()
        self._total = 0
        self._lock = threading.Lock()
        self._file = os.fdopen(open_to_append(file), "ab") if file is not None else None
        self._room = _FILE_BYTES
        self._pipe: int | None = None
        self._thread: threading.Thread | None = None

    @property
    def offset(self) -> int:
        """Number of bytes written so far."""
        with self._lock:
            self._take_in()
            return self._total

    def attach(self, pipe: int) -> None:
        """Take ownership of `pipe`, and collect its output to the end."""
        self.detach()
        with self._lock:
            self._pipe = pipe
        self._thread = threading.Thread(target=self._read, args=(pipe,), name="function log", daemon=True)
        self._thread.start()

    def detach(self) -> None:
        """Wait for the last output of the process, but not for a descendant that keeps the pipe open."""
        if self._thread is not None:
            self._thread.join(timeout=1)
            self._thread = None
        with self._lock:
            self._pipe = None

    def write(self, text: str) -> None:
        """Add a line from the platform (START, END, REPORT)."""
        with self._lock:
            self._take_in()
            self._add(text.encode())

    def since(self, offset: int, limit: int = _KEEP_BYTES) -> str:
        """Return the output after `offset`, but at most its last `limit` bytes."""
        with self._lock:
            self._take_in()
            kept = min(limit, self._total - offset, len(self._tail))
            return bytes(self._tail[len(self._tail) - kept :]).decode("utf-8", "replace")

    def close(self) -> None:
        """Stop collecting and close the file."""
        self.detach()
        with self._lock:
            if self._file is not None:
                self._file.close()
                self._file = None

    def _read(self, pipe: int) -> None:
        ready = select.poll()
        ready.register(pipe, select.POLLIN | select.POLLHUP)
        chunk = b"-"
        while chunk:
            ready.poll()
            with self._lock:
                if ready.poll(0):  # another thread may have collected the output
                    chunk = os.read(pipe, 65_536)
                    self._add(chunk)
        with self._lock:
            if self._pipe == pipe:
                self._pipe = None
            os.close(pipe)

    def _take_in(self) -> None:
        """Collect the output that the process has written. The caller holds the lock."""
        if self._pipe is not None:
            [waiting] = struct.unpack("i", fcntl.ioctl(self._pipe, termios.FIONREAD, b"\0\0\0\0"))
            if waiting:
                self._add(os.read(self._pipe, waiting))

    def _add(self, chunk: bytes) -> None:
        """Add output. The caller holds the lock."""
        self._total += len(chunk)
        self._tail += chunk
        if len(self._tail) > 2 * _KEEP_BYTES:
            del self._tail[: len(self._tail) - _KEEP_BYTES]
        if self._file is not None and self._room > 0:
            self._file.write(chunk[: self._room])
            self._file.flush()
            self._room -= len(chunk)
