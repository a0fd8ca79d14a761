from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import InputError
from harness.rollouts.derive import OTHER, REFERENCE, write_derived
from harness.rollouts.read import holds_rollouts, read_rollouts
from support.rollout_files import write_rollouts


def record(reference: Any = None, **fields: Any) -> dict[str, Any]:
    turns = [{"role": "system", "content": "s"}, {"role": "user", "content": "q"}]
    found = {"messages": turns, **fields}
    return found if reference is None else {**found, "reference_answer": reference}


def derive(folder: Path, records: list[dict[str, Any]], template: str | None = None) -> list[dict[str, Any]]:
    path = write_rollouts(folder / "records.jsonl", records)
    count = write_derived(path, folder / "rollouts.jsonl", template)
    found = [json.loads(line) for line in (folder / "rollouts.jsonl").read_text().splitlines()]
    assert len(found) == count
    return found


def completions(rollouts: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(one["id"], one["messages"][-1]["content"]) for one in rollouts]


def test_each_record_gives_its_own_and_a_different_reference(tmp_path: Path) -> None:
    records = [record("1", task_id="t"), record("1", id="i"), record("2")]
    found = derive(tmp_path, records)
    assert completions(found) == [
        ("t/reference", "1"),
        ("t/other-reference", "2"),
        ("i/reference", "1"),
        ("i/other-reference", "2"),
        ("line-3/reference", "2"),
        ("line-3/other-reference", "1"),
    ]
    assert holds_rollouts(tmp_path / "rollouts.jsonl")
    assert [one.problem for one in read_rollouts(tmp_path / "rollouts.jsonl")] == [None] * 6
    assert [one["messages"][:-1] for one in found] == [one["messages"] for one in records for _ in "ab"]


@given(st.lists(st.sampled_from(["1", "x #### 1", "y ####  1", "2", "#### 3"]), min_size=1, max_size=12))
def test_the_control_is_the_next_completion_with_a_different_answer(references: list[str]) -> None:
    answers = [reference.split()[-1] for reference in references]
    with tempfile.TemporaryDirectory() as folder:
        found = dict(completions(derive(Path(folder), [record(reference) for reference in references])))
    for at, answer in enumerate(answers):
        after = [*range(at + 1, len(references)), *range(at)]
        expected = next((references[other] for other in after if answers[other] != answer), None)
        assert found.get(f"line-{at + 1}/other-reference") == expected


def test_records_that_all_have_one_reference_have_no_control(tmp_path: Path) -> None:
    assert [key for key, _ in completions(derive(tmp_path, [record("1"), record("1")]))] == [
        "line-1/reference",
        "line-2/reference",
    ]


def test_a_records_own_fields_stay_and_never_rename_its_rollouts(tmp_path: Path) -> None:
    found = derive(tmp_path, [record("1", record="x", model="gpt", unit="kg"), record("2")])
    assert [(one["record"], one["model"]) for one in found[:2]] == [("line-1", REFERENCE), ("line-1", OTHER)]
    assert found[0]["unit"] == "kg"


def test_a_template_formats_references_that_are_not_text(tmp_path: Path) -> None:
    records = [
        record({"answer": {"value": 7}, "unit": "{unit}"}),
        record({"answer": {"value": [1, "a"]}, "unit": "b"}),
    ]
    found = derive(tmp_path, records, '{"a": {reference_answer.answer.value}} {reference_answer.unit}')
    assert [text for key, text in completions(found) if key.endswith("/reference")] == [
        '{"a": 7} {unit}',
        '{"a": [1, "a"]} b',
    ]


@pytest.mark.parametrize(
    ("second", "template", "said"),
    [
        (record({"answer": 1}), None, "records.jsonl:3: the record's reference_answer is not a string"),
        (record(), None, "records.jsonl:3: the record has no reference_answer"),
        (record("  "), None, "records.jsonl:3: the record has no reference_answer"),
        (record({"a": 1}), "{reference_answer.b}", "records.jsonl:3: the record has no reference_answer.b"),
        ({"asked": "q"}, None, "records.jsonl:3: this is not a record"),
        (
            {"messages": [{"role": "assistant", "content": "1"}], "reference_answer": "1"},
            None,
            "records.jsonl:3: this is a rollout in a file of records",
        ),
    ],
)
def test_a_record_that_cannot_be_used_names_its_line(
    second: dict[str, Any], template: str | None, said: str, tmp_path: Path
) -> None:
    path = tmp_path / "records.jsonl"
    path.write_text(
        "\n".join([json.dumps(record({"a": 1, "b": 2}) if template else record("1")), "", json.dumps(second)])
    )
    with pytest.raises(InputError) as caught:
        write_derived(path, tmp_path / "rollouts.jsonl", template)
    assert said in str(caught.value)
    assert not (tmp_path / "rollouts.jsonl").exists()


def test_a_broken_line_is_named(tmp_path: Path) -> None:
    (tmp_path / "records.jsonl").write_text(json.dumps(record("1")) + "\n{\n")
    with pytest.raises(InputError, match=r"records\.jsonl:2: not JSON.*rft validate"):
        write_derived(tmp_path / "records.jsonl", tmp_path / "rollouts.jsonl")


def test_lone_surrogates_survive(tmp_path: Path) -> None:
    found = derive(tmp_path, [record("\ud800"), record("2")])
    assert found[0]["messages"][-1]["content"] == "\ud800"


VALUES = st.none() | st.booleans() | st.integers() | st.text(st.characters(codec="utf-8"))


@given(st.dictionaries(st.text(st.characters(codec="utf-8"), min_size=1), VALUES, min_size=1))
def test_the_advice_for_an_object_writes_it_as_a_model_would(reference: dict[str, Any]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with pytest.raises(InputError) as error:
            derive(folder, [record(reference)])
        whole, *part = re.findall(r'"(\{.*?\})"', str(error.value))
        completion = derive(folder, [record(reference)], whole)[0]["messages"][-1]["content"]
        assert json.loads(completion) == reference
        for text in [*reference, *reference.values()]:
            if isinstance(text, str) and text.isalpha():
                assert text in completion
        for template in part:
            one = derive(folder, [record(reference)], template)[0]["messages"][-1]["content"]
            assert one in [
                value if isinstance(value, str) else json.dumps(value) for value in reference.values()
            ]
