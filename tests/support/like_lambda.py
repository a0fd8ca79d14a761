"""Runs a command much as Lambda runs a function: with one writable folder, another user and no privileges.

The command gets a new mount namespace, an empty folder for temporary files, no /dev/shm, and Lambda's user
and group. It has no capabilities and cannot gain any. This needs root, because the root file system becomes
read-only.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

_USER, _GROUP = 993, 990
_SCRATCH = "/var/tmp"


def possible() -> bool:
    """Return True if this process may run commands in that way."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return False
    try:
        probe = subprocess.run(["unshare", "-m", "setpriv", "--reuid", str(_USER), "true"], timeout=30)
    except (OSError, subprocess.SubprocessError):
        return False
    return probe.returncode == 0


def like_lambda(
    command: list[str], needed: list[Path], variables: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run a command as Lambda runs a function.

    Args:
        command: The command with its arguments.
        needed: Folders that must be readable, such as the interpreter's.
        variables: The environment variables.
    """
    steps = ["set -eu", "mount --bind / /", "umount /dev/shm 2>/dev/null || true"]
    # A folder that only root may enter, such as root's home, is covered. Only the needed folders in it are
    # shown.
    for folder in sorted({Path(*path.parts[:2]) for path in needed if not _open(Path(*path.parts[:2]))}):
        steps += _covered(folder, [path for path in needed if path.is_relative_to(folder)])
    bare = (
        f"--reuid {_USER} --regid {_GROUP} --clear-groups --no-new-privs --inh-caps=-all --bounding-set=-all"
    )
    steps += [
        "mount -o remount,ro,bind /",
        f"mount -t tmpfs -o size=512m,mode=1777 tmpfs {_SCRATCH}",
        f"cd {shlex.quote(os.getcwd())}",
        f"exec setpriv {bare} {shlex.join(command)}",
    ]
    return subprocess.run(
        ["unshare", "-m", "--propagation", "private", "sh", "-c", "\n".join(steps)],
        env={"PATH": os.environ["PATH"], "TMPDIR": _SCRATCH, "HOME": _SCRATCH, **variables},
        capture_output=True,
        text=True,
    )


def _covered(folder: Path, shown: list[Path]) -> list[str]:
    """Return shell commands that cover a folder with an empty one that shows only some of its subfolders."""
    steps = ["mount -t tmpfs tmpfs /mnt"]
    places = [shlex.quote(str(path)) for path in shown]
    for at, place in enumerate(places):
        steps += [f"mkdir /mnt/{at}", f"mount --bind {place} /mnt/{at}"]
    steps += [f"mount -t tmpfs -o mode=755 tmpfs {folder}"]
    for at, place in enumerate(places):
        steps += [f"mkdir -p {place}", f"mount --bind /mnt/{at} {place}"]
        steps += [f"mount -o remount,ro,bind {place}"]
    return [*steps, f"mount -o remount,ro {folder}"]


def _open(folder: Path) -> bool:
    return folder.stat().st_mode & 0o005 == 0o005
