"""The system call filter's decision about every call on both machine types."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders.checks._code_filter import _CONDITIONS, allowed, program

MACHINES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
ALLOW, EPERM, ENOSYS, KILL = 0x7FFF0000, 0x00050001, 0x00050026, 0x80000000
NOTHING = (0,) * 6
# Calls on both machine types that open files, connect, start or signal processes, or change anything.
FORBIDDEN = {
    "x86_64": {
        "open": 2, "openat": 257, "openat2": 437, "stat": 4, "newfstatat": 262, "statx": 332, "readlink": 89,
        "socket": 41, "connect": 42, "sendmsg": 46, "bind": 49, "clone": 56, "clone3": 435, "fork": 57,
        "vfork": 58, "execve": 59, "execveat": 322, "kill": 62, "tkill": 200, "tgkill": 234,
        "rt_sigqueueinfo": 129, "pidfd_open": 434, "pidfd_send_signal": 424, "ptrace": 101, "prctl": 157,
        "process_vm_readv": 310, "memfd_create": 319, "io_uring_setup": 425, "seccomp": 317, "setrlimit": 160,
        "setpriority": 141, "sched_setaffinity": 203, "mkdir": 83, "unlink": 87, "chmod": 90, "ftruncate": 77,
        "shmget": 29, "mq_open": 240, "timer_create": 222, "pkey_mprotect": 329,
    },
    "aarch64": {
        "openat": 56, "openat2": 437, "newfstatat": 79, "statx": 291, "readlinkat": 78, "socket": 198,
        "connect": 203, "sendmsg": 211, "bind": 200, "clone": 220, "clone3": 435, "execve": 221,
        "execveat": 281, "kill": 129, "tkill": 130, "tgkill": 131, "rt_sigqueueinfo": 138, "pidfd_open": 434,
        "pidfd_send_signal": 424, "ptrace": 117, "prctl": 167, "process_vm_readv": 270, "memfd_create": 279,
        "io_uring_setup": 425, "seccomp": 277, "setrlimit": 164, "setpriority": 140, "sched_setaffinity": 122,
        "mkdirat": 34, "unlinkat": 35, "fchmodat": 53, "ftruncate": 46, "shmget": 194, "mq_open": 180,
        "timer_create": 107, "pkey_mprotect": 288,
    },
}  # fmt: skip


def decided(machine, number, arguments=NOTHING, architecture=None):
    """Return the kernel's decision about a call, from an interpreter of the BPF that seccomp(2) describes."""
    data = struct.pack("=IIQ6Q", number, architecture or MACHINES[machine], 0, *arguments)
    steps = list(struct.iter_unpack("=HBBI", program(machine)))
    at, value = 0, 0
    while True:
        code, if_true, if_false, constant = steps[at]
        at += 1
        if code == 0x20:
            value = struct.unpack_from("=I", data, constant)[0]
        elif code == 0x06:
            return constant
        else:
            holds = {0x15: value == constant, 0x35: value >= constant, 0x45: bool(value & constant)}[code]
            at += if_true if holds else if_false


@pytest.mark.parametrize("machine", MACHINES)
def test_every_call_that_is_not_on_the_list_fails(machine):
    listed = set(allowed(machine).values())
    for number in range(600):
        if number not in listed:
            assert decided(machine, number) == (EPERM if number <= 451 else ENOSYS), number


@pytest.mark.parametrize("machine", MACHINES)
def test_every_call_on_the_list_is_let_through(machine):
    for name, number in allowed(machine).items():
        if name not in _CONDITIONS:
            assert decided(machine, number, (2**64 - 1,) * 6) == ALLOW, name


@pytest.mark.parametrize(
    ("machine", "name"), [(one, name) for one, names in FORBIDDEN.items() for name in names]
)
def test_what_reaches_beyond_the_process_is_not_on_the_list(machine, name):
    assert decided(machine, FORBIDDEN[machine][name]) == EPERM


@pytest.mark.parametrize(
    ("name", "arguments", "verdict"),
    [
        ("mmap", (0, 4096, 3, 0x22), ALLOW),
        ("mmap", (0, 4096, 7, 0x22), EPERM),
        ("mmap", (0, 4096, 4, 0x22), EPERM),
        ("mprotect", (0, 4096, 1), ALLOW),
        ("mprotect", (0, 4096, 5), EPERM),
        ("fcntl", (3, 3), ALLOW),
        ("fcntl", (3, 1030), ALLOW),
        ("fcntl", (3, 8), EPERM),
        ("fcntl", (3, 10), EPERM),
        ("fcntl", (3, 15), EPERM),
        ("fcntl", (3, 1033), EPERM),
        ("fcntl", (3, 1030 | 1 << 40), ALLOW),
        ("ioctl", (1, 0x5401), ALLOW),
        ("ioctl", (1, 0x5451), ALLOW),
        ("ioctl", (1, 0x5412), EPERM),
        ("ioctl", (1, 0x8901), EPERM),
        ("socketpair", (1, 1), ALLOW),
        ("socketpair", (2, 1), EPERM),
        ("socketpair", (16, 1), EPERM),
        ("sendto", (3, 0, 0, 0, 0), ALLOW),
        ("sendto", (3, 0, 0, 0, 0x7FFF), EPERM),
        ("sendto", (3, 0, 0, 0, 1 << 32), EPERM),
        ("prlimit64", (0, 7, 0, 0x7FFF), ALLOW),
        ("prlimit64", (0, 7, 1, 0x7FFF), EPERM),
        ("prlimit64", (0, 7, 1 << 32, 0x7FFF), EPERM),
        ("prlimit64", (1, 7, 0, 0x7FFF), EPERM),
    ],
)
@pytest.mark.parametrize("machine", MACHINES)
def test_some_calls_are_allowed_only_with_certain_arguments(machine, name, arguments, verdict):
    assert decided(machine, allowed(machine)[name], (*arguments, *NOTHING)[:6]) == verdict


@pytest.mark.parametrize("machine", MACHINES)
@given(number=st.integers(0, 2**32 - 1), arguments=st.tuples(*[st.integers(0, 2**64 - 1)] * 6))
def test_no_arguments_let_a_call_through_that_is_not_on_the_list(machine, number, arguments):
    assert decided(machine, number, arguments) != ALLOW or number in allowed(machine).values()


@pytest.mark.parametrize("machine", MACHINES)
@given(number=st.integers(0, 600), architecture=st.sampled_from([0x40000003, 0x40000028, 0xC0000015, 1]))
def test_calls_of_another_architecture_end_the_process(machine, number, architecture):
    assert decided(machine, number, architecture=architecture) == KILL


@given(number=st.integers(0x40000000, 2**32 - 1))
def test_x32_calls_end_the_process(number):
    assert decided("x86_64", number) == KILL


def test_another_machine_has_no_filter():
    with pytest.raises(KeyError):
        program("riscv64")
