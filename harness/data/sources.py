"""Sources of records and rollouts: files, standard input, S3 objects, or several of these in order.

Commands read data in the same way wherever it is stored. A source can be opened at any byte and any number of
times, and its facts show whether the content changed.
"""

from __future__ import annotations

import functools
import glob
import hashlib
import io
import os
import re
import shutil
import stat
import sys
import tempfile
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any, Protocol, TypeAlias, TypeVar

from harness.data.packed import unpacked
from harness.errors import InputError

__all__ = [
    "S3_SCHEME",
    "STANDARD_INPUT",
    "DataFile",
    "FileSource",
    "JoinedSource",
    "NamedSource",
    "Source",
    "SourceFacts",
    "as_source",
    "local_copy",
    "named_wholly",
    "parts_of",
    "source_from",
    "source_of",
    "stem_of",
    "text_sha256",
    "unreadable",
]

S3_SCHEME = "s3://"
"""Prefix of the names of S3 objects."""

STANDARD_INPUT = "-"
"""Name of standard input."""

_BUFFER = 1024 * 1024
_AT_ONCE = 16
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_Told = TypeVar("_Told")
_CHANGED = "Run the command again on a file that does not change."


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """Facts that identify the content of a file or object and are known without reading it."""

    name: str
    """The absolute path, `s3://bucket/key`, or `-` for standard input."""
    bytes: int
    """Stored size in bytes. For compressed data, this is the compressed size."""
    mtime_ns: int | None = None
    """Modification time of a file, in nanoseconds since 1970."""
    etag: str | None = None
    """S3's ETag for the content, which is useful only for comparison."""
    version: str | None = None
    """Version of the object, if the bucket has versioning."""


class Source(Protocol):
    """Data that may be stored in a file, in S3 or elsewhere. `str` returns its name."""

    @property
    def name(self) -> str:
        """Name shown to users."""
        ...

    @property
    def size(self) -> int | None:
        """Number of bytes, or None if it cannot be known before the source is read."""
        ...

    @property
    def seekable(self) -> bool:
        """Whether another process can open the source at any byte as quickly as at the start."""
        ...

    @property
    def facts(self) -> tuple[SourceFacts, ...]:
        """Facts that identify the content, one for each file or object, in order."""
        ...

    def open(self, start: int = 0) -> io.BufferedReader:
        """Open the source for reading.

        Args:
            start: Offset of the first byte.

        Raises:
            InputError: The source cannot be read or its content has changed.
        """
        ...

    def changed(self) -> str | None:
        """Return why the content may have changed since the source was created, or None if it has not."""
        ...


DataFile: TypeAlias = Source | str | os.PathLike[str]
"""Argument type of functions that read data: a source or its name."""


class FileSource:
    """A file on this machine.

    Args:
        path: The file, which must exist.

    Raises:
        InputError: The file is missing or is a folder.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self.name = os.fspath(path)
        self.seekable = True
        self._facts, self._stamp = self._now()
        self.size = self._facts.bytes

    @property
    def facts(self) -> tuple[SourceFacts, ...]:
        """Path, size and modification time of the file."""
        return (self._facts,)

    def open(self, start: int = 0) -> io.BufferedReader:
        """Open the file at a byte offset.

        Raises:
            InputError: The file cannot be read.
        """
        try:
            file: io.BufferedReader = io.BufferedReader(io.FileIO(self.path), _BUFFER)
        except OSError as error:
            raise unreadable(error, self.name) from error
        if start:
            file.seek(start)
        return file

    def changed(self) -> str | None:
        """Return why the content may have changed since the source was created, or None if it has not."""
        try:
            now = self._now()
        except InputError as error:
            return f"{self.name}: {error.message}"
        return None if now == (self._facts, self._stamp) else f"{self.name} was changed in the meantime"

    def _now(self) -> tuple[SourceFacts, tuple[int, int]]:
        """Return the file's facts and values that change with the content even if the mtime is reset."""
        try:
            found = os.stat(self.path)
        except OSError as error:
            raise unreadable(error, self.name) from error
        if stat.S_ISDIR(found.st_mode):
            raise unreadable(IsADirectoryError(), self.name)
        facts = SourceFacts(os.path.abspath(self.path), found.st_size, found.st_mtime_ns)
        return facts, (found.st_ino, found.st_ctime_ns)

    def __str__(self) -> str:
        return self.name


class SpooledSource:
    """Input that can be read only once, such as a pipe, stored in an unnamed temporary file.

    Args:
        stream: The input, which is read to the end immediately.
        name: Name of the input.

    Raises:
        InputError: The input cannot be read or stored.
    """

    def __init__(self, stream: IO[bytes], name: str) -> None:
        self.name = name
        self.seekable = False
        try:
            file = tempfile.TemporaryFile(prefix="rft-input-")
            weakref.finalize(self, file.close)
            shutil.copyfileobj(stream, file, _BUFFER)
            file.flush()
        except OSError as error:
            what = f"this input can be read only once, and it cannot be stored: {error.strerror or error}"
            raise InputError(what, place=name, fix="Set TMPDIR to a folder with more free space.") from error
        self.size = file.tell()
        self._descriptor = file.fileno()

    @property
    def facts(self) -> tuple[SourceFacts, ...]:
        """Name and length of the input, which are all that is known about it."""
        named = self.name if self.name == STANDARD_INPUT else os.path.abspath(self.name)
        return (SourceFacts(named, self.size),)

    def open(self, start: int = 0) -> io.BufferedReader:
        """Open the stored input at a byte offset."""
        return io.BufferedReader(_Kept(self, start), _BUFFER)

    def read_at(self, start: int, size: int) -> bytes:
        """Read up to `size` bytes from an offset. Several readers may call this at the same time."""
        return os.pread(self._descriptor, size, start)

    def changed(self) -> str | None:
        """Return None, because the stored input cannot change."""
        return None

    def __str__(self) -> str:
        return self.name


class _Kept(io.RawIOBase):
    """A reader that keeps its own position, because all readers share one file descriptor."""

    def __init__(self, source: SpooledSource, start: int) -> None:
        self._source = source
        self._at = start

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        read = self._source.read_at(self._at, len(buffer))
        buffer[: len(read)] = read
        self._at += len(read)
        return len(read)


class JoinedSource:
    """Joins several sources in order, adding a newline after any that does not end with one.

    Args:
        parts: One or more sources, none of which is a `JoinedSource`.
        lengths: The `lengths` of the same parts if known. If None, the end of each part is read when needed.
    """

    def __init__(self, parts: Sequence[Source], lengths: Sequence[int | None] | None = None) -> None:
        self.parts = tuple(parts)
        self._lengths = lengths
        self.name = f"{self.parts[0].name} and {len(self.parts) - 1:,} more"
        self.seekable = all(part.seekable for part in self.parts)

    @functools.cached_property
    def lengths(self) -> tuple[int | None, ...]:
        """Number of bytes in each part, including any added newline, or None if it is not known yet."""
        if self._lengths is not None:
            return tuple(self._lengths)
        *before, last = self.parts
        return (*_at_once(_length_joined, before), last.size)

    @property
    def size(self) -> int | None:
        """Total number of bytes, or None if it cannot be known before the source is read."""
        known = [length for length in self.lengths if length is not None]
        return sum(known) if len(known) == len(self.parts) else None

    @property
    def facts(self) -> tuple[SourceFacts, ...]:
        """Facts of each part, in order."""
        return tuple(facts for part in self.parts for facts in part.facts)

    def open(self, start: int = 0) -> io.BufferedReader:
        """Open the joined content at a byte offset."""
        return io.BufferedReader(_Joined(self, start), _BUFFER)

    def changed(self) -> str | None:
        """Return why the content of a part may have changed, or None if all parts are unchanged."""
        return next(filter(None, _at_once(lambda part: part.changed(), self.parts)), None)

    def __str__(self) -> str:
        return self.name


class _Joined(io.RawIOBase):
    def __init__(self, source: JoinedSource, start: int) -> None:
        self._left = list(zip(source.parts, source.lengths, strict=True))
        self._skip = start
        self._file: io.BufferedReader | None = None
        self._last = b"\n"

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        while True:
            self._file = file = self._file or self._next()
            if file is None:
                return 0
            read = file.read1(len(buffer))
            if not read:
                self._close()
                # The last part is unchanged. An earlier part without a final newline gets one.
                if self._last == b"\n" or not self._left:
                    continue
                read = b"\n"
            self._last = read[-1:]
            if self._skip:  # bytes are left to skip only after a part of unknown length
                skipped = min(self._skip, len(read))
                read, self._skip = read[skipped:], self._skip - skipped
                if not read:
                    continue
            buffer[: len(read)] = read
            return len(read)

    def _next(self) -> io.BufferedReader | None:
        while self._left:
            part, length = self._left.pop(0)
            if length is not None and length <= self._skip and self._left:
                self._skip -= length
                continue
            known = self._skip if length is not None else 0
            self._skip -= known
            # If no bytes of the part are left, only the added newline remains.
            self._last = b"" if known else b"\n"
            return part.open(known)
        return None

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def close(self) -> None:
        self._close()
        super().close()


def _at_once(ask: Callable[[Source], _Told], parts: Sequence[Source]) -> list[_Told]:
    """Query the parts in parallel, because querying a thousand S3 objects one by one takes a minute."""
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(ask, parts))


def _length_joined(part: Source) -> int | None:
    if not part.size:
        return part.size
    with part.open(part.size - 1) as file:
        return part.size + (file.read(1) != b"\n")


def parts_of(source: Source) -> tuple[tuple[Source, int | None], ...]:
    """Return a source's files and objects in order, each with the number of bytes it contributes.

    The number is None if it cannot be known before the part is read.
    """
    source = as_source(source)
    if isinstance(source, JoinedSource):
        return tuple(zip(source.parts, source.lengths, strict=True))
    return ((source, source.size),)


def source_of(*names: str | os.PathLike[str]) -> Source:
    """Return the source for one or more names.

    Args:
        names: Each name is a path, a pattern such as `data/*.jsonl`, `-` for standard input, or in S3 an
            object (`s3://bucket/key`), a prefix (`s3://bucket/prefix/`) or a pattern. The matches of each
            name are sorted.

    Raises:
        InputError: No name is given, or a file is missing, is a folder, cannot be read or is listed twice.
        ServiceError: S3 cannot be reached, or the credentials do not allow reading.
    """
    s3 = functools.cache(_s3_client)
    parts = [part for name in names for part in _named(os.fspath(name), s3)]
    if not parts:
        raise InputError("no file is given", fix="Pass one, or - for standard input.")
    seen: dict[str, str] = {}
    for part in parts:
        for facts in part.facts:
            own = _followed(facts.name)
            if own in seen:
                other = seen[own]
                what = "this is listed twice" if other == facts.name else f"this is the same file as {other}"
                raise InputError(what, place=part.name, fix="List each file once.")
            seen[own] = facts.name
    return parts[0] if len(parts) == 1 else JoinedSource(parts)


@dataclass(frozen=True)
class NamedSource:
    """A source named on the command line, which is looked up on first use."""

    names: tuple[str, ...]
    """Names as accepted by `source_of`."""

    @functools.cached_property
    def found(self) -> Source:
        """The source with these names.

        Raises:
            InputError: As for `source_of`.
            ServiceError: As for `source_of`.
        """
        return source_of(*self.names)

    @property
    def name(self) -> str:
        """The given name. If there are several, the first one and the number of others."""
        first, *more = self.names
        return f"{first} and {len(more):,} more" if more else first

    @property
    def size(self) -> int | None:
        """Number of bytes, or None if it cannot be known before the source is read."""
        return self.found.size

    @property
    def seekable(self) -> bool:
        """Whether the source can be opened at any byte as quickly as at the start."""
        return self.found.seekable

    @property
    def facts(self) -> tuple[SourceFacts, ...]:
        """Facts that identify the content."""
        return self.found.facts

    def open(self, start: int = 0) -> io.BufferedReader:
        """Open the source at a byte offset."""
        return self.found.open(start)

    def changed(self) -> str | None:
        """Return why the content may have changed, or None if it is unchanged."""
        return self.found.changed()

    def __str__(self) -> str:
        return self.name


def source_from(facts: Sequence[SourceFacts], lengths: Sequence[int] = ()) -> Source:
    """Open exactly the same content again, in this process or another one.

    Args:
        facts: Facts of a seekable source.
        lengths: For several files, the `JoinedSource.lengths` if known.

    Raises:
        InputError: A file or object is missing or has changed.
    """
    s3 = functools.cache(_s3_client)  # one client for all objects, created on first use
    parts = [_again(each, s3) for each in facts]
    return parts[0] if len(parts) == 1 else JoinedSource(parts, lengths or None)


def as_source(file: DataFile) -> Source:
    """Return the source with this name, or the argument itself if it is already a source.

    Raises:
        InputError: The source is missing, is a folder or cannot be read.
    """
    if isinstance(file, NamedSource):
        return file.found
    return source_of(file) if isinstance(file, str | os.PathLike) else file


def text_sha256(file: DataFile) -> str:
    """Return the SHA-256 of a source's decompressed content.

    Args:
        file: The source, or its name.

    Raises:
        InputError: The source cannot be read.
    """
    source, digest = as_source(file), hashlib.sha256()
    try:
        with source.open() as text:
            while read := text.read(_BUFFER):
                digest.update(read)
    except OSError as error:
        raise unreadable(error, source.name) from error
    return digest.hexdigest()


def stem_of(file: DataFile) -> str:
    """Return a base name for files derived from a source: its first file's name without extensions.

    Args:
        file: The source or its name. The file is not accessed.
    """
    if isinstance(file, JoinedSource):
        file = file.parts[0]
    name = file.names[0] if isinstance(file, NamedSource) else str(file)
    if name == STANDARD_INPUT:
        return "stdin"
    name = name.rstrip("/").rpartition("/")[2]
    unpacked_name, dot, ending = name.rpartition(".")
    stem = Path(unpacked_name if dot and ending in ("gz", "zst", "bz2", "xz") else name).stem
    return re.sub(r"[*?\[\]]+", "-", stem).strip("-") or "data"


def named_wholly(file: DataFile) -> str:
    """Return a source's absolute path or S3 name. For several files, return the first one and a count."""
    first, *more = as_source(file).facts
    name = _followed(first.name)
    return f"{name} and {len(more):,} more" if more else name


def _followed(name: str) -> str:
    """Return the name in a source's facts, with links followed if it is a path."""
    return name if name.startswith(S3_SCHEME) or name == STANDARD_INPUT else os.path.realpath(name)


@contextmanager
def local_copy(file: DataFile) -> Iterator[Path]:
    """Provide a source as a local file: the file itself or a copy that exists during the block.

    Args:
        file: The source. Messages about the copy should name the source.

    Raises:
        InputError: The source cannot be read or the copy cannot be written.
    """
    source = as_source(file)
    if isinstance(source, FileSource):
        yield source.path
        return
    with tempfile.TemporaryDirectory(prefix="rft-input-") as folder:
        path = Path(folder) / "data.jsonl"
        try:
            with source.open() as text, path.open("wb") as into:
                shutil.copyfileobj(text, into, _BUFFER)
        except OSError as error:
            raise unreadable(error, source.name) from error
        yield path


def unreadable(error: OSError, name: str) -> InputError:
    """Convert an operating system error to an error for the user.

    Args:
        error: The original error.
        name: Name of the file.
    """
    if isinstance(error, FileNotFoundError):
        return InputError("no such file", place=name, fix="Check the path.")
    if isinstance(error, IsADirectoryError):
        return InputError("this is a folder", place=name, fix="Pass the files in it, as in FOLDER/*.jsonl.")
    if isinstance(error, PermissionError):
        return InputError("no permission to read this file", place=name, fix="Check its permissions.")
    return InputError(f"cannot read the file: {error.strerror or error}", place=name)


def _s3_client() -> Any:
    from harness.data.s3 import s3_client

    return s3_client()


def _again(facts: SourceFacts, s3: Callable[[], Any]) -> Source:
    if facts.name == STANDARD_INPUT:
        raise InputError("standard input cannot be read again", fix="Write it to a file first.")
    if facts.name.startswith(S3_SCHEME):
        from harness.data.s3 import S3Source

        return S3Source(facts, s3())
    file = _file(facts.name)
    [now] = file.facts
    known = now if facts.mtime_ns is not None else replace(now, mtime_ns=None)
    if known != facts:
        raise InputError("the file has changed", place=facts.name, fix=_CHANGED)
    return file


def _named(name: str, s3: Callable[[], Any]) -> list[Source]:
    if name == STANDARD_INPUT:
        return [unpacked(_standard_input())]
    if name.startswith(S3_SCHEME):
        from harness.data.s3 import s3_sources

        return [unpacked(each, each.head) for each in s3_sources(name, s3())]
    if address := _ADDRESS.match(name):
        what = f"data can be read from files and from {S3_SCHEME}, not from {address[0]}"
        raise InputError(what, place=name, fix="Download it first.")
    if not os.path.lexists(name) and glob.has_magic(name):
        found = sorted(path for path in glob.glob(name, recursive=True) if not os.path.isdir(path))
        if not found:
            raise InputError("no file matches this pattern", place=name, fix="Check the pattern.")
        return [_file(path) for path in found]
    return [_file(name)]


def _file(name: str) -> Source:
    try:
        mode = os.stat(name).st_mode
        if stat.S_ISREG(mode) or stat.S_ISDIR(mode):
            return unpacked(FileSource(name))
        with open(name, "rb") as stream:  # a pipe, such as the shell's <(command)
            return unpacked(SpooledSource(stream, name))
    except (OSError, ValueError) as error:  # ValueError: the name contains a NUL
        raise unreadable(error if isinstance(error, OSError) else OSError(str(error)), name) from error


_spooled: weakref.WeakKeyDictionary[object, SpooledSource] = weakref.WeakKeyDictionary()


def _standard_input() -> SpooledSource:
    """Return standard input. It is read only once even if it is named several times."""
    if sys.stdin is None:
        raise InputError("nothing is piped in", place=STANDARD_INPUT, fix="Pass a file.")
    stream = sys.stdin.buffer
    if stream not in _spooled:
        _spooled[stream] = SpooledSource(stream, STANDARD_INPUT)
    return _spooled[stream]
