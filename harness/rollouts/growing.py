"""A rollouts file that is appended to while a model is asked, and resumed after a kill.

Beside it stands a note of what was asked for, so that a file never mixes two models or two ways of asking.
One process at a time may hold it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from harness.data.json_lines import LineError, parse
from harness.disk import AppendOnly, lock, write_json
from harness.errors import InputError

__all__ = ["GrowingFile", "note_of"]

_SCHEMA = 1


def note_of(path: Path) -> Path:
    """Where the note of a rollouts file stands."""
    return path.with_name(f"{path.name}.asked.json")


class GrowingFile:
    """The file and its note; use as a context manager.

    Args:
        path: The rollouts file; made when missing.
        asked: What makes two commands the same work; compared with the note of an earlier command.

    Raises:
        InputError: The file is held by another process, was begun otherwise, or cannot be written.
    """

    def __init__(self, path: Path, asked: dict[str, Any]) -> None:
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
            if not isinstance(value, dict) or value.get("model") != self.note["asked"]["model"]:
                raise InputError("this line is not of this model", place=place, fix="Name another --out.")
            yield value

    def append(self, rollout: dict[str, Any]) -> None:
        """Append one rollout.

        Raises:
            InputError: It cannot be written.
        """
        self._file.append([rollout])

    def save_note(self, **changed: Any) -> None:
        """Change the note, on disk too, in one step."""
        self.note.update(changed)
        write_json(note_of(self.path), self.note)

    def _same(self, asked: dict[str, Any]) -> dict[str, Any]:
        """The note: that of an earlier command for the same work, or a new one."""
        note = note_of(self.path)
        if self._file.size == 0:
            found: dict[str, Any] = {"schema": _SCHEMA, "asked": asked, "tokens": {"in": 0, "out": 0}}
            write_json(note, found)
            return found
        try:
            found = json.loads(note.read_text(encoding="utf-8"))
            was = found["asked"]
            if found["schema"] != _SCHEMA:
                raise ValueError("another version wrote it")
        except (OSError, ValueError, KeyError, TypeError):
            raise InputError(
                "there is something here already that was not begun by this command",
                fix="Name another --out: rollouts are never overwritten.",
                place=str(self.path),
            ) from None
        changed = [name for name in asked if was.get(name) != asked[name]]
        if changed:
            told = ", ".join(f"{name} {was.get(name)!r}, not {asked[name]!r}" for name in changed)
            raise InputError(
                f"this file was begun with {told}",
                fix="Name another --out: one file holds one model, asked in one way.",
                place=str(self.path),
            )
        return dict(found)
