"""Fills the template files of projects: `@NAME@` becomes the project's name."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

__all__ = ["filled", "files_of"]

_FOLDER = Path(__file__).parent
_SUFFIX = ".template"


def files_of(folder: str, words: Mapping[str, str]) -> dict[str, bytes]:
    """Return every file in a folder of templates with the words replaced, by its name in the project.

    Args:
        folder: A folder in `harness/projects`.
        words: The words to replace, also in file names.
    """
    paths = sorted((_FOLDER / folder).glob(f"*{_SUFFIX}"))
    return {_replaced(path.name.removesuffix(_SUFFIX), words): filled(path, words) for path in paths}


def filled(path: str | Path, words: Mapping[str, str]) -> bytes:
    """Return the content of one template file with the words replaced.

    Args:
        path: The template, relative to `harness/projects`.
        words: The words to replace.
    """
    return _replaced((_FOLDER / path).read_text("utf-8"), words).encode("utf-8")


def _replaced(text: str, words: Mapping[str, str]) -> str:
    for word, meaning in words.items():
        text = text.replace(word, meaning)
    return text
