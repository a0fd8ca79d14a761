"""A rollouts file that is appended to while a model is asked, and resumed after a kill.

Beside it stands a note of what was asked for, so that a file never mixes two models or two ways of asking.
One process at a time may hold it.
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
    """Where the note of a rollouts file stands."""
    return path.with_name(f"{path.name}.asked.json")


@dataclass(frozen=True, slots=True, kw_only=True)
class CompletionsAsked:
    """What makes two commands ask for the same completions."""

    model: str
    service: str
    records_sha256: str
    options: dict[str, Any] = field(default_factory=dict)
    """More of the request's body, such as `temperature`."""
    seed: int | None = None
    tools: bool = False
    """Whether the model was offered the tools of records that have some."""


@dataclass(frozen=True, slots=True)
class AskedNote:
    """What stands beside a rollouts file."""

    asked: CompletionsAsked
    tokens: dict[str, int] = field(default_factory=lambda: {"in": 0, "out": 0})
    """What all commands together have used."""
    counted: int | None = None
    """Completions whose tokens are among these; None in the note of a version that did not say."""
    schema: int = _SCHEMA

    def __post_init__(self) -> None:
        """Refuse counts that no command wrote."""
        if self.tokens.keys() != {"in", "out"} or min(self.tokens.values()) < 0:
            raise ValueError("counts other tokens than `in` and `out`")


class GrowingFile:
    """The file and its note; use as a context manager.

    Args:
        path: The rollouts file; made when missing.
        asked: What makes two commands the same work; compared with the note of an earlier command.

    Raises:
        InputError: The file is held by another process, was begun otherwise, or cannot be written.
    """

    def __init__(self, path: Path, asked: CompletionsAsked) -> None:
        self.path = path
        with ExitStack() as stack:
            self._file = stack.enter_context(AppendOnly(path, "Name another --out."))
            stack.enter_context(
                lock(
                    path.with_name(f".{path.name}.lock"), path.name, fix="Wait for it, or name another --out."
                )
            )
            self.note = self._same(asked)
            self._opened = stack.pop_all()

    def __enter__(self) -> GrowingFile:
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    def recover(self) -> Iterator[dict[str, Any]]:
        """Cut off what is not a whole line at the end, then yield what stands in the file.

        Raises:
            InputError: A line within is no rollout of this file.
        """
        for number, (_, line) in enumerate(self._file.lines(), 1):
            place = f"{self.path}:{number}"
            try:
                value = parse(line)
            except LineError as error:
                raise InputError(str(error), place=place, fix="Remove the line.") from None
            if not isinstance(value, dict) or value.get("model") != self.note.asked.model:
                raise InputError("this line is not of this model", place=place, fix="Name another --out.")
            yield value

    def append(self, rollout: dict[str, Any]) -> None:
        """Append one rollout.

        Raises:
            InputError: It cannot be written.
        """
        self._file.append([rollout])

    def save_tokens(self, tokens: dict[str, int], counted: int) -> None:
        """Note how many tokens were used so far, and by how many of the completions in the file."""
        self.note = replace(self.note, tokens=dict(tokens), counted=counted)
        write_json(note_of(self.path), as_json(self.note))

    def _same(self, asked: CompletionsAsked) -> AskedNote:
        """The note: that of an earlier command for the same work, or a new one."""
        path = note_of(self.path)
        if self._file.size == 0:
            found = AskedNote(asked)
            write_json(path, as_json(found))
            return found
        fix = "Name another --out: rollouts are never overwritten."
        kept = read_typed(path, AskedNote, "note of a rollouts file", schema=_SCHEMA, fix=fix)
        if kept is None:
            message = "there is something here already that was not begun by this command"
            raise InputError(message, place=str(self.path), fix=fix)
        was, now = as_json(kept.asked), as_json(asked)
        changed = [f"{name} {was[name]!r}, not {now[name]!r}" for name in now if was[name] != now[name]]
        if changed:
            raise InputError(
                f"this file was begun with {', '.join(changed)}",
                fix="Name another --out: one file holds one model, asked in one way.",
                place=str(self.path),
            )
        return kept
