"""A POSIX timer on a signal that no other code uses (Linux only).

SIGALRM has one timer per process, and libraries use it: `math_verify` ends each call with `signal.alarm(0)`.
`timer_create` can make any number of timers, but Python can call it only through `ctypes`. This module
imports only `_ctypes`, the C part of `ctypes`, because the Python part adds 2 ms to a cold start.
"""

from __future__ import annotations

import _ctypes
import sys
from _thread import get_native_id

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_MONOTONIC, _TO_THREAD = 1, 4
_NEVER = bytes(32)


class _Id(_ctypes._SimpleCData):  # type: ignore[type-arg]  # not generic at run time
    """A `timer_t`, which glibc and musl declare as a pointer."""

    _type_ = "P"


def _function(name: str) -> int:
    """Return the address of a C function. Before glibc 2.34, the timer functions were in librt."""
    for library in (None, "librt.so.1"):
        try:
            return _ctypes.dlsym(_ctypes.dlopen(library, 0), name)  # type: ignore[arg-type]  # None: this process
        except OSError:
            pass
    raise OSError(f"the C library has no {name}")


if sys.platform != "linux" or sys.maxsize < 1 << 32:
    raise ImportError("the structures below use the layout of 64-bit Linux")
_create, _set, _delete = map(_function, ("timer_create", "timer_settime", "timer_delete"))


class PosixTimer:
    """A timer that is initially stopped. Call `delete` to free it.

    Args:
        number: The signal to send to the thread that creates the timer.

    Raises:
        OSError: The kernel provides no timer.
    """

    def __init__(self, number: int) -> None:
        self._id = _Id()
        self._told = (0.0, 0.0)
        self._times = _NEVER
        event = bytes(8) + _ints(4, number, _TO_THREAD, get_native_id()) + bytes(44)
        _call(_create, (_MONOTONIC, event, _ctypes.byref(self._id)))

    def set(self, first: float, interval: float) -> None:
        """Fire after `first` seconds and every `interval` seconds after that."""
        if (
            first,
            interval,
        ) != self._told:  # most batches set the same times, so the encoded times are reused
            self._told = first, interval
            self._times = _ints(8, *(int(part) for t in (interval, first) for part in (t, t % 1 * 1e9)))
        _call(_set, (self._id, 0, self._times, None))

    def stop(self) -> None:
        """Stop the timer. It can be set again."""
        _call(_set, (self._id, 0, _NEVER, None))

    def delete(self) -> None:
        """Stop the timer and free it."""
        _call(_delete, (self._id,))


def _ints(size: int, *numbers: int) -> bytes:
    return b"".join(number.to_bytes(size, sys.byteorder) for number in numbers)


def _call(function: int, arguments: tuple[Any, ...]) -> None:
    if _ctypes.call_function(function, arguments):
        raise OSError("the kernel refused a timer")
