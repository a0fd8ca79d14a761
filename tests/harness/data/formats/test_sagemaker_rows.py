"""Rows of SageMaker's RLVR format."""

from __future__ import annotations

import pytest

from harness.data.formats.importer import RowError
from harness.data.formats.sagemaker_rows import SAGEMAKER_RLVR
from harness.data.formats.verl_rows import VERL
from support.format_rows import FORMAT_ROWS

DOCUMENTED, ANSWER_IN_EXTRA_INFO, WITH_SAMPLES = FORMAT_ROWS["sagemaker-rlvr"]


def test_documented_rows_are_recognized_as_verls():
    assert SAGEMAKER_RLVR.convert(DOCUMENTED) == VERL.convert(DOCUMENTED)


def test_the_answer_in_extra_info_is_the_reference_and_remains_a_field():
    (record,), lost = SAGEMAKER_RLVR.convert(ANSWER_IN_EXTRA_INFO)
    assert record["reference_answer"] == "4"
    assert record["extra_info"] == {"answer": "4", "split": "train"}
    assert lost == ()


def test_samples_become_rollouts_of_one_prompt_with_their_scores():
    lines, lost = SAGEMAKER_RLVR.convert(WITH_SAMPLES)
    assert [(line["messages"][-1], line["reward"], line["topic"]) for line in lines] == [
        ({"role": "assistant", "content": "6 * 12 is 72"}, 1.0, "products"),
        ({"role": "assistant", "content": "It is 70"}, 0.25, "products"),
    ]
    assert lost == ("samples[].note",)


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ({"prompt": "Q", "reward_model": {"style": "rule"}}, "neither `reward_model.ground_truth` nor"),
        ({"prompt": "Q", "samples": [{"completion": "A"}, 5]}, r"no `samples\[1\].completion`"),
        ({"samples": [{"completion": "A"}]}, "no `prompt`"),
    ],
)
def test_a_row_without_prompt_or_answer_is_refused(row, why):
    with pytest.raises(RowError, match=why):
        SAGEMAKER_RLVR.convert(row)
