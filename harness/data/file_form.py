"""Recognizes JSON files that are not JSON lines, such as a single array or multi-line objects."""

from __future__ import annotations

import io
import json
from typing import NamedTuple

from harness.data.json_lines import BOM, LineError, numbered_lines, parse
from harness.data.sources import DataFile, Source, as_source

__all__ = ["FileForm", "form_of"]

_HEAD_CHARS = 4 * 1024 * 1024
"""Maximum number of characters to search for the end of the first object."""


class FileForm(NamedTuple):
    """Why a JSON file does not have one record per line."""

    rule: str
    message: str
    line: int


def form_of(file: DataFile) -> FileForm | None:
    """Classify a file whose first line is not a record. Return None for JSON lines and other formats.

    Args:
        file: The file. If a source consists of several files, pass one of them.

    Raises:
        InputError: The file cannot be read.
        EncodingError: The file is UTF-16 or UTF-32.
    """
    source = as_source(file)
    whole = ((line.number, line.text.removeprefix(BOM).strip()) for line in numbered_lines(source))
    filled = ((number, line) for number, line in whole if line)
    number, line = next(filled, (0, b""))
    if line[:1] not in (b"[", b"{"):
        return None
    try:
        value = parse(line)
    except LineError as error:
        if error.is_encoding:
            return None
        if line.startswith(b"["):
            return FileForm("R012", "the file starts with a JSON array that does not end on its line", number)
        return _object_over_lines(source, number)
    if isinstance(value, list) and any(isinstance(one, dict) for one in value) and next(filled, None) is None:
        return FileForm("R012", f"the file is one JSON array of {len(value):,} values", number)
    return None


def _object_over_lines(source: Source, number: int) -> FileForm | None:
    with io.TextIOWrapper(source.open(), encoding="utf-8-sig", errors="replace") as file:
        text = file.read(_HEAD_CHARS)
    start = text.index("{")
    try:
        _, end = json.JSONDecoder().raw_decode(text, start)
    except (ValueError, RecursionError):
        return None
    if "\n" not in text[start:end]:
        return None
    last = number + text.count("\n", start, end)
    return FileForm("R013", f"a JSON object starts here and ends on line {last}", number)
