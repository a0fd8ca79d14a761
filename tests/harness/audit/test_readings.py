import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.audit.readings import Reading, answer_in, readings_of

REF = ("reference_answer",)


def read(record):
    """Return all readings of a record's answer, in the order in which they are tried."""
    found = [answer_in(reading, record) for reading in readings_of(record)]
    return list(dict.fromkeys(found))


@pytest.mark.parametrize(
    ("reference", "first"),
    [
        ("72", "72"),
        (72, "72"),
        (1.5, "1.5"),
        (True, "true"),
        ("She has 24 + 48.\n#### 72", "72"),
        ("So we get \\boxed{\\frac{1}{2}}.", "\\frac{1}{2}"),
        ({"text": "#### 72"}, "72"),
        ({"answer": "72", "unit": "km"}, "72"),
        ({"final_answer": {"text": "72"}}, "72"),
        ({"meta": {"deep": 1}, "ground_truth": "72"}, "72"),
        ("<think>so</think><answer>B</answer>", "B"),
        ("<answer>A</answer> no, <answer>B</answer>", "B"),
        ("A lone </answer>", "A lone </answer>"),
        ("After some thought, I find that the answer is Paris.", "Paris"),
        ('{"team": "billing"}', '{"team": "billing"}'),
        ("B) Paris", "B"),
        ('[{"name": "f", "arguments": {"a": 1}}]', '[{"name": "f", "arguments": {"a": 1}}]'),
        ({"calls": [{"f": {"a": [1, 2]}}]}, '[{"name": "f", "arguments": {"a": 1}}]'),
    ],
)
def test_the_likeliest_reading_of_a_reference_is_its_answer(reference, first):
    assert read({"messages": [], "reference_answer": reference})[0] == first


def test_an_object_is_read_whole_and_by_its_fields():
    found = read({"reference_answer": {"site": "Westering", "level": 5}})
    assert found[:3] == ['{"site": "Westering", "level": 5}', "Westering", "5"]
    assert found[-1] == "site: Westering\nlevel: 5"


def test_a_list_is_read_as_json_by_its_first_item_and_joined():
    assert read({"reference_answer": ["Oslo", "Rome"]}) == [
        '["Oslo", "Rome"]',
        "Oslo",
        "Oslo, Rome",
        "Oslo\nRome",
        "- Oslo\n- Rome",
    ]


def test_calls_are_read_in_the_spellings_of_several_graders():
    found = read({"reference_answer": {"name": "f", "arguments": {"a": 1, "b": "x"}}})
    assert '[{"name": "f", "arguments": {"a": 1, "b": "x"}}]' in found
    assert '{"name": "f", "arguments": {"a": 1, "b": "x"}}' in found
    assert "[f(a=1, b='x')]" in found


def test_other_fields_hold_the_answer_where_there_is_no_reference():
    record: dict[str, object] = {
        "messages": [],
        "task_id": "t-1",
        "ground_truth": "72",
        "tests": ["assert f(1)"],
    }
    assert readings_of(record)[0] == Reading(("ground_truth",))
    record = {"reward_model": {"style": "rule", "ground_truth": "72"}}
    assert answer_in(readings_of(record)[0], record) == "72"
    assert str(readings_of(record)[0]) == "reward_model.ground_truth"


def test_a_small_number_may_count_options():
    assert read({"reference_answer": 2}) == ["2", "C", "B"]
    assert read({"reference_answer": "0"}) == ["0", "A", None]
    assert read({"reference_answer": 12}) == ["12"]


def test_the_body_of_a_function_follows_the_prompt_that_begins_it():
    record = {"messages": [], "prompt": "def f(x):\n", "canonical_solution": "    return x\n"}
    assert read(record)[0] == "def f(x):\n    return x"


@pytest.mark.parametrize("piece", ["<t>", "</t>", "\\boxed{", "answer: ", "7", "```\n", "{"])
def test_a_long_reference_of_symbols_only_is_read_whole(piece):
    text = (piece * 20_000)[:20_000].strip()
    assert text in read({"reference_answer": text})


def test_a_part_that_a_record_lacks_is_none():
    assert answer_in(Reading(REF, "after ####"), {"reference_answer": "72"}) is None
    assert answer_in(Reading((*REF, "answer")), {"reference_answer": "72"}) is None
    assert answer_in(Reading(REF, "calls"), {"reference_answer": "72"}) is None
    assert answer_in(Reading(REF, "in the box"), {"reference_answer": "\\boxed{7"}) is None


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=30),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
        max_leaves=8,
    )
)
def test_any_json_is_read_without_an_error(reference):
    record = {"messages": [], "reference_answer": reference}
    for reading in readings_of(record):
        answer = answer_in(reading, record)
        assert answer is None or answer == answer.strip()
        json.dumps(answer)
