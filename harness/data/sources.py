"""Where a file of records or rollouts lies, as one text that every verb reads alike.

A source is a file, standard input, or several of them in order. It can be opened at any byte and as often as
it is needed, and it knows what tells its content from another. What its lines hold is unknown here.
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
"""What the name of an object in S3 begins with."""

STANDARD_INPUT = "-"
"""The name of what is piped into the command."""

_BUFFER = 1024 * 1024
_AT_ONCE = 16
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_Told = TypeVar("_Told")
_CHANGED = "Run the command again, on a file that stays as it is."


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """What tells the content of one file or object from another without reading it."""

    name: str
    """The absolute path, `s3://bucket/key`, or `-` for standard input."""
    bytes: int
    """Size of the file or object as it lies; packed, where it is packed."""
    mtime_ns: int | None = None
    """When a file was last written, in nanoseconds since 1970."""
    etag: str | None = None
    """What S3 calls the content; it means nothing but that it differs where the content does."""
    version: str | None = None
    """The object's version, in a bucket that keeps versions."""


class Source(Protocol):
    """One text, wherever it lies; `str` gives its name."""

    @property
    def name(self) -> str:
        """What it is called, as shown to people."""
        ...

    @property
    def size(self) -> int | None:
        """Bytes of the text; None where only reading it tells."""
        ...

    @property
    def seekable(self) -> bool:
        """Whether another process can open it, anywhere, as cheaply as at its beginning."""
        ...

    @property
    def facts(self) -> tuple[SourceFacts, ...]:
        """What tells its content from another, for each file or object, in order."""
        ...

    def open(self, start: int = 0) -> io.BufferedReader:
        """Read the text.

        Args:
            start: The first byte.

        Raises:
            InputError: It cannot be read, or is no longer what it was.
        """
        ...

    def changed(self) -> str | None:
        """Why it is no longer what it was when it was named; None where it still is."""
        ...


DataFile: TypeAlias = Source | str | os.PathLike[str]
"""What a function takes that reads data: a source, or the name of one."""


class FileSource:
    """One file on this machine.

    Args:
        path: The file; it has to be there.

    Raises:
        InputError: It is missing, or a folder.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self.name = os.fspath(path)
        self.seekable = True
        self._facts, self._stamp = self._now()
        self.size = self._facts.bytes

    @property
    def facts(self) -> tuple[SourceFacts, ...]:
        """Its size and when it was written."""
        return (self._facts,)

    def open(self, start: int = 0) -> io.BufferedReader:
        """Read it from a byte on.

        Raises:
            InputError: It cannot be read.
        """
        try:
            file: io.BufferedReader = io.BufferedReader(io.FileIO(self.path), _BUFFER)
        except OSError as error:
            raise unreadable(error, self.name) from error
        if start:
            file.seek(start)
        return file

    def changed(self) -> str | None:
        """Why it is no longer what it was when it was named."""
        try:
            now = self._now()
        except InputError as error:
            return f"{self.name}: {error.message}"
        return None if now == (self._facts, self._stamp) else f"{self.name} was written meanwhile"

    def _now(self) -> tuple[SourceFacts, tuple[int, int]]:
        """Its facts, and what changes with a file's content even where its time is put back."""
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
    """What can be read only once, such as a pipe, kept in an unnamed temporary file.

    Args:
        stream: Where it comes from; it is read to its end at once.
        name: What it is called.

    Raises:
        InputError: It cannot be read or kept.
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
            what = f"what can be read only once cannot be kept: {error.strerror or error}"
            raise InputError(what, place=name, fix="TMPDIR may name a folder with more room.") from error
        self.size = file.tell()
        self._descriptor = file.fileno()

    @property
    def facts(self) -> tuple[SourceFacts, ...]:
        """How long it is; nothing else is known of it."""
        named = self.name if self.name == STANDARD_INPUT else os.path.abspath(self.name)
        return (SourceFacts(named, self.size),)

    def open(self, start: int = 0) -> io.BufferedReader:
        """Read what was kept, from a byte on."""
        return io.BufferedReader(_Kept(self, start), _BUFFER)

    def read_at(self, start: int, size: int) -> bytes:
        """At most so many bytes from one on, whoever else reads."""
        return os.pread(self._descriptor, size, start)

    def changed(self) -> str | None:
        """Nothing can change it any more."""
        return None

    def __str__(self) -> str:
        return self.name


class _Kept(io.RawIOBase):
    """Reads what was kept at a place of its own, so that several readers do not move each other."""

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
    """Several sources in order as one text; one that does not end with a newline gets one before the next.

    Args:
        parts: At least one, none of them joined itself.
        lengths: What `lengths` gave for the same parts; found out when None, which reads the end of each.
    """

    def __init__(self, parts: Sequence[Source], lengths: Sequence[int | None] | None = None) -> None:
        self.parts = tuple(parts)
        self._lengths = lengths
        self.name = f"{self.parts[0].name} and {len(self.parts) - 1:,} more"
        self.seekable = all(part.seekable for part in self.parts)

    @functools.cached_property
    def lengths(self) -> tuple[int | None, ...]:
        """Bytes that each part takes in the whole, with the newline that it gets; None where unknown."""
        if self._lengths is not None:
            return tuple(self._lengths)
        *before, last = self.parts
        return (*_at_once(_length_joined, before), last.size)

    @property
    def size(self) -> int | None:
        """Bytes of the whole text; None where only reading it tells."""
        known = [length for length in self.lengths if length is not None]
        return sum(known) if len(known) == len(self.parts) else None

    @property
    def facts(self) -> tuple[SourceFacts, ...]:
        """What tells each part from another, in order."""
        return tuple(facts for part in self.parts for facts in part.facts)

    def open(self, start: int = 0) -> io.BufferedReader:
        """Read the whole text from a byte on."""
        return io.BufferedReader(_Joined(self, start), _BUFFER)

    def changed(self) -> str | None:
        """Why one of them is no longer what it was when it was named."""
        return next(filter(None, _at_once(lambda part: part.changed(), self.parts)), None)

    def __str__(self) -> str:
        return self.name


class _Joined(io.RawIOBase):
    """Reads one part after another."""

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
                # The last part stays as it is; what a later one would have begun with begins a line.
                if self._last == b"\n" or not self._left:
                    continue
                read = b"\n"
            self._last = read[-1:]
            if self._skip:  # only where a length was unknown
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
            # Where nothing of a part is left to read, it is the newline alone that it was given.
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
    """Ask several parts together: of a thousand objects in S3, one after another takes a minute."""
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(ask, parts))


def _length_joined(part: Source) -> int | None:
    if not part.size:
        return part.size
    with part.open(part.size - 1) as file:
        return part.size + (file.read(1) != b"\n")


def parts_of(source: Source) -> tuple[tuple[Source, int | None], ...]:
    """The files and objects of a source in order, each with the bytes that it takes in the whole.

    The bytes are None where only reading the part tells.
    """
    source = as_source(source)
    if isinstance(source, JoinedSource):
        return tuple(zip(source.parts, source.lengths, strict=True))
    return ((source, source.size),)


def source_of(*names: str | os.PathLike[str]) -> Source:
    """The source that one or several names stand for.

    Args:
        names: Each a path, a pattern such as `data/*.jsonl`, `-` for standard input, or in S3 an object
            (`s3://bucket/key`), all under a prefix (`s3://bucket/prefix/`) or a pattern. What one name stands
            for is taken by name; what is named twice is refused.

    Raises:
        InputError: Nothing is named, something is missing, a folder or not readable, or is named twice.
        ServiceError: S3 cannot be reached, or does not let these credentials read.
    """
    s3 = functools.cache(_s3_client)
    parts = [part for name in names for part in _named(os.fspath(name), s3)]
    if not parts:
        raise InputError("no file is named", fix="Name one, or - for standard input.")
    seen: set[str] = set()
    for part in parts:
        for facts in part.facts:
            if facts.name in seen:
                raise InputError("this is named twice", place=part.name, fix="Name each file once.")
            seen.add(facts.name)
    return parts[0] if len(parts) == 1 else JoinedSource(parts)


@dataclass(frozen=True)
class NamedSource:
    """What a command names as its data, which is looked for when it is first needed."""

    names: tuple[str, ...]
    """As `source_of` takes them."""

    @functools.cached_property
    def found(self) -> Source:
        """What is there.

        Raises:
            InputError: As `source_of`.
            ServiceError: As `source_of`.
        """
        return source_of(*self.names)

    @property
    def name(self) -> str:
        """As it was named; of several, the first and how many more."""
        first, *more = self.names
        return f"{first} and {len(more):,} more" if more else first

    @property
    def size(self) -> int | None:
        """Bytes of the text; None where only reading it tells."""
        return self.found.size

    @property
    def seekable(self) -> bool:
        """Whether it opens anywhere as cheaply as at its beginning."""
        return self.found.seekable

    @property
    def facts(self) -> tuple[SourceFacts, ...]:
        """What tells its content from another."""
        return self.found.facts

    def open(self, start: int = 0) -> io.BufferedReader:
        """Read it from a byte on."""
        return self.found.open(start)

    def changed(self) -> str | None:
        """Why it is no longer what it was when it was found."""
        return self.found.changed()

    def __str__(self) -> str:
        return self.name


def source_from(facts: Sequence[SourceFacts], lengths: Sequence[int] = ()) -> Source:
    """Open again exactly the content that was found before, here or in another process.

    Args:
        facts: Of a source that is seekable.
        lengths: Of several: what `JoinedSource.lengths` gave, where that is known.

    Raises:
        InputError: It is missing, or no longer the same.
    """
    s3 = functools.cache(_s3_client)  # one for all, made where it is needed
    parts = [_again(each, s3) for each in facts]
    return parts[0] if len(parts) == 1 else JoinedSource(parts, lengths or None)


def as_source(file: DataFile) -> Source:
    """A source, whether it is given or named.

    Raises:
        InputError: It is missing, a folder or not readable.
    """
    if isinstance(file, NamedSource):
        return file.found
    return source_of(file) if isinstance(file, str | os.PathLike) else file


def text_sha256(file: DataFile) -> str:
    """SHA-256 of the text of a source: the same wherever it lies and however it is compressed.

    Args:
        file: The source, or its name.

    Raises:
        InputError: It cannot be read.
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
    """What to call what is made of a source: the name of its first file, without folders and endings.

    Args:
        file: The source, or its name; it is not looked for.
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
    """How to name a source from anywhere: by its absolute path or its name in S3; of several, the first."""
    first, *more = as_source(file).facts
    name = first.name if first.name.startswith((S3_SCHEME, STANDARD_INPUT)) else os.path.realpath(first.name)
    return f"{name} and {len(more):,} more" if more else name


@contextmanager
def local_copy(file: DataFile) -> Iterator[Path]:
    """A file on this machine with the text of a source: the file itself, or a copy while the block runs.

    Args:
        file: The source. What is said of the copy has to name the source all the same.

    Raises:
        InputError: It cannot be read, or the copy cannot be written.
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
    """What to say of a file that the operating system does not let us read.

    Args:
        error: What it said.
        name: Of the file.
    """
    if isinstance(error, FileNotFoundError):
        return InputError("no such file", place=name, fix="Check the path.")
    if isinstance(error, IsADirectoryError):
        return InputError("this is a folder", place=name, fix="Name the files in it, as in FOLDER/*.jsonl.")
    if isinstance(error, PermissionError):
        return InputError("not allowed to read this file", place=name, fix="Check its permissions.")
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
        raise InputError("the file is no longer what it was", place=facts.name, fix=_CHANGED)
    return file


def _named(name: str, s3: Callable[[], Any]) -> list[Source]:
    if name == STANDARD_INPUT:
        return [unpacked(_standard_input())]
    if name.startswith(S3_SCHEME):
        from harness.data.s3 import s3_sources

        return [unpacked(each, each.head) for each in s3_sources(name, s3())]
    if address := _ADDRESS.match(name):
        what = f"data is read from files and from {S3_SCHEME}, not from {address[0]}"
        raise InputError(what, place=name, fix="Download it first.")
    if not os.path.lexists(name) and glob.has_magic(name):
        found = sorted(path for path in glob.glob(name, recursive=True) if not os.path.isdir(path))
        if not found:
            raise InputError("no file has such a name", place=name, fix="Check the pattern.")
        return [_file(path) for path in found]
    return [_file(name)]


def _file(name: str) -> Source:
    try:
        mode = os.stat(name).st_mode
        if stat.S_ISREG(mode) or stat.S_ISDIR(mode):
            return unpacked(FileSource(name))
        with open(name, "rb") as stream:  # a pipe, such as a shell makes of <(command)
            return unpacked(SpooledSource(stream, name))
    except (OSError, ValueError) as error:  # a name with a NUL is a ValueError
        raise unreadable(error if isinstance(error, OSError) else OSError(str(error)), name) from error


_spooled: weakref.WeakKeyDictionary[object, SpooledSource] = weakref.WeakKeyDictionary()


def _standard_input() -> SpooledSource:
    """What is piped in, read once, however often it is named."""
    if sys.stdin is None:
        raise InputError("nothing is piped in", place=STANDARD_INPUT, fix="Name a file.")
    stream = sys.stdin.buffer
    if stream not in _spooled:
        _spooled[stream] = SpooledSource(stream, STANDARD_INPUT)
    return _spooled[stream]
