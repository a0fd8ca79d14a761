"""Replaces Python functions that need a denied system call with functions that do not.

The replacements are for the benefit of honest programs and do not protect anything. Code that removes them is
still subject to the seccomp filter.
"""

from __future__ import annotations

import builtins
import ctypes
import io
import mmap
import os
import resource
import struct
import sys
import threading

from ._code_filter import allowed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future
    from concurrent.futures.thread import ThreadPoolExecutor
    from typing import Any

# `struct stat` of <asm/stat.h>, and the positions of its fields: mode, inode, device, links, user, group,
# kind of device, size, size and number of blocks. Three times follow, each with its nanoseconds.
_STAT = {
    "x86_64": ("=3Q3I4xQ3q6q24x", (3, 1, 0, 2, 4, 5, 6, 7, 8, 9)),
    "aarch64": ("=2Q4IQ8xqi4xq6q8x", (2, 1, 0, 3, 4, 5, 6, 7, 8, 9)),
}
_STANDARD = {f"{folder}/{at}": at for folder in ("/dev/fd", "/proc/self/fd") for at in range(3)}
_STANDARD |= {"/dev/stdin": 0, "/dev/stdout": 1, "/dev/stderr": 2}
_open = open


def install() -> None:
    """Install the replacements."""
    try:
        os.fstat(0)
    except PermissionError:
        os.fstat = _fstat
        mmap.mmap = _Map  # type: ignore[misc]
    builtins.open = io.open = _opened
    resource.setrlimit = _keep_limit
    over: dict[str, Callable[..., object]] = {"join": lambda *_, **__: None, "is_alive": lambda _: False}
    for name, method in {"start": _run_in_place, **over}.items():
        setattr(threading.Thread, name, method)
    timer: dict[str, Callable[..., object]] = {"start": lambda _: None, "join": _wait_for_timer}
    for name, method in timer.items():
        setattr(threading.Timer, name, method)
    from concurrent.futures.thread import ThreadPoolExecutor

    ThreadPoolExecutor.submit = _submit_in_place  # type: ignore[method-assign, assignment]


def _fstat(fd: int) -> os.stat_result:
    """Replaces `os.fstat`, because glibc before 2.39 uses a system call that can also look up paths."""
    machine = os.uname().machine
    form, places = _STAT[machine]
    found = ctypes.create_string_buffer(struct.calcsize(form))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.syscall(allowed(machine)["fstat"], ctypes.c_int(fd), found) < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    values = struct.unpack(form, found.raw)
    *plain, kind, size, block, blocks = (values[place] for place in places)
    seconds, parts = values[10::2], values[11::2]
    more = {"st_rdev": kind, "st_blksize": block, "st_blocks": blocks}
    for name, whole, part in zip(("st_atime", "st_mtime", "st_ctime"), seconds, parts, strict=True):
        more |= {name: whole + part / 10**9, f"{name}_ns": whole * 10**9 + part}
    return os.stat_result((*plain, size, *seconds), more)


class _Map(mmap.mmap):
    """Replaces `mmap.mmap`, which uses the same denied call to get a file's length."""

    def __new__(cls, fileno: int, length: int, *args: Any, **options: Any) -> _Map:
        if length == 0 and fileno >= 0:
            length = os.fstat(fileno).st_size - options.get("offset", 0)
        return super().__new__(cls, fileno, length, *args, **options)


def _opened(file: Any, mode: str = "r", *args: Any, **options: Any) -> Any:
    """Replaces `open`. It can still open a program's own streams and `/dev/null` by name."""
    name = os.fspath(file) if isinstance(file, os.PathLike) else file
    if name in _STANDARD:
        return _open(os.dup(_STANDARD[name]), mode, *args, **options)
    if name == os.devnull:
        return _open(os.dup(2) if {*mode} & {*"wax+"} else _nothing(), mode, *args, **options)
    return _open(file, mode, *args, **options)


def _nothing() -> int:
    """Return a descriptor of a file that reads as empty."""
    reading, writing = os.pipe()
    os.close(writing)
    return reading


def _keep_limit(which: int, limits: tuple[int, int]) -> None:
    """Replaces `resource.setrlimit` and does nothing, because the stack already has its maximum size."""


def _run_in_place(thread: threading.Thread) -> None:
    """Run a thread to completion when it is started, because there can be no second thread.

    Deeply recursive programs often start a single thread with a large stack and wait for it.
    """
    try:
        thread.run()
    except SystemExit:
        return
    except BaseException as error:
        sys.excepthook(type(error), error, error.__traceback__)


def _wait_for_timer(timer: threading.Timer, timeout: float | None = None) -> None:
    """Run a timer only if the code waits for it. A timer that just limits the code's time never runs."""
    if not timer.finished.is_set():
        timer.run()


def _submit_in_place(
    pool: ThreadPoolExecutor, function: Callable[..., Any], /, *args: Any, **kwargs: Any
) -> Future[Any]:
    """Run a thread pool's task immediately, because a pool thread would wait for more tasks and never end."""
    from concurrent.futures import Future

    if pool._shutdown:
        raise RuntimeError("cannot schedule new futures after shutdown")
    future: Future[Any] = Future()
    future.set_running_or_notify_cancel()
    try:
        result = function(*args, **kwargs)
    except Exception as error:
        future.set_exception(error)
    else:
        future.set_result(result)
    return future
