from __future__ import annotations

import pytest

from harness.data.formats.bedrock_evaluation import BEDROCK_EVALUATION
from harness.data.formats.importer import RowError
from harness.data.identity import record_key
from support.format_rows import FORMAT_ROWS

PROMPT, ANSWERED, SCORED, SCORED_TWICE = FORMAT_ROWS["bedrock-evaluation"]


def test_a_prompt_becomes_a_record():
    assert BEDROCK_EVALUATION.convert(PROMPT).lines == (
        {
            "messages": [{"role": "user", "content": "Bobigny is the capital of"}],
            "reference_answer": "Saint-Denis",
            "category": "Towns",
        },
    )


def test_each_response_is_a_rollout_of_one_record():
    lines, lost = BEDROCK_EVALUATION.convert(ANSWERED)
    assert [line["model"] for line in lines] == ["my-model", "another-model"]
    assert len({record_key(line) for line in lines}) == 1
    assert lost == ()


def test_the_only_score_is_the_reward():
    (rollout,), lost = BEDROCK_EVALUATION.convert(SCORED)
    assert rollout["reward"] == 0.75
    assert rollout["category"] == "Towns"
    assert lost == ("automatedEvaluationResult.scores[].evaluatorDetails",)


def test_several_scores_give_no_reward():
    (rollout,), _ = BEDROCK_EVALUATION.convert(SCORED_TWICE)
    assert "reward" not in rollout
    assert rollout["metrics"] == {"Accuracy": 1.0, "Toxicity": 0.125}


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"modelResponses": []}, "the row has no `modelResponses`"),
        ({"modelResponses": [{"response": None}]}, r"`modelResponses\[0\].response` is not text"),
        ({"inputRecord": {}}, "the row has no `prompt`"),
    ],
)
def test_a_row_without_prompt_or_response_is_refused(change, why):
    with pytest.raises(RowError, match=why):
        BEDROCK_EVALUATION.convert({**SCORED, **change})
