"""Properties that every importer must have, checked on sample rows and on random changes to them."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.data.formats.all_importers import IMPORTERS, importers_of
from harness.data.formats.importer import Converted, Importer, RowError
from harness.data.records import ends_with_assistant
from support.format_rows import FORMAT_ROWS

LEAVES = st.none() | st.booleans() | st.integers(1_000, 10**20) | st.text("abcäü\n", min_size=6, max_size=9)
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["text", "role", "k"]), inner, max_size=2)
    ),
    max_leaves=4,
)
TAGS = {"text", *("begin_of_text", "start_header_id", "end_header_id", "eot_id")} | {
    *("message", "function_call", "function_call_output", "reasoning"),
    *("input_text", "output_text", "summary_text"),
}
"""Words that mark up or name a kind of content and do not count as content."""
SAME_WORD = {
    "system": "system developer",
    "user": "user human",
    "assistant": "assistant gpt",
    "tool": "tool observation",
    "length": "length max_output_tokens",
}
"""Words that importers translate: roles, and why a model stopped."""


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the path and value of everything in a value except null."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from leaves(item, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for item in value:
            yield from leaves(item, f"{path}[]")
    elif value is not None:
        yield path, value


def words_of(text: str) -> set[str]:
    return set(re.findall(r"\w+", text))


def unaccounted(row: dict[str, Any], made: Converted) -> list[str]:
    """Return the paths of values that are neither in a converted line nor reported as lost."""
    carried = [value for line in made.lines for _, value in leaves(line)]
    same = " ".join(SAME_WORD[value] for value in carried if isinstance(value, str) and value in SAME_WORD)
    text = json.dumps(made.lines, ensure_ascii=False) + same

    def is_carried(value: Any) -> bool:
        # A substring is enough: importers join streamed parts, and a part can end inside a word.
        if isinstance(value, str) and all(word in text for word in words_of(value) - TAGS):
            return True
        if isinstance(value, str) and (inner := read(value)) is not None:
            return all(is_carried(item) for _, item in leaves(inner))
        return any(type(value) is type(one) and value == one for one in carried)

    def is_lost(path: str) -> bool:
        return any(path == one or path.startswith((f"{one}.", f"{one}[")) for one in made.lost)

    return [path for path, value in leaves(row) if not is_lost(path) and not is_carried(value)]


def read(text: str) -> dict[str, Any] | list[Any] | None:
    """Return the object or list that the text is JSON of, or None."""
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return value if isinstance(value, dict | list) else None


@st.composite
def altered(draw: st.DrawFn, row: dict[str, Any]) -> dict[str, Any]:
    """Draw a copy of the row with parts replaced, removed and added at any depth."""
    row = copy.deepcopy(row)
    for _ in range(draw(st.integers(0, 3))):
        places = list(containers(row))
        place = draw(st.sampled_from(places))
        what = draw(st.sampled_from(["replace", "remove", "add"]))
        if isinstance(place, dict):
            key = draw(st.sampled_from(sorted(place)) if place and what != "add" else st.just("another"))
            place.pop(key, None) if what == "remove" else place.update({key: draw(VALUES)})
        elif what == "add" or not place:
            place.append(draw(VALUES))
        else:
            at = draw(st.integers(0, len(place) - 1))
            place[at : at + 1] = [] if what == "remove" else [draw(VALUES)]
    return row


def containers(value: Any) -> Iterator[Any]:
    if isinstance(value, dict | list):
        yield value
        for item in value.values() if isinstance(value, dict) else value:
            yield from containers(item)


def test_every_importer_has_rows_of_three_shapes():
    assert list(FORMAT_ROWS) == [importer.name for importer in IMPORTERS]
    assert all(len(rows) >= 3 for rows in FORMAT_ROWS.values())


@pytest.mark.parametrize("importer", IMPORTERS, ids=lambda importer: importer.name)
@given(data=st.data())
def test_nothing_is_silently_dropped(importer: Importer, data: st.DataObject):
    row = data.draw(st.sampled_from(FORMAT_ROWS[importer.name]).flatmap(altered))
    before = copy.deepcopy(row)
    importer.recognizes(row)
    try:
        made = importer.convert(row)
    except RowError:
        made = None
    assert row == before
    if made is not None and made.lines:
        assert unaccounted(row, made) == []


@pytest.mark.parametrize("importer", IMPORTERS, ids=lambda importer: importer.name)
def test_rows_are_recognized_and_converted_to_lines_with_messages(importer: Importer):
    for row in FORMAT_ROWS[importer.name]:
        found = importers_of([row])
        assert len(found) == 1
        assert importer.recognizes(row)
        assert found[0].convert(row) == importer.convert(row)
        for line in importer.convert(row).lines:
            assert line["messages"]
            assert all(isinstance(message["role"], str) for message in line["messages"])
            assert "metadata" not in line
            if not ends_with_assistant(line):
                assert "id" not in line


def test_rows_that_no_importer_knows_are_recognized_by_none():
    assert importers_of([]) == []
    assert importers_of([{"messages": [{"role": "user", "content": "Q"}], "reference_answer": "A"}]) == []
    assert importers_of([FORMAT_ROWS["verl"][0], {"text": "Q"}]) == []


ANYWHERE = {
    **{"id": "x1", "answer": "4", "label": True, "tools": [], "metadata": {"a": 1}, "system": "Be brief."},
    **{"score": 0.5, "extra_info": {"index": 1}, "source": "web", "task": "math", "tag": None},
}
"""Fields that rows of any format may have."""


@pytest.mark.parametrize("importer", IMPORTERS, ids=lambda importer: importer.name)
def test_a_field_that_any_row_may_have_leaves_its_format_clear(importer: Importer):
    for row in FORMAT_ROWS[importer.name]:
        for name, value in ANYWHERE.items():
            found = importers_of([{name: value, **row}])
            assert len(found) == 1, name
            if name != "system":  # next to messages, `system` marks a Converse row
                assert found == importers_of([row]), name


@given(
    st.dictionaries(
        st.sampled_from(["prompt", "question", "instruction", "output", "completion", "chosen", "rejected"])
        | st.sampled_from(["answer", "conversations", "response", "choices", "reward", "id", "data_source"]),
        st.sampled_from(["a text", [{"role": "user", "content": "another"}], 1.0, {"ground_truth": "7"}]),
    )
)
def test_no_other_field_replaces_a_record_s_messages(fields):
    record = {"messages": [{"role": "user", "content": "6 * 7?"}], "reference_answer": "42", **fields}
    for importer in importers_of([record]):
        try:
            lines = importer.convert(record).lines
        except RowError:
            continue
        assert all(line["messages"][0] == record["messages"][0] for line in lines)


@pytest.mark.parametrize("name", FORMAT_ROWS)
@given(st.data())
def test_an_empty_cell_does_not_hide_the_format_of_a_table(name, data):
    row = data.draw(st.sampled_from(FORMAT_ROWS[name]))
    column = data.draw(st.sampled_from(sorted(row)))
    empty = {**row, column: data.draw(st.sampled_from([None, ""]))}
    rows = data.draw(st.permutations([row, empty, row]))
    assert {one.name for one in importers_of([row])} <= {one.name for one in importers_of(rows)}
