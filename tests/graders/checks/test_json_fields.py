"""JSON compared with the reference's: the same values, named fields, shares, repairs, and what is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from graders import Reward
from graders.checks import json_fields as module
from graders.checks.json_fields import json_fields
from graders.errors import DecorationError, RecordError
from graders.testing import make_sample

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
OBJECTS = st.dictionaries(st.text(), VALUES, min_size=1, max_size=4)


def paid(completion: str, reference: Any, **options: Any) -> float:
    return json_fields(**options)(make_sample(completion, reference)).value


def test_values_of_json_are_compared_as_json_means_them():
    for completion, reference, right in (
        ('{"a": 1}', {"a": 1.0}, 1),
        ('{"a": 1e0, "b": []}', {"b": [], "a": 1}, 1),
        ('{"a": true}', {"a": 1}, 0),
        ('{"a": 0}', {"a": False}, 0),
        ('{"a": null}', {"a": None}, 1),
        ('{"a": "1"}', {"a": 1}, 0),
        ('{"a": []}', {"a": {}}, 0),
        ('{"b": 1}', {"b": 1, "a": None}, 0),
        ("[1, [2, 3]]", [1, [2, 3.0]], 1),
        ("[1, 2]", [2, 1], 0),
        ("[]", [], 1),
        ("So it is [1, 2].", "[1, 2]", 1),
        ("true", True, 1),
        ("1", True, 0),
        ('"Paris"', '"Paris"', 1),
        ("72", 72, 1),
        ("[" * 900 + "]" * 900, "[" * 900 + "]" * 900, 1),
    ):
        assert paid(completion, reference) == right, completion


def test_named_fields_are_compared_and_no_others():
    reference = {"total": 72, "unit": "clips"}
    assert paid('{"total": 72, "unit": "clips", "why": "6 * 12"}', reference) == 0
    assert paid('{"total": 72, "unit": "clips", "why": "6 * 12"}', reference, fields=["total", "unit"]) == 1
    assert paid('{"total": 72}', reference, fields=["total"]) == 1
    assert paid('{"total": 72}', reference, fields=["total", "unit"]) == 0
    assert paid('{"total": 72}', reference, fields=["total", "unit"], partial=True) == 0.5
    assert paid("[72]", reference, fields=["total"], partial=True) == 0


def test_a_share_counts_what_is_too_much_and_arrays_by_place():
    assert paid('{"a": 1, "b": 3}', {"a": 1, "b": 2}, partial=True) == 0.5
    assert paid('{"a": 1, "b": 2, "c": 3, "d": 4}', {"a": 1, "b": 2}, partial=True) == 0.5
    assert paid("[1, 3, 2, 4]", [1, 2], partial=True) == 0.25
    assert paid("[]", [1], partial=True) == 0


def test_a_repaired_value_is_told_and_earns_less():
    slip = make_sample("{'total': 72,}", {"total": 72})
    assert json_fields()(slip) == Reward(0.0, metrics={"unread": 1.0, "repaired": 0.0})
    assert json_fields(repair=True)(slip) == Reward(0.5, metrics={"unread": 0.0, "repaired": 1.0})
    assert json_fields(repair=True, repaired_reward=0.9)(slip).value == 0.9
    strict = make_sample('{"total": 72}', {"total": 72})
    assert json_fields(repair=True)(strict) == Reward(1.0, metrics={"unread": 0.0, "repaired": 0.0})
    for cut in ('{"total": 72', '{"total": 7', "{'total': 72, 'total': 72}"):
        assert json_fields(repair=True)(make_sample(cut, {"total": 72})).metrics["unread"] == 1


def test_take_finds_the_part_but_is_not_let_loose_on_a_reference_that_is_json():
    reference = {"note": "<answer>2</answer>"}
    assert paid(f"1 <answer>{json.dumps(1)}</answer>", "because <answer>1</answer>", take="tag") == 1
    assert paid(f"```\n{json.dumps(reference)}\n```", reference, take="code_block") == 1
    assert paid(json.dumps(reference), reference, take="tag") == 0


@pytest.mark.parametrize(
    ("reference", "options", "message"),
    [
        ("Paris", {}, "is not JSON: the JSON value does not parse"),
        ('{"a": 1,}', {"repair": True}, "is not JSON"),
        ('The answer is {"a": 1}', {}, "is not JSON"),
        ('{"a": 1, "a": 2}', {}, "is not JSON"),
        ("null", {}, "is null"),
        ({}, {}, "it is empty"),
        ('""', {}, "it is empty"),
        ({"a": float("nan")}, {}, "cannot be written as JSON"),
        ([1], {"fields": ["a"]}, "it is no object"),
        ({"a": 1}, {"fields": ["a", "b"]}, "it has no field 'b'"),
        ("<answer>x</answer>", {"take": "tag"}, "is not JSON"),
    ],
)
def test_a_reference_that_nothing_can_be_compared_with_is_the_records_fault(reference, options, message):
    with pytest.raises(RecordError, match=message):
        paid('{"a": 1}', reference, **options)


# Misused on purpose, which a type checker would refuse first.
UNTYPED: Any = module


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"fields": "total"}, "write a list of names"),
        ({"fields": []}, "write a list of names"),
        ({"fields": 7}, "write a list of names"),
        ({"fields": [7]}, "not blank"),
        ({"fields": ["a", "a"]}, "each name once"),
        ({"partial": 1}, "True or False"),
        ({"repaired_reward": 2}, "0 to 1"),
        ({"take": "json_block"}, "pass a function"),
    ],
)
def test_options_that_cannot_be_meant_are_refused_at_once(options, message):
    with pytest.raises(DecorationError, match=message):
        UNTYPED.json_fields(**options)


@given(OBJECTS, st.booleans())
@settings(max_examples=50)
def test_the_same_value_is_paid_however_it_is_written(value, as_text):
    reference = json.dumps(value) if as_text else value
    if not (value.keys() == {"text"} and isinstance(value["text"], str)):  # which a service wraps texts in
        turned = f"It is\n```json\n{json.dumps(dict(reversed(value.items())), indent=2)}\n```"
        assume(make_sample(turned).completion == turned)  # which reasoning and special tokens are not
        assert paid(turned, reference) == 1


@given(OBJECTS.filter(lambda value: "text" not in value), st.data())
@settings(max_examples=50)
def test_one_changed_field_is_never_paid_in_full(value, data):
    name = data.draw(st.sampled_from(sorted(value)))
    other = data.draw(VALUES.filter(lambda one: json.dumps(one) != json.dumps(value[name])))
    wrong = {**value, name: other}
    assume(make_sample(json.dumps(wrong)).completion == json.dumps(wrong))
    same = other == value[name] and isinstance(other, (int, float)) and not isinstance(other, bool)
    same = same and not isinstance(value[name], bool)  # 1 and 1.0
    if not same and not isinstance(other, (list, dict)):
        assert paid(json.dumps(wrong), value) == 0
        assert paid(json.dumps(wrong), value, fields=[name]) == 0 if name.strip() else True
        assert paid(json.dumps(wrong), value, partial=True) == (len(value) - 1) / len(value)
