"""Runs pytest on files that a test wrote, in this process, because starting Python takes a second."""

from __future__ import annotations

from pathlib import Path

import pytest


def said_by(pytester: pytest.Pytester, *words: str | Path) -> str:
    """Run pytest with every installed plugin, and return its output."""
    done = pytester.runpytest_inprocess("-p", "no:cacheprovider", "-p", "no:randomly", *words)
    return "\n".join([*done.outlines, *done.errlines])
