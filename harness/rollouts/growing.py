"""Provides an append-only rollouts file that is written while a model is sampled and survives a kill.

A note next to the file stores the request settings, so that a file never mixes two models or configurations.
Only one process at a time may write to the file.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from harness.data.json_lines import LineError, parse
from harness.data.typed_json import as_json, read_typed
from harness.disk import AppendOnly, lock, write_json
from harness.errors import InputError

__all__ = ["AskedNote", "CompletionsAsked", "GrowingFile", "note_of"]

_SCHEMA = 1


def note_of(path: Path) -> Path:
    """Return the path of a rollouts file's note."""
    return path.with_name(f"{path.name}.asked.json")


@dataclass(frozen=True, slots=True, kw_only=True)
class CompletionsAsked:
    """Request settings that must be equal for two commands to write to the same file."""

    model: str
    service: str
    records_sha256: str
    options: dict[str, Any] = field(default_factory=dict)
    """Additional fields of the request, such as `temperature`."""
    seed: int | None = None
    tools: bool = False
    """True if the requests offer the records' tools to the model."""


@dataclass(frozen=True, slots=True)
class AskedNote:
    """The content of a rollouts file's note."""

    asked: CompletionsAsked
    tokens: dict[str, int] = field(default_factory=lambda: {"in": 0, "out": 0})
    """Total numbers of tokens that all commands used."""
    counted: int | None = None
    """Number of completions included in `tokens`, or None in the note of an older version."""
    schema: int = _SCHEMA

    def __post_init__(self) -> None:
        """Raise an error if the token counts cannot come from any command."""
        if self.tokens.keys() != {"in", "out"} or min(self.tokens.values()) < 0:
            raise ValueError("counts tokens other than `in` and `out`")


class GrowingFile:
    """A rollouts file and its note, as a context manager.

    Args:
        path: The rollouts file, which is created if missing.
        asked: The settings, which must match the note of an earlier command.

    Raises:
        InputError: Another process uses the file, it was started with other settings, or the file cannot be
            written.
    """

    def __init__(self, path: Path, asked: CompletionsAsked) -> None:
        self.path = path
        with ExitStack() as stack:
            self._file = stack.enter_context(AppendOnly(path, "Use another --out."))
            stack.enter_context(
                lock(
                    path.with_name(f".{path.name}.lock"), path.name, fix="Wait for it, or use another --out."
                )
            )
            self.note = self._same(asked)
            self._opened = stack.pop_all()

    def __enter__(self) -> GrowingFile:
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    def recover(self) -> Iterator[dict[str, Any]]:
        """Truncate an incomplete last line, and then yield the rollouts in the file.

        Raises:
            InputError: A line is not a rollout of this file.
        """
        for number, (_, line) in enumerate(self._file.lines(), 1):
            place = f"{self.path}:{number}"
            try:
                value = parse(line)
            except LineError as error:
                raise InputError(str(error), place=place, fix="Remove the line.") from None
            if not isinstance(value, dict) or value.get("model") != self.note.asked.model:
                raise InputError("this line is from another model", place=place, fix="Use another --out.")
            yield value

    def append(self, rollout: dict[str, Any]) -> None:
        """Append one rollout.

        Raises:
            InputError: The file cannot be written.
        """
        self._file.append([rollout])

    def save_tokens(self, tokens: dict[str, int], counted: int) -> None:
        """Save the total token counts, and the number of completions whose counts are known."""
        self.note = replace(self.note, tokens=dict(tokens), counted=counted)
        write_json(note_of(self.path), as_json(self.note))

    def _same(self, asked: CompletionsAsked) -> AskedNote:
        """Return the note of an earlier command with the same settings, or a new note for an empty file."""
        path = note_of(self.path)
        if self._file.size == 0:
            found = AskedNote(asked)
            write_json(path, as_json(found))
            return found
        fix = "Use another --out: rollouts are never overwritten."
        kept = read_typed(path, AskedNote, "note of a rollouts file", schema=_SCHEMA, fix=fix)
        if kept is None:
            message = "this file exists already and was not started by this command"
            raise InputError(message, place=str(self.path), fix=fix)
        was, now = as_json(kept.asked), as_json(asked)
        changed = [f"{name} {was[name]!r}, not {now[name]!r}" for name in now if was[name] != now[name]]
        if changed:
            raise InputError(
                f"this file was started with {', '.join(changed)}",
                fix="Use another --out: one file holds one model with one configuration.",
                place=str(self.path),
            )
        return kept
