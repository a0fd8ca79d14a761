"""Reads the lines of a source with their offsets and parses lines as JSON.

Training files and rollouts files are both read here, so that a line is parsed in the same way everywhere,
with the same result as in Lambda. Lines are streamed, with only one in memory at a time.
"""

from __future__ import annotations

import io
import json
import math
import re
import sys
from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

import orjson

from harness.data.sources import S3_SCHEME, DataFile, Source, as_source, parts_of, unreadable
from harness.errors import InputError

__all__ = [
    "BOM",
    "MAX_LINE",
    "EncodingError",
    "Line",
    "LineError",
    "is_table",
    "lines",
    "numbered_lines",
    "oddity",
    "parse",
    "place_of",
    "repeated_keys",
]

BOM = b"\xef\xbb\xbf"
"""UTF-8 byte order mark."""

MAX_LINE = 64 * 1024 * 1024
"""Maximum length of a line in bytes, ten times the payload limit of a Lambda call."""

_BLOCK = 1024 * 1024

# orjson keeps integers up to this size exact, but reads larger ones as floats.
_EXACT = float(2**63)

_CONVERT = "Convert it to JSON lines first, with pandas:"
_SIGNATURES = (
    (b"\x1f\x8b", "gzip", "It is compressed twice: unpack it once."),
    (b"PK\x03\x04", "zip", "Unpack it first."),
    (b"7z\xbc\xaf", "7z", "Unpack it first: 7z x FILE."),
    (b"PAR1", "Parquet", "Convert it: rft convert FILE NEW.jsonl (needs the extra parquet)."),
    (b"ARROW1", "Arrow", f"{_CONVERT} read_feather, then to_json(..., orient='records', lines=True)."),
    (b"\xff\xff\xff\xff", "Arrow stream", "Convert it with datasets' to_json."),
    (b"Obj\x01", "Avro", "Convert it to JSON lines first: avro-tools tojson FILE."),
    (b"SQLite format 3", "SQLite", "Export its rows as JSON lines first."),
    (b"version https://git-lfs", "Git LFS pointer", "Fetch the actual file: git lfs pull."),
)
_UTF16_OR_32 = (b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")


class LineError(ValueError):
    """Raised when a line is not JSON.

    Args:
        message: The problem with the line.
        position: Position in the line, counted in characters from 0 (in bytes if the line is not UTF-8).
        is_encoding: Whether the line is in an encoding other than UTF-8.
    """

    def __init__(self, message: str, position: int, *, is_encoding: bool = False) -> None:
        super().__init__(f"{message} at column {position + 1}")
        self.message = message
        self.position = position
        self.is_encoding = is_encoding


class EncodingError(InputError):
    """Raised when a file is in an encoding other than UTF-8."""


def parse(line: bytes) -> Any:
    """Parse one line as JSON, with the same result as Lambda's own parser (Python's `json`).

    Lines are parsed with orjson. The standard library parses a line again if it contains values that orjson
    rejects or rounds but Lambda accepts: NaN and infinities, 1e999, escaped lone surrogates, integers beyond
    64 bits. A byte order mark at the start is skipped.

    Args:
        line: UTF-8 text of one JSON value, with or without the newline.

    Raises:
        LineError: The line is not JSON or not UTF-8. The message names the column.
    """
    try:
        value = orjson.loads(line)
    except ValueError:  # orjson also rejects a byte order mark
        return _parse_slowly(line)
    return _parse_slowly(line) if _is_rounded(value) else value


def oddity(line: bytes, value: Any) -> str | None:
    """Find a value in a line that other JSON parsers would reject or parse differently.

    Args:
        line: The line as passed to `parse`.
        value: The value returned by `parse`.

    Returns:
        `"integer"` (beyond 64 bits), `"number"` (NaN or infinite), `"text"` (a lone surrogate, or nesting
        deeper than 1,024 levels), or None if all parsers agree on the line.
    """
    try:
        if not _is_rounded(orjson.loads(line.removeprefix(BOM))):
            return None
        found = None
    except ValueError:
        found = "text"
    for item in _scalars(value):
        if type(item) is float and not math.isfinite(item):
            return "number"
        if type(item) is int and not -(2**63) <= item < 2**64:
            return "integer"
    return found


def repeated_keys(line: bytes) -> list[str]:
    """Return keys that occur twice in one object, at any depth. Parsers disagree on which value to use.

    Args:
        line: A line that `parse` accepts. If it is nested too deeply for Python's own parser, no keys are
            returned.
    """
    found: list[str] = []

    def note(pairs: list[tuple[str, Any]]) -> None:
        if len(dict(pairs)) < len(pairs):
            counts = Counter(key for key, _ in pairs)
            found.extend(key for key, count in counts.items() if count > 1)

    try:
        json.loads(line.removeprefix(BOM), object_pairs_hook=note)
    except (ValueError, RecursionError):
        return []
    return list(dict.fromkeys(found))


def lines(
    file: DataFile, start: int = 0, end: int | None = None, *, ends: bool = False
) -> Iterator[tuple[int, bytes]]:
    r"""Stream the lines of a source, or of a byte range in it.

    A range contains the lines whose first byte is in the range, so adjacent ranges together yield every line
    exactly once, wherever the boundaries are. Blank lines are yielded too (as `b""` or spaces) because they
    count in line numbers.

    Args:
        file: The source, or its name.
        start: First byte of the range.
        end: Byte after the range, or None for the end of the source.
        ends: Whether to keep the line endings. `parse` accepts them, and removing them means copying every
            line.

    Yields:
        Offset of the line's first byte and the line, without `\n` or `\r\n` unless `ends` is set.

    Raises:
        InputError: The source is missing, is a folder, cannot be read or has another format, or a line
            exceeds `MAX_LINE`.
        EncodingError: The source is UTF-16 or UTF-32.
    """
    base = 0
    for part, length in parts_of(as_source(file)):
        if end is not None and base >= end:
            return
        if length is None or start < base + length:
            reading = _PartLines(part, base, start, end, ends=ends)
            yield from reading
            length = reading.read if length is None else length
        base += length


class Line(NamedTuple):
    """A line of a source and its position."""

    source: str
    """Name of the file or object that contains the line."""
    number: int
    """Line number in the file or object, starting at 1 and counting blank lines."""
    at: int
    """Offset of the line's first byte in the whole source."""
    text: bytes
    r"""The line without a trailing `\n` or `\r\n`."""

    @property
    def place(self) -> str:
        """Position for error messages, such as `file:12`."""
        return f"{self.source}:{self.number}"


def numbered_lines(file: DataFile) -> Iterator[Line]:
    """Stream the lines of a source with their positions, including blank lines.

    Args:
        file: The source, or its name.

    Raises:
        InputError: As for `lines`.
    """
    base = 0
    for part, length in parts_of(as_source(file)):
        reading = _PartLines(part, base)
        for number, (at, text) in enumerate(reading, 1):
            yield Line(part.name, number, at, text)
        base += reading.read if length is None else length


def place_of(file: DataFile, at: int) -> str:
    """Return the file and line number at a byte offset, such as `file:12`.

    For an S3 object, the offset in the object is given instead of the line number.

    Args:
        file: The source, or its name.
        at: Offset of the byte in the whole source.

    Raises:
        InputError: The source cannot be read.
    """
    source = as_source(file)
    if not source.seekable:
        place = source.name
        for line in numbered_lines(source):
            if line.at > at:
                break
            place = line.place
        return place
    (part, length), *others = parts_of(source)
    base = 0
    while others and length is not None and at >= base + length:
        base += length
        (part, length), *others = others
    if part.name.startswith(S3_SCHEME):  # counting lines means downloading everything before the byte
        return f"{part.name}, byte {at - base}"
    before, left = 0, at - base
    with part.open() as text:
        while left > 0 and (read := text.read(min(left, _BLOCK))):
            before, left = before + read.count(b"\n"), left - len(read)
    return f"{part.name}:{before + 1}"


class _PartLines:
    """The lines of a file or object that start within a byte range of the whole source.

    Args:
        part: The file or object.
        base: Offset of the file or object in the whole source.
        start: First byte of the range, in the whole source.
        end: Byte after the range, in the whole source, or None for no end.
        ends: Whether to keep the newlines.
    """

    def __init__(
        self, part: Source, base: int, start: int = 0, end: int | None = None, *, ends: bool = False
    ) -> None:
        self._part = part
        self._ends = ends
        self._base = base
        self._start = start
        self._end = sys.maxsize if end is None else end
        self.read = 0
        """Number of bytes read, up to the end of the last line. A missing final newline is counted."""

    def __iter__(self) -> Iterator[tuple[int, bytes]]:
        """Yield the offset of each line in the whole source and the line's text."""
        name, end, ends = self._part.name, self._end, self._ends
        # A source that is not seekable reads through the skipped bytes anyway, so start at its beginning.
        skip = max(self._start - self._base, 0) if self._part.seekable else 0
        try:
            with self._part.open(max(skip - 1, 0)) as file:
                offset, last = self._begin(file, skip)
                readline = file.readline
                while offset < end:  # Most of the reading time is spent in this loop.
                    line = readline(MAX_LINE + 1)
                    if not line:
                        break
                    size = len(line)
                    if size > MAX_LINE:
                        raise _too_long(name, offset - self._base)
                    yield offset, line if ends else line.removesuffix(b"\n").removesuffix(b"\r")
                    offset += size
                    last = line
        except OSError as error:
            raise unreadable(error, name) from error
        self.read = offset - self._base + (not last.endswith(b"\n"))

    def _begin(self, file: io.BufferedReader, skip: int) -> tuple[int, bytes]:
        """Skip the lines of the previous range. Return the offset after them and the last skipped line."""
        if not skip:
            _refuse_other_formats(file, self._part.name)
        offset, last = self._base + max(skip - 1, 0), b"\n"
        while offset < self._start:
            line = file.readline(MAX_LINE + 1)
            if len(line) > MAX_LINE:
                raise _too_long(self._part.name, offset - self._base)
            if not line:
                break
            offset, last = offset + len(line), line
        return offset, last


def _parse_slowly(line: bytes) -> Any:
    line = line.removeprefix(BOM).removesuffix(b"\n").removesuffix(b"\r")
    try:
        return json.loads(line.decode())
    except UnicodeDecodeError as error:
        what = f"not UTF-8: byte 0x{line[error.start]:02x}"
        raise LineError(what, error.start, is_encoding=True) from error
    except json.JSONDecodeError as error:
        raise LineError(f"not JSON: {error.msg}", error.pos) from error
    except RecursionError as error:
        raise LineError("not readable: nested too deeply", 0) from error
    except ValueError as error:  # an integer has more digits than Python converts
        raise LineError(f"not readable: {error}", 0) from error


def _is_rounded(value: Any) -> bool:
    """Return True if a value contains a float that may be written as an integer beyond 64 bits."""
    # Searching the bytes for long runs of digits would take eight times as long as parsing them.
    # This runs for every replayed line, so messages (lists of objects with only text) are skipped.
    found: list[Any] = [value.values() if type(value) is dict else [value]]
    for items in found:  # the loop itself appends to this list
        for item in items:
            kind = type(item)
            if kind is str:
                continue
            if kind is dict:
                found.append(item.values())
            elif kind is list:
                if not _is_texts(item):
                    found.append(item)
            elif kind is float and not -_EXACT < item < _EXACT:
                return True
    return False


def _is_texts(items: list[Any]) -> bool:
    """Return True if a list contains only strings and objects whose values are all strings."""
    for item in items:
        kind = type(item)
        if kind is dict:
            for inner in item.values():
                if type(inner) is not str:
                    return False
        elif kind is not str:
            return False
    return True


def _scalars(value: Any) -> Iterator[Any]:
    """Yield every string, number, boolean and null in a JSON value, in any order, without recursion."""
    stack = [value]
    while stack:
        item = stack.pop()
        kind = type(item)
        if kind is dict:
            stack.extend(item.values())
        elif kind is list:
            stack.extend(item)
        else:
            yield item


def _too_long(name: str, offset: int) -> InputError:
    return InputError(
        f"the line that starts at byte {offset} is longer than {MAX_LINE:,} bytes",
        place=name,
        fix="Is this JSON lines? Write one record per line, each ending with a newline.",
    )


def is_table(name: str, head: bytes) -> bool:
    """Return True if a file is named like a CSV file and does not start like JSON.

    Args:
        name: Name of the file or object, possibly with a compression suffix.
        head: First bytes of the file.
    """
    ending = re.search(r"\.[ct]sv(\.gz|\.zst|\.bz2|\.xz)?$", name, re.IGNORECASE)
    return ending is not None and not head.removeprefix(BOM).lstrip().startswith((b"{", b"["))


def _refuse_other_formats(file: io.BufferedReader, name: str) -> None:
    head = file.peek(32)[:32]
    if is_table(name, head):
        fix = "Convert it: rft convert FILE NEW.jsonl --map messages=COLUMN --map reference_answer=COLUMN."
        raise InputError("this is a table (CSV), not JSON lines", place=name, fix=fix)
    for signature, kind, fix in _SIGNATURES:
        if head.startswith(signature):
            a = "an" if kind[0] in "Ax" else "a"
            raise InputError(f"this is {a} {kind} file, not JSON lines", place=name, fix=fix)
    # JSON starts with an ASCII character, which UTF-16 and UTF-32 encode with NUL bytes even without a BOM.
    if head.startswith(_UTF16_OR_32) or (len(head) > 1 and 0 in head[:2] and any(head[:4])):
        raise EncodingError("the file is UTF-16 or UTF-32, not UTF-8", place=name, fix="Save it as UTF-8.")
