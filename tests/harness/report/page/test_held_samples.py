"""Which samples a page holds, and how much of each."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from harness.data.sources import source_of
from harness.report.page.held_samples import Pair, hold_rows, read_texts
from harness.runs.rows import Row
from support.rollout_files import rollout, write_rollouts
from support.run_records import row_of


def alone(rows: list[Row]) -> Iterator[Pair]:
    return ((row, None) for row in rows)


def test_a_run_that_fits_is_held_whole() -> None:
    rows = [row_of(number, 0.5) for number in range(20)]
    held = hold_rows(alone(rows), 20, lambda row, other: False)
    assert held.rows == rows


def test_beyond_what_fits_the_lowest_and_the_failed_stay() -> None:
    rows = [row_of(number, float(number % 997)) for number in range(10_000)]
    rows[5_001] = row_of(5_001, None)
    held = hold_rows(alone(rows), 10_000, lambda row, other: row["reward"] is None, most=1_000)
    ids = [row["id"] for row in held.rows]
    assert ids == sorted(ids)
    assert len(ids) <= 1_000
    assert 5_001 in ids
    assert {0, 997, 1_994} <= set(ids)
    assert {held.rows[at]["id"] for at in held.worth} >= {0, 997, 5_001}


def rows_of(path: Path) -> list[Row]:
    at, rows = 0, []
    for number, line in enumerate(path.read_bytes().splitlines(keepends=True)):
        rows.append(row_of(number, 1.0, at=at))
        at += len(line)
    return rows


def test_beyond_what_fits_texts_are_excerpts_but_those_worth_reading(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    write_rollouts(path, [rollout(str(number), f"{number}" + "x" * 3_000, "72") for number in range(50)])
    whole = read_texts(path, rows_of(path), {7})
    assert (whole.excerpts, whole.shortened) == (False, 0)
    brief = read_texts(path, rows_of(path), {7}, most=20_000)
    assert brief.excerpts
    assert brief.shortened == 49
    assert [number for number, text in enumerate(brief.completion) if isinstance(text, str)] == [7]
    assert brief.length == whole.length == [len(str(number)) + 3_000 for number in range(50)]
    assert brief.line == list(range(1, 51))


def test_equal_prompts_and_references_are_stored_once(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    write_rollouts(path, [rollout(str(number), str(number), "72") for number in range(5)])
    found = read_texts(path, rows_of(path), ())
    assert (len(found.prompts), list(found.references)) == (1, ["72"])
    assert found.prompt == [0] * 5
    assert found.completion == list("01234")


def test_one_huge_text_is_an_excerpt(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    path.write_text(json.dumps(rollout("a", "x" * 1_000_000, "72")) + "\n", encoding="utf-8")
    found = read_texts(path, rows_of(path), ())
    assert (found.excerpts, found.shortened, found.characters < 210_000) == (False, 1, True)


def test_lines_of_several_files_are_numbered_in_each(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_rollouts(tmp_path / name, [rollout(f"{name}{number}", "1") for number in range(2)])
    (tmp_path / "whole").write_bytes((tmp_path / "a").read_bytes() + (tmp_path / "b").read_bytes())
    found = read_texts(source_of(tmp_path / "a", tmp_path / "b"), rows_of(tmp_path / "whole"), ())
    assert found.line == [1, 2, 1, 2]
    assert found.file == [str(tmp_path / "a")] * 2 + [str(tmp_path / "b")] * 2
