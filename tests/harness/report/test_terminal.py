"""What is printed of a run and of a sample: content as it is, never markup, never an exception."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from harness.report.look import look_at
from harness.report.terminal import print_run, print_sample
from harness.runs.rows import Totals, dump
from harness.runs.store import Run

ANY_TEXT = st.lists(st.characters() | st.sampled_from("\ud800\udfff\x1b\x00\r["), max_size=8).map("".join)


def console() -> tuple[Console, io.BytesIO]:
    """A terminal that takes strict UTF-8 alone."""
    raw = io.BytesIO()
    out = io.TextIOWrapper(raw, encoding="utf-8", errors="strict", write_through=True)
    return Console(file=out, markup=False, highlight=False, emoji=False, soft_wrap=True, width=80), raw


def printed(folder: Path, rows: list[dict[str, Any]], label: str | None = None) -> str:
    (folder / "rewards.jsonl").write_bytes(b"".join(map(dump, rows)))
    totals = Totals()
    for row in rows:
        totals.add(row, None if label is None else 0.5)
    facts = {
        "grader": {"ref": "my_grader:right", "options": {}},
        "input": {"path": "rollouts.jsonl"},
        "target": {"kind": "in-process"},
        "label": label,
        "totals": totals.to_json(),
    }
    out, raw = console()
    print_run(look_at(Run(folder, facts)), out)
    return raw.getvalue().decode()


def row(key: Any = "a", reward: float | None = 1.0, **more: Any) -> dict[str, Any]:
    error = None if reward is not None else {"kind": "exception", "message": "KeyError: [bold]units[/bold]"}
    return {
        "at": 0,
        "repeat": 0,
        "id": key,
        "group": "g",
        "reward": reward,
        "metrics": {},
        "error": error,
        "ms": 1.5,
        **more,
    }


def test_a_run_of_failures_alone(tmp_path: Path) -> None:
    said = printed(tmp_path, [row(reward=None), row("[red]", reward=None)])
    assert "no rewards at all" in said
    assert "exception  2" in said
    assert "[red]  exception: KeyError: [bold]units[/bold]" in said
    assert "none has a reward" in said
    assert "\nlowest" not in said


def test_a_line_without_an_id_is_named_as_it_can_be_asked_for(tmp_path: Path) -> None:
    said = printed(tmp_path, [row(None, None, at=72)])
    assert "1 grading in-process" in said
    assert "  at-72  exception" in said
    assert "None" not in said


def test_disagreements_are_listed(tmp_path: Path) -> None:
    rows = [row(label=True), row("b", label=False), row("c", wires={"open-weight": 1.0, "nova": 0.0})]
    said = printed(tmp_path, rows, label="ok")
    assert "agrees on 1 of 2" in said
    assert "b  reward 1, label False" in said
    assert "c  wires {'open-weight': 1.0, 'nova': 0.0}" in said


def test_many_values_are_shown_by_tenths(tmp_path: Path) -> None:
    said = printed(tmp_path, [row(at, at / 40, metrics={"length": float(at)}) for at in range(41)])
    assert "0.9 to 1" in said
    assert "length" in said
    assert "mean 20.0000" in said


@given(key=ANY_TEXT | st.lists(ANY_TEXT), name=ANY_TEXT, message=ANY_TEXT)
def test_no_text_whatever_breaks_a_run(key: Any, name: str, message: str, tmp_path_factory: Any) -> None:
    rows = [
        row(key, metrics={name: 1.0}),
        row(key, wires={name: 0.0}),
        row(key, None, error={"kind": "exception", "message": message}),
    ]
    assert "mean reward" in printed(tmp_path_factory.mktemp("run"), rows)


CONTENT = (
    st.none() | ANY_TEXT | st.integers() | st.lists(st.fixed_dictionaries({"text": ANY_TEXT}), max_size=2)
)


@given(
    CONTENT,
    CONTENT,
    st.none() | ANY_TEXT,
    ANY_TEXT,
)
def test_no_content_whatever_breaks_a_sample(content: Any, reference: Any, role: Any, message: str) -> None:
    turns = ["no message", {"role": role, "content": content}, {"role": "assistant", "content": "72"}]
    rows = [
        row(metrics={message: 0.5}, wires={message: 1.0}),
        row(reward=None, error={"kind": "value", "message": message}),
    ]
    out, raw = console()
    print_sample({"rollout": {"messages": turns, "reference_answer": reference}, "rows": rows}, out)
    print_sample({"rollout": content, "line": message, "rows": rows, "others": ["at-1"]}, out)
    assert "reward 1" in raw.getvalue().decode()
