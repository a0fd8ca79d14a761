"""A rollouts file that grows a line at a time, and survives being killed in mid-line.

In come rollouts, out goes a JSONL file and, beside it, a note of what was asked for, so that a file never
mixes two models or two ways of asking. On opening, a torn last line is cut off. One process at a time may
hold it.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from harness.data.json_lines import LineError, lines, parse
from harness.disk import end_of_last_line, write_all
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
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("ab", buffering=0)
        except OSError as error:
            raise InputError(f"cannot be written: {error.strerror}", place=str(path)) from error
        try:
            self._hold()
            self.note = self._same(asked)
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> GrowingFile:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def recover(self) -> Iterator[dict[str, Any]]:
        """Cut off what is not a whole line at the end, then yield what stands in the file.

        Raises:
            InputError: A line within is no rollout of this file.
        """
        self._cut_torn_line()
        for number, (_, line) in enumerate(lines(self.path), 1):
            place = f"{self.path}:{number}"
            try:
                value = parse(line)
            except LineError as error:
                raise InputError(str(error), place=place, fix="Remove the line.") from None
            if not isinstance(value, dict) or value.get("model") != self.note["asked"]["model"]:
                raise InputError("this line is not of this model", place=place, fix="Name another --out.")
            yield value

    def append(self, rollout: dict[str, Any]) -> None:
        """Write one rollout at the end, and hand it to the operating system.

        Raises:
            InputError: It cannot be written.
        """
        # ASCII: a lone surrogate in a completion must not stop the file.
        try:
            write_all(self._file, json.dumps(rollout).encode("ascii") + b"\n")
        except OSError as error:
            raise InputError(
                f"cannot be written: {error.strerror}",
                fix="Make room; the same command goes on where it stopped.",
                place=str(self.path),
            ) from error

    def save_note(self, **changed: Any) -> None:
        """Change the note, on disk too, in one step."""
        self.note.update(changed)
        draft = note_of(self.path).with_suffix(".new")
        try:
            draft.write_text(json.dumps(self.note, indent=1) + "\n", encoding="utf-8")
            draft.replace(note_of(self.path))
        except OSError as error:
            raise InputError(f"cannot be written: {error.strerror}", place=str(draft)) from error

    def _hold(self) -> None:
        try:
            fcntl.flock(self._file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise InputError(
                "another process is writing this file", fix="Wait for it, or name another --out.",
                place=str(self.path),
            ) from None  # fmt: skip

    def _same(self, asked: dict[str, Any]) -> dict[str, Any]:
        """The note: that of an earlier command for the same work, or a new one."""
        note = note_of(self.path)
        if os.fstat(self._file.fileno()).st_size == 0:
            found: dict[str, Any] = {"schema": _SCHEMA, "asked": asked, "tokens": {"in": 0, "out": 0}}
            draft = note.with_suffix(".new")
            draft.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
            draft.replace(note)
            return found
        try:
            found = json.loads(note.read_text(encoding="utf-8"))
            was = found["asked"]
            assert found["schema"] == _SCHEMA
        except (OSError, ValueError, KeyError, TypeError, AssertionError):
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

    def _cut_torn_line(self) -> None:
        with self.path.open("rb") as file:
            end = end_of_last_line(file)
        if end != os.fstat(self._file.fileno()).st_size:
            os.ftruncate(self._file.fileno(), end)
