"""Reads the records of a training file with their line numbers and byte offsets.

A record is one JSON object whose `messages` do not end with the assistant's turn. `read` stops at the first
line that is not an object. The other rules for a good record are in `harness.data.rules`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from harness.data.json_lines import LineError, numbered_lines, parse
from harness.data.sources import DataFile
from harness.errors import InputError

__all__ = [
    "ASSISTANT_ROLES",
    "Record",
    "ends_with_assistant",
    "read",
    "text_of",
]

ASSISTANT_ROLES = frozenset({"assistant", "nova_assistant"})
"""Roles of a turn written by a model. AWS's Nova samples use `nova_assistant`."""


class Record(NamedTuple):
    """One line of a training file."""

    line: int
    """Line number from 1, counting blank lines."""
    offset: int
    """Offset of the line's first byte."""
    fields: dict[str, Any]
    """The JSON object: `messages`, `reference_answer` and any other fields."""
    file: str
    """Name of the file that contains the line."""
    number: int
    """Line number counted over all files."""

    @property
    def place(self) -> str:
        """Position for error messages, such as `file:12`."""
        return f"{self.file}:{self.line}"


def read(file: DataFile) -> Iterator[Record]:
    """Stream the records of a training file, skipping blank lines.

    Args:
        file: JSON lines, from any source.

    Raises:
        InputError: The file cannot be read, or a line is not a JSON object; the message names the line.
    """
    for number, line in enumerate(numbered_lines(file), 1):
        if not line.text.strip():
            continue
        place = line.place
        try:
            fields = parse(line.text)
        except LineError as error:
            raise InputError(str(error), place=place, fix="rft validate lists every such line.") from error
        if not isinstance(fields, dict):
            raise InputError("the line is not a JSON object", place=place, fix="Write one record per line.")
        yield Record(line.number, line.at, fields, line.source, number)


def ends_with_assistant(fields: dict[str, Any]) -> bool:
    """Return True if the last message is the assistant's, so that the line is a rollout."""
    messages = fields.get("messages")
    if not isinstance(messages, list) or not messages or not isinstance(messages[-1], dict):
        return False
    return is_assistant(messages[-1])


def is_assistant(message: Mapping[str, Any]) -> bool:
    """Return True if the assistant wrote a message. The role may be any JSON value."""
    role = message.get("role")
    return isinstance(role, str) and role in ASSISTANT_ROLES


def text_of(content: Any) -> str | None:
    """Return the text of a message's `content`, or None if it is neither a string nor text blocks.

    Null counts as the empty string. Blocks are `{"type": "text", "text": ...}`, or Converse's `{"text":
    ...}`.
    """
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return None
    parts = []
    for block in content:
        text = block.get("text") if isinstance(block, dict) else block
        if not isinstance(text, str):
            return None
        parts.append(text)
    return "".join(parts)
