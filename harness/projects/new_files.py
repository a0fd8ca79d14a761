"""New files in a folder, all of them or none: a kill or a full disk leaves no half-written project."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from harness.disk import NoRoom, unwritable
from harness.errors import InputError

__all__ = ["STAGE", "write_new"]

STAGE = ".rft-new"
"""Ending of the folder in which the files are written before they appear; a kill may leave it behind."""


def write_new(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write new files, none of them over another.

    A file that has the same content already counts as written, so the same command completes what a kill
    cut off. A folder that does not exist appears with all of its files in one step.

    Args:
        folder: Where they go; made when missing.
        files: Their content, by path relative to the folder.

    Raises:
        InputError: Another file has one of the names, or the files cannot be written.
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
    """The path that the user knows: where a file is to appear, instead of where it is written first."""
    path = Path(named or folder)
    return folder / path.relative_to(stage) if path.is_relative_to(stage) else path


def _unwritten(error: InputError) -> InputError:
    """The error of files that were taken back: there is nothing to resume."""
    if not isinstance(error, NoRoom):
        return error
    return NoRoom(error.message, place=error.place, fix="Make room; nothing was written: run it again.")


def _is_written(path: Path, content: bytes) -> bool:
    """Whether a file is there with this content; another one is an error."""
    if not os.path.lexists(path):
        return False
    if path.is_file() and not path.is_symlink() and path.read_bytes() == content:
        return True
    raise InputError("exists already", place=str(path), fix="Nothing is overwritten: choose another name.")


def _move(stage: Path, folder: Path, names: list[str]) -> None:
    """Move files to where they belong, and take them back if one cannot go there."""
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
    """Make the folders from `top` down to `folder` that are missing, and name them."""
    made = [each for each in (folder, *folder.parents) if each.is_relative_to(top) and not each.exists()][
        ::-1
    ]
    for each in made:
        each.mkdir()
    return made
