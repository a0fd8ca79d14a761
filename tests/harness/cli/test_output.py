"""JSON for programs is strict and one line; text for people cannot draw on the terminal."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.cli.output import emit_json, printable, stdout_console
from harness.findings import Severity

ANY_TEXT = st.text(st.characters(exclude_categories=[]))


def refuse(constant: str) -> Any:
    raise AssertionError(f"{constant} is not JSON")


def test_json_is_one_strict_ascii_line(capsys: pytest.CaptureFixture[str]):
    emit_json(
        {"nan": [float("nan"), (float("-inf"), 1.5)], "half": "\ud800é", "at": Path("a"), "s": Severity.NOTE}
    )
    text = capsys.readouterr().out
    assert text.isascii()
    assert text.count("\n") == 1
    value = json.loads(text, parse_constant=refuse)
    assert value == {"nan": [None, [None, 1.5]], "half": "\ud800é", "at": "a", "s": "note"}


@given(ANY_TEXT)
def test_printable_text_has_no_control_characters_and_can_be_encoded(text: str):
    shown = printable(text)
    assert shown.isprintable()
    shown.encode("utf-8")
    if text.isprintable():
        assert shown == text


def test_the_console_reads_no_markup(capsys: pytest.CaptureFixture[str]):
    stdout_console().print("[red]a[/red] :smile: " + "x" * 300)
    assert capsys.readouterr().out == "[red]a[/red] :smile: " + "x" * 300 + "\n"
