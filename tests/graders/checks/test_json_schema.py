"""JSON checked against a schema: the page's tables, refused schemas, hostile values, records."""

from __future__ import annotations

import json
import tomllib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graders import RecordError, Reward
from graders.checks import json_schema as module
from graders.checks.json_schema import json_schema
from graders.configured import grader_of_table
from graders.errors import DecorationError
from graders.extract import json_block
from graders.testing import make_sample
from support.doc_tables import page, rows, spans
from support.growth import assert_linear
from support.readme import README, blocks

PAGE = README.parent / "docs" / "json-schema.md"
OBJECT = {"type": "object", "required": ["a"]}


def paid(schema: Any, completion: str) -> float:
    return json_schema(schema=schema)(make_sample(completion)).value


@pytest.mark.parametrize("row", rows(page(PAGE.name), "Cases", 3))
def test_a_value_is_paid_as_the_table_says(row):
    schemas, completions, said = row
    for text in spans(schemas):
        schema = json.loads(text)
        if said == "refused":
            with pytest.raises(DecorationError, match="schema: "):
                json_schema(schema=schema)
        for completion in spans(completions):
            assert paid(schema, completion) == (said == "yes"), completion


def test_the_schema_is_the_first_step_of_a_grader_without_python():
    made = grader_of_table(tomllib.loads(blocks("toml", PAGE)[0]))
    reference = {"sender": "Ada", "total": 12.5}
    for completion, value, steps in (
        ('{"sender": "Ada", "total": 12.5}', 1, 2),
        ('{"sender": "Ada", "total": 13}', 0.5, 2),
        ('{"sender": "Ada", "total": "12.5"}', 0, 1),
        ('{"sender": "Ada", "total": 12.5, "note": ""}', 0, 1),
        ("none", 0, 1),
    ):
        graded = made(make_sample(completion, reference))
        assert (graded.value, graded.metrics["steps"]) == (value, steps), completion


def test_a_property_may_be_named_as_a_check_is():
    schema = {"type": "object", "required": ["check"], "properties": {"check": {"type": "string"}}}
    made = grader_of_table({"check": "checks.json_schema:json_schema", "schema": schema})
    assert made(make_sample('{"check": "x"}')).value == 1


@pytest.mark.parametrize(
    ("format", "right", "wrong"),
    [
        ("date", "2024-02-29", "2023-02-29 2024-2-9 2024-01-01T00:00:00Z ٢٠٢٤-٠١-٠١"),
        ("date-time", "2024-02-29T12:30:00Z 2024-01-01t00:59:60.25+01:00", "2024-01-01T00:00:00 2024-01-01"),
        (
            "date-time",
            "2024-12-31T23:59:60Z",
            "2023-02-29T12:30:00Z 2024-01-01T12:00:60Z 2024-01-01_12:30:00Z",
        ),
        ("time", "12:30:00Z 23:59:60Z 15:59:60-08:00", "12:30 24:00:00Z 12:30:00 23:59:60-08:00"),
        ("email", "a@b.c ada.l@mail.example.org", "a@b a@@b.c @b.c a@.c a@b..c .a@b.c a.@b.c a..b@c.d"),
        ("hostname", "a a-b.example.org", "-a a_b a..b xn--a a. .a"),
        ("ipv4", "10.0.0.1", "10.0.0.256 10.0.0 010.0.0.1 ::1"),
        ("ipv6", "::1 2001:db8::8a2e:370:7334", "10.0.0.1 fe80::1%eth0 :::1"),
        ("uri", "https://e.org/a?b#c urn:isbn:0 http://a@[::1]:80/%20", "e.org //a http://a:b/ a:%2 a:é"),
        ("uri", "mailto:a@b.c", "http://[::g] a:[b] http://a@b@c/ http://a:1:2 1a:b :a"),
        ("uuid", "123e4567-e89b-12d3-a456-426614174000", "123e4567e89b12d3a456426614174000 x"),
    ],
)
def test_formats_are_checked(format, right, wrong):
    schema = {"type": "string", "minLength": 1, "format": format}
    assert [text for text in right.split() if not paid(schema, json.dumps(text))] == []
    assert [text for text in wrong.split() if paid(schema, json.dumps(text))] == []


def test_a_reference_inside_of_the_schema_leads_on_and_recursion_ends():
    tree = {
        "type": "object",
        "required": ["n"],
        "properties": {"n": {"$ref": "#/$defs/a~1b"}, "left": {"$ref": "#"}, "right": {"$ref": "#"}},
        "additionalProperties": False,
        "$defs": {"a/b": {"type": "integer", "description": "a number"}},
    }
    assert paid(tree, '{"n": 1, "left": {"n": 2, "right": {"n": 3}}}') == 1
    assert paid(tree, '{"n": 1, "left": {"n": 2, "right": {"n": "3"}}}') == 0
    deep = '{"n": 1, "left": ' * 900 + '{"n": 1}' + "}" * 900
    assert paid(tree, deep) in (0, 1)  # depends on Python's recursion limit
    assert paid({"$id": "https://example.org/s", **tree}, '{"n": 1}') == 1


def escaped(name):
    """Return a name as it is escaped in a `$ref`."""
    return name.replace("~", "~0").replace("/", "~1").replace("%", "%25")


def test_definitions_whose_names_look_alike_are_told_apart():
    names = ("item", "Item", "it-em", "it_em", "it/em", "it%2Fem", "it~em", "item ", "\n")
    checked = {
        "type": "object",
        "minProperties": 1,
        "properties": {
            str(number): {"$ref": f"#/definitions/{escaped(name)}"} for number, name in enumerate(names)
        },
        "definitions": {name: {"const": number} for number, name in enumerate(names)},
    }
    assert paid(checked, json.dumps({str(number): number for number in range(len(names))})) == 1
    for number in range(len(names)):
        assert paid(checked, json.dumps({str(number): number + 1})) == 0


def test_nothing_is_ever_fetched(monkeypatch):
    monkeypatch.setattr("urllib.request.urlopen", None)
    for schema in (
        {"$ref": "https://example.org/a"},
        {"$ref": "file:///etc/passwd"},
        {**OBJECT, "properties": {"a": {"$ref": "other.json"}}},
        {**OBJECT, "properties": {"a": {"$id": "https://example.org/b", "$ref": "#/definitions/c"}}},
        {**OBJECT, "definitions": {"b": {"id": "https://example.org/b", "type": "string"}}},
        {**OBJECT, "x-b": {"type": "string"}, "properties": {"a": {"$ref": "#/x-b"}}},
    ):
        with pytest.raises(DecorationError):
            json_schema(schema=schema)


def test_names_and_texts_of_a_schema_are_never_code():
    for name in ("{data}", '"', "\\", "'", "\n", "{", "a}b", "data.__class__", "é", "", "$ref", '") or (1'):
        schema = {"type": "object", "required": [name], "properties": {name: {"type": "integer"}}}
        assert paid(schema, json.dumps({name: 1})) == 1, name
        assert paid(schema, json.dumps({name: "1"})) == 0, name
        assert paid(schema, json.dumps({f"{name}x": 1})) == 0, name
        assert paid({"const": f"{name}x"}, json.dumps(f"{name}x")) == 1, name
        assert paid({"const": f"{name}x"}, json.dumps(f"{name}y")) == 0, name
        inner = {"type": "object", "minProperties": 1, "definitions": {name or "_": {"type": "integer"}}}
        inner["additionalProperties"] = {"$ref": f"#/definitions/{escaped(name or '_')}"}
        assert paid(inner, '{"a": 1}') == 1, name
        assert paid(inner, '{"a": "1"}') == 0, name


def test_a_record_may_hold_its_own_schema_and_is_at_fault_where_it_does_not():
    check = json_schema(field="form")
    whole = {"type": "integer"}
    written: list[Any] = [whole, json.dumps(whole)]
    for form in written:
        assert check(make_sample("7", form=form)) == Reward(1.0, metrics={"unread": 0.0})
        assert check(make_sample('"7"', form=form)).value == 0
    faults: list[tuple[Any, str]] = [
        (None, "the record's form contains no JSON schema"),
        (7, "contains no JSON schema"),
        ("{", "it is not a JSON object"),
        ({"type": "text"}, '#/type is "text": write one of null, boolean'),
        ({"type": "object"}, "it accepts {}, which says nothing"),
    ]
    for form, message in faults:
        for completion in ("", "7"):
            with pytest.raises(RecordError, match=message):
                check(make_sample(completion, form=form))


# Untyped for tests of misuse, which a type checker would refuse.
UNTYPED: Any = module


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "write either schema="),
        ({"schema": {"type": "integer"}, "field": "form"}, "write either schema="),
        ({"schema": "form.json"}, "schema='form.json': write a table"),
        ({"schema": True}, "schema=True: write a table"),
        ({"schema": {"enum": [float("nan")]}}, "schema: it cannot be written as JSON"),
        ({"schema": {"enum": [{1, 2}]}}, "schema: it cannot be written as JSON"),
        ({"schema": {"enum": ["x" * 60_000]}}, "longer than 50,000 characters"),
        ({"schema": {"allOf": []}}, "#/allOf is not a list of schemas"),
        ({"schema": {"properties": []}}, "#/properties is not a table of schemas"),
        ({"schema": {"properties": {"a": 1}}}, "#/properties/a is not a schema"),
        ({"schema": {"required": ["a", "a"]}}, "#/required is .*: write a list of names, each once"),
        ({"schema": {"maxLength": -1}}, "#/maxLength is -1: write a whole number"),
        ({"schema": {"exclusiveMinimum": True}}, "#/exclusiveMinimum is true: write a number"),
        ({"schema": {"format": "regex"}}, '#/format is "regex": write one of date, date-time'),
        ({"schema": {"contentEncoding": "base64"}}, "#/contentEncoding would not be checked"),
        ({"field": " "}, "not blank"),
        ({"schema": {"type": "integer"}, "max_chars": 0}, "1 or more"),
        ({"schema": {"type": "integer"}, "take": "json"}, "pass a function"),
    ],
)
def test_invalid_options_are_refused_immediately(options, message):
    with pytest.raises(DecorationError, match=message):
        UNTYPED.json_schema(**options)


def test_a_schema_that_is_nested_without_an_end_is_refused():
    schema: dict[str, Any] = {"type": "integer"}
    for _ in range(60):
        schema = {"not": schema}
    with pytest.raises(DecorationError, match="nested more than 40 deep"):
        json_schema(schema=schema)


def test_a_long_completion_is_unread_and_take_finds_the_part():
    check = json_schema(schema={"type": "string", "minLength": 1}, take="tag", max_chars=10)
    assert check(make_sample('so <answer>"abc"</answer>')).value == 1
    for unread in (f'<answer>"{"x" * 20}"</answer>', '"abc"', "<answer>abc</answer>"):
        assert check(make_sample(unread)) == Reward(0.0, metrics={"unread": 1.0})


@pytest.mark.parametrize("unit", ["aaaaaaaa", "x.", "@a.", "1-", '", "', "2305843009213693951, "])
def test_values_are_checked_in_linear_time(unit):
    text = {"type": "string", "minLength": 1}
    checks = [
        json_schema(schema={**text, "pattern": "^(a+)+$"}),
        *(json_schema(schema={**text, "format": name}) for name in ("email", "uri", "hostname", "date-time")),
        json_schema(
            schema={"type": "array", "minItems": 1, "items": {"type": "string", "pattern": "(x|x)*y"}}
        ),
    ]

    def sample(size):
        inside = unit * (size // len(unit))
        return make_sample(f"[{inside}1]" if unit.endswith(", ") else json.dumps(f"{inside}!"))

    def work(one):
        for check in checks:
            check(one)

    assert_linear(work, sample, 90_000)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.sampled_from([0.5, 1.0]) | st.text("ab", max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab", max_size=2), inner, max_size=3),
    max_leaves=6,
)


def schema_of(value, draw):
    """Draw a schema that accepts a value."""
    if draw(st.booleans()):
        return {"const": value}
    if isinstance(value, dict):
        inner = {name: schema_of(one, draw) for name, one in value.items()}
        return {"type": "object", "properties": inner, "required": list(value), "additionalProperties": False}
    if isinstance(value, list):
        if not value:
            return {"type": "array", "maxItems": 0}
        return {
            "type": "array",
            "items": {"anyOf": [schema_of(one, draw) for one in value]},
            "minItems": len(value),
        }
    if isinstance(value, bool) or value is None:
        return {"enum": [value]}
    if isinstance(value, str):
        return {"type": "string", "minLength": len(value), "maxLength": len(value)}
    return {"type": "number", "minimum": value, "maximum": value}


@given(VALUES, st.data())
@settings(max_examples=50)
def test_a_value_fits_its_own_schema_and_changed_values_do_not(value, data):
    schema = schema_of({"it": value}, data.draw)
    assert paid(schema, json.dumps({"it": value})) == 1
    for other in ({"it": value, "more": 1}, {"it": [value, "no such thing"]}, {}):
        if other != {"it": value}:
            assert paid(schema, json.dumps(other)) == 0


CHECK = json_schema(
    schema={"type": ["object", "array", "string"], "minProperties": 1, "minItems": 1, "minLength": 1}
)


@given(st.text())
def test_no_text_raises_and_none_without_a_value_is_paid(text):
    answer = CHECK(make_sample(text))
    assert answer.value in (0, 1)
    assert not answer.value or json_block(make_sample(text).completion)
