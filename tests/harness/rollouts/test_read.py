from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import InputError
from harness.rollouts.read import (
    Rollout,
    check_label,
    holds_rollouts,
    read_rollout,
    read_rollouts,
)
from support.rollout_files import rollout, write_rollouts

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.lists(st.characters() | st.sampled_from("\ud800\udfff\x1b\x00\r["), max_size=8).map("".join),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
FIELDS = st.dictionaries(
    st.sampled_from(["id", "record", "model", "metadata", "reference_answer", "messages", "verdict", "x"]),
    JSON,
)


def read(value: Any, label: str | None = None, at: int = 0) -> Rollout:
    found = read_rollout(at, json.dumps(value).encode(), label)
    assert found is not None
    return found


def test_the_harness_s_own_fields_never_reach_a_grader() -> None:
    line = rollout("a", "72", record="r", model="m", is_right=True, unit="clips")
    found = read(line, "is_right")
    assert found.sent == rollout("a", "72", unit="clips")
    assert (found.id, found.group, found.label, found.problem) == ("a", "r", True, None)


@pytest.mark.parametrize(
    ("turn", "length"),
    [
        ({"content": "<think>ab</think>7"}, 18),
        ({"content": "7", "reasoning_content": "ab", "reasoning": "ab"}, 3),
        ({"content": [{"type": "thinking", "thinking": "ab"}, {"type": "text", "text": "7"}]}, 3),
        ({"content": [{"reasoningContent": {"reasoningText": {"text": "ab"}}}, {"text": "7"}]}, 3),
        ({"content": None, "tool_calls": []}, 0),
        ({"content": 7}, 0),
    ],
)
def test_the_length_of_a_completion_counts_its_reasoning(turn: dict[str, Any], length: int) -> None:
    line = {"messages": [{"role": "assistant", **turn}], "finish_reason": "length"}
    assert read(line)[-2:] == (length, "length")
    assert read({**line, "finish_reason": None}).finish is None


def test_an_unrequested_verdict_is_an_ordinary_field() -> None:
    found = read(rollout("a", "72", is_right=True))
    assert found.label is None
    assert found.sent is not None
    assert found.sent["is_right"] is True


def test_metadata_is_spread_and_the_line_itself_wins() -> None:
    line = rollout(
        "a", "72", reference="72", metadata={"reference_answer": "no", "unit": "kg", "record": "r"}
    )
    found = read(line)
    assert found.sent == rollout("a", "72", reference="72", unit="kg")
    assert found.group == "r"


@pytest.mark.parametrize("key", ["text", 7, 2**70, [1, 2], "\ud800", False])
def test_an_id_is_unchanged(key: Any) -> None:
    assert read(rollout(key, "72")).id == key


def test_a_rollout_without_an_id_is_named_by_its_place() -> None:
    assert read(rollout(None, "72"), at=512).id == "at-512"


def test_rollouts_of_one_prompt_and_reference_are_a_group() -> None:
    one, same = read(rollout("a", "72")), read(rollout("b", "73"))
    other = read(rollout("c", "72", reference="#### 73"))
    assert one.group == same.group
    assert one.group != other.group
    assert read(rollout("d", "72", record=7)).group == "7"


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ([], "not an object"),
        ({"id": "a"}, "no messages"),
        ({"messages": []}, "no messages"),
        ({"messages": "assistant"}, "no messages"),
        ({"messages": [{"role": "user", "content": "q"}]}, "a record in a file of rollouts"),
        ({"messages": [{"role": ["assistant"]}]}, "a record in a file of rollouts"),
    ],
)
def test_an_invalid_line_has_a_reason(value: Any, problem: str) -> None:
    found = read(value)
    assert problem in str(found.problem)
    assert (found.sent, found.group) == (None, None)


@given(st.binary(max_size=200), st.none() | st.text(max_size=3))
def test_arbitrary_bytes_never_raise(line: bytes, label: str | None) -> None:
    found = read_rollout(0, line, label)
    assert found is None or (found.sent is None) != (found.problem is None)


@given(FIELDS, JSON, st.none() | st.just("verdict"))
def test_arbitrary_json_never_raises(fields: dict[str, Any], content: Any, label: str | None) -> None:
    line = {"messages": [{"role": "user", "content": content}, {"role": "assistant"}], **fields}
    found = read(line, label)
    assert (found.sent is None) != (found.problem is None)
    if found.sent is not None:
        assert not {"record", "model", label} & found.sent.keys()
        assert found.id is not None
        assert isinstance(found.group, str)


@given(
    lines=st.lists(st.binary(max_size=12).map(lambda raw: raw.replace(b"\n", b" ")), max_size=12),
    share=st.lists(st.floats(0, 1), max_size=6),
    ended=st.booleans(),
)
def test_byte_ranges_hold_every_line_once_wherever_they_are_cut(
    lines: list[bytes], share: list[float], ended: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("cut") / "rollouts.jsonl"
    path.write_bytes(b"\n".join([b'{"messages": 1}', *lines]) + b"\n" * ended)
    size = path.stat().st_size
    cuts = [0, *sorted(int(size * part) for part in share), size]
    whole = list(read_rollouts(path))
    parts = [list(read_rollouts(path, start, end)) for start, end in zip(cuts, cuts[1:], strict=False)]
    assert [one for part in parts for one in part] == whole


def test_lines_nested_to_any_depth_are_rollouts_or_problems() -> None:
    problems = set()
    # The limit of Python's parser differs: 1,000 levels in 3.11, and far more in 3.13.
    for depth in [3, *range(900, 1_010), 5_000, 20_000, 200_000]:
        content = "[" * depth + "]" * depth
        line = f'{{"messages": [{{"role": "user", "content": {content}}}, {{"role": "assistant"}}]}}'
        found = read_rollout(0, line.encode())
        assert found is not None
        assert (found.sent is None) != (found.problem is None)
        problems.add(found.problem and found.problem.partition(" at ")[0])
    assert problems == {None, "not readable: nested too deeply"}


def test_the_first_line_tells_rollouts_from_records(tmp_path: Path) -> None:
    record = {"messages": [{"role": "user", "content": "q"}]}
    assert holds_rollouts(write_rollouts(tmp_path / "a", [rollout("a", None)]))
    assert not holds_rollouts(write_rollouts(tmp_path / "b", [record]))
    (tmp_path / "c").write_text("\n \n" + json.dumps(record))
    assert not holds_rollouts(tmp_path / "c")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"\n\n", "empty"),
        (b'\n{"id": 1', "file:2: not JSON"),
        (b'{"asked": "q"}', "file:1: this is neither a rollout nor a record"),
        (b'{"messages": []}', "file:1: this is neither"),
        (b'{"messages": "text"}', "file:1: this is neither"),
        (b"[1]", "file:1: this is neither"),
        (b"\x1f\x8b\x08\x00", "the gzip file is cut off"),
        ('{"id": 1}'.encode("utf-16"), "UTF-16"),
    ],
)
def test_a_file_of_neither_records_nor_rollouts_is_refused(content: bytes, said: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(InputError) as caught:
        holds_rollouts(tmp_path / "file")
    assert said in str(caught.value)
    assert caught.value.fix


@pytest.mark.parametrize("label", ["id", "messages", "reference_answer", "metadata", "record", "model"])
def test_required_fields_cannot_be_labels(label: str) -> None:
    with pytest.raises(InputError, match=f"{label} cannot be a label"):
        check_label(label)
    check_label("is_right")
    check_label(None)
