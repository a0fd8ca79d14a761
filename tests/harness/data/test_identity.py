"""Record keys and leak keys: one table of cases, run through all the code that compares records."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.data.file_checks import FileChecks
from harness.data.identity import content_key, leak_key, leak_sets, record_key
from harness.data.json_lines import LineError
from harness.rehearsal.split import split
from harness.rollouts.read import read_rollout
from harness.simulator.examples import choose_examples
from harness.simulator.pool import Pool

SYSTEM = {"role": "system", "content": "Answer briefly."}
RESULT = {"role": "tool", "content": "1"}
CALL = {"type": "function", "function": {"name": "add", "arguments": '{"a": 1}'}}
OTHER_CALL = {"type": "function", "function": {"name": "add", "arguments": '{"a": 2}'}}


def user(content: Any, **more: Any) -> dict[str, Any]:
    return {"role": "user", "content": content, **more}


def image(data: str) -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": data}}


def record(*messages: dict[str, Any], reference: Any = "2 + 3 = 5\n#### 5", **more: Any) -> dict[str, Any]:
    return {
        "messages": list(messages) or [user("What is 2 + 3? \u00e9")],
        "reference_answer": reference,
        **more,
    }


SAME, ALIKE, OTHER = (True, True), (False, True), (False, False)
"""(same record key, same leak key)"""

TABLE: dict[str, tuple[dict[str, Any], dict[str, Any], tuple[bool, bool]]] = {
    "surrounding white space": (record(), record(user("\n What is 2 + 3? \u00e9 \n")), SAME),
    "line ends": (record(user("a\nb")), record(user("a\r\nb")), SAME),
    "white space around the reference": (record(), record(reference=" 2 + 3 = 5\n#### 5\n"), SAME),
    "content as blocks": (record(), record(user([{"type": "text", "text": "What is 2 + 3? \u00e9"}])), SAME),
    "content as several blocks": (
        record(),
        record(user([{"text": "What is "}, "2 ", {"type": "text", "text": "+ 3? \u00e9"}])),
        SAME,
    ),
    "content as blocks of the Responses API": (
        record(user("a"), {"role": "assistant", "content": "b"}, user("c")),
        record(
            user([{"type": "input_text", "text": "a"}]),
            {"role": "assistant", "content": [{"type": "output_text", "text": "b", "annotations": []}]},
            user([{"type": "input_text", "text": "c"}]),
        ),
        SAME,
    ),
    "extra keys in a message": (record(), record(user("What is 2 + 3? \u00e9", name="Ann", weight=1)), SAME),
    "prompt in another Unicode form": (record(), record(user("What is 2 + 3? e\u0301")), SAME),
    "reference in another Unicode form": (record(reference="\u00e9"), record(reference="e\u0301"), SAME),
    "reference wrapped": (record(), record(reference={"text": "2 + 3 = 5\n#### 5"}), SAME),
    "missing and null reference": (record(reference=None), {"messages": record()["messages"]}, SAME),
    "reference with its keys in another order": (
        record(reference={"a": 1, "b": 2}),
        record(reference={"b": 2, "a": 1}),
        SAME,
    ),
    "another field": (record(), record(level=3), SAME),
    "assistant turns under Nova's name": (
        record(user("a"), {"role": "assistant", "content": "b"}, user("c")),
        record(user("a"), {"role": "nova_assistant", "content": "b"}, user("c")),
        SAME,
    ),
    "missing and null content": (
        record(user("a"), {"role": "assistant", "tool_calls": [CALL]}, RESULT),
        record(
            user("a"),
            {"role": "assistant", "content": None, "tool_calls": [{"id": "call_7", **CALL}]},
            {"role": "tool", "tool_call_id": "call_7", "content": "1"},
        ),
        SAME,
    ),
    "the same name": (record(record="r"), record(user("Add 2 and 3."), record="r"), SAME),
    "the same name, a number": (record(record=7), record(user("Add 2 and 3."), record=7), SAME),
    "other working": (record(), record(reference="3 + 2 = 5\n#### 5"), ALIKE),
    "other indentation": (
        record(user("if x:\n    a()\nb()")),
        record(user("if x:\n    a()\n    b()")),
        ALIKE,
    ),
    "other spacing in the reference": (record(reference="a b"), record(reference="a  b"), ALIKE),
    "another reference": (record(), record(reference="#### 6"), ALIKE),
    "a reference that only looks wrapped": (
        record(reference="5"),
        record(reference={"text": "5", "unit": "m"}),
        ALIKE,
    ),
    "a number and its string": (record(reference=5), record(reference="5"), ALIKE),
    "another name": (record(record="r"), record(record="s"), ALIKE),
    "another prompt": (record(), record(user("What is 2 + 4?")), OTHER),
    "another image": (
        record(user([{"text": "What is this?"}, image("data:a")])),
        record(user([{"text": "What is this?"}, image("data:b")])),
        OTHER,
    ),
    "one more image": (record(user("a")), record(user([{"text": "a"}, image("data:a")])), OTHER),
    "another file": (
        record(user([{"type": "file", "file": {"file_id": "1"}}, {"text": "a"}])),
        record(user([{"type": "file", "file": {"file_id": "2"}}, {"text": "a"}])),
        OTHER,
    ),
    "a system prompt": (record(), record(SYSTEM, user("What is 2 + 3? \u00e9")), OTHER),
    "another system prompt": (
        record(SYSTEM, user("a")),
        record({"role": "system", "content": "Explain."}, user("a")),
        OTHER,
    ),
    "another tool call": (
        record(user("a"), {"role": "assistant", "tool_calls": [CALL]}, RESULT),
        record(
            user("a"), {"role": "assistant", "tool_calls": [OTHER_CALL]}, {"role": "tool", "content": "1"}
        ),
        OTHER,
    ),
    "the same words in another role": (
        record(user("a"), {"role": "assistant", "content": "b"}, user("c")),
        record(user("a"), user("b"), user("c")),
        OTHER,
    ),
    "one message split in two": (record(user("a b")), record(user("a"), user("b")), OTHER),
}


def rollout(fields: dict[str, Any], completion: str) -> dict[str, Any]:
    return {**fields, "messages": [*fields["messages"], {"role": "assistant", "content": completion}]}


def by_keys(one: dict[str, Any], two: dict[str, Any], folder: Path) -> tuple[bool, bool]:
    same = record_key(one) == record_key(two)
    return same, same or leak_key(one) == leak_key(two)


def by_validation(one: dict[str, Any], two: dict[str, Any], folder: Path) -> tuple[bool, bool]:
    checks = FileChecks()
    found = [breach.rule for line, fields in enumerate((one, two), 1) for breach in checks.add(line, fields)]
    return found == ["R060"], found in (["R060"], ["R061"])


def by_replay(one: dict[str, Any], two: dict[str, Any], folder: Path) -> tuple[bool, bool]:
    lines = [json.dumps(rollout(fields, "5")).encode() for fields in (one, two)]
    groups = [read.group for at, line in enumerate(lines) if (read := read_rollout(at, line))]
    same = groups[0] == groups[1]
    return same, same or leak_key(one) == leak_key(two)  # a replay does not use the leak key


def by_pool(one: dict[str, Any], two: dict[str, Any], folder: Path) -> tuple[bool, bool]:
    pool = Pool([rollout(fields, text) for fields in (one, two) for text in "ab"])
    first = pool.of_record(one)
    assert first is not None
    chosen = choose_examples([one], None, pool, seed=0)
    same = pool.of_record(two) is first and len(first.candidates) == 4
    return same, not chosen.held_out


def by_split(one: dict[str, Any], two: dict[str, Any], folder: Path) -> tuple[bool, bool]:
    """Return whether the two are one record, and whether every split keeps them on one side."""
    far = [record(user(f"far {number}")) for number in range(2)]
    path = folder / "rollouts.jsonl"
    path.write_text(
        "".join(
            json.dumps(rollout(fields, text)) + "\n" for fields in (one, two, *far) for text in ("a", "b")
        )
    )
    wanted = {leak_key(one), leak_key(two)}
    parted = False
    for seed in range(20):
        found = split(path, 0.5, seed)
        sides = [
            {leak for example in side for leak in example.group.leaks}
            for side in (found.training, found.held_out)
        ]
        parted |= all(wanted & side for side in sides)
    return len(found.training) + len(found.held_out) == 3, not parted


@pytest.mark.parametrize("user_of_keys", [by_keys, by_validation, by_replay, by_pool, by_split])
@pytest.mark.parametrize("row", TABLE)
def test_everything_that_compares_records_agrees(
    row: str, user_of_keys: Callable[..., tuple[bool, bool]], tmp_path: Path
) -> None:
    one, two, expected = TABLE[row]
    assert user_of_keys(one, two, tmp_path) == expected
    assert user_of_keys(two, one, tmp_path) == expected


def test_a_completion_does_not_affect_the_record_key() -> None:
    assert record_key(rollout(record(), "5")) == record_key(record())
    assert leak_key(rollout(record(), "5")) == leak_key(record())


def test_an_explicit_name_overrides_the_content_key() -> None:
    named = record(record="r")
    assert record_key(named) == "r"
    assert content_key(named) == record_key(record())
    assert record_key({"messages": named["messages"], "metadata": {"record": "r"}}) == "r"


def test_fields_in_metadata_count() -> None:
    wrapped = {"messages": record()["messages"], "metadata": {"reference_answer": "2 + 3 = 5\n#### 5"}}
    assert record_key(wrapped) == record_key(record())


def test_too_deep_a_line_says_so() -> None:
    deep: Any = 1
    for _ in range(5000):
        deep = [deep]
    with pytest.raises(LineError, match="nested too deeply"):
        record_key(record(reference=deep))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=())),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


@given(st.lists(st.dictionaries(st.sampled_from(["role", "content", "tool_calls"]), JSON) | JSON), JSON)
def test_any_json_has_keys(messages: list[Any], reference: Any) -> None:
    fields = {"messages": messages, "reference_answer": reference}
    again = json.loads(json.dumps(fields))
    assert record_key(fields) == record_key(again)
    assert leak_key(fields) == leak_key(again)


@given(st.lists(st.sets(st.sampled_from("abcdef"), min_size=1, max_size=3), max_size=8))
def test_leak_sets_are_the_connected_records(records: list[set[str]]) -> None:
    sets = leak_sets(records)
    assert sorted(index for members in sets for index in members) == list(range(len(records)))
    assert [members[0] for members in sets] == sorted(members[0] for members in sets)
    held = [set().union(*(records[index] for index in members)) for members in sets]
    for at, keys in enumerate(held):
        assert all(keys.isdisjoint(other) for other in held[at + 1 :])
    for members in sets:  # each set must be connected
        reached, todo = set(), {members[0]}
        while todo:
            reached |= todo
            todo = {
                index
                for index in members
                if index not in reached and any(records[index] & records[other] for other in reached)
            }
        assert reached == set(members)


def test_held_out_records_of_two_templates_are_not_trained_on(tmp_path: Path) -> None:
    """Half of the completions come from a template that ends its prompts with a newline."""
    lines = [
        rollout(record(user(f"What is {number} * 3?" + "\n" * (k >= 4)), reference=str(number * 3)), str(k))
        for number in range(40)
        for k in range(8)
    ]
    path = tmp_path / "rollouts.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    parts = split(path, 0.1, 0)
    assert (len(parts.training), len(parts.held_out), parts.fewest) == (36, 4, 8)
    examples = choose_examples([example.record for example in parts.training], None, Pool(lines), seed=0)
    for chosen in (parts, examples):
        assert (len(chosen.training), len(chosen.held_out)) == (36, 4)
        assert {len(example.group.candidates) for example in chosen.training + chosen.held_out} == {8}
