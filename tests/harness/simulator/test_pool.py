from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.errors import InputError
from harness.simulator.pool import Pool, load_pool, message_text

QUESTION = {"role": "user", "content": "How many?"}


def rollout(completion: str, **fields: object) -> dict[str, object]:
    messages = [QUESTION, {"role": "assistant", "content": completion}]
    return {"messages": messages, "reference_answer": "#### 3", **fields}


def test_rollouts_of_one_prompt_and_reference_are_a_group() -> None:
    pool = Pool([rollout("3"), rollout("4"), rollout("3", reference_answer="#### 4")])
    group = pool.of_record({"messages": [QUESTION], "reference_answer": "#### 3"})
    assert group is not None
    assert [candidate.text for candidate in group.candidates] == ["3", "4"]
    assert pool.of_record({"messages": [QUESTION], "reference_answer": "5"}) is None


def test_equal_completions_stay_apart() -> None:
    pool = Pool([rollout("3"), rollout("3")])
    (group,) = pool.groups.values()
    assert len({candidate.key for candidate in group.candidates}) == 2


def test_record_keys_do_not_depend_on_file_order() -> None:
    forth, back = (Pool([rollout(text) for text in order]) for order in (("3", "4", "5"), ("5", "4", "3")))
    keys = [{c.text: c.key for g in pool.groups.values() for c in g.candidates} for pool in (forth, back)]
    assert keys[0] == keys[1]


def test_a_bare_prompt_finds_a_record_with_a_system_message() -> None:
    system = {"role": "system", "content": "Be brief."}
    pool = Pool([{**rollout("3"), "messages": [system, QUESTION, {"role": "assistant", "content": "3"}]}])
    assert [candidate.text for candidate in pool.of_prompt([QUESTION])] == ["3"]
    assert [candidate.text for candidate in pool.of_prompt([system, QUESTION])] == ["3"]
    assert pool.of_prompt([{"role": "user", "content": "What?"}]) == []


def test_inference_knows_the_completions_of_all_references_of_a_prompt() -> None:
    pool = Pool([rollout("3"), rollout("4", reference_answer="#### 4")])
    assert [candidate.text for candidate in pool.of_prompt([QUESTION])] == ["3", "4"]


def test_null_content_is_no_text() -> None:
    assert message_text({"content": None}) == ""
    calls = [{"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}]
    pool = Pool([{"messages": [QUESTION, {"role": "assistant", "content": None, "tool_calls": calls}]}])
    (candidate,) = pool.of_prompt([QUESTION])
    assert json.loads(candidate.text) == calls


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "not JSON"),
        ("[]", "no list of `messages`"),
        (json.dumps({"messages": [QUESTION]}), "not the assistant's"),
        (json.dumps({"messages": ["x", "y"]}), "no list of `messages`"),
    ],
)
def test_an_invalid_line_is_named(tmp_path: Path, line: str, said: str) -> None:
    path = tmp_path / "r.jsonl"
    path.write_text(json.dumps(rollout("3")) + "\n\n" + line + "\n")
    with pytest.raises(InputError, match=said) as caught:
        load_pool([path])
    assert caught.value.place == f"{path}:3"


def test_a_missing_file_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        load_pool([tmp_path / "none.jsonl"])
