"""Builds the seccomp filter for a model's code, which allows only the system calls needed to compute.

Any other call fails with EPERM. This includes calls that open or look up files, create sockets, processes or
threads, send signals, or change any process's limits or priority. Calls added in newer kernels fail with
ENOSYS, which tells C libraries that the kernel lacks them. Calls for another architecture (i386, x32) end the
process.

Sources: seccomp(2), linux/filter.h, linux/seccomp.h, linux/audit.h, and the numbers in asm/unistd_64.h
(x86-64) and asm-generic/unistd.h (AArch64).
"""

from __future__ import annotations

import struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import TypeAlias

    # A test of one argument: its index, the kind of test (`among`, `without` or `null`), and the values.
    Condition: TypeAlias = tuple[int, str, tuple[int, ...]]

# Number of each call on x86-64 and on AArch64, or None if the architecture lacks the call.
_CALLS: Mapping[str, tuple[int | None, int | None]] = {
    "read": (0, 63),
    "write": (1, 64),
    "readv": (19, 65),
    "writev": (20, 66),
    "pread64": (17, 67),
    "pwrite64": (18, 68),
    "lseek": (8, 62),
    "close": (3, 57),
    "close_range": (436, 436),
    "fstat": (5, 80),
    "dup": (32, 23),
    "dup2": (33, None),
    "dup3": (292, 24),
    "pipe": (22, None),
    "pipe2": (293, 59),
    "fcntl": (72, 25),
    "ioctl": (16, 29),
    # asyncio's event loop wakes itself through a pair of sockets.
    "socketpair": (53, 199),
    "sendto": (44, 206),
    "recvfrom": (45, 207),
    "poll": (7, None),
    "ppoll": (271, 73),
    "select": (23, None),
    "pselect6": (270, 72),
    "epoll_create": (213, None),
    "epoll_create1": (291, 20),
    "epoll_ctl": (233, 21),
    "epoll_wait": (232, None),
    "epoll_pwait": (281, 22),
    "mmap": (9, 222),
    "mprotect": (10, 226),
    "munmap": (11, 215),
    "mremap": (25, 216),
    "brk": (12, 214),
    "madvise": (28, 233),
    "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139),
    "sigaltstack": (131, 132),
    "setitimer": (38, 103),
    "getitimer": (36, 102),
    "alarm": (37, None),
    "pause": (34, None),
    "futex": (202, 98),
    "sched_yield": (24, 124),
    "restart_syscall": (219, 128),
    "exit": (60, 93),
    "exit_group": (231, 94),
    "getrandom": (318, 278),
    "clock_gettime": (228, 113),
    "clock_getres": (229, 114),
    "clock_nanosleep": (230, 115),
    "nanosleep": (35, 101),
    "gettimeofday": (96, 169),
    "time": (201, None),
    "times": (100, 153),
    "getrusage": (98, 165),
    "getrlimit": (97, 163),
    "prlimit64": (302, 261),
    "getpid": (39, 172),
    "getppid": (110, 173),
    "gettid": (186, 178),
    "getuid": (102, 174),
    "geteuid": (107, 175),
    "getgid": (104, 176),
    "getegid": (108, 177),
    "getcpu": (309, 168),
    "sched_getaffinity": (204, 123),
    "uname": (63, 160),
    "getcwd": (79, 17),
}
_NEWEST_KNOWN = 451

# No memory becomes executable, because every extension module is loaded before the filter is installed.
_NOT_EXECUTABLE = (2, "without", (4,))
_CONDITIONS: Mapping[str, Sequence[Condition]] = {
    "mmap": (_NOT_EXECUTABLE,),
    "mprotect": (_NOT_EXECUTABLE,),
    # F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_DUPFD_CLOEXEC; never F_SETOWN or F_SETSIG, which send
    # signals to other processes.
    "fcntl": ((1, "among", (0, 1, 2, 3, 4, 1030)),),
    # TCGETS (isatty), FIONREAD, FIONBIO, FIONCLEX, FIOCLEX.
    "ioctl": ((1, "among", (0x5401, 0x541B, 0x5421, 0x5450, 0x5451)),),
    "socketpair": ((0, "among", (1,)),),  # AF_UNIX
    "sendto": ((4, "null", ()),),  # no address: only to the other end of the pair
    "prlimit64": ((0, "among", (0,)), (2, "null", ())),  # only to read its own limits
}

# The constants AUDIT_ARCH_*, and the first number of the x32 calls on x86-64.
_ARCHITECTURES = {"x86_64": (0, 0xC000003E, 0x40000000), "aarch64": (1, 0xC00000B7, None)}
_ALLOW, _KILL, _EPERM, _ENOSYS = 0x7FFF0000, 0x80000000, 0x00050001, 0x00050026
# BPF_LD | BPF_W | BPF_ABS, BPF_JMP | BPF_K with JEQ, JGE and JSET, BPF_RET | BPF_K.
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER_AT, _ARCHITECTURE_AT, _ARGUMENTS_AT = 0, 4, 16


def allowed(machine: str) -> dict[str, int]:
    """Return the numbers of the system calls allowed on a machine.

    Args:
        machine: The machine's architecture as spelled in `os.uname`.

    Raises:
        KeyError: The system call numbers for this machine are not known.
    """
    column = _ARCHITECTURES[machine][0]
    numbers = ((name, both[column]) for name, both in _CALLS.items())
    return {name: number for name, number in numbers if number is not None}


def program(machine: str) -> bytes:
    """Return the filter in the kernel's format: an array of `struct sock_filter`.

    Raises:
        KeyError: The system call numbers for this machine are not known.
    """
    _, architecture, foreign = _ARCHITECTURES[machine]
    steps = [
        _step(_LOAD, _ARCHITECTURE_AT),
        _step(_EQUAL, architecture, 1, 0),
        _step(_RETURN, _KILL),
        _step(_LOAD, _NUMBER_AT),
    ]
    if foreign is not None:
        steps += [_step(_AT_LEAST, foreign, 0, 1), _step(_RETURN, _KILL)]
    for name, number in allowed(machine).items():
        steps += _call(number, _CONDITIONS.get(name, ()))
    steps += [_step(_AT_LEAST, _NEWEST_KNOWN + 1, 1, 0), _step(_RETURN, _EPERM), _step(_RETURN, _ENOSYS)]
    return b"".join(steps)


def _call(number: int, conditions: Sequence[Condition]) -> list[bytes]:
    """Return the filter's steps for one call, which is denied unless every condition holds."""
    if not conditions:
        return [_step(_EQUAL, number, 0, 1), _step(_RETURN, _ALLOW)]
    body = [_step(_RETURN, _ALLOW), _step(_RETURN, _EPERM)]
    for argument, kind, values in reversed(conditions):
        body = [*_condition(argument, kind, values, to_refusal=len(body) - 1), *body]
    return [_step(_EQUAL, number, 0, len(body)), *body]


def _condition(argument: int, kind: str, values: Sequence[int], to_refusal: int) -> list[bytes]:
    """Return the filter's steps that test one argument and jump to the denial if it is not allowed."""
    low = _ARGUMENTS_AT + 8 * argument
    if kind == "null":
        return [
            _step(_LOAD, low),
            _step(_EQUAL, 0, 0, to_refusal + 2),
            _step(_LOAD, low + 4),
            _step(_EQUAL, 0, 0, to_refusal),
        ]
    if kind == "without":
        return [_step(_LOAD, low), _step(_ANY_BIT, values[0], to_refusal, 0)]
    last = len(values) - 1
    tests = [_step(_EQUAL, one, last - at, 0 if at < last else to_refusal) for at, one in enumerate(values)]
    return [_step(_LOAD, low), *tests]


def _step(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)
