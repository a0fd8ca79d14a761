from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness.audit.data import read_subject
from harness.errors import InputError


def write(path: Path, *lines: dict[str, Any]) -> Path:
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    return path


def record(number: int, **fields: Any) -> dict[str, Any]:
    return {
        "messages": [{"role": "user", "content": f"{number} + 1?"}],
        "reference_answer": str(number + 1),
        **fields,
    }


def rollout(number: int, said: str, **fields: Any) -> dict[str, Any]:
    one = record(number, **fields)
    return {**one, "messages": [*one["messages"], {"role": "assistant", "content": said}]}


def test_rollouts_are_matched_to_records_by_name_and_by_content(tmp_path: Path) -> None:
    records = write(tmp_path / "r.jsonl", record(1), record(2, record="two"), record(3))
    rollouts = write(
        tmp_path / "o.jsonl",
        rollout(1, "2", record="p1"),  # has the prompt of the first record, but a name that no record has
        rollout(9, "3", record="two"),
        rollout(3, "4"),
        rollout(5, "6"),
    )
    found = read_subject(records, rollouts)
    assert [(one.record, one.message["content"]) for one in found.recorded] == [(0, "2"), (1, "3"), (2, "4")]
    assert found.lines == (1, 2, 3)
    assert "record" not in found.records[1]


def test_a_file_of_rollouts_is_audited_on_its_records(tmp_path: Path) -> None:
    rollouts = write(tmp_path / "o.jsonl", rollout(1, "2"), rollout(1, "3"), rollout(4, "5"))
    found = read_subject(rollouts)
    assert [one["messages"][-1]["content"] for one in found.records] == ["1 + 1?", "4 + 1?"]
    assert [one.record for one in found.recorded] == [0, 0, 1]
    with pytest.raises(InputError, match="both files hold rollouts"):
        read_subject(rollouts, rollouts)


def test_rollouts_of_other_records_are_refused(tmp_path: Path) -> None:
    records = write(tmp_path / "r.jsonl", record(1), record(2))
    other = write(tmp_path / "o.jsonl", rollout(7, "8"))
    with pytest.raises(InputError, match="no rollout belongs to the audited records"):
        read_subject(records, other)


def test_a_limit_draws_the_same_records_for_a_seed(tmp_path: Path) -> None:
    records = write(tmp_path / "r.jsonl", *(record(n) for n in range(40)))
    one, same, other = (read_subject(records, limit=10, seed=seed) for seed in (1, 1, 2))
    assert one == same != other
    assert list(one.lines) == sorted(one.lines)
    assert len(one.records) == 10
