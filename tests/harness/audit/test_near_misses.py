import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.audit.answer_kinds import same
from harness.audit.near_misses import calls_in, near_misses

CALL = {"calls": [{"name": "weather", "arguments": {"place": "Carrow", "day": 2}}]}
WORDS = st.text("abcdefgh ", min_size=1, max_size=30).map(str.strip).filter(bool)
OBJECTS = st.dictionaries(
    WORDS, st.one_of(WORDS, st.integers(), st.booleans(), st.none()), min_size=1, max_size=4
)


def named(kind, gold, golds=(), prompt=""):
    return {miss.name: miss.answer for miss in near_misses(kind, gold, golds, prompt)}


@given(st.sampled_from("ABCDE"))
def test_no_letters_equal_the_right_one(letter):
    assert near_misses("choice", letter, "ABCDE")
    assert not [one for one in near_misses("choice", letter, "ABCDE") if same("choice", one.answer, letter)]


@given(WORDS, WORDS)
def test_no_text_equals_the_right_one(gold, other):
    assert not [one for one in near_misses("text", gold, [other]) if same("text", one.answer, gold)]


@given(OBJECTS)
def test_no_object_equals_the_right_one(found):
    gold = json.dumps(found)
    misses = near_misses("json", gold, [])
    assert misses
    assert not [one for one in misses if same("json", one.answer, gold)]


@given(st.lists(WORDS, min_size=1, max_size=5))
def test_no_list_equals_the_right_one(items):
    gold = json.dumps(items)
    assert not [one for one in near_misses("list", gold, [gold]) if same("list", one.answer, gold)]


@given(
    st.sampled_from(["text", "label", "choice", "list", "json", "number"]), st.text("a²³③½٣5 ", min_size=1)
)
def test_digits_of_every_kind_can_be_changed(kind, gold):
    assert not [one for one in near_misses(kind, gold, [gold]) if same(kind, one.answer, gold)]


def test_another_order_is_wrong_only_where_the_prompt_asks_for_one():
    gold = '["a", "b"]'
    assert "its items in another order" not in named("list", gold)
    assert named("list", gold, (), "Sort them.")["its items in another order"] == '["b", "a"]'


def test_lists_keep_their_spelling():
    assert named("list", "Lund, Porto", ["Quito, Lund"])["one more item"] == "Lund, Porto, Quito"


def test_calls_are_changed_one_thing_at_a_time():
    found = named("tools", json.dumps(CALL))
    (changed,) = json.loads(found["a wrong last argument"])["calls"]
    assert changed == {"name": "weather", "arguments": {"place": "Carrow", "day": 9}}
    assert json.loads(found["no arguments"])["calls"][0]["arguments"] == {}
    assert len(json.loads(found["one more call"])["calls"]) == 2
    assert json.loads(found["another name"])["calls"][0]["name"] != "weather"


def test_arguments_given_as_text_stay_text():
    gold = json.dumps([{"name": "weather", "arguments": json.dumps({"place": "Carrow"})}])
    (changed,) = json.loads(named("tools", gold)["a wrong first argument"])
    assert json.loads(changed["arguments"])["place"] != "Carrow"


def test_calls_are_found_however_deep_they_are():
    assert [one["name"] for one in calls_in({"a": [CALL, {"b": 1}]})] == ["weather"]
    assert calls_in("weather") == []


@pytest.mark.parametrize("kind", ["number", "code", "free", "format"])
def test_other_kinds_have_no_near_misses_here(kind):
    assert near_misses(kind, "5", ["6"]) == []


@pytest.mark.parametrize(
    ("kind", "gold"), [("json", "[1"), ("tools", "{}"), ("choice", "none"), ("list", "")]
)
def test_unreadable_answers_have_no_near_misses(kind, gold):
    assert near_misses(kind, gold, []) == []


def test_a_set_of_letters_backward_is_the_right_one():
    assert "its letters in another order" not in named("text", "A, C")
    assert "its letters in another order" in named("text", "Oslo")
