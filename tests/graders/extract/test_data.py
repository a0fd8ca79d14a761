"""Answers in real data sets are extracted and compared as the authors of the data sets do."""

from __future__ import annotations

import json

import pytest

from graders.extract import reference_number, same_number
from support.found import after_marker


def lines(path):
    with path.open(encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def test_it_agrees_with_the_authors_verdict_on_every_labeled_completion(shared_data):
    rollouts = lines(shared_data / "gsm8k" / "labelled-rollouts.jsonl")
    wrong = [
        rollout["id"]
        for rollout in rollouts
        if same_number(rollout["messages"][-1]["content"], rollout["reference_answer"], marker="A:")
        is not rollout["is_correct"]
    ]
    assert len(rollouts) == 2640
    assert wrong == []


@pytest.mark.parametrize(
    "name",
    ["gsm8k/train-records.jsonl", "bedrock/rft_train_data.jsonl", "bedrock/rft_test_validation_data.jsonl"],
)
def test_every_reference_has_its_number_and_answers_itself(shared_data, name):
    records = lines(shared_data / name)
    assert len(records) > 90
    for record in records:
        reference = record["reference_answer"]
        written = after_marker(reference)
        assert written is not None
        assert reference_number(reference, marker="####") == int(written.replace(",", ""))
        assert same_number(reference, reference, marker="####")
        assert not same_number(f"#### {int(written.replace(',', '')) + 1}", reference, marker="####")
        if "ground_truth" in record:
            assert same_number(reference, record["ground_truth"], marker="####")
