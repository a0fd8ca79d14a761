from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.report.console import SafeConsole
from harness.report.look import look_at
from harness.report.terminal import print_run, print_sample
from harness.runs.facts import GraderFacts
from harness.runs.rows import Row, Totals, dump, sample_name
from harness.runs.store import Run
from support.run_records import facts_of, file_input, unknown_grader
from support.run_records import row_of as row

ANY_TEXT = st.lists(st.characters() | st.sampled_from("\ud800\udfff\x1b\x00\r["), max_size=8).map("".join)


def console() -> tuple[SafeConsole, io.BytesIO]:
    """A terminal that accepts only valid UTF-8, and its bytes."""
    raw = io.BytesIO()
    out = io.TextIOWrapper(raw, encoding="utf-8", errors="strict", write_through=True)
    return SafeConsole(file=out), raw


def printed(folder: Path, rows: list[Row], label: str | None = None, **facts: Any) -> str:
    (folder / "rewards.jsonl").write_bytes(b"".join(map(dump, rows)))
    totals = Totals()
    for one in rows:
        totals.add(one, 0.5)
    out, raw = console()
    print_run(look_at(Run(folder, facts_of(state="done", label=label, totals=totals, **facts))), out)
    return raw.getvalue().decode()


def test_a_run_of_failures_alone(tmp_path: Path) -> None:
    said = printed(tmp_path, [row(reward=None), row("[red]", reward=None)])
    assert "no rewards at all" in said
    assert "exception  2" in said
    assert "[red]  exception: KeyError: [bold]units[/bold]" in said
    assert "no group has a reward" in said
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
    assert 'c  wires {"nova":0.0,"open-weight":1.0}' in said


def test_many_values_are_shown_by_tenths(tmp_path: Path) -> None:
    said = printed(tmp_path, [row(at, at / 40, metrics={"length": float(at)}) for at in range(41)])
    assert "0.9 to 1" in said
    assert "length" in said
    assert "mean 20.0000" in said


@pytest.mark.parametrize(
    ("groups", "expected"),
    [
        ([(0, 1), (0, 1)], ["2 groups; none has equal rewards, so every group can teach something"]),
        ([(0, 1)], ["1 group; its rewards differ, so it can teach something"]),
        ([(0.5, 0.5)], ["1 group; its rewards are equal (zero-std): a job would learn nothing"]),
        (
            [(0, 0), (1, 1)],
            [
                "2 groups; all have equal rewards (zero-std): a job would learn nothing",
                "all wrong: 1 of 2; all right: 1",
            ],
        ),
        (
            [(0, 0), (0, 1)],
            ["2 groups; 1 has equal rewards (50% zero-std): nothing is learned from it"],
        ),
        (
            [(0, 0), (0.5, 0.5), (0, 1), (1,)],
            [
                "3 groups; 2 have equal rewards (67% zero-std): nothing is learned from them",
                "1 group of one grading, from which nothing is learned",
            ],
        ),
        ([(1,)], ["1 group of one grading: it is unknown what a job would learn"]),
        ([(1,), (0,)], ["2 groups of one grading: it is unknown what a job would learn"]),
        ([(0, 1), (None, None)], ["1 group without any reward"]),
    ],
)
def test_groups_are_told_in_sentences(groups: list[Any], expected: list[str], tmp_path: Path) -> None:
    rows = [row(f"{at}", reward, group=f"{at}") for at, group in enumerate(groups) for reward in group]
    said = printed(tmp_path, rows)
    for line in expected:
        assert f"\n  {line}\n" in said, said


def test_a_range_that_nobody_knows_is_said_and_nothing_is_held_to_it(tmp_path: Path) -> None:
    rows = [row(at, at / 4, group="g", label=True) for at in range(41)]
    said = printed(tmp_path, rows, label="ok", grader=unknown_grader())
    assert "the grader's range is not known: add --range LOW HIGH" in said
    assert "9 to 10" in said, "bars from the lowest to the highest reward"
    assert "all wrong" not in said
    known = printed(tmp_path, rows, label="ok", grader=unknown_grader(), range=(0.0, 20.0))
    assert "not known" not in known
    assert "18 to 20" in known


def test_a_made_up_name_for_each_sample_does_not_fill_the_screen(tmp_path: Path) -> None:
    said = printed(tmp_path, [row(metrics={f"m{at:03}": 1.0 for at in range(5_000)})])
    assert said.count("mean 1.0000") == 20
    assert "and 4,980 more" in said


STEERS = "\x1b]52;c;bHM=\x1b\\\x9b2J\u202eab\r\nreward 1 (all good)"


def test_nothing_that_data_holds_steers_the_terminal(tmp_path: Path) -> None:
    rows = [
        row(STEERS, metrics={STEERS: 1.0}, wires={STEERS: STEERS}, reason=STEERS),
        row("x", None, error={"kind": STEERS, "message": STEERS}),
    ]
    grader = GraderFacts(STEERS, None, None)
    said = printed(tmp_path, rows, label=STEERS, grader=grader, input=file_input(STEERS))
    out, raw = console()
    turns = [{"role": STEERS, "content": STEERS}, {"role": "assistant", "content": [STEERS]}]
    print_sample({"rollout": {"messages": turns, "reference_answer": STEERS}, "rows": rows}, out)
    print_sample({"rollout": None, "line": STEERS, "rows": rows, "others": ["at-1"]}, out)
    for text in (said, raw.getvalue().decode()):
        assert all(char.isprintable() or char == "\n" for char in text)
    assert "\nreward 1 (all good)" not in said


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
        row(metrics={message: 0.5}, wires={message: 1.0}, reason=message),
        row(reward=None, error={"kind": "value", "message": message}),
    ]
    out, raw = console()
    print_sample({"rollout": {"messages": turns, "reference_answer": reference}, "rows": rows}, out)
    print_sample({"rollout": content, "line": message, "rows": rows, "others": ["at-1"]}, out)
    assert "reward 1" in raw.getvalue().decode()


def shown(found: dict[str, Any], everything: bool) -> str:
    out, raw = console()
    print_sample(found, out, everything)
    return raw.getvalue().decode()


def test_very_long_texts_many_messages_and_many_metrics_are_shown_short_with_the_way_to_all() -> None:
    turns = [{"role": "user", "content": f"turn {at}"} for at in range(100)]
    long = "a" * 30_000 + "MIDDLE" + "z" * 30_000
    metrics = {f"{at:05}" + "n" * 400: 1.0 for at in range(5_000)}
    found = {
        "rollout": {"messages": [*turns, {"role": "assistant", "content": long}], "reference_answer": long},
        "rows": [row(metrics=metrics), row(reward=None, error={"kind": "exception", "message": long})],
    }
    short, whole = shown(found, everything=False), shown(found, everything=True)
    assert len(short) < 40_000
    assert "MIDDLE" not in short
    assert short.count("\n... 50,006 characters left out; --all shows all ...\n") == 2
    assert "\n61 messages left out; --all shows all\n" in short
    assert ("turn 19\n" in short, "turn 20\n" in short, "turn 81\n" in short) == (True, False, True)
    assert "  and 4,980 more; --all shows all\n" in short
    assert whole.count("MIDDLE") == 3
    assert whole.count("turn ") == 100
    assert "left out" not in whole
    assert "04999nnn" in whole


def test_a_run_of_many_metrics_and_very_long_names_is_shown_short(tmp_path: Path) -> None:
    rows = [row("i" * 5_000, float(at % 2), metrics={f"{at:03}" + "m" * 300: 1.0}, at=at) for at in range(99)]
    said = printed(tmp_path, [*rows, row("j", None)])
    assert "  and 79 more; --all shows all\n" in said
    assert max(map(len, said.splitlines())) < 320
    assert "\n  at-0  0\n" in said, "the name that `rft show RUN at-0` finds"


def test_an_id_of_any_length_finds_its_sample_by_the_name_that_is_shown() -> None:
    assert [sample_name(row(key, at=7)) for key in ("a", "b" * 200, "c" * 201, None, 5)] == [
        *("a", "b" * 200, "at-7", "at-7", "5")
    ]
