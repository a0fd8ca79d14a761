"""Records of a training file, which determine the fields that a grader sees."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.data.record_file import RecordFile
from harness.errors import InputError
from support.rollout_files import write_rollouts

ASK = [{"role": "user", "content": "6 * 12?"}]
ANSWERED = [*ASK, {"role": "assistant", "content": "72"}]


def seen(folder: Path, record: dict[str, Any], /, **fields: Any) -> dict[str, Any]:
    records = RecordFile(write_rollouts(folder / "train.jsonl", [{"messages": ASK, **record}]))
    return records.seen({"id": "x", "messages": ANSWERED, **fields})


@pytest.mark.parametrize(
    ("record", "fields"),
    [
        ({"record": "r1", "reference_answer": "72"}, {"record": "r1", "reference_answer": "72"}),
        ({"record": "r1"}, {"record": "r1", "reference_answer": "other"}),
        ({"reference_answer": "72"}, {"reference_answer": "72"}),
        ({"reference_answer": "72"}, {"record": "sampler-7", "reference_answer": "72"}),
        ({"metadata": {"reference_answer": "72"}}, {"reference_answer": "72"}),
    ],
)
def test_a_record_is_found_by_its_name_or_its_content(
    record: dict[str, Any], fields: dict[str, Any], tmp_path: Path
) -> None:
    found = seen(tmp_path, {**record, "level": 1, "model": "a field of the record"}, **fields, level=2, own=3)
    own = {"id": "x", "messages": ANSWERED, "reference_answer": fields["reference_answer"]}
    assert found == {**own, "level": 1, "model": "a field of the record"}


def test_a_duplicate_record_counts_once(tmp_path: Path) -> None:
    path = write_rollouts(tmp_path / "train.jsonl", [{"messages": ASK, "level": 1}] * 2)
    assert RecordFile(path).seen({"messages": ANSWERED})["level"] == 1


def test_rollouts_are_not_a_training_file(tmp_path: Path) -> None:
    path = write_rollouts(tmp_path / "rollouts.jsonl", [{"messages": ANSWERED, "level": 1}])
    with pytest.raises(InputError, match=r"rollouts.jsonl:1: the line is a rollout.*Pass the training file"):
        RecordFile(path)
