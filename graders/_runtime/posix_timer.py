"""A timer of this library's own (Linux), on a signal that nobody else uses.

SIGALRM has one timer for the whole process, and libraries take it: `math_verify` ends each call with
`signal.alarm(0)`. `timer_create` makes as many timers as one likes. The standard library has no way to it but
`ctypes`; `_ctypes`, the C half, is imported alone because the other half costs a cold start 2 ms.
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
    """The address of a function of the C library; before glibc 2.34 timers were in librt."""
    for library in (None, "librt.so.1"):
        try:
            return _ctypes.dlsym(_ctypes.dlopen(library, 0), name)  # type: ignore[arg-type]  # None: this process
        except OSError:
            pass
    raise OSError(f"the C library has no {name}")


if sys.platform != "linux" or sys.maxsize < 1 << 32:
    raise ImportError("the structures below have the layout of 64-bit Linux")
_create, _set, _delete = map(_function, ("timer_create", "timer_settime", "timer_delete"))


class PosixTimer:
    """One timer, not yet running; `delete` ends it.

    Args:
        number: The signal that it sends to the thread that makes it.

    Raises:
        OSError: The kernel grants no timer.
    """

    def __init__(self, number: int) -> None:
        self._id = _Id()
        self._told = (0.0, 0.0)
        self._times = _NEVER
        event = bytes(8) + _ints(4, number, _TO_THREAD, get_native_id()) + bytes(44)
        _call(_create, (_MONOTONIC, event, _ctypes.byref(self._id)))

    def set(self, first: float, interval: float) -> None:
        """Ring in `first` seconds and then every `interval` seconds."""
        if (first, interval) != self._told:  # mostly it is the same again: each batch starts and stops it
            self._told = first, interval
            self._times = _ints(8, *(int(part) for t in (interval, first) for part in (t, t % 1 * 1e9)))
        _call(_set, (self._id, 0, self._times, None))

    def stop(self) -> None:
        """Ring no more until it is set again."""
        _call(_set, (self._id, 0, _NEVER, None))

    def delete(self) -> None:
        """Stop, and give the timer back to the kernel."""
        _call(_delete, (self._id,))


def _ints(size: int, *numbers: int) -> bytes:
    return b"".join(number.to_bytes(size, sys.byteorder) for number in numbers)


def _call(function: int, arguments: tuple[Any, ...]) -> None:
    if _ctypes.call_function(function, arguments):
        raise OSError("the kernel refused a timer")
