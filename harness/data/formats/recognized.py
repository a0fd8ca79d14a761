"""Recognizes rows in other formats and suggests the command that converts them."""

from __future__ import annotations

import shlex
from typing import Any

from harness.data.formats.importer import Importer
from harness.errors import InputError

__all__ = ["convert_command", "format_of", "other_format"]


def format_of(row: Any) -> Importer | None:
    """Return the importer for a row, or None for records, rollouts and unknown formats.

    Args:
        row: The JSON value of one line.
    """
    if not isinstance(row, dict):
        return None
    has_messages = isinstance(row.get("messages"), list)
    if has_messages and not isinstance(row.get("completions"), list):
        return None
    # Imported here, so that reading records and rollouts does not load all importers.
    from harness.data.formats.all_importers import importers_of
    from harness.data.formats.completions_rows import COMPLETIONS

    if has_messages and not COMPLETIONS.recognizes(row):
        return None
    return next(iter(importers_of([row])), None)


def other_format(row: Any, place: str, file: str) -> InputError | None:
    """Return an error that suggests the command to convert a row or array of rows in another format.

    The result is None for records, rollouts and unknown formats.

    Args:
        row: The JSON value of one line.
        place: Position of the row, for the error message.
        file: Name of the file that contains the row.
    """
    if isinstance(row, list) and row and all(isinstance(item, dict) for item in row):
        what = "this is a JSON array; records and rollouts must each be on their own line"
        return InputError(what, place=place, fix=f"Convert it: {convert_command(file)}")
    found = format_of(row)
    if found is None:
        return None
    what = f"this looks like {found.title}, which are neither records nor rollouts"
    return InputError(what, place=place, fix=f"Convert them: {convert_command(file)}")


def convert_command(file: str) -> str:
    """Return the command that converts a file, quoted for a shell."""
    return f"rft convert {shlex.quote(file)} NEW.jsonl"
