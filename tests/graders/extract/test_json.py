"""The JSON value that a completion gives as its answer: the outermost value, or none."""

from __future__ import annotations

import json

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from support.found import json_block
from support.growth import assert_linear

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (" [1, 2] ", [1, 2]),
        ("72", 72),
        ("```\n[1]\n```", [1]),
        ('```json\n{"a": 1}\n```\nor\n```json\n{"a": 2}\n```', {"a": 2}),
        ('```json\n{"a": 1}\n```\n```python\n[2]\n```', {"a": 1}),
        ('```json\n{"a": 1}\n```\n```\nnot json\n```', {"a": 1}),
        ('~~~ JSON\n{"a": 1}\n~~~', {"a": 1}),
        ('```{.json}\n{"a": 1}\n```', {"a": 1}),
        ('- ```json\n  {"a": 1}\n  ```', {"a": 1}),
        ('````json\n{"a": "```"}\n````', {"a": "```"}),
        ('```json\n{"a": 1}\n```\n```json\n{"a": 2', None),
        ('```\nIn:\n```json\n{"a": 1}\n```\nout\n```', {"a": 1}),
        ('```json\n{"a": 1}\n```\n```json\nnull\n```', None),
        (json.dumps({"code": "```python\nx = {1: 2}\n```"}), {"code": "```python\nx = {1: 2}\n```"}),
        ('{"code": "\n```json\n{"a": 1}\n```\n"}', None),
        # The outermost value or nothing
        ('{"score": 5, "detail": {"score": 1},}', None),
        ('{"reason": "a\nb", "inner": {"score": 0}}', None),
        ('{"a": {"score": 1}, "b": ', None),
        ('```json\n{"score": 2, "x": {"score": 9}\n```', None),
        ('[{"a": 1}, {"a": 2},]', None),
        ('[1, {"a": 2},]', None),
        ('{"a": "}", "b": {"score": 1},}', None),
        ('{score: {"a": 1}}', None),
        ('{"a": 2,} no, {"a": 1}', {"a": 1}),
        ('{"a": {"b": 1, "b": 1}}', None),
        # Arrays, and brackets of prose
        ("Here it is: [1, 2, 3] done", [1, 2, 3]),
        ('It is ["Paris"].', ["Paris"]),
        ('It is [{"a": 1}] by [1, 2]', [{"a": 1}]),
        ("[1, 2] or rather [1, 3,]", None),
        ('[note: {"a": 1}]', {"a": 1}),
        ('x in [0, 1) and d["k"]: {"a": 1}, d["k"]', {"a": 1}),
        ('First {"a": 1}, then {"a": {"b": 2}}, see [3].', {"a": {"b": 2}}),
        ('so {x} {"a": 1}', {"a": 1}),
        ("", None),
        ("{", None),
        ('{"a": 1', None),
        ("NaN", None),
        ("{'a': 1}", None),
        ("[" * 100_000, None),
        ('{"a":' * 100_000, None),
        ("{" * 100_000, None),
        ("9" * 5000, None),
    ],
)
def test_json_block(text, value):
    assert json_block(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"memory": [{"text": "likes pizza"},]}', {"memory": [{"text": "likes pizza"}]}),
        ('```json\n{"nodes": [1, 2,],}\n```', {"nodes": [1, 2]}),
        ('{"a": 1, /* two */ "b": 2, # three\n}', {"a": 1, "b": 2}),
        ("{'a': 'it\\'s', 'b': \"it's\"}", {"a": "it's", "b": "it's"}),
        ("{'a': 'say \"x\"'}", {"a": 'say "x"'}),
        ('{"a": True, "b": None, "c": [False]}', {"a": True, "b": None, "c": [False]}),
        ('{"a": "b\nc\td"}', {"a": "b\nc\td"}),
        ('{"url": "http://x", "a": "True, ]",}', {"url": "http://x", "a": "True, ]"}),
        ("It is {'a': [1, 2,]} as I said.", {"a": [1, 2]}),
        ('{"score": 5, "detail": {"score": 1},}', {"score": 5, "detail": {"score": 1}}),
        ("It is ['a', 'b']", ["a", "b"]),
        ("{'a': True} // so", {"a": True}),
        ('{"a": 1} or {"a": 2,}', {"a": 2}),
        ("[,]", None),
        ('{"a": ,}', None),
        ('{"a": nan}', None),
        ('{"a": NaN,}', None),
        ('{"a": "b" "c"}', None),
        ("[/**/]", []),
        ("seventy", None),
        ("'a'", None),
    ],
)
def test_repair_fixes_a_closed_list_of_deviations(text, value):
    assert json_block(text, repair=True) == value


@given(VALUES, st.booleans())
def test_json_reads_back_from_a_fence_and_objects_from_prose(value, repair):
    assert json_block(f"Here:\n```json\n{json.dumps(value)}\n```\nThat is it.", repair) == value
    assert json_block(f"It is {json.dumps({'a': value})} as I said.", repair) == {"a": value}


@given(VALUES, st.sampled_from(["python", "commas", "comments"]))
@settings(max_examples=50)
def test_a_repaired_value_is_the_intended_one(value, slip):
    meant = {"a": value}
    if slip == "python":
        text = repr(meant)
        assume("\\" not in text)  # Python's escapes are not JSON's
    elif slip == "commas":
        text = '{"a": ' + json.dumps([value])[:-1] + ",],}"
        meant = {"a": [value]}
    else:
        text = '{ // "b": 2,\n"a": /* {[ */' + json.dumps(value) + "}"
    assert json_block(text, repair=True) == meant


@given(VALUES.map(lambda value: json.dumps({"a": {"b": value}, "c": [{"d": 1}]})), st.data())
@settings(max_examples=50)
def test_a_value_cut_off_is_never_read_in_part(text, data):
    end = data.draw(st.integers(1, len(text) - 1))
    for repair in (False, True):
        assert json_block(text[:end], repair) is None
        assert json_block("It is " + text[:end], repair) is None


PIECES = ["{", "[", "[1,", '{"a":', '"', " '", '{"', "{}", "[0,1) ", "/*", ",/*", ", // ", "# ", "\\", ","]
FURTHER = ["```\n", "```json\n{", "~~~\n", "{x} ", "\\a{", "[[1],", '{"a":1,} ', "[ ", "[-", "', '"]


@pytest.mark.parametrize("piece", PIECES + FURTHER)
def test_markup_takes_linear_time(piece):
    for head in ("It is [", '{"a": '):
        assert_linear(lambda text: json_block(text, True), lambda size: head + piece * (size // 6), 30_000)  # noqa: B023


@pytest.mark.slow
def test_a_megabyte_takes_linear_time():
    for piece in ("{", "[", '"', "`", '{"a":', "{} ", "}", "(0, 1] "):
        assert_linear(json_block, lambda size: "It is " + piece * (size // len(piece)), 1_000_000)  # noqa: B023


@given(st.integers() | st.text(), st.integers(1, 5))
def test_a_value_without_its_start_is_never_read_in_part(value, start):
    text = json.dumps({"a": {"b": value}, "c": [{"d": 1}]})
    for repair in (False, True):
        assert json_block(text[start:], repair) is None


@given(st.lists(st.integers(), min_size=2, max_size=4), st.booleans())
def test_the_first_value_counts_on_request(numbers, fenced):
    form = "```json\n{}\n```\n" if fenced else "It is {} .\n"
    text = "".join(form.format(json.dumps({"a": number})) for number in numbers)
    assert json_block(text, which="first") == {"a": numbers[0]}
    assert json_block(text) == {"a": numbers[-1]}


@given(st.lists(st.sampled_from([*"{}[]\",:'\\/*#\n ", "a", "1", "```", "```json\n", "None"]), max_size=14))
def test_no_text_raises(pieces):
    text = "".join(pieces)
    strict, repaired = json_block(text), json_block(text, repair=True)
    assert strict is None or strict == repaired


@pytest.mark.parametrize("form", ["{}", "```json\n{}\n```", "```\n{}\n```"])
@pytest.mark.parametrize(
    "said",
    [
        "not {}",
        "It is not {}",
        "The answer is not: {}",
        "This is not the correct answer:\n{}",
        "never {}",
        "anything but {}",
        "不是{}",
        "Die Antwort ist nicht {}",
        "{} is wrong",
        "{} was a mistake.",
        "{} is not correct",
        "{} On reflection that was a mistake",
    ],
)
def test_a_value_that_is_denied_is_unread(said, form):
    assert not json_block(said.format(form.format('{"a": 1}')))


@pytest.mark.parametrize(
    "said",
    [
        "I could not find the tax: {}",
        "Without doubt {}",
        "It is not a list but {}",
        "That does not matter. {}",
        "I am not sure.\n\n{}",
        "{} is correct",
        "{} is what the page says",
        "Not wrong, but {}",
    ],
)
def test_a_denial_of_something_else_leaves_the_value(said):
    assert json_block(said.format('{"a": 1}')) == {"a": 1}
