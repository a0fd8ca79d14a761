"""The first code that a function's process runs: it confines the process, then starts the handler.

This script runs in the function's interpreter, without this project: it uses only the standard library, and
no syntax newer than Lambda's oldest Python runtime. `harness.localaws.confinement` passes it two arguments: a
`ConfinementPlan` as JSON, and the command to run.

There are two protections. With a namespace, the process gets a new root in a separate mount namespace. The
root has only the files that Lambda has, and they are read-only except for a fresh /tmp. With Landlock, the
process sees the unchanged file system, but can write only to the listed places.

Sources: mount_namespaces(7), user_namespaces(7), mount_setattr(2), landlock(7).
"""

from __future__ import annotations

import ctypes
import errno
import json
import os
import resource
import stat
import sys

TYPE_CHECKING = False  # importing `typing` would add milliseconds to every cold start
if TYPE_CHECKING:
    from typing import Any

_LIBC = ctypes.CDLL(None, use_errno=True)

# <sched.h>, <sys/mount.h>, <linux/prctl.h>
_NEW_NAMESPACE, _NEW_USER = 0x00020000, 0x10000000
_NO_SUID, _NO_DEVICES, _BIND, _MOVE, _RECURSIVE, _PRIVATE = 2, 4, 4096, 8192, 16384, 1 << 18
_DROP_CAPABILITY, _NO_NEW_PRIVILEGES = 24, 38
# Newer system calls have the same number on every architecture.
_MOUNT_SETATTR, _CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 442, 444, 445, 446
_HERE, _WHOLE_TREE, _READ_ONLY = -100, 0x8000, 1

# The new root is built in this folder, because every Linux has it and no function needs it.
_NEW_ROOT = "/sys"
_DEVICES = ("full", "null", "random", "urandom", "zero")
# Lambda's quota of open files.
_FILES = 1024
# The uid and gid of functions in Lambda, as seen in the process.
_USER, _GROUP = 993, 990

# Landlock's rights: WRITE_FILE, REMOVE_DIR, REMOVE_FILE, MAKE_*; version 2 added REFER, version 3 TRUNCATE.
_WRITES, _REFER, _TRUNCATE = (
    (1 << 1) | (1 << 4) | (1 << 5) | sum(1 << bit for bit in range(6, 13)),
    1 << 13,
    1 << 14,
)
_FILE_RIGHTS = (1 << 1) | _TRUNCATE


class _MountAttributes(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint64) for name in ("set", "clear", "propagation", "user_namespace")]


class _Ruleset(ctypes.Structure):
    _fields_ = [("handled", ctypes.c_uint64)]


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _layout_ = "ms"
    _fields_ = [("allowed", ctypes.c_uint64), ("folder", ctypes.c_int32)]


class _CapabilityHeader(ctypes.Structure):
    _fields_ = [("version", ctypes.c_uint32), ("pid", ctypes.c_int)]


def _check(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), what)
    return result


def enter_namespace(plan: dict[str, Any]) -> None:
    """Build the new root and switch the process to it."""
    _unshare()
    _mount("none", "/", None, _RECURSIVE | _PRIVATE)
    _mount("tmpfs", _NEW_ROOT, "tmpfs", _NO_SUID | _NO_DEVICES, "mode=755")
    for name in plan["system"]:
        _show_system(name)
    for folder in plan["hidden"]:
        _hide(folder, plan["tools"])
    _show_devices()
    for folder in ("/opt", "/sys", "/tmp"):
        os.makedirs(_NEW_ROOT + folder)
    scratch = _NEW_ROOT + "/tmp"
    _mount("tmpfs", scratch, "tmpfs", _NO_SUID | _NO_DEVICES, f"mode=1777,size={plan['tmp_mb']}m")
    for path in plan["visible"]:
        _show(path, path)
    _show(plan["artifact"], plan["root"])
    _set_attributes(_NEW_ROOT, _WHOLE_TREE, _MountAttributes(set=_READ_ONLY))
    _set_attributes(scratch, 0, _MountAttributes(clear=_READ_ONLY))
    os.chdir(_NEW_ROOT)
    _mount(_NEW_ROOT, "/", None, _MOVE)
    os.chroot(".")
    _drop_capabilities()


def _unshare() -> None:
    """Enter a user and a mount namespace; without user namespaces, only a mount namespace (needs root)."""
    user, group = os.getuid(), os.getgid()
    if _LIBC.unshare(_NEW_USER | _NEW_NAMESPACE) == 0:
        for name, text in (
            ("setgroups", "deny"),
            ("uid_map", f"{_USER} {user} 1"),
            ("gid_map", f"{_GROUP} {group} 1"),
        ):
            with open(f"/proc/self/{name}", "w") as file:
                file.write(text)
    else:
        _check(_LIBC.unshare(_NEW_NAMESPACE), "unshare")


def _mount(source: str, target: str, kind: str | None, flags: int, data: str | None = None) -> None:
    arguments = [None if each is None else os.fsencode(each) for each in (source, target, kind)]
    _check(_LIBC.mount(*arguments, flags, None if data is None else data.encode()), target)


def _set_attributes(mount: str, how: int, attributes: _MountAttributes) -> None:
    size = ctypes.sizeof(attributes)
    path = os.fsencode(mount)
    _check(_LIBC.syscall(_MOUNT_SETATTR, _HERE, path, how, ctypes.byref(attributes), size), "mount_setattr")


def _show(source: str, target: str) -> None:
    """Bind a file or folder of the old root into the new root."""
    place = _NEW_ROOT + target
    if not os.path.lexists(place):
        if os.path.isdir(source):
            os.makedirs(place)
        else:
            os.makedirs(os.path.dirname(place), exist_ok=True)
            open(place, "x").close()
    _mount(source, place, None, _BIND | _RECURSIVE)


def _show_system(name: str) -> None:
    """Show a system folder, or the link that this system has in its place."""
    if os.path.islink(name):
        os.symlink(os.readlink(name), _NEW_ROOT + name)
    elif os.path.isdir(name):
        _show(name, name)


def _hide(folder: str, tools: list[str]) -> None:
    """Keep only the named programs in a folder of programs."""
    if os.path.isdir(folder) and not os.path.islink(folder):
        _mount("tmpfs", _NEW_ROOT + folder, "tmpfs", _NO_SUID | _NO_DEVICES, "mode=755")
        for name in tools:
            if os.path.isfile(f"{folder}/{name}"):
                _show(f"{folder}/{name}", f"{folder}/{name}")


def _show_devices() -> None:
    """Create the devices that Lambda has. Lambda has no /dev/shm."""
    for name in _DEVICES:
        _show(f"/dev/{name}", f"/dev/{name}")
    for name, target in (("fd", ""), ("stdin", "/0"), ("stdout", "/1"), ("stderr", "/2")):
        os.symlink("/proc/self/fd" + target, f"{_NEW_ROOT}/dev/{name}")


def _drop_capabilities() -> None:
    """Drop all capabilities, for the process and its children, so that they cannot change mounts."""
    with open("/proc/sys/kernel/cap_last_cap") as file:
        last = int(file.read())
    for capability in range(last + 1):
        _check(_LIBC.prctl(_DROP_CAPABILITY, capability, 0, 0, 0), "capability bounding set")
    header = _CapabilityHeader(0x20080522, 0)
    _check(_LIBC.capset(ctypes.byref(header), (ctypes.c_uint32 * 6)()), "capset")
    _check(_LIBC.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0), "no_new_privs")


def enter_landlock(plan: dict[str, Any]) -> None:
    """Forbid writes outside of the listed places."""
    version = _check(_LIBC.syscall(_CREATE_RULESET, None, 0, 1), "Landlock")
    rights = _WRITES | (_REFER if version >= 2 else 0) | (_TRUNCATE if version >= 3 else 0)
    ruleset = _Ruleset(rights)
    handle = _check(
        _LIBC.syscall(_CREATE_RULESET, ctypes.byref(ruleset), ctypes.sizeof(ruleset), 0), "Landlock"
    )
    for path in plan["writable"]:
        place = os.open(path, os.O_PATH)
        allowed = rights if stat.S_ISDIR(os.fstat(place).st_mode) else rights & _FILE_RIGHTS
        _check(_LIBC.syscall(_ADD_RULE, handle, 1, ctypes.byref(_PathBeneath(allowed, place)), 0), path)
        os.close(place)
    _check(_LIBC.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0), "no_new_privs")
    _check(_LIBC.syscall(_RESTRICT_SELF, handle, 0), "Landlock")
    os.close(handle)


def refuse_semaphores() -> None:
    """Make multiprocessing's locks fail as they do without /dev/shm.

    The error depends on the C library when /dev/shm is missing. In Lambda it is error 38 (ENOSYS).
    """
    try:
        module: Any = __import__("_multiprocessing")
    except ImportError:
        return

    def refuse(*arguments: Any, **named: Any) -> None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))

    # A traceback must end in the same file as in Lambda, not in this file.
    where = os.path.join(os.path.dirname(os.__file__), "multiprocessing", "synchronize.py")
    refuse.__code__ = refuse.__code__.replace(co_filename=where, co_name="SemLock")
    module.SemLock = type("SemLock", (module.SemLock,), {"__new__": refuse})


def main() -> None:
    """Confine the process and run the given command."""
    plan = json.loads(sys.argv[1])
    try:
        if plan["protection"] == "namespace":
            enter_namespace(plan)
        elif plan["protection"] == "Landlock":
            enter_landlock(plan)
        os.chdir(plan["root"])
    except OSError as error:
        sys.exit(f"the function's process could not be confined: {error}")
    refuse_semaphores()
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    few = _FILES if most == resource.RLIM_INFINITY else min(_FILES, most)
    resource.setrlimit(resource.RLIMIT_NOFILE, (few, few))
    sys.path[0] = plan["root"]
    what, sys.argv = sys.argv[2], ["", *sys.argv[3:]]
    if what == "-m":
        import runpy

        runpy.run_module(sys.argv.pop(1), run_name="__main__", alter_sys=True)
    else:
        exec(compile(what, "<string>", "exec"), {"__name__": "__main__"})


if __name__ == "__main__":
    main()
