"""Results of Bedrock's batch inference, imported with the reader for invocation logs."""

from __future__ import annotations

import pytest

from harness.data.formats.bedrock_batch import BEDROCK_BATCH
from harness.data.formats.importer import RowError
from harness.data.formats.invocation_log import INVOCATION_LOG
from support.format_rows import FORMAT_ROWS

CONVERSE = FORMAT_ROWS["bedrock-batch"][0]


@pytest.mark.parametrize("row", FORMAT_ROWS["bedrock-batch"])
def test_a_result_has_the_messages_of_the_logged_call(row):
    logged = [INVOCATION_LOG.convert(call).lines for call in FORMAT_ROWS["invocation-log"]]
    messages = [[line["messages"] for line in lines] for lines in logged]
    lines, _ = BEDROCK_BATCH.convert(row)
    assert [line["messages"] for line in lines] in messages
    assert all(line["id"].startswith(row["recordId"]) for line in lines)


def test_lost_values_are_named_by_the_row_s_own_paths():
    _, lost = BEDROCK_BATCH.convert({**CONVERSE, "note": "mine"})
    assert {"modelInput.inferenceConfig", "modelOutput.usage", "note"} <= set(lost)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (
            {"modelOutput": None, "error": {"errorCode": 400, "errorMessage": "bad request"}},
            "failed: bad request",
        ),
        ({"modelOutput": None}, "`modelOutput` is not a JSON object"),
        ({"modelOutput": {"embedding": [1]}}, "its output has no completion"),
        ({"modelInput": {}}, "neither messages nor a prompt"),
    ],
)
def test_a_record_that_failed_or_lacks_something_is_refused(change, why):
    with pytest.raises(RowError, match=why):
        BEDROCK_BATCH.convert({**CONVERSE, **change})
