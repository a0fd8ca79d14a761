"""Every dialect is parsed into the same sample, and every outcome is written as strict JSON."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graders import Failure, Reward, Sample, wire
from graders.errors import EventError
from graders.reward import KINDS, settle
from graders.wire import (
    CONTAINERS,
    EVIDENCE,
    PROFILES,
    PROVEN,
    read_answer,
    read_event,
    write_answer,
    write_events,
)

TEXT = st.text(st.characters(codec=None, exclude_categories=()), max_size=20)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3)
)
WIRES = (
    *("metadata", "trajectories", "messages", "id", "reference_answer", "role"),
    *("prompt", "my_key", "reward_model", "extra_info"),
)
OPEN = PROFILES["open-weight"]


@st.composite
def rollouts(draw):
    turns = st.fixed_dictionaries({"role": st.sampled_from(["user", "assistant", "system"]), "content": TEXT})
    last = {"role": "assistant", "content": draw(TEXT)}
    fields = draw(st.dictionaries(TEXT.filter(lambda name: name not in WIRES), JSON, max_size=3))
    rollout = {"id": draw(SCALARS), "messages": [*draw(st.lists(turns, max_size=3)), last], **fields}
    if draw(st.booleans()):
        rollout["reference_answer"] = draw(JSON)
    return rollout


def seen(item):
    """Return everything that a scoring function can see of a sample, except its raw messages."""
    sample = Sample(item)
    names = ("id", "prompt", "completion", "reasoning", "tool_calls", "reference_answer", "fields")
    return {name: getattr(sample, name) for name in names}


@given(st.lists(rollouts(), max_size=3))
@settings(max_examples=50)
def test_a_rollout_reads_back_into_the_same_sample_from_every_dialect(given_):
    before = json.dumps(given_)
    plain = [seen(rollout) for rollout in given_]
    for profile in PROFILES.values():
        events = json.loads(json.dumps(list(write_events(given_, profile))))
        assert [seen(item) for event in events for item in read_event(event)] == plain, profile.name
    assert json.dumps(given_) == before


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("open-weight", [{"id": "a", "metadata": {"reference_answer": "72", "unit": "clips"}}]),
        (
            "open-weight-text",
            [{"id": "a", "metadata": {"reference_answer": {"text": "72"}, "unit": "clips"}}],
        ),
        ("open-weight-root", [{"id": "a", "reference_answer": {"text": "72"}, "unit": "clips"}]),
        ("sagemaker", [{"id": "a", "reference_answer": "72", "unit": "clips"}]),
        ("sagemaker-single", {"id": "a", "reference_answer": "72", "unit": "clips"}),
        ("trajectories", {"trajectories": [{"id": "a", "reference_answer": "72", "unit": "clips"}]}),
        ("nova-blocks", [{"id": "a", "reference_answer": "72", "unit": "clips"}]),
        ("sagemaker-oss", [{"id": "a", "reference_answer": "72", "unit": "clips"}]),
        ("sagemaker-oss-text", [{"id": "a", "reference_answer": {"text": "72"}, "unit": "clips"}]),
        (
            "sagemaker-oss-batch",
            {"batch": [{"id": "a", "reference_answer": {"text": "72"}, "unit": "clips"}]},
        ),
        (
            "sagemaker-oss-input",
            {"input": [{"id": "a", "reference_answer": {"text": "72"}, "unit": "clips"}]},
        ),
        (
            "sagemaker-oss-ground-truth",
            [{"id": "a", "reward_model": {"ground_truth": "72"}, "unit": "clips"}],
        ),
        ("sagemaker-oss-verl", [{"my_key": "a", "reward_model": {"ground_truth": "72"}, "unit": "clips"}]),
        ("sagemaker-oss-extra", [{"id": "a", "extra_info": {"answer": "72"}, "unit": "clips"}]),
    ],
)
def test_the_dialects_match_their_documentation(name, expected):
    rollout = {"id": "a", "reference_answer": "72", "unit": "clips"}
    rollout["messages"] = [{"role": "user", "content": "q"}, {"role": "assistant", "content": "72"}]  # type: ignore[assignment]
    (event,) = write_events([rollout], PROFILES[name])
    (item,) = read_event(event)
    last = item.pop(PROFILES[name].turns)[-1]
    assert event == expected
    blocks = {"role": "nova_assistant", "content": [{"type": "text", "text": "72"}]}
    assert last == (blocks if name == "nova-blocks" else {"role": "assistant", "content": "72"})


def test_every_profile_has_its_own_name_and_source():
    for name, profile in PROFILES.items():
        assert profile.name == name
        assert profile.source
        assert profile.placement in ("root", "metadata")
        assert profile.container in CONTAINERS
        assert profile.evidence in EVIDENCE
    assert next(iter(PROFILES)) == "open-weight"
    for name, profile in PROFILES.items():
        assert profile.envelope is name.startswith("sagemaker-oss")
    assert {PROFILES[name].evidence for name in PROVEN} == {"documented", "sampled"}
    assert {profile.container for profile in PROFILES.values()} == set(CONTAINERS)


ASKED = [{"role": "user", "content": "6 * 12?"}, {"role": "assistant", "content": "72"}]


# The events that SageMaker's starter template for open-weight models can read.
@pytest.mark.parametrize(
    ("event", "key"),
    [
        ([{"id": "a", "messages": ASKED, "reference_answer": "72"}], "a"),
        ([{"id": "a", "messages": ASKED, "reference_answer": {"text": "72"}}], "a"),
        ({"batch": [{"id": "a", "messages": ASKED, "reference_answer": "72"}]}, "a"),
        ({"input": [{"id": "a", "messages": ASKED, "reference_answer": "72"}]}, "a"),
        ({"body": json.dumps({"batch": [{"id": 1, "messages": ASKED, "reference_answer": "72"}]})}, 1),
        ({"body": [{"id": 1, "messages": ASKED, "reference_answer": "72"}], "headers": {}}, 1),
        ([{"my_key": "a", "prompt": ASKED, "reward_model": {"ground_truth": "72", "style": "rule"}}], "a"),
        ([{"prompt": ASKED, "reward_model": {"ground_truth": "72"}, "extra_info": {"answer": "7"}}], None),
        ([{"id": "a", "messages": ASKED, "reward_model": {"ground_truth": {"text": "72"}}}], "a"),
        ([{"id": "a", "messages": ASKED, "extra_info": {"answer": "72", "index": 3}}], "a"),
        ({"my_key": "a", "prompt": ASKED, "reference_answer": "72"}, "a"),
        ({"id": None, "my_key": "a", "messages": ASKED, "reference_answer": "72", "batch": [1]}, None),
    ],
    ids=range(12),
)
def test_the_shapes_of_open_weight_models_on_sagemaker_are_read_and_answered(event, key):
    (item,) = read_event(event)
    sample = Sample(item)
    assert (sample.completion, sample.prompt, sample.reference_text) == ("72", "6 * 12?", "72")
    assert sample.id == key
    answer, _ = write_answer([item], [1.0], 0.0, PROFILES["sagemaker-oss"])
    assert json.loads(answer["body"]) == [{"id": key, "aggregate_reward_score": 1.0, "metrics_list": []}]
    assert answer["statusCode"] == 200


def test_a_records_own_fields_stay_even_with_verls_names():
    own = {
        "prompt": "p",
        "my_key": "k",
        "extra_info": {"answer": 1, "index": 3},
        "reward_model": {"style": "x"},
    }
    sample = Sample({"id": "a", "messages": ASKED, "reference_answer": "72", **own})
    assert (sample.fields, sample.reference_answer, sample.id) == (own, "72", "a")
    carried = Sample(
        {"id": "a", "messages": ASKED, "metadata": {**own, "reward_model": {"ground_truth": "72"}}}
    )
    assert carried.reference_answer == "72"
    assert carried.fields == {name: value for name, value in own.items() if name != "reward_model"}
    kept = Sample({"my_key": "a", "prompt": ASKED, "extra_info": {"answer": "72", "index": 3}})
    assert kept.fields == {"extra_info": {"answer": "72", "index": 3}}


@pytest.mark.parametrize(
    "body", ["{", "", "[" * 5000, '"text"', "1", '{"body": {"batch": []}}', None, {"x": 1}]
)
def test_a_body_without_samples_is_refused(body):
    with pytest.raises(EventError, match="the event"):
        read_event({"body": body})


def test_the_contracts_table_matches_the_profiles():
    text = (Path(__file__).parents[2] / "docs" / "contract.md").read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if line.startswith("| `") and line.count("|") == 7]
    assert rows == [
        f"| `{profile.name}` | {profile.evidence} | {event_of(profile)} | {reference_of(profile)} "
        f"| {'`statusCode`, `body`' if profile.envelope else 'a list'} | {profile.source} |"
        for profile in PROFILES.values()
    ]


def event_of(profile):
    held = {"list": "a list", "single": "one sample", "body": '`{"body": "{\\"batch\\": [...]}"}`'}
    said = held.get(profile.container, f'`{{"{profile.container}": [...]}}`')
    if profile.turns != "messages":
        said += f", `{profile.turns}` for `messages`, `{profile.id}` for `id`"
    if profile.role != "assistant":
        said += f", role `{profile.role}`"
    return said + (", text blocks" if profile.blocks else "")


def reference_of(profile):
    if profile.reference != "reference_answer":
        return {"reward_model": "`reward_model.ground_truth`", "extra_info": "`extra_info.answer`"}[
            profile.reference
        ]
    held = "in `metadata`" if profile.placement == "metadata" else "next to `messages`"
    return held + (', `{"text": ...}`' if profile.wrapped else "")


@pytest.mark.parametrize("event", [None, {}, {"trajectories": {}}, {"Records": []}, "[]", 1, True], ids=repr)
def test_an_event_in_no_known_shape_is_refused(event):
    with pytest.raises(EventError, match="list of samples"):
        read_event(event)


def test_the_error_about_an_event_quotes_only_the_start_of_its_keys():
    with pytest.raises(EventError) as caught:
        read_event({"k" * 5000: "the secret", "\ud800": 1})
    assert len(str(caught.value)) < 300
    assert "secret" not in str(caught.value)
    str(caught.value).encode()


def test_an_empty_event_has_an_empty_answer():
    assert write_answer(read_event([]), [], 0.0, OPEN) == ([], 0)


NUMBERS = st.dictionaries(
    TEXT.filter(lambda name: name and not name.startswith("grader_error")), st.floats(0, 9)
)


def settled(value, metrics, parts):
    components = {name: part for name, part in parts.items() if name not in metrics}
    return settle(Reward(value, metrics=metrics, components=components), 0, 1)


OUTCOMES = st.one_of(
    st.floats(0, 1),
    st.builds(settled, st.floats(0, 1), NUMBERS, NUMBERS),
    st.builds(Failure, st.sampled_from(KINDS), TEXT),
)  # fmt: skip
IDS = JSON | st.sampled_from(
    [float("nan"), float("inf"), 10**5000, "\ud83d\ude00", "\udc00x", 1, 1.0, True, "1"]
)
ITEMS = st.fixed_dictionaries({}, optional={"id": IDS}) | st.none() | TEXT


@given(
    st.lists(st.tuples(ITEMS, OUTCOMES), max_size=5),
    st.sampled_from(list(PROFILES.values())),
    st.floats(-9, 0),
)
def test_any_outcomes_are_answered_in_strict_json_that_reads_back(pairs, profile, floor):
    items, outcomes = [item for item, _ in pairs], [outcome for _, outcome in pairs]
    answer, replaced = write_answer(items, outcomes, floor, profile)
    text = json.dumps(answer, allow_nan=False, ensure_ascii=False)
    text.encode()
    read = json.loads(text)
    entries = json.loads(read["body"]) if profile.envelope else read
    assert len(entries) == len(items)
    back = read_answer(read, items)
    for item, outcome, entry, found in zip(items, outcomes, entries, back, strict=True):
        sent = item.get("id") if isinstance(item, dict) else None
        if _is_clean(sent):
            assert (entry["id"], type(entry["id"])) == (sent, type(sent))
        if isinstance(outcome, Failure):
            assert entry["aggregate_reward_score"] == floor
            assert isinstance(found, Failure)
            assert found.kind == outcome.kind
        else:
            assert isinstance(found, Reward)
            assert found.value == float(outcome)
            whole = outcome if isinstance(outcome, Reward) else Reward(outcome)
            assert list(found.metrics.values()) == list(whole.metrics.values())
            assert list(found.components.values()) == list(whole.components.values())
    clean = all(_is_clean(item.get("id")) for item in items if isinstance(item, dict))
    names = [name for o in outcomes if isinstance(o, Reward) for name in (*o.metrics, *o.components)]
    assert (replaced == 0) is (clean and all(map(_is_clean, names)))


def _is_clean(value):
    try:
        json.dumps(value, allow_nan=False, ensure_ascii=False).encode()
    except ValueError:
        return False
    return True


def test_ids_go_back_by_position_with_their_type_and_value():
    ids = ["a", "a", "", None, 0, 1, 1.0, True, [1, {"b": None}], "é", "😀", 2**60]
    items: list = [{"id": key} for key in ids] + [{}, None]
    answer, replaced = write_answer(items, [0.5] * len(items), 0.0, OPEN)
    assert [repr(entry["id"]) for entry in answer] == [repr(key) for key in [*ids, None, None]]
    assert replaced == 0


@pytest.mark.parametrize(
    ("key", "written"),
    [("a\ud800b", "a\ufffdb"), ("\udfff", "\ufffd"), ("\ufeffa", "\ufeffa"), ("\ud83d\ude00", "😀"),
     (["\ud800", {"\udfff": float("nan")}], ["\ufffd", {"\ufffd": None}])],
)  # fmt: skip
def test_lone_surrogates_are_replaced_and_counted(key, written):
    answer, replaced = write_answer([{"id": key}], [1.0], 0.0, OPEN)
    assert answer[0]["id"] == written
    assert replaced == (0 if key == written else 3 if isinstance(key, list) else 1)


def test_an_id_that_is_nested_too_deeply_does_not_prevent_the_answer():
    deep: list = []
    for _ in range(100_000):
        deep = [deep]
    answer, replaced = write_answer([{"id": "a"}, {"id": deep}], [1.0, 0.5], 0.0, OPEN)
    assert [(e["id"], e["aggregate_reward_score"]) for e in answer] == [("a", 1.0), (None, 0.5)]
    assert replaced == 1
    while deep:  # `==` would recurse too deeply
        deep = deep[0]


def test_components_have_the_type_reward_and_other_numbers_are_metrics():
    combined = settled(0.5, {"length": 3}, {"correct": 1})
    answer, _ = write_answer([{"id": 1}, {"id": 2}], [combined, Failure("timeout", "secret")], -1.0, OPEN)
    assert answer[0]["metrics_list"] == [
        {"name": "correct", "value": 1.0, "type": "Reward"},
        {"name": "length", "value": 3.0, "type": "Metric"},
    ]
    error = [
        {"name": name, "value": 1.0, "type": "Metric"} for name in ("grader_error", "grader_error_timeout")
    ]
    assert answer[1] == {"id": 2, "aggregate_reward_score": -1.0, "metrics_list": error}


GOOD = {"id": "a", "aggregate_reward_score": 1.0}
METRIC = {"name": "a", "value": 1, "type": "Metric"}
BAD_SCORES = (None, "1", True, [1], float("nan"))
BAD_LISTS = (
    *(5, {"a": 1}, ["a"], [{}], [METRIC] * 2),
    *([{**METRIC, name: bad}] for name, bad in {"value": "1", "type": "metric", "name": []}.items()),
)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (None, "not a list"),
        ({"statusCode": 200, "body": "{"}, "not JSON"),
        ({"statusCode": 200, "body": None}, "not a list"),
        ([], "1 sample was sent and 0"),
        ([GOOD, GOOD], "2 answers came back"),
        (["a"], "not an object"),
        ([{**GOOD, "id": "b"}], "carries the id"),
        ([{**GOOD, "id": None}], "carries the id"),
        *(([{**GOOD, "aggregate_reward_score": bad}], "answer 0") for bad in BAD_SCORES),
        *(([{**GOOD, "metrics_list": bad}], "answer 0") for bad in BAD_LISTS),
    ],
)
def test_an_answer_that_no_job_could_use_is_refused_with_the_reason(answer, why):
    with pytest.raises(EventError, match=why):
        read_answer(answer, [{"id": "a"}])


@pytest.mark.parametrize("key", [1, 1.0, True, "1"], ids=repr)
def test_ids_of_different_types_differ(key):
    for other in (1, 1.0, True, "1"):
        entry = [{**GOOD, "id": other}]
        if type(other) is type(key):
            assert read_answer(entry, [{"id": key}]) == [Reward(1.0)]
        else:
            with pytest.raises(EventError):
                read_answer(entry, [{"id": key}])


def test_type_checkers_know_every_wire():
    alias = next(
        node
        for node in ast.walk(ast.parse(Path(wire.__file__).read_text(encoding="utf-8")))
        if isinstance(node, ast.AnnAssign) and getattr(node.target, "id", "") == "Wire"
    )
    assert isinstance(alias.value, ast.Subscript)
    assert ast.literal_eval(alias.value.slice) == tuple(PROFILES)
