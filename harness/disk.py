"""Files that survive a kill or a full disk: atomically replaced files, append-only JSONL and locks.

There are three ways to write:

* `replaced` and `write_json` write the new content to a temporary file next to the old one, sync it
  (`fsync`) and rename it. A reader sees either the old or the new content, never part of it. `created`
  does the same for a new file, and never replaces one.
* `AppendOnly` appends whole lines. A failed append leaves nothing behind, and a last line left incomplete by
  a kill is cut off. Appends are not synced, so a power failure may lose the newest lines, and that work must
  be repeated.
* `lock` is tied to an open file, so the operating system releases it when its holder ends for any reason.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import json
import os
import time
import weakref
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, Any, ClassVar, Final, Self

from harness.errors import InputError

__all__ = [
    "AppendOnly",
    "HeldLock",
    "InUse",
    "NoRoom",
    "created",
    "file_sha256",
    "lock",
    "no_link",
    "open_to_append",
    "refuse_link",
    "replaced",
    "unwritable",
    "write_json",
]

_BLOCK: Final = 1 << 16
_NO_ROOM: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class NoRoom(InputError):
    """The disk is full or a quota is exhausted. The same command resumes once space is available."""

    exit_code: ClassVar[int] = 3


class InUse(InputError):
    """Another process holds the lock."""


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file named by the user.

    Raises:
        InputError: The file does not exist or cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        raise InputError("no such file", place=str(path), fix="Check the path.") from None
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", place=str(path)) from error


def unwritable(path: Path, error: OSError, fix: str | None = None) -> InputError:
    """Create the error for a file or folder that cannot be written.

    Args:
        path: The file or folder.
        error: The operating system's error.
        fix: How to fix the problem. A full disk has its own fix.

    Returns:
        The error to raise, which is a `NoRoom` if the disk is full.
    """
    message = f"cannot be written: {error.strerror or error}"
    if error.errno in _NO_ROOM:
        return NoRoom(message, place=str(path), fix="Free some space; the same command resumes.")
    if error.errno == errno.ELOOP:
        message, fix = "is a symbolic link; writing there could change another file", "Remove the link."
    return InputError(message, place=str(path), fix=fix)


def no_link(path: str | bytes | os.PathLike[str], flags: int) -> int:
    """Open a file, rejecting symbolic links. Use as `open(..., opener=no_link)`.

    A link in a run folder from another person's repository could cause files elsewhere to be read or written.

    Raises:
        OSError: The file is a link (`ELOOP`) or cannot be opened.
    """
    return os.open(path, flags | os.O_NOFOLLOW, 0o666)


def refuse_link(folder: Path) -> None:
    """Reject a folder that is a symbolic link, because `no_link` checks only the last part of a path.

    Raises:
        InputError: The folder is a link.
    """
    if folder.is_symlink():
        raise unwritable(folder, OSError(errno.ELOOP, os.strerror(errno.ELOOP)))


def open_to_append(path: Path, fix: str | None = None) -> int:
    """Open a file for appending, creating the file and its folder if necessary.

    Args:
        path: The file.
        fix: Advice for the user if the file cannot be written.

    Returns:
        The descriptor, for `os.fdopen`.

    Raises:
        InputError: The file cannot be written or is a symbolic link.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return no_link(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC)
    except OSError as error:
        raise unwritable(path, error, fix) from error


def _refuse_device(path: Path) -> None:
    if path.exists() and not (path.is_file() or path.is_dir()):
        raise OSError(errno.EEXIST, "a device, pipe or socket is there")


@contextlib.contextmanager
def replaced(path: Path, fix: str | None = None) -> Iterator[IO[bytes]]:
    """Atomically replace a file's content when the block ends.

    The file keeps its permissions. If the block raises an exception, the file keeps its old content or is not
    created.

    Args:
        path: The file. Its folder is created if missing.
        fix: Advice for the user if the file cannot be written.

    Yields:
        A file open for writing the new content.

    Raises:
        InputError: The file cannot be written or is a link, device, pipe or socket.
    """
    with _drafted(path, fix, lambda draft, path: draft.replace(path)) as file:
        with contextlib.suppress(FileNotFoundError):
            os.fchmod(file.fileno(), path.stat().st_mode & 0o7777)
        yield file


@contextlib.contextmanager
def created(path: Path, fix: str) -> Iterator[IO[bytes]]:
    """Create a file with its whole content when the block ends. An existing file is never replaced.

    Args:
        path: The new file. Its folder is created if missing.
        fix: Advice for the user if the file exists or cannot be written.

    Yields:
        A file open for writing the content.

    Raises:
        InputError: The file cannot be written, or something with this name exists, even if it appeared while
            the block ran.
    """

    def publish(draft: Path, path: Path) -> None:
        try:
            _link_or_reserve(draft, path)
        except FileExistsError:
            raise _existing(path, fix) from None

    if os.path.lexists(path):
        raise _existing(path, fix)
    with _drafted(path, fix, publish) as file:
        yield file


def _existing(path: Path, fix: str) -> InputError:
    return InputError("this file exists already", place=str(path), fix=fix)


def _link_or_reserve(draft: Path, path: Path) -> None:
    """Give a draft its final name, or raise `FileExistsError`. A rename would replace an existing file."""
    try:
        os.link(draft, path)
    except FileExistsError:
        raise
    except OSError:  # the file system has no hard links
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
        draft.replace(path)
    else:
        draft.unlink()


@contextlib.contextmanager
def _drafted(path: Path, fix: str | None, publish: Callable[[Path, Path], object]) -> Iterator[IO[bytes]]:
    """Write a draft next to a file, and publish it under the file's name when the block ends."""
    name = os.fsdecode(os.fsencode(path.name)[:200])  # file systems limit a name to 255 bytes
    draft = path.with_name(f".{name}.{os.urandom(8).hex()}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_symlink():
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
        _refuse_device(path)  # a rename would replace it with a file, for every process
        with open(draft, "xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        publish(draft, path)
    except BaseException as error:
        with contextlib.suppress(OSError):
            draft.unlink()
        if isinstance(error, OSError):
            raise unwritable(path, error, fix) from error
        raise
    _sync_folder(path.parent)


def write_json(path: Path, value: Any, fix: str | None = None) -> None:
    """Atomically replace a file's content with a JSON value.

    Args:
        path: The file. Its folder is created if missing.
        value: A value that can be serialized by `json`.
        fix: Advice for the user if the file cannot be written.

    Raises:
        InputError: The file cannot be written.
    """
    content = json.dumps(value, indent=1).encode("ascii") + b"\n"
    with replaced(path, fix) as file:
        file.write(content)


def _sync_folder(folder: Path) -> None:
    """Sync a folder after a rename. This does nothing on file systems that cannot sync a folder."""
    with contextlib.suppress(OSError):
        number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(number)
        finally:
            os.close(number)


class AppendOnly:
    """An append-only file of lines, created with its folder if missing. Use as a context manager.

    Args:
        path: The file.
        fix: Advice for the user if the file cannot be written.

    Raises:
        InputError: The file cannot be written or is a link, device, pipe or socket.
    """

    def __init__(self, path: Path, fix: str | None = None) -> None:
        self.path = path
        self._fix = fix
        try:
            _refuse_device(path)  # /dev/null would lose every line, and a pipe waits for a reader
        except OSError as error:
            raise unwritable(path, error, fix) from error
        # Unbuffered, because closing the file must not retry a failed write.
        self._file = os.fdopen(open_to_append(path, fix), "ab", buffering=0)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def size(self) -> int:
        """The file's size in bytes."""
        return os.fstat(self._file.fileno()).st_size

    def lines(self) -> Iterator[tuple[int, bytes]]:
        """Cut off an incomplete last line, then read the file line by line from the start.

        Yields:
            Each line's offset in bytes and the line, including the newline.
        """
        with self._opened() as file:
            end = _end_of_last_line(file)
            if end != self.size:
                self.cut(end)
            at = file.seek(0)
            for line in file:
                yield at, line
                at += len(line)

    def values(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """Read JSON objects from the start. Truncate the file at the first line that is not a JSON object.

        A machine crash can leave a block of zeros in the file. Use this method only if the lines after such a
        block can be recreated.

        Yields:
            Each line's offset in bytes and its value.
        """
        for offset, line in self.lines():
            try:
                value = json.loads(line)
            except (ValueError, RecursionError):
                value = None
            if not isinstance(value, dict):
                self.cut(offset)
                return
            yield offset, value

    def value_at(self, offset: int) -> Any:
        """Return the value of the line at an offset from `values` or `append`."""
        with self._opened() as file:
            file.seek(offset)
            return json.loads(file.readline())

    def _opened(self) -> IO[bytes]:
        try:
            return open(self.path, "rb", opener=no_link)
        except OSError as error:
            raise unwritable(self.path, error, self._fix) from error

    def append(self, values: Iterable[Any]) -> int:
        """Append JSON values, one per line. Either all of them or none are written.

        Args:
            values: JSON values. Lone surrogates are kept as escapes.

        Returns:
            The offset of the first appended line.

        Raises:
            InputError: The disk is full or the file cannot be written.
        """
        return self.append_lines("".join(json.dumps(value) + "\n" for value in values).encode("ascii"))

    def append_lines(self, content: bytes) -> int:
        """Append whole lines. Either all of them or none are written.

        Args:
            content: The lines, each ending in a newline.

        Returns:
            The offset of the first appended line.

        Raises:
            InputError: The disk is full or the file cannot be written.
        """
        start = self.size
        rest = memoryview(content)
        try:
            while rest:
                rest = rest[self._file.write(rest) :]
        except BaseException as error:
            with contextlib.suppress(OSError):
                os.ftruncate(self._file.fileno(), start)
            if isinstance(error, OSError):
                raise unwritable(self.path, error, self._fix) from error
            raise
        return start

    def cut(self, size: int) -> None:
        """Truncate the file to an offset from `lines` or `values`."""
        os.ftruncate(self._file.fileno(), size)

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _end_of_last_line(file: IO[bytes]) -> int:
    """Return the size of a file without an incomplete last line."""
    size = file.seek(0, os.SEEK_END)
    while size:
        start = max(0, size - _BLOCK)
        file.seek(start)
        end = file.read(size - start).rfind(b"\n")
        if end >= 0:
            return start + end + 1
        size = start
    return 0


class HeldLock:
    """A lock held by this process, as returned by `lock`. Use it as a context manager or close it."""

    def __init__(self, path: Path, file: IO[bytes]) -> None:
        self._path = path
        self._file = file
        _held.add(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Release the lock and delete the lock file."""
        if not self._file.closed:
            self._path.unlink(missing_ok=True)
            self._file.close()

    def leave(self) -> None:
        """Close a forked child's copy of the lock file without releasing the lock."""
        self._file.close()


# Otherwise a child that a grader forks and abandons would keep the lock as long as it lives.
_held: weakref.WeakSet[HeldLock] = weakref.WeakSet()


def _leave_all() -> None:
    for held in list(_held):
        held.leave()


os.register_at_fork(after_in_child=_leave_all)


def lock(
    path: Path, what: str, *, patience: float = 0.0, fix: str | None = None, mark: str | None = None
) -> HeldLock:
    """Acquire a lock. The operating system releases it when its holder ends for any reason.

    Args:
        path: The lock file, which exists while the lock is held. Its folder is created if missing.
        what: What the lock protects, for the error message.
        patience: Number of seconds to wait for another holder.
        fix: How to deal with another holder.
        mark: Text that identifies the holder to other processes. The first word must be the process id, which
            is also the default.

    Raises:
        InUse: Another process holds the lock.
        InputError: The lock cannot be acquired here.
    """
    until = time.monotonic() + patience
    while True:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            file = _locked(path)
        except BlockingIOError:
            if time.monotonic() >= until:
                holder = _holder(path)
                message = f"{what} is in use by {f'process {holder}' if holder else 'another process'}"
                raise InUse(message, place=str(path.parent), fix=fix) from None
            time.sleep(0.05)
            continue
        except OSError as error:
            raise unwritable(path, error) from error
        if file is not None:
            break
    held = HeldLock(path, file)
    try:
        os.ftruncate(file.fileno(), 0)
        file.write((mark or str(os.getpid())).encode())
    except OSError as error:
        held.close()
        raise unwritable(path, error) from error
    return held


def _locked(path: Path) -> IO[bytes] | None:
    """Open and lock a file. Return None if its last holder deleted it in the meantime."""
    number = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
    file = os.fdopen(number, "r+b", buffering=0)
    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(os.stat(path, follow_symlinks=False), os.fstat(number)):
                return file
    except BaseException:
        file.close()
        raise
    file.close()
    return None


def _holder(path: Path) -> str:
    """Return the process id in a lock file, or an empty string."""
    with contextlib.suppress(OSError, ValueError):
        with open(path, "rb", opener=no_link) as file:
            word = file.read(100).split()[:1]
        return str(int(word[0])) if word else ""
    return ""
