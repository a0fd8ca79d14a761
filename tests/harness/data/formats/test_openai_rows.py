"""Rows for fine-tuning on OpenAI and Azure, which imported graders must still be able to read."""

from __future__ import annotations

import pytest

from graders.adapters import from_openai
from graders.testing import make_sample
from harness.data.formats.importer import RowError
from harness.data.formats.openai_rows import AZURE_RFT, OPENAI
from support.format_rows import FORMAT_ROWS


def test_the_field_called_like_a_reference_is_it_and_keeps_its_name():
    (record,), lost = OPENAI.convert(FORMAT_ROWS["openai"][0])
    assert record["reference_answer"] == record["ground_truth"] == "compliant"
    assert record["tools"] == FORMAT_ROWS["openai"][0]["tools"]
    assert lost == ()


def test_an_imported_grader_reads_the_same_item():
    grade = from_openai(
        {
            "type": "string_check",
            "name": "same",
            "input": "{{sample.output_text}}",
            "reference": "{{item.ground_truth}}",
            "operation": "eq",
        }
    )
    (record,), _ = OPENAI.convert(FORMAT_ROWS["openai"][0])
    fields = {name: value for name, value in record.items() if name not in ("messages", "reference_answer")}
    assert grade(make_sample("compliant", record["reference_answer"], **fields)).value == 1


def test_metadata_is_renamed_since_the_wire_uses_the_name():
    (record,), _ = OPENAI.convert(FORMAT_ROWS["openai"][2])
    assert record["row_metadata"] == {"source": "tickets"}
    assert record["messages"] == FORMAT_ROWS["openai"][2]["messages"]


def test_the_developers_messages_are_the_systems():
    (record,), lost = AZURE_RFT.convert(FORMAT_ROWS["azure-rft"][0])
    assert [message["role"] for message in record["messages"]] == ["system", "user"]
    assert record["reference_answer"] == {"clauses": ["a clause"], "donation": "yes"}
    assert lost == ()


def test_records_that_are_ours_are_not_recognized():
    ours = {"messages": [{"role": "user", "content": "Q"}]}
    assert not OPENAI.recognizes(ours)
    assert not OPENAI.recognizes({**ours, "reference_answer": "A", "answer": "A"})


def test_a_verdict_is_not_a_reference():
    rollout = {"messages": [{"role": "user", "content": "Q"}, {"role": "assistant", "content": "A"}]}
    assert not OPENAI.recognizes({**rollout, "label": True})
    assert "reference_answer" not in OPENAI.convert({**rollout, "label": True}).lines[0]


def test_a_row_without_messages_is_refused():
    with pytest.raises(RowError, match="`messages` is neither a string nor a list"):
        OPENAI.convert({"messages": [{"content": "Q"}], "answer": "A"})
