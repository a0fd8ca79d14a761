"""Decompresses gzip, Zstandard, bzip2 and xz sources, which are recognized by their first bytes.

A compressed file is read as one stream in small steps. Memory is therefore limited by the longest allowed
line, no matter how much the data expands. Truncated or damaged data raises an error.
"""

from __future__ import annotations

import bz2
import io
import lzma
import zlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from harness.errors import InputError

if TYPE_CHECKING:
    from harness.data.sources import Source, SourceFacts

__all__ = ["HEAD_BYTES", "PackedSource", "unpacked"]

HEAD_BYTES = 8
"""Number of bytes needed at the start of a file to recognize its compression."""

_BUFFER = 1024 * 1024
_MEMORY = 256 * 1024 * 1024
"""Maximum memory in bytes that a compressed file may require. `xz -9` needs a quarter of it."""


class _Unpacker(Protocol):
    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, *limit: int) -> bytes: ...


class _Format(NamedTuple):
    name: str
    signature: bytes
    step: int
    """Number of bytes passed to the compression library in one step."""
    limit: tuple[int, ...]
    """Maximum number of output bytes per step. Empty if no step can expand to more than 64 MB."""
    unpacker: Callable[[], Any]


def _zstandard() -> Any:
    import zstandard

    return zstandard.ZstdDecompressor(max_window_size=_MEMORY).decompressobj()


_FORMATS = (
    _Format("gzip", b"\x1f\x8b", 32 * 1024, (), lambda: zlib.decompressobj(wbits=31)),
    _Format("Zstandard", b"\x28\xb5\x2f\xfd", 2 * 1024, (), _zstandard),
    _Format("bzip2", b"BZh", 32 * 1024, (_BUFFER,), bz2.BZ2Decompressor),
    _Format("xz", b"\xfd7zXZ\0", 32 * 1024, (_BUFFER,), lambda: lzma.LZMADecompressor(memlimit=_MEMORY)),
)


class PackedSource:
    """The decompressed content of a file or object.

    Args:
        packed: The compressed file or object.
        format: Compression format.
    """

    def __init__(self, packed: Source, format: _Format) -> None:
        self.name = packed.name
        self.size = None
        self.seekable = False
        self._packed = packed
        self._format = format

    @property
    def facts(self) -> tuple[SourceFacts, ...]:
        """Facts that identify the compressed data."""
        return self._packed.facts

    def open(self, start: int = 0) -> io.BufferedReader:
        """Open the content at a byte offset. All earlier content is decompressed and discarded.

        Raises:
            InputError: The file cannot be read, is truncated or damaged, or requires a package that is not
                installed.
        """
        text: io.BufferedReader = io.BufferedReader(_Unpacked(self._packed, self._format), _BUFFER)
        while start > 0 and (passed := text.read(min(start, _BUFFER))):
            start -= len(passed)
        return text

    def changed(self) -> str | None:
        """Return why the content may have changed since the source was opened, or None if it has not."""
        return self._packed.changed()

    def __str__(self) -> str:
        return self.name


class _Unpacked(io.RawIOBase):
    """The decompressed content of a file, which may be several compressed files joined by `cat`."""

    def __init__(self, packed: Source, format: _Format) -> None:
        self._name = packed.name
        self._format = format
        self._unpacker: _Unpacker = format.unpacker()
        self._begun = False
        self._packed = packed.open()
        self._text = memoryview(b"")
        self._at = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        while not self._text and (packed := self._next()) is not None:
            try:
                self._text = memoryview(self._unpacker.decompress(packed, *self._format.limit))
            except Exception as error:  # each library has its own error for bad data or too much memory
                raise self._broken(f"cannot be unpacked ({error})") from error
        read, self._text = self._text[: len(buffer)], self._text[len(buffer) :]
        buffer[: len(read)] = read
        self._at += len(read)
        return len(read)

    def _next(self) -> bytes | None:
        """Return the next compressed bytes for the compression library, or None at the end of the file."""
        rest = b""
        if self._unpacker.eof:
            rest = self._unpacker.unused_data
            self._unpacker, self._begun = self._format.unpacker(), False
        elif not getattr(self._unpacker, "needs_input", True):
            return b""
        while not self._begun:  # NUL bytes after a stream are padding
            rest = rest.lstrip(b"\0") or self._packed.read(self._format.step)
            if not rest:
                return None
            self._begun = rest[:1] != b"\0"
        rest = rest or self._packed.read(self._format.step)
        if not rest:
            raise self._broken("is cut off")
        return rest

    def _broken(self, what: str) -> InputError:
        return InputError(
            f"the {self._format.name} file {what}, after {self._at:,} bytes of its text",
            place=self._name,
            fix="Get the complete file again, or unpack it first.",
        )

    def close(self) -> None:
        self._packed.close()
        super().close()


def unpacked(source: Source, head: bytes | None = None) -> Source:
    """Return a source that decompresses the given one, or the given one if it is not compressed.

    Args:
        source: A file or object.
        head: First bytes of the source, if they are already known.

    Raises:
        InputError: The object cannot be read.
        OSError: The file cannot be read.
    """
    if head is None:
        with source.open() as file:
            head = file.read(HEAD_BYTES)
    format = next((each for each in _FORMATS if head.startswith(each.signature)), None)
    return source if format is None else PackedSource(source, format)
