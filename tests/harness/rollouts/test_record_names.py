"""Names of records, which must be unique within a file even if ids repeat."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from harness.rollouts.derive import PlacedRecord, derived
from harness.rollouts.record_names import RecordNames

IDS = st.sampled_from(["a", "a@2", "a@3", "a@2@3", "1", "line-1", "line-3", "", None, 0, 1, 2.5, [1]])
RECORDS = st.lists(st.dictionaries(st.sampled_from(["task_id", "id"]), IDS), max_size=8)


@given(RECORDS)
def test_names_are_unique_and_do_not_change(records: list[dict[str, Any]]):
    first, second = ([*map(RecordNames().name, records, range(1, 9))] for _ in range(2))
    assert first == second
    assert len(set(first)) == len(records)


@given(RECORDS)
def test_rollouts_of_two_records_are_two_groups(records: list[dict[str, Any]]):
    turn = [{"role": "user", "content": "q"}]
    made = derived(
        [
            PlacedRecord(at, f"f:{at}", {**record, "messages": turn, "reference_answer": str(at)})
            for at, record in enumerate(records, 1)
        ]
    )
    references: dict[str, set[str]] = {}
    ids = []
    for rollout in made:
        references.setdefault(rollout["record"], set()).add(rollout["reference_answer"])
        ids.append(rollout["id"])
    assert len(references) == len(records)
    assert all(len(each) == 1 for each in references.values())
    assert len(set(ids)) == len(ids)
