"""Reads rows from a source in JSON lines, JSON, CSV or Parquet format.

The format is recognized from the content, except for CSV, which is recognized from the file name. An
unreadable row does not affect other rows. If the rest of the file is unreadable too, the error message says
so.
"""

from __future__ import annotations

import codecs
import csv
import io
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

from harness.data.json_lines import BOM, MAX_LINE, LineError, is_table, numbered_lines, parse, repeated_keys
from harness.data.sources import Source, parts_of
from harness.errors import InputError

__all__ = ["SourceRow", "rows_in"]

_HEAD: Final = 64 * 1024
_CHUNK: Final = 1024 * 1024
_DELIMITERS: Final[str] = ",;\t"
_NEAR_THE_END: Final = 16
"""An error this close to the end of the buffer may be caused by a value that is cut off, such as `tru`."""


class SourceRow(NamedTuple):
    """A row, or the reason it cannot be read."""

    place: str
    """The row's place, such as `file:12`, or `file, row 12` in files without lines."""
    at: int
    """Approximate offset of the row in the source, in bytes."""
    value: Any
    problem: str | None = None


def rows_in(source: Source) -> Iterator[SourceRow]:
    """Stream the rows of a source, skipping blank lines.

    Raises:
        InputError: The source cannot be read or has an unsupported format.
    """
    base = 0
    for part, length in parts_of(source):
        for row in _reader_of(part)(part):
            yield row._replace(at=base + row.at)
        base += length or 0


def _reader_of(part: Source) -> Callable[[Source], Iterator[SourceRow]]:
    with part.open() as file:
        head = file.read(_HEAD)
    if head.startswith(b"PAR1"):
        from harness.data.formats.parquet_rows import parquet_rows

        return parquet_rows
    if is_table(part.name, head):
        return _csv_rows
    text = head.removeprefix(BOM).lstrip()
    return _values if text.startswith(b"[") or _goes_on(text) else _json_lines


def _goes_on(head: bytes) -> bool:
    """Return True if the first line starts an object that ends on a later line."""
    line, newline, _ = head.partition(b"\n")
    if not line.startswith(b"{") or not newline:
        return False
    try:
        parse(line)
        return False
    except LineError as error:
        if error.is_encoding:
            return False
    try:
        _, end = json.JSONDecoder().raw_decode(head.decode(errors="replace"))
    except json.JSONDecodeError as error:
        end = error.pos
    except RecursionError:
        return False
    return end > len(line.decode(errors="replace").rstrip())


def _json_lines(part: Source) -> Iterator[SourceRow]:
    for line in numbered_lines(part):
        if not line.text.strip():
            continue
        try:
            value = parse(line.text)
        except LineError as error:
            yield SourceRow(line.place, line.at, None, str(error))
            continue
        yield SourceRow(line.place, line.at, value, _objection(value, repeated_keys(line.text)))


def _objection(value: Any, twice: list[str]) -> str | None:
    if not isinstance(value, dict):
        return "the row is JSON, but not an object"
    return f"the key `{twice[0][:40]}` occurs twice in one object" if twice else None


class _Text:
    """The text of a file that is being parsed. Only the current part is in memory."""

    def __init__(self, part: Source, file: io.BufferedReader) -> None:
        self._part = part
        self._file = file
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self.text = ""
        self.at = 0
        self.line = 1
        self.read = 0
        self.ended = False
        self.more()
        self.text = self.text.removeprefix("\ufeff")

    def more(self) -> None:
        """Read more text, at least as much as is still waiting to be parsed."""
        data = self._file.read(max(_CHUNK, len(self.text) - self.at))
        self.read += len(data)
        self.ended = not data
        try:
            self.text = self.text[self.at :] + self._decoder.decode(data, final=self.ended)
        except UnicodeDecodeError as error:
            raise InputError(
                "the file is not UTF-8", place=self._part.name, fix="Save it as UTF-8."
            ) from error
        self.at = 0

    def skip(self, characters: str) -> str:
        """Skip the given characters and return the next one, or an empty string at the end of the file."""
        while True:
            while self.at < len(self.text) and self.text[self.at] in characters:
                self.line += self.text[self.at] == "\n"
                self.at += 1
            if self.at < len(self.text) or self.ended:
                return self.text[self.at : self.at + 1]
            self.more()

    def take(self, end: int) -> None:
        """Discard everything before this position."""
        self.line += self.text.count("\n", self.at, end)
        self.at = end


def _values(part: Source) -> Iterator[SourceRow]:
    """Yield the values of a JSON array, or of a file that contains one object after another."""
    with part.open() as file:
        text = _Text(part, file)
        in_array = text.skip(" \t\r\n") == "["
        text.at += in_array
        while (here := text.skip(" \t\r\n,")) and not (in_array and here == "]"):
            place, at = f"{part.name}:{text.line}", text.read - len(text.text) + text.at
            try:
                value, twice = _value(text)
            except LineError as error:
                yield SourceRow(place, at, None, f"{error.message}; nothing after it was read")
                return
            yield SourceRow(place, at, value, _objection(value, twice))
        if not in_array:
            return
        if not here:
            yield SourceRow(
                f"{part.name}:{text.line}", text.read, None, "the array does not end: is it cut off?"
            )
            return
        text.at += 1
        if text.skip(" \t\r\n"):
            yield SourceRow(
                f"{part.name}:{text.line}", text.read, None, "there is more after the array's end"
            )


def _value(text: _Text) -> tuple[Any, list[str]]:
    """Parse one value. Return it with any keys that occur twice in one of its objects.

    Raises:
        LineError: The value is not JSON or exceeds the maximum length of a line.
    """
    twice: list[str] = []

    def note(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            twice.extend(key for key, count in Counter(key for key, _ in pairs).items() if count > 1)
        return found

    decoder = json.JSONDecoder(object_pairs_hook=note)
    while True:
        twice.clear()
        try:
            value, end = decoder.raw_decode(text.text, text.at)
            if end < len(text.text) or text.ended:
                text.take(end)
                return value, twice
        except json.JSONDecodeError as error:
            cut = error.msg.startswith("Unterminated") or error.pos > len(text.text) - _NEAR_THE_END
            if text.ended or not cut:
                raise LineError(f"not JSON: {error.msg}", error.pos) from error
        except (RecursionError, ValueError) as error:
            raise LineError(f"not readable: {error}", text.at) from error
        if len(text.text) - text.at > MAX_LINE:
            raise LineError(f"a value is longer than {MAX_LINE:,} characters", text.at)
        text.more()


class _CsvText:
    """The lines of a CSV file, with the number of characters read so far."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text = text
        self.first = text.readline()
        self.read = 0

    def __iter__(self) -> Iterator[str]:
        for lines in ((self.first,), self._text):
            for line in lines:
                self.read += len(line)
                yield line


def _csv_rows(part: Source) -> Iterator[SourceRow]:
    """Yield the rows of a CSV file with a header. Every value is a string."""
    csv.field_size_limit(MAX_LINE)
    try:
        with part.open() as file, io.TextIOWrapper(file, encoding="utf-8-sig", newline="") as text:
            lines = _CsvText(text)
            delimiter = max(_DELIMITERS, key=re.sub('"[^"]*"', "", lines.first).count)
            yield from _cells(part.name, lines, csv.reader(lines, delimiter=delimiter, strict=True))
    except UnicodeDecodeError as error:
        raise InputError("the file is not UTF-8", place=part.name, fix="Save it as UTF-8.") from error


def _cells(name: str, lines: _CsvText, reader: Any) -> Iterator[SourceRow]:
    try:
        header: list[str] = next(reader, [])
    except csv.Error as error:
        what = f"the header is not CSV: {error}"
        raise InputError(what, place=name, fix="Name each column in the first line.") from None
    if len(set(header)) < len(header) or not all(header):
        what = "two columns of the header have the same name, or one has none"
        raise InputError(what, place=name, fix="Give each column its own name.")
    while True:
        place, at = f"{name}:{reader.line_num + 1}", lines.read
        try:
            cells = next(reader, None)
        except csv.Error as error:
            yield SourceRow(place, at, None, f"not CSV: {error}; nothing after it was read")
            return
        if cells is None:
            return
        if len(cells) not in (0, len(header)):
            problem = f"the row has {len(cells)} cells, but the header has {len(header)}"
            yield SourceRow(place, at, None, problem)
        elif cells:
            yield SourceRow(place, at, dict(zip(header, cells, strict=True)))
