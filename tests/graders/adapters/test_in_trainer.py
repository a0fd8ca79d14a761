"""A completion in a trainer gives the same sample as a replay of the same record."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders import Sample, grader
from graders.adapters import as_trl, as_verl
from graders.wire import PROFILES, write_events
from harness.data.record_fields import flattened

_NAMES = st.sampled_from(["unit", "level", "id", "reference_answer", "my_key", "tags"])
_VALUES = st.none() | st.integers() | st.text(max_size=3) | st.lists(st.integers(), max_size=2)
_COLUMNS = st.dictionaries(_NAMES, _VALUES, max_size=4)
_RECORDS = st.builds(
    lambda columns, metadata: columns if metadata is None else {**columns, "metadata": metadata},
    _COLUMNS,
    st.none() | _COLUMNS,
)
_TURNS = [{"role": "user", "content": "?"}, {"role": "assistant", "content": "4"}]


def parts(sample: Sample[Any]) -> tuple[Any, ...]:
    return str(sample.id), sample.messages, sample.reference_answer, sample.fields


def replayed(record: dict[str, Any], wire: str) -> tuple[Any, ...]:
    """Return the contents of a record's sample in a replay. If the record has no id, the rollout has one."""
    flat = flattened(record)
    key = flat.get("id")
    sent = {**flat, "id": "0" if key is None else str(key), "messages": _TURNS}
    if sent.get("reference_answer", "") is None:
        del sent["reference_answer"]
    [[item]] = write_events([sent], PROFILES[wire])
    return parts(Sample(item))


@pytest.mark.parametrize("wire", ["open-weight", "open-weight-root"])
@given(record=_RECORDS)
def test_trl_and_verl_grade_the_sample_that_a_replay_grades(wire, record):
    seen = []

    @grader(wire=wire)
    def look(sample):
        seen.append(parts(sample))
        return 1.0

    columns: dict[str, Any] = {name: [value] for name, value in record.items()}
    as_trl(look)(prompts=["?"], completions=["4"], **columns)
    as_verl(look)("", "4", flattened(record).get("reference_answer"), {"prompt": "?", **record})
    of_trl, of_verl = seen
    assert of_trl == replayed(record, wire)
    assert of_verl[1:] == of_trl[1:]
    assert of_verl[0] in (of_trl[0], "sample")


def test_numpy_values_become_json_values():
    seen = []

    @grader
    def look(sample):
        seen.append(sample.fields)
        return 1.0

    as_trl(look)(prompts=["?"], completions=["4"], level=np.array([3]), tags=[{"all": np.array(["a"])}])
    assert seen == [{"level": 3, "tags": {"all": ["a"]}}]
    assert type(seen[0]["level"]) is int


def test_a_value_that_is_nested_too_deeply_is_an_error():
    deep: list[Any] = []
    for _ in range(10_000):
        deep = [deep]
    with pytest.raises(ValueError, match="nested too deeply"):
        as_trl(grader(lambda sample: 1.0))(prompts=["?"], completions=["4"], tags=[deep])
    with pytest.raises(ValueError, match="nested too deeply"):
        as_verl(grader(lambda sample: 1.0))("", "4", deep)
