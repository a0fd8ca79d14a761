"""The files that projects are made of, with the words in them replaced: `@NAME@` by the project's name."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

__all__ = ["filled", "files_of"]

_FOLDER = Path(__file__).parent
_SUFFIX = ".template"


def files_of(folder: str, words: Mapping[str, str]) -> dict[str, bytes]:
    """Every file of a folder of templates, by the name that it gets in the project.

    Args:
        folder: A folder in `harness/projects`.
        words: What to replace, in the files' names too.
    """
    paths = sorted((_FOLDER / folder).glob(f"*{_SUFFIX}"))
    return {_replaced(path.name.removesuffix(_SUFFIX), words): filled(path, words) for path in paths}


def filled(path: str | Path, words: Mapping[str, str]) -> bytes:
    """One file.

    Args:
        path: The template, relative to `harness/projects`.
        words: What to replace.
    """
    return _replaced((_FOLDER / path).read_text("utf-8"), words).encode("utf-8")


def _replaced(text: str, words: Mapping[str, str]) -> str:
    for word, meaning in words.items():
        text = text.replace(word, meaning)
    return text
