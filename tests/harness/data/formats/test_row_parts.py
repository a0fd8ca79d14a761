"""Row parts that several formats share: prompts, completions and ids."""

from __future__ import annotations

import json
from typing import Any

import pytest

from harness.data.formats.all_importers import importer_named, importers_of
from harness.data.formats.importer import RowError
from harness.data.formats.row_parts import RowParts, completion_of, joined, line_ids, line_of, prompt_of

ASKED = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "2 + 2?"}]
ANSWER = [{"role": "assistant", "content": "4"}]


def test_json_text_with_messages_is_parsed():
    assert prompt_of(json.dumps(ASKED)) == ASKED
    assert completion_of(f" {json.dumps(ANSWER)}\n") == ANSWER


@pytest.mark.parametrize(
    "text",
    [
        '[{"role": "user"}]',
        '[{"role": "user", "content": "Q"}, 5]',
        '{"role": "user", "content": "Q"}',
        '["role"]',
        '[{"role": "user", "content": ',
        "[half a character: \ud800, role]",
    ],
)
def test_any_other_text_is_one_message(text):
    assert prompt_of(text) == [{"role": "user", "content": text}]


def test_messages_lose_nulls_and_developer_becomes_system():
    given = [{"role": "developer", "content": "Be brief.", "name": None}, {**ASKED[1], "tool_calls": None}]
    assert prompt_of(given) == ASKED
    assert completion_of({"role": "assistant", "content": None, "refusal": "No."}) == [
        {"role": "assistant", "content": None, "refusal": "No."}
    ]


def test_a_json_completion_must_end_with_the_assistant():
    with pytest.raises(RowError, match="does not end with the assistant's message"):
        completion_of(json.dumps(ASKED))


def test_the_id_of_a_row_is_that_of_its_line_and_numbered_for_several():
    assert line_ids(RowParts({"id": 7}), 1, "id") == [7]
    assert line_ids(RowParts({"id": "a"}), 2, "id") == ["a-1", "a-2"]
    assert line_ids(RowParts({}), 2, "id") == [None, None]
    parts = RowParts({"id": 7})
    assert line_ids(parts, 2, "id") == [None, None]
    assert parts.peek("id") == 7


def test_fields_of_one_name_are_kept_apart():
    assert joined({"a": 1, "row_b": 2}, {"a": 3, "b": 4}) == {"a": 1, "row_b": 2, "row_a": 3, "b": 4}
    line = line_of(ASKED, "4", {"metadata": 1, "row_metadata": 2}, metrics=None)
    assert (line["row_metadata"], line["row_row_metadata"]) == (1, 2)


ROW: dict[str, Any] = {
    "a": {"b": [1, {"c": 2}, {"c": 3, "d": None}], "e": "x"},
    "f": {"g": {"h": 1}, "i": []},
    "j": [[], {}, None],
    "k": 0,
}


def test_untaken_values_are_lost_under_their_widest_path():
    parts = RowParts(ROW)
    assert parts.take("a", "b", 0) == 1
    assert parts.take("a", "b", 9) is parts.take("z") is parts.take("k", "x") is None
    assert parts.peek("a", "b") == [{"c": 2}, {"c": 3, "d": None}]
    assert parts.converted().lost == ("a.b[].c", "a.e", "f", "k")


def test_a_part_is_taken_once_and_the_row_stays():
    parts = RowParts(ROW)
    assert (parts.take("k"), parts.take("k")) == (0, None)
    assert parts.take("f", "g") == {"h": 1}
    assert parts.rest() == {"a": ROW["a"], "j": ROW["j"]}
    assert parts.converted({"x": 1}) == (({"x": 1},), ())
    assert ROW["k"] == 0


def test_fields_with_a_reserved_name_are_renamed():
    line = line_of([], "r", {"metadata": {}, "row_metadata": 1, "id": 2, "topic": "t"}, id="own", model=None)
    assert line == {
        "id": "own",
        "messages": [],
        "reference_answer": "r",
        "row_metadata": {},
        "row_row_metadata": 1,
        "row_id": 2,
        "topic": "t",
    }


@pytest.mark.parametrize("value", [None, 5, [], [5], [{"content": "x"}], {"role": "user"}])
def test_invalid_prompts_are_refused(value: Any):
    with pytest.raises(RowError, match="prompt"):
        prompt_of(value)


@pytest.mark.parametrize("value", [None, 5, [], [{"role": "user", "content": "x"}], {"role": "tool"}])
def test_invalid_completions_are_refused(value: Any):
    with pytest.raises(RowError, match="completion"):
        completion_of(value)


@pytest.mark.parametrize("column", ["system", "system_prompt"])
@pytest.mark.parametrize(
    "row",
    [
        {"prompt": "Q", "answer": "A"},
        {"prompt": "Q", "completion": "A"},
        {"prompt": [{"role": "user", "content": "Q"}], "answer": "A"},
        {"prompt": "Q", "chosen": "A", "rejected": "B"},
        {"question": "Q", "answer": "A"},
        {"instruction": "Q", "output": "A", "history": [["P", "O"]]},
    ],
)
def test_a_system_prompt_in_a_column_becomes_the_first_message(row: dict[str, Any], column: str):
    (importer,) = importers_of([{**row, column: "S"}])
    plain, made = importer.convert(row), importer.convert({**row, column: "S"})
    first = {"role": "system", "content": "S"}
    assert made.lines == tuple({**line, "messages": [first, *line["messages"]]} for line in plain.lines)
    assert made.lost == plain.lost


def test_a_system_prompt_in_a_column_never_joins_one_in_the_messages():
    prompt = [{"role": "system", "content": "T"}, {"role": "user", "content": "Q"}]
    row = {"prompt": prompt, "answer": "A", "system": "S"}
    (line,) = importer_named("trl").convert(row).lines
    assert (line["messages"], line["system"]) == (prompt, "S")
