"""Runs pytest on files that a test wrote, inside this process: a start of Python would cost a second."""

from __future__ import annotations

from pathlib import Path

import pytest


def said_by(pytester: pytest.Pytester, *words: str | Path) -> str:
    """What pytest prints, with every plugin that is installed."""
    done = pytester.runpytest_inprocess("-p", "no:cacheprovider", "-p", "no:randomly", *words)
    return "\n".join([*done.outlines, *done.errlines])
