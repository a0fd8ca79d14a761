from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.replay.text_difference import differing_fields, differing_words, text_difference

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.text("ab", max_size=2),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text("ab", max_size=1), inner, max_size=2),
    max_leaves=6,
)


def test_words_that_differ_are_marked_and_the_rest_is_shortened() -> None:
    assert differing_words("The answer is 72", "The answer is 73") == "The answer is [-72-]{+73+}"
    one = " ".join(map(str, range(40)))
    assert differing_words(one, one.replace(" 20 ", " ")) == "... 17 18 19 [-20-] 21 22 23 ..."
    assert differing_words("72", "72 ") == "only white space differs"


@pytest.mark.parametrize(
    ("one", "other"), [("a", "a"), ("#### 72", "I do not know."), ("a " * 500, "b " * 500), ("", "a")]
)
def test_equal_long_or_very_different_texts_are_not_compared(one: str, other: str) -> None:
    assert differing_words(one, other) is None


def test_fields_are_named_by_their_paths() -> None:
    wanted = {"order": {"id": 17, "items": [1, 2]}, "paid": True, "note": "x" * 200}
    found = {"order": {"id": 18, "items": [1]}, "paid": 1, "note": "y", "more": None}
    said = text_difference(wanted, f"Here it is:\n```json\n{json.dumps(found)}\n```")
    assert said[:3] == [
        "order.id: reference 17, completion 18",
        "order.items[1]: reference 2, completion has none",
        "paid: reference true, completion 1",
    ]
    assert said[4] == "more: reference has none, completion null"
    assert all(len(line) < 160 for line in said)
    assert text_difference(json.dumps(wanted), json.dumps(found)) == said


def test_many_fields_are_shortened_and_other_texts_are_compared_by_word() -> None:
    said = text_difference(list(range(20)), json.dumps([-1] * 20))
    assert (len(said), said[-1]) == (9, "and 12 more fields")
    assert text_difference({"a": 1}, "no JSON at all") == []
    assert text_difference('{"a": 1', '{"a": 2') == ['{"a": [-1-]{+2+}']
    assert text_difference(None, "x") == text_difference(72, "72") == []


def test_deeply_nested_values_are_not_compared() -> None:
    deep = "[" * 900 + "]" * 900
    assert text_difference(deep, deep) == []


@given(JSON, JSON)
def test_equal_json_has_no_difference_and_other_json_has_one(one: object, other: object) -> None:
    same = json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
    assert (differing_fields(one, other) == []) is same


@given(st.text("ab \n", max_size=20), st.text("ab \n", max_size=20))
def test_words_are_found_again_in_their_difference(one: str, other: str) -> None:
    said = differing_words(one, other)
    if said is not None and said != "only white space differs" and "..." not in said:
        kept = said.replace("[-", " ").replace("-]", " ").replace("{+", " ").replace("+}", " ").split()
        assert set(kept) == {*one.split(), *other.split()}
