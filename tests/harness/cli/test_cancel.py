"""Confirmation of actions that cannot be undone."""

from __future__ import annotations

import io

import pytest

from harness.cli.cancel import confirm
from harness.errors import InputError


class Typed(io.StringIO):
    """Terminal input."""

    def isatty(self) -> bool:
        return True


def test_a_yes_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", Typed("y\n"))
    confirm("Cancel it?")


def test_a_no_changes_nothing_and_is_no_interrupt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", Typed("n\n"))
    with pytest.raises(InputError, match="not confirmed: nothing was changed"):
        confirm("Cancel it?")


def test_where_nobody_can_answer_nothing_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    with pytest.raises(InputError, match="Add --yes"):
        confirm("Cancel it?")
