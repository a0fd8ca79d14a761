"""`GRADER_CAPTURE` logs the shape of an event without its content."""

from __future__ import annotations

import json
import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graders import EventError, grader
from graders._runtime import event_shape, telemetry
from graders._runtime.event_shape import MESSAGE, shape
from graders.testing import Context
from graders.wire import PROFILES, write_events
from support.growth import assert_linear

SECRET = st.text("qxzQXZ\u00e9\u4e2d 7{[<>/|", min_size=12, max_size=40)
KEYS = st.one_of(
    st.sampled_from(["messages", "role", "type", "content", "id", "body", "reference_answer"]), SECRET
)
VALUES = st.recursive(
    SECRET | st.integers(10**12) | st.floats(1e12, 1e13) | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=12) | st.dictionaries(KEYS, inner, max_size=5),
)


def texts(value):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner)
    elif isinstance(value, str):
        yield value
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield json.dumps(value)


NAMES = {"messages", "role", "type", "content", "id", "body", "reference_answer"}


@given(VALUES)
@settings(max_examples=50)
def test_no_content_of_a_text_a_number_or_a_hostile_key_is_shown(value):
    shown = json.dumps(shape(value), ensure_ascii=False)
    for text in set(texts(value)) - NAMES:
        assert not any(text[at : at + 6] in shown for at in range(len(text) - 5) if text[at : at + 6].strip())


def test_keys_types_and_nesting_stay():
    event = [
        {
            "id": "123e4567-e89b-12d3-a456-426614174000",
            "messages": [
                {"role": "user", "content": "How many?"},
                {"role": "nova_assistant", "content": [{"type": "text", "text": "<think>a</think>72"}]},
            ],
            "metadata": {
                "reference_answer": {"text": "72"},
                "a long key, of content": 1.5,
                "b": [None, True, 2],
            },
        }
    ]
    assert shape(event) == [
        {
            "id": "text 36 uuid",
            "messages": [
                {"role": "user", "content": "text 9 words"},
                {"role": "nova_assistant", "content": [{"type": "text", "text": "text 18 with reasoning"}]},
            ],
            "metadata": {
                "reference_answer": {"text": "text 2 digits"},
                "key of 22 characters": "number",
                "b": [None, "boolean", "integer"],
            },
        }
    ]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        *[
            ("", "empty"),
            (" \n", "blank"),
            ("72", "digits"),
            ("-7.5e3", "number"),
            ("0x", "word"),
            ("1" * 20, "digits"),
        ],
        *[
            ("ab" * 10, "hexadecimal"),
            ("a b", "words"),
            ("a\nb", "lines"),
            ('{"a": 1}', "json"),
            ("{a b}", "words"),
        ],
        *[("<think>a b", "with reasoning alone"), ("a b<|im_end|>", "with special tokens"), ("user", "word")],
    ],
)
def test_kinds_of_text(text, kind):
    assert shape(text) == f"text {len(text)} {kind}"


def test_only_the_contracts_own_words_are_shown_and_only_in_their_place():
    said = {"role": "user", "type": "text", "content": "user"}
    assert shape(said) == {"role": "user", "type": "text", "content": "text 4 word"}
    assert shape({"role": "my secret", "type": "my type"}) == {"role": "text 9 words", "type": "text 7 words"}


def test_similar_keys_stay_separate():
    assert list(shape({"a b": 1, "c d": 2, 7: 3})) == [
        "key of 3 characters",
        "key of 3 characters'",
        "key of 1 characters",
    ]


def test_long_lists_show_their_start_and_elements_that_differ():
    items = [{"a": "x" * at} for at in range(1, 50)] + [{"b": 1}] + [{"a": "y"}]
    shown = shape(items)
    assert shown[0] == {"a": "text 1 word"}
    assert {"b": "integer"} in shown
    assert shown[-1] == f"{len(items) - len(shown) + 1} more"


def test_a_shape_is_small_and_fast_for_any_size_and_depth():
    deep: list = []
    for _ in range(5000):
        deep = [deep]
    assert "nested deeper" in json.dumps(shape(deep))
    assert shape({str(at): 1 for at in range(500)})["more keys"] == 400
    assert shape({"body": "[" * 100_000}) == {"body": "text 100000 word"}
    assert_linear(shape, lambda n: "1" * n + "x", 400_000)


def test_a_body_is_shown_as_the_event_in_it():
    (event,) = write_events([{"id": 1, "messages": []}], PROFILES["sagemaker-oss-body"])
    assert shape(event) == {"body": {"as JSON text": {"batch": [{"id": "integer", "messages": []}]}}}


ROLLOUTS = [
    {
        "id": at,
        "messages": [
            {"role": "user", "content": f"q{at // 2}"},
            {"role": "assistant", "content": "the secret"},
        ],
    }
    for at in range(4)
]


@pytest.fixture
def captured(monkeypatch, capsys):
    """Return a function that calls a grader as Lambda would and returns the captured lines."""

    def call(*events, most="2", **environment):
        monkeypatch.setattr(event_shape, "_captured", 0)
        monkeypatch.setattr(
            telemetry, "_send", lambda line: None
        )  # Powertools would write to the stdout of an earlier test
        for name, value in {"AWS_LAMBDA_FUNCTION_NAME": "f", "GRADER_CAPTURE": most, **environment}.items():
            monkeypatch.setenv(name, value)
        graded = grader(lambda sample: 1.0)
        for event in events:
            try:
                graded(event, Context(9000))
            except EventError:
                pass
        said = capsys.readouterr()
        assert said.err == ""
        lines = [json.loads(line) for line in said.out.splitlines()]
        return [line for line in lines if line.get("message") == MESSAGE]

    return call


def test_the_first_events_of_a_process_are_logged_with_facts_about_the_batch(captured):
    (event,) = write_events(ROLLOUTS, PROFILES["open-weight"])
    first, second = captured(event, event, event)
    assert (first["number"], second["number"]) == (1, 2)
    assert (first["samples"], first["distinct_ids"], first["distinct_prompts"]) == (4, 4, 2)
    assert first["remaining_ms"] == 9000
    assert first["event"] == shape(event)
    assert "secret" not in json.dumps(first)


def test_an_event_in_no_known_shape_is_captured_before_it_is_refused(captured):
    (line,) = captured({"Records": [{"the secret key": "the secret"}]})
    assert line["event"] == {"Records": [{"key of 14 characters": "text 10 words"}]}
    assert "samples" not in line


@pytest.mark.parametrize("most", ["0", "", "many", "-1"])
def test_nothing_is_captured_unless_a_number_asks_for_it(captured, most):
    assert captured([], most=most) == []


def test_outside_lambda_nothing_is_captured(monkeypatch, capsys):
    monkeypatch.delenv("AWS_LAMBDA_FUNCTION_NAME", raising=False)
    monkeypatch.setenv("GRADER_CAPTURE", "1")
    grader(lambda sample: 1.0)([], None)
    assert capsys.readouterr().out == ""
    assert "AWS_LAMBDA_FUNCTION_NAME" not in os.environ


def test_an_event_too_large_for_a_log_line_is_not_shown(captured):
    wide = [
        {"id": 1, "messages": [{f"key{at}": {f"inner{i}": 1 for i in range(99)} for at in range(99)}] * 8}
    ]
    (line,) = captured(wide)
    assert line["event"].startswith("too large")
