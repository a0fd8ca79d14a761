"""Recognizes a file of JSON that is not JSON lines: one array, or objects over several lines."""

from __future__ import annotations

import json
import os
from typing import NamedTuple

from harness.data.json_lines import BOM, LineError, lines, parse

__all__ = ["FileForm", "form_of"]

_HEAD_CHARS = 4 * 1024 * 1024
"""How far the end of a first object is looked for."""


class FileForm(NamedTuple):
    """A form of file that holds JSON, but not one record a line."""

    rule: str
    message: str
    line: int


def form_of(path: str | os.PathLike[str]) -> FileForm | None:
    """Tell what a file is whose first line is not a record; None for JSON lines, and for what is no JSON.

    Args:
        path: The file; what is no regular file is not looked at, since a pipe can be read only once.

    Raises:
        InputError: The file cannot be read.
        EncodingError: The file is UTF-16 or UTF-32.
    """
    if not os.path.isfile(path):
        return None
    whole = ((number, line.removeprefix(BOM).strip()) for number, (_, line) in enumerate(lines(path), 1))
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
            return FileForm("R012", "the file begins a JSON array, which does not end on its line", number)
        return _object_over_lines(path, number)
    if isinstance(value, list) and any(isinstance(one, dict) for one in value) and next(filled, None) is None:
        return FileForm("R012", f"the file is one JSON array of {len(value):,} values", number)
    return None


def _object_over_lines(path: str | os.PathLike[str], number: int) -> FileForm | None:
    with open(path, encoding="utf-8-sig", errors="replace") as file:
        text = file.read(_HEAD_CHARS)
    start = text.index("{")
    try:
        _, end = json.JSONDecoder().raw_decode(text, start)
    except (ValueError, RecursionError):
        return None
    if "\n" not in text[start:end]:
        return None
    last = number + text.count("\n", start, end)
    return FileForm("R013", f"a JSON object begins here and ends in line {last}", number)
