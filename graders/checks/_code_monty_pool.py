"""Keeps this process's pool of Monty workers from the first session until the process exits."""

from __future__ import annotations

import atexit
import os
import sys
from _thread import allocate_lock

from ..errors import ConfigurationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_WORKERS = 64
"""Maximum number of workers. It exceeds the number of concurrent sessions, because a session without a worker
could wait forever.
"""


class MontyPool:
    """The process's only pool of workers."""

    def __init__(self) -> None:
        self._lock = allocate_lock()
        self._pool: Any = None
        self.lost = False

    def pool(self, library: Any) -> Any:
        """Return the pool, starting it on first use.

        Raises:
            ConfigurationError: The pool cannot be started or this process was forked from one that had a
                pool.
        """
        with self._lock:
            if self.lost:
                raise ConfigurationError(
                    "Monty does not survive a fork: start processes with spawn, or create the check with "
                    "engine='cpython'"
                )
            if self._pool is None:
                self._pool = self._started(library)
            return self._pool

    def _started(self, library: Any) -> Any:
        try:
            pool = library.Monty(
                binary_path=_beside(library),
                min_processes=1,
                max_processes=_WORKERS,
                request_timeout=60,
                max_checkouts_per_worker=1000,
                feed_duration_limit_grace=0.5,
            )
            pool.__enter__()
        except (OSError, RuntimeError, library.MontyError) as error:
            raise ConfigurationError(f"Monty's workers cannot be started: {error}") from None
        atexit.register(self.end)
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._leave)
        return pool

    def end(self) -> None:
        """End the workers. The next session starts new ones."""
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.__exit__(None, None, None)

    def _leave(self) -> None:
        """Forget the pool in a forked process, because its workers and threads belong to the parent.

        The pool object is never freed because its destructor would kill the parent's workers.
        """
        import ctypes

        self._lock = allocate_lock()
        if self._pool is not None:
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(self._pool))
            self._pool, self.lost = None, True


workers = MontyPool()


def end_processes() -> None:
    """End Monty's workers. The next session starts new ones."""
    workers.end()


def _beside(library: Any) -> str | None:
    """Return the path of Monty's executable if it is next to the package, as in Lambda, else None."""
    folder = os.path.dirname(os.path.dirname(os.path.abspath(library.__file__)))
    path = os.path.join(folder, "bin", "monty.exe" if sys.platform == "win32" else "monty")
    return path if os.path.isfile(path) else None
