"""Errors for rows of other formats, which name the command that converts them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness.data.formats.all_importers import IMPORTERS
from harness.data.formats.importer import Importer
from harness.data.formats.recognized import format_of
from harness.rollouts.read import holds_rollouts
from harness.samples import RECORDS, ROLLOUTS
from support.format_rows import FORMAT_ROWS
from support.rft_command import refusal, rft_inside


@pytest.mark.parametrize("importer", IMPORTERS, ids=lambda importer: importer.name)
def test_rows_without_messages_are_of_a_known_format(importer: Importer):
    for row in FORMAT_ROWS[importer.name]:
        if not isinstance(row.get("messages"), list):
            assert format_of(row) is not None


@pytest.mark.parametrize("file", [RECORDS, ROLLOUTS])
def test_records_and_rollouts_are_not_recognized_as_other_formats(file: Path):
    for line in file.read_text(encoding="utf-8").splitlines():
        assert format_of(json.loads(line)) is None
    others: list[Any] = [{}, [], 5, {"messages": []}, {"text": "x"}]
    assert [format_of(row) for row in others] == [None] * 5


GRADER = ("-g", "checks.numbers:number()")


def told(folder: Path, row: dict[str, Any], *words: str) -> str:
    (folder / "my rows.jsonl").write_text(json.dumps(row) + "\n", encoding="utf-8")
    return refusal(folder, *words)


@pytest.mark.parametrize(
    "words",
    [
        ("replay", "my rows.jsonl", *GRADER),
        ("audit", "my rows.jsonl", *GRADER),
        ("rehearse", "my rows.jsonl", *GRADER),
        (
            "rollout",
            "my rows.jsonl",
            "--out",
            "out.jsonl",
            "--model",
            "m",
            "--base-url",
            "http://127.0.0.1:1/v1",
        ),
        ("replay", str(ROLLOUTS), *GRADER, "--records", "my rows.jsonl"),
    ],
    ids=["replay", "audit", "rehearse", "rollout", "records"],
)
def test_every_reader_names_the_command(tmp_path: Path, words: tuple[str, ...]):
    said = told(tmp_path, FORMAT_ROWS["verl"][0], *words)
    assert "my rows.jsonl:1: this looks like verl's rows, which are neither records nor rollouts" in said
    assert "Convert them: rft convert 'my rows.jsonl' NEW.jsonl" in said


def test_a_record_with_completions_is_not_replayed_as_a_record(tmp_path: Path):
    said = told(tmp_path, FORMAT_ROWS["completions"][0], "replay", "my rows.jsonl", *GRADER)
    assert "this looks like records with lists of completions" in said


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("rows.json", '[{"messages": []}, {}]', "rows.json:1: this is a JSON array"),
        ("rows.json", '[\n{"messages": []}]', "`rft convert` does it for JSON that spans lines"),
        (
            "rows.csv",
            "question,answer\n1,2\n",
            "rows.csv: this is a table (CSV), not JSON lines. Convert it: rft convert",
        ),
    ],
)
def test_rows_that_are_not_json_lines_are_named_too(tmp_path: Path, name: str, text: str, said: str):
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert said in refusal(tmp_path, "replay", name, *GRADER)


def test_json_lines_may_be_called_csv(tmp_path: Path):
    path = tmp_path / "rollouts.csv"
    path.write_bytes(ROLLOUTS.read_bytes())
    assert holds_rollouts(path)
    assert rft_inside(tmp_path, "convert", "rollouts.csv", "out.jsonl").returncode == 0
