from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.data.formats.all_importers import importer_named
from harness.data.formats.field_maps import adding_fields, by_maps, check_fields, parse_map
from harness.data.formats.importer import RowError
from harness.errors import InputError

NAMES = st.sampled_from(["a", "b", "a.b", "messages", "id", "metadata", "system", "note", "reference_answer"])
ROWS = st.recursive(
    st.none() | st.booleans() | st.integers(1_000) | st.text("xyz", min_size=6, max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=8,
)


def converted(row: dict[str, Any], *maps: str) -> tuple[dict[str, Any], tuple[str, ...]]:
    (line,), lost = by_maps([parse_map(text) for text in maps]).convert(row)
    return line, lost


def leaves(value: Any) -> list[Any]:
    if isinstance(value, dict | list):
        return [
            one for item in (value.values() if isinstance(value, dict) else value) for one in leaves(item)
        ]
    return [] if value is None else [value]


@given(
    row=st.dictionaries(NAMES, ROWS, max_size=4),
    paths=st.lists(
        st.sampled_from(["a", "b", "a.b", "a.0", "b.a.b", "id", "metadata.a"]), max_size=3, unique=True
    ),
    data=st.data(),
)
def test_nothing_is_silently_dropped(row: dict[str, Any], paths: list[str], data: st.DataObject):
    fields = data.draw(st.permutations(["reference_answer", "completion", "system", "record", "note"]))
    maps = ["messages=asked", *(f"{field}={path}" for field, path in zip(fields, paths, strict=False))]
    try:
        line, lost = converted({**row, "asked": "Q"}, *maps)
    except RowError:
        return
    carried = leaves(line)
    for name, value in row.items():
        if not any(path == name or path.startswith((f"{name}.", f"{name}[")) for path in lost):
            assert all(one in carried for one in leaves(value))


@given(
    row=st.dictionaries(st.sampled_from(["note", "x", "reference_answer", "solution", "topic"]), ROWS),
    fields=st.lists(
        st.sampled_from(["note", "topic", "reference_answer", "row_note"]), min_size=1, unique=True
    ),
)
def test_a_value_that_a_map_replaces_is_kept_under_another_name(row: dict[str, Any], fields: set[str]):
    row = {"question": "Q", "answer": "A", "y": "from y", **row}
    importer = adding_fields(importer_named("question-answer"), [parse_map(f"{field}=y") for field in fields])
    (line,), lost = importer.convert(row)
    assert all(line[field] == "from y" for field in fields)
    carried = leaves(line)
    for name, value in row.items():
        if not any(path == name or path.startswith((f"{name}.", f"{name}[")) for path in lost):
            assert all(one in carried for one in leaves(value))


def test_two_maps_never_set_one_field():
    with pytest.raises(InputError, match="2 maps set the field note"):
        check_fields([parse_map("note=a"), parse_map("x=b"), parse_map("note=c")])
    check_fields([parse_map("note=a"), parse_map("x=a")])


@pytest.mark.parametrize("text", ['{"k": 1, "k": 2}', '[{"a": {"k": 1, "k": 1}}]', '{"k": "\ud800", "k": 0}'])
def test_json_text_with_a_duplicate_key_is_refused(text: str):
    with pytest.raises(RowError, match="in the JSON of `a`, the key `k` occurs twice"):
        converted({"q": "Q", "a": text}, "messages=q", "x=a:json")


def test_a_key_may_hold_a_dot_and_an_index_is_written_in_two_ways():
    row = {"a.b": {"c": ["x", {"d": "y"}]}, "q": "Q"}
    assert converted(row, "messages=q", "reference_answer=a.b.c[0]")[0]["reference_answer"] == "x"
    line, lost = converted(row, "messages=q", "reference_answer=a.b.c.1.d")
    assert (line["reference_answer"], lost) == ("y", ("a.b.c[]",))


def test_texts_become_messages_in_their_order():
    line, lost = converted({"s": "S", "q": "Q", "c": "C"}, "messages=q", "completion=c", "system=s")
    assert [(one["role"], one["content"]) for one in line["messages"]] == [
        ("system", "S"),
        ("user", "Q"),
        ("assistant", "C"),
    ]
    assert lost == ()


@pytest.mark.parametrize("text", ["", "a", "=a", "a=", "a=.b", "a=b..c", "metadata=a", "trajectories=a"])
def test_invalid_maps_are_refused(text: str):
    with pytest.raises(InputError):
        parse_map(text)


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ({"q": "Q"}, "the row has no `a.0`"),
        ({"q": "Q", "a": []}, "the row has no `a.0`"),
        ({"q": "Q", "a": "text"}, "the row has no `a.0`"),
        ({"q": None, "a": [1]}, "the row has no `q`"),
    ],
)
def test_a_row_without_a_mapped_part_is_refused(row: dict[str, Any], why: str):
    with pytest.raises(RowError, match=why):
        converted(row, "messages=q", "reference_answer=a.0")
