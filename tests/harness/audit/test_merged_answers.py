import json

from hypothesis import given
from hypothesis import strategies as st

from harness.audit.merged_answers import blanked, merged, shape_of

VALUES = st.one_of(st.text(max_size=5), st.integers(), st.booleans())
PAIRS = st.tuples(VALUES, VALUES).map(lambda pair: json.dumps({"site": pair[0], "level": pair[1]}))


@given(st.lists(PAIRS, min_size=2, max_size=4))
def test_each_object_can_be_found_in_the_merged_one(answers):
    found = dict(merged("json", answers))
    lists = json.loads(found["values as lists"])
    for answer in answers:
        assert all(value in lists[name] for name, value in json.loads(answer).items())
    pairs = json.loads(found["keys several times"], object_pairs_hook=list)
    assert len(pairs) == 2 * len(answers)


def test_calls_are_merged():
    calls = [json.dumps({"calls": [{"name": "weather", "arguments": {"place": each}}]}) for each in "ab"]
    found = dict(merged("tools", calls))
    assert json.loads(found["arguments as one text"])["calls"][0]["arguments"] == {"place": "a or b"}
    assert len(json.loads(found["all calls"])["calls"]) == 2
    assert len({shape_of("tools", one) for one in calls}) == 1


def test_values_without_keys_are_not_merged():
    assert [*merged("json", ["[1]", "[2]"])] == []
    assert [*merged("number", ["1", "2"])] == []


def test_values_are_removed():
    assert json.loads(blanked('{"a": 1, "b": "x"}', "") or "") == {"a": "", "b": ""}
    call = json.dumps([{"name": "weather", "arguments": '{"place": "Carrow"}'}])
    (emptied,) = json.loads(blanked(call, None) or "")
    assert json.loads(emptied["arguments"]) == {"place": None}
    assert blanked("5", "") is None
    assert blanked("no JSON", "") is None
