"""Tells what a row is that is no record or rollout: whose format it has, and the command that converts it."""

from __future__ import annotations

import shlex
from typing import Any

from harness.data.formats.importer import Importer
from harness.errors import InputError

__all__ = ["convert_command", "format_of", "other_format"]


def format_of(row: Any) -> Importer | None:
    """The format of a row that is neither record nor rollout; None where it is one, or of no known format.

    Args:
        row: The JSON value of one line.
    """
    if not isinstance(row, dict):
        return None
    has_messages = isinstance(row.get("messages"), list)
    if has_messages and not isinstance(row.get("completions"), list):
        return None
    # Whoever reads records and rollouts need not wait for all importers.
    from harness.data.formats.all_importers import importers_of
    from harness.data.formats.completions_rows import COMPLETIONS

    if has_messages and not COMPLETIONS.recognizes(row):
        return None
    return next(iter(importers_of([row])), None)


def other_format(row: Any, place: str, file: str) -> InputError | None:
    """The error that names the format of a row, which may be an array of rows, and what converts it.

    None where it is a record or rollout, or of no known format.

    Args:
        row: The JSON value of one line.
        place: Where it stands.
        file: Name of the file that it stands in.
    """
    if isinstance(row, list) and row and all(isinstance(item, dict) for item in row):
        what = "this is a JSON array; records and rollouts stand on lines of their own"
        return InputError(what, place=place, fix=f"Convert it: {convert_command(file)}")
    found = format_of(row)
    if found is None:
        return None
    what = f"this looks like {found.title}, which are neither records nor rollouts"
    return InputError(what, place=place, fix=f"Convert them: {convert_command(file)}")


def convert_command(file: str) -> str:
    """The command that converts a file, as a user would type it."""
    return f"rft convert {shlex.quote(file)} NEW.jsonl"
