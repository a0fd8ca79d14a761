"""Reads the code blocks of the README and of other documents, so that tests can run them."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

README = Path(__file__).parent.parent.parent / "README.md"


def blocks(language: str, document: Path = README) -> list[str]:
    """Return the fenced blocks in a language, in order."""
    return re.findall(
        rf"^```{language}\n(.*?)^```", document.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )


def commands(program: str, document: Path = README) -> list[list[str]]:
    """Return the arguments of every line in a console block that calls a program."""
    lines = [line for block in blocks("console", document) for line in block.splitlines()]
    return [shlex.split(line[2:], comments=True)[1:] for line in lines if line.startswith(f"$ {program} ")]
