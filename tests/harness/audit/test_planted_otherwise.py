"""Apart from its planted fault, each planted grader follows the contract."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from support.planted import FIRST_GOOD, FIRST_PLANTED, Planted, event_of, load, rollout
from support.planted.forms import form_of
from support.planted.trying import poisoned, rewards, rollouts_for

# Judge graders have their own tests. Code graders are slow and share their code, so two of them are enough.
ROWS = [
    row
    for row in (*FIRST_PLANTED, *FIRST_GOOD)
    if row.kind not in ("judge", "code") or row.name in ("clean_exit_passes", "function")
]
# With these faults, rewards depend on chance, state or neighbors, and cannot be compared.
STATE = ("G01", "G02", "A11")


def without(*ids: str) -> list[Any]:
    """Return the rows that have none of these faults."""
    rows = [row for row in ROWS if not (isinstance(row, Planted) and set(ids) & set(row.finds))]
    return [pytest.param(row, id=row.name) for row in rows]


def values(answer: list[Any]) -> list[Any]:
    return [entry["aggregate_reward_score"] for entry in answer]


@pytest.mark.parametrize("row", without("A01", "A02", "A03", "A07", *STATE))
def test_a_bad_sample_changes_nothing_for_its_neighbors(row):
    event = poisoned(row)
    answer = load(row.grader)(copy.deepcopy(event), None)
    assert [entry["id"] for entry in answer] == [each["id"] for each in event]
    json.dumps(answer, allow_nan=False)
    alone = load(row.grader)([event[0], event[2]], None)
    assert [values(answer)[0], values(answer)[2]] == values(alone)


@pytest.mark.parametrize("row", without("A14"))
def test_the_event_stays_as_it_is(row):
    event = event_of(rollouts_for(row, count=1))
    before = copy.deepcopy(event)
    load(row.grader)(event, None)
    assert event == before


@pytest.mark.parametrize("row", without("A07", "A03", "A06", *STATE))
def test_shapes_of_content_and_reference_make_no_difference(row):
    [plain] = event_of(rollouts_for(row, count=1))
    blocks, root, wrapped, nova = (copy.deepcopy(plain) for _ in range(4))
    blocks["messages"][-1]["content"] = [{"type": "text", "text": plain["messages"][-1]["content"]}]
    root.update(root.pop("metadata"))
    if isinstance(plain["metadata"]["reference_answer"], str):
        wrapped["metadata"]["reference_answer"] = {"text": plain["metadata"]["reference_answer"]}
    nova["messages"][-1]["role"] = "nova_assistant"
    assert len(set(values(load(row.grader)([plain, blocks, root, wrapped, nova], None)))) == 1


@pytest.mark.parametrize("row", without("A07", "A03", "A10", "A01", "C01", "C04", *STATE))
def test_empty_and_odd_replies_earn_nothing(row):
    [record] = row.records(1)
    contents: tuple[Any, ...] = (None, "", " \n", [], "I do not know.", "\ud800\x00\u202e", "####")
    paid = rewards(row.grader, [rollout(record, content) for content in contents])
    assert max(paid) <= (0.1 if "C07" in getattr(row, "finds", ()) else 0.0)


@pytest.mark.parametrize("row", without("A05", "A10", "A01", "C01", "C04", "C07", "C03", *STATE))
def test_a_record_without_a_reference_pays_nothing(row):
    if row.kind in ("format", "code"):
        return  # they grade without a reference
    [right] = rollouts_for(row, count=1)
    empty = rollout(row.records(1)[0], form_of(row.kind, row.form).write('{"calls": [{}]}', "It is."))
    samples = []
    for sample in (right, empty):
        for reference in ("", " ", {}, {"other": "1"}, {"text": ""}, None):
            samples.append({**sample, "reference_answer": reference})
        del samples[-1]["reference_answer"]
    assert max(rewards(row.grader, samples)) <= 0
