"""Writes either all new files into a folder or none, so a kill or a full disk leaves no partial project."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from harness.disk import NoRoom, unwritable
from harness.errors import InputError

__all__ = ["STAGE", "write_new"]

STAGE = ".rft-new"
"""Suffix of the folder in which files are written before they are moved. A killed command may leave it."""


def write_new(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write new files without overwriting any.

    An existing file with the same content counts as written, so running a killed command again completes the
    work. A new folder appears with all of its files at once.

    Args:
        folder: The folder, which is created if it does not exist.
        files: The files' content, by path relative to the folder.

    Raises:
        InputError: A file with one of the names has other content, or the files cannot be written.
    """
    missing = [name for name in files if not _is_written(folder / name, files[name])]
    whole = not folder.exists()
    stage = folder.with_name(f".{folder.name}{STAGE}") if whole else folder / STAGE
    try:
        shutil.rmtree(stage, ignore_errors=True)
        for name in missing:
            (stage / name).parent.mkdir(parents=True, exist_ok=True)
            (stage / name).write_bytes(files[name])
        if whole:
            stage.rename(folder)
        else:
            _move(stage, folder, missing)
    except OSError as error:
        raise _unwritten(unwritable(_meant(error.filename, stage, folder), error)) from error
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def _meant(named: str | None, stage: Path, folder: Path) -> Path:
    """Translate a file's temporary path to its final one, which is the path that the user knows."""
    path = Path(named or folder)
    return folder / path.relative_to(stage) if path.is_relative_to(stage) else path


def _unwritten(error: InputError) -> InputError:
    """Add to an error about a full disk that nothing was written. Return other errors unchanged."""
    if not isinstance(error, NoRoom):
        return error
    return NoRoom(
        error.message, place=error.place, fix="Free some space and run it again; nothing was written."
    )


def _is_written(path: Path, content: bytes) -> bool:
    """Return True if a file exists with this content. A file with other content is an error."""
    if not os.path.lexists(path):
        return False
    if path.is_file() and not path.is_symlink() and path.read_bytes() == content:
        return True
    raise InputError(
        "already exists", place=str(path), fix="Existing files are not overwritten: choose another name."
    )


def _move(stage: Path, folder: Path, names: list[str]) -> None:
    """Move files to their final places. If a file cannot be moved, remove all of them again."""
    moved: list[Path] = []
    try:
        for name in names:
            moved += _new_folders(folder, (folder / name).parent)
            (stage / name).rename(folder / name)
            moved.append(folder / name)
    except BaseException:
        for path in reversed(moved):
            path.rmdir() if path.is_dir() else path.unlink()
        raise


def _new_folders(top: Path, folder: Path) -> list[Path]:
    """Create the missing folders from `top` down to `folder`, and return them."""
    made = [each for each in (folder, *folder.parents) if each.is_relative_to(top) and not each.exists()][
        ::-1
    ]
    for each in made:
        each.mkdir()
    return made
