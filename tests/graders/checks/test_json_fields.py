"""JSON compared with the reference: equal values, named fields, partial rewards, repairs and errors."""

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
from graders.extract import json_block
from graders.testing import make_sample
from support.growth import assert_linear

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


def test_a_repaired_value_is_reported_and_earns_less():
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
        ([1], {"fields": ["a"]}, "it is not an object"),
        ({"a": {}}, {"fields": ["a.b"]}, "it has no field 'a.b'"),
        ({"a": None}, {"fields": {"a": "text"}}, "its field 'a' cannot be compared: it is not a string"),
        ({"a": "..."}, {"fields": {"a": "text"}}, "nothing is left after"),
        ({"a": "5 or 6"}, {"fields": {"a": "number"}}, "its field 'a' cannot be compared"),
        ({"a": True}, {"fields": {"a": "number"}}, "it is not a number"),
        ({"a": "3/4/2026"}, {"fields": {"a": "date"}}, "its field 'a' cannot be compared"),
        ({"a": "the 26th"}, {"fields": {"a": "date"}}, "it contains no date or time"),
        ({"a": "x"}, {"fields": {"a": "one_of"}}, "it is not a list"),
        ({"a": []}, {"fields": {"a": "one_of"}}, "it lists no accepted"),
        ({"a": "x"}, {"fields": {"a": "set"}}, "it is not a list"),
        ({"a": [[1]]}, {"fields": {"a": "set"}}, "an item is an object, a list or null"),
        ({"a": [{"n": 1}]}, {"fields": {"a": {"kind": "set", "key": "id"}}}, "an item has no 'id'"),
        (
            {"a": [{"id": 1}, {"id": 1.0}]},
            {"fields": {"a": {"kind": "set", "key": "id"}}},
            "two items have the same 'id'",
        ),
        (
            {"a": [{"id": 1}]},
            {"fields": {"a": {"kind": "set", "key": "id", "fields": {"n": {}}}}},
            "it has no field 'a.n'",
        ),
        ({"b": 1}, {"fields": {"a": {"optional": True}}}, "none of the fields that count"),
        (
            {"a": 1, "b": None},
            {"fields": {"a": {"weight": 0}, "b": {"optional": True}}, "partial": True},
            "none of the fields that count",
        ),
        ({"a": 1}, {"fields": ["a", "b"]}, "it has no field 'b'"),
        ("<answer>x</answer>", {"take": "tag"}, "is not JSON"),
    ],
)
def test_a_reference_that_nothing_can_be_compared_with_is_the_records_fault(reference, options, message):
    with pytest.raises(RecordError, match=message):
        paid('{"a": 1}', reference, **options)


# Untyped for tests of misuse, which a type checker would refuse.
UNTYPED: Any = module


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"fields": "total"}, "write a list of names"),
        ({"fields": []}, "write a list of names"),
        ({"fields": {}}, "write a list of names"),
        ({"fields": 7}, "write a list of names"),
        ({"fields": ["a", '"a"']}, "each name once"),
        ({"fields": ["a", "a.b"]}, "'a.b' is a part of 'a'"),
        ({"fields": ["a."]}, "keys with dots between them"),
        ({"fields": [".a"]}, "keys with dots between them"),
        ({"fields": ["a[*].b"]}, "the kinds 'list' and 'set'"),
        ({"fields": ['"a']}, "in double quotes"),
        ({"fields": ['"\\x"']}, "as JSON writes a string"),
        ({"fields": {"a": 7}}, "write a kind, such as 'text'"),
        ({"fields": {"a": "int"}}, "kind='int': write one of exact, text, number, date, one_of, list, set"),
        ({"fields": {"a": {"kind": []}}}, "write one of exact"),
        (
            {"fields": {"c": {"name": "text"}}},
            r"fields\['c'\] has no setting name; .*by its path, such as 'customer.name'",
        ),
        ({"fields": {"a": {"kind": "text", "tolerance": 1}}}, "has no setting tolerance"),
        ({"fields": {"a": {"kind": "number", "tolerance": -1}}}, "tolerance=-1: write 0 or more"),
        ({"fields": {"a": {"kind": "set", "of": "day"}}}, "of='day': write one of exact, text, number, date"),
        ({"fields": {"a": {"kind": "set", "of": "date"}}}, "neither dates nor tolerances"),
        ({"fields": {"a": {"kind": "date", "day_first": 1}}}, "day_first=1: write True or False"),
        ({"fields": {"a": {"kind": "set", "of": "number", "relative": 0.1}}}, "compared exactly"),
        ({"fields": {"a": {"kind": "set", "key": ""}}}, "key='': write a string"),
        ({"fields": {"a": {"kind": "set", "fields": ["n"]}}}, "key=None: write a string"),
        ({"fields": {"a": {"kind": "list", "key": "id"}}}, "has no setting key"),
        ({"fields": {"a": {"kind": "list", "fields": ["n"], "of": "text"}}}, "has no setting of"),
        ({"fields": {"a": {"weight": 2}}}, "unless partial=True"),
        ({"fields": {"a": {"weight": 0}}, "partial": True}, "a weight above 0"),
        ({"fields": {"a": {"weight": -1}}, "partial": True}, "weight=-1: write 0 or more"),
        ({"fields": {"a": {"optional": 1}}}, "optional=1: write True or False"),
        ({"fields": {"a": {"coerce": "yes"}}}, "coerce='yes': write True or False"),
        ({"fields": ["a"], "extra": "refuse"}, "write 'ignore', 'wrong', or the cost"),
        ({"fields": ["a"], "extra": 2}, "0 to 1"),
        ({"extra": "wrong"}, "extra= and coerce= need fields="),
        ({"coerce": True}, "extra= and coerce= need fields="),
        ({"fields": [7]}, "not blank"),
        ({"fields": ["a", "a"]}, "each name once"),
        ({"partial": 1}, "True or False"),
        ({"repaired_reward": 2}, "0 to 1"),
        ({"take": "json_block"}, "pass a function"),
    ],
)
def test_invalid_options_are_refused_immediately(options, message):
    with pytest.raises(DecorationError, match=message):
        UNTYPED.json_fields(**options)


@given(OBJECTS, st.booleans())
@settings(max_examples=50)
def test_the_same_value_is_paid_however_it_is_written(value, as_text):
    reference = json.dumps(value) if as_text else value
    if not (value.keys() == {"text"} and isinstance(value["text"], str)):  # how services send strings
        turned = f"It is\n```json\n{json.dumps(dict(reversed(value.items())), indent=2)}\n```"
        assume(make_sample(turned).completion == turned)  # no reasoning or special tokens were removed
        assert paid(turned, reference) == 1


@given(OBJECTS.filter(lambda value: "text" not in value), st.data())
@settings(max_examples=50)
def test_one_changed_field_is_never_paid_in_full(value, data):
    name = data.draw(st.sampled_from(sorted(value)))
    other = data.draw(VALUES.filter(lambda one: json.dumps(one) != json.dumps(value[name])))
    wrong = {**value, name: other}
    assume(make_sample(json.dumps(wrong)).completion == json.dumps(wrong))
    same = other == value[name] and isinstance(other, (int, float)) and not isinstance(other, bool)
    same = same and not isinstance(value[name], bool)  # 1 equals 1.0, but not True
    if not same and not isinstance(other, (list, dict)):
        assert paid(json.dumps(wrong), value) == 0
        assert not name.strip() or paid(json.dumps(wrong), value, fields=[json.dumps(name)]) == 0
        assert paid(json.dumps(wrong), value, partial=True) == (len(value) - 1) / len(value)


def test_each_field_is_reported_by_name():
    check = json_fields(
        fields={
            "a": "text",
            "c.d": {"optional": True},
            "items": {"kind": "set", "key": "id", "fields": ["n"]},
        },
        partial=True,
        extra=0.1,
    )
    reference = {"a": "x", "items": [{"id": 1, "n": 1}, {"id": 2, "n": 2}]}
    read = check(make_sample('{"a": "X", "e": 0, "items": [{"id": 2, "n": 2, "m": 0}]}', reference))
    assert read.value == 0.75 - 0.2
    assert read.metrics == {
        "unread": 0,
        "repaired": 0,
        "extra": 2,
        "field.a": 1,
        "field.items": 0.5,
        "field.items.n": 0.5,
    }
    made_up = check(make_sample('{"a": "y", "c": {"d": 1}, "items": 7}', reference))
    assert made_up == Reward(
        0.0,
        metrics={**dict.fromkeys(read.metrics, 0.0), "field.c.d": 0.0},
    )
    assert check(make_sample("no idea", reference)).metrics == {**made_up.metrics, "unread": 1}


NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
WORDS = st.text("abcxyz -.,'\"\u00e9", max_size=8).filter(lambda text: any(map(str.isalnum, text)))
NAMES = st.text('abc.[]"\\ ', min_size=1, max_size=4).filter(str.strip)


def changed(value):
    """Return a value that differs from this one for every kind of comparison."""
    if isinstance(value, str):
        return f"{value} and something else"
    if isinstance(value, list):
        return [*value, "one more"]
    return value + 10 * abs(value) + 1


@st.composite
def described(draw):
    """Draw fields with settings, a reference with these fields, and an equivalent answer."""
    fields, reference, answer = {}, {}, {}
    for name in draw(st.lists(NAMES, min_size=1, max_size=4, unique=True)):
        kind = draw(st.sampled_from(["exact", "text", "number", "set", "list"]))
        fields[json.dumps(name)] = {"kind": kind, "weight": draw(st.integers(1, 5))}
        if kind in ("exact", "number"):
            answer[name] = reference[name] = draw(NUMBERS.filter(lambda number: abs(number) < 1e300))
        elif kind == "text":
            reference[name] = draw(WORDS)
            answer[name] = f" {reference[name].upper()}!"
        else:
            reference[name] = draw(st.lists(WORDS | NUMBERS, max_size=4))
            answer[name] = draw(st.permutations(reference[name])) if kind == "set" else reference[name]
    return fields, reference, answer


@given(described(), st.data())
@settings(max_examples=60)
def test_the_share_is_the_weight_of_what_is_right_and_no_more(made, data):
    fields, reference, answer = made
    assume(reference.keys() != {"text"})
    wrong = data.draw(st.sets(st.sampled_from(sorted(reference))))
    kinds = [data.draw(st.sampled_from(["changed", "missing", "null"])) for _ in wrong]
    for name, kind in zip(sorted(wrong), kinds, strict=True):
        answer[name] = changed(reference[name]) if kind == "changed" else None
        if kind == "missing":
            del answer[name]
    said = f"```json\n{json.dumps(answer)}\n```"
    assume(make_sample(said).completion == said)
    total = sum(how["weight"] for how in fields.values())
    earned = sum(fields[json.dumps(name)]["weight"] for name in reference if name not in wrong)
    share = sum(  # the lists are right except for one additional item
        fields[json.dumps(name)]["weight"] * len(reference[name]) / (len(reference[name]) + 1)
        for name, kind in zip(sorted(wrong), kinds, strict=True)
        if kind == "changed" and isinstance(reference[name], list)
    )
    graded = json_fields(fields=fields, partial=True)(make_sample(said, reference))
    assert graded.value == pytest.approx((earned + share) / total, abs=1e-12)
    assert (graded.value == 1) is not bool(wrong)
    plain = {name: how["kind"] for name, how in fields.items()}
    assert paid(said, reference, fields=plain) == (not wrong)


@given(described(), st.text() | VALUES.map(json.dumps) | st.text('{}[]":,ab 1', max_size=30))
@settings(max_examples=60)
def test_no_text_without_the_fields_is_paid(made, text):
    fields, reference, _ = made
    assume(reference.keys() != {"text"})
    value = json_block(make_sample(text).completion)
    assume(not isinstance(value, dict) or not value.keys() & reference.keys())
    assert paid(text, reference, fields=fields, partial=True) == 0


@pytest.mark.parametrize(
    "unit",
    ['{"id": 1, "n": 2}, ', "1e308, ", "2305843009213693951, 4611686018427387902, ", '"x", ', "[], ", "{}, "],
)
def test_lists_are_compared_in_linear_time(unit):
    fields: dict[str, Any] = {
        "a": {"kind": "set", "key": "id", "fields": ["n"]},
        "b": {"kind": "set", "of": "number"},
        "c": {"kind": "list", "fields": ["n", "m"]},
        "d": "date",
        "e": {"kind": "text", "coerce": True},
    }
    reference = {"d": "2026-11-26", "e": "x", "a": [{"id": 1, "n": 2}], "b": [1], "c": [{"n": 2, "m": 3}]}
    check = json_fields(fields=fields, partial=True, extra=0.1)

    def sample(size):
        items = f"[{unit * (size // len(unit))}1]"
        return make_sample(
            f'{{"a": {items}, "b": {items}, "c": {items}, "d": {json.dumps(items)}, "e": "{"x. " * size}"}}',
            reference,
        )

    assert_linear(check, sample, 100_000)


@pytest.mark.parametrize("kind", ["list", "set"])
def test_an_optional_list_without_items_is_no_answer(kind):
    check = json_fields(fields={"a": {"kind": kind, "optional": True}, "b": {}})
    assert check(make_sample('{"b": 1, "a": []}', {"b": 1})).value == 1
    assert check(make_sample('{"b": 1}', {"b": 1, "a": []})).value == 1
    assert check(make_sample('{"b": 1, "a": [2]}', {"b": 1})).value == 0


@pytest.mark.parametrize("of", [["text"], {"kind": "text"}, 3, None])
def test_the_kind_of_items_is_one_word(of):
    with pytest.raises(DecorationError, match="write one of exact, text, number, date"):
        json_fields(fields={"a": {"kind": "set", "of": of}})


@pytest.mark.parametrize("relative", [1, 5, 10**400], ids=["1", "5", "huge"])
def test_a_tolerance_of_all_of_a_number_is_refused(relative):
    with pytest.raises(DecorationError, match="relative="):
        json_fields(fields={"a": {"kind": "number", "relative": relative}})
