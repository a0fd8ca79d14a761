"""What a function's process writes to stdout and stderr: kept as a bounded tail, and in a file if wanted.

A thread empties the pipe, however much comes, so that a handler that floods its output neither blocks nor
fills the memory. Offsets count every byte since the start: one taken before a call cuts out what came after.
Whoever looks at the log or writes to it first takes in what the process wrote before, so the order is the
order of writing, however late the thread runs. It never interprets a line.
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
    """Collects one environment's output, across restarts of its process.

    Args:
        file: Gets everything too, up to 64 MB; created if missing, appended to if not.

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
        """How many bytes were written so far."""
        with self._lock:
            self._take_in()
            return self._total

    def attach(self, pipe: int) -> None:
        """Read `pipe` (owned from here on) to its end."""
        self.detach()
        with self._lock:
            self._pipe = pipe
        self._thread = threading.Thread(target=self._read, args=(pipe,), name="function log", daemon=True)
        self._thread.start()

    def detach(self) -> None:
        """Wait for the last process's output; a grandchild that keeps the pipe open is not waited for."""
        if self._thread is not None:
            self._thread.join(timeout=1)
            self._thread = None
        with self._lock:
            self._pipe = None

    def write(self, text: str) -> None:
        """Add a line of the platform's own (START, END, REPORT)."""
        with self._lock:
            self._take_in()
            self._add(text.encode())

    def since(self, offset: int, limit: int = _KEEP_BYTES) -> str:
        """The last `limit` bytes of what came after `offset`."""
        with self._lock:
            self._take_in()
            kept = min(limit, self._total - offset, len(self._tail))
            return bytes(self._tail[len(self._tail) - kept :]).decode("utf-8", "replace")

    def close(self) -> None:
        """Close the file, if any."""
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
                if ready.poll(0):  # nobody else took it in meanwhile
                    chunk = os.read(pipe, 65_536)
                    self._add(chunk)
        with self._lock:
            if self._pipe == pipe:
                self._pipe = None
            os.close(pipe)

    def _take_in(self) -> None:
        """Keep what the process wrote before now; the caller holds the lock."""
        if self._pipe is not None:
            [waiting] = struct.unpack("i", fcntl.ioctl(self._pipe, termios.FIONREAD, b"\0\0\0\0"))
            if waiting:
                self._add(os.read(self._pipe, waiting))

    def _add(self, chunk: bytes) -> None:
        """Keep some output; the caller holds the lock."""
        self._total += len(chunk)
        self._tail += chunk
        if len(self._tail) > 2 * _KEEP_BYTES:
            del self._tail[: len(self._tail) - _KEEP_BYTES]
        if self._file is not None and self._room > 0:
            self._file.write(chunk[: self._room])
            self._file.flush()
            self._room -= len(chunk)
