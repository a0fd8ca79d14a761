"""Records made from rollouts and split into a training and a held-out set."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import InputError
from harness.rehearsal.split import Split, split
from harness.samples import RECORDS, ROLLOUTS


def rollout(number: int, k: int, **fields: Any) -> dict[str, Any]:
    turns = [{"role": "user", "content": f"q{number}"}, {"role": "assistant", "content": f"a{k}"}]
    return {
        "id": f"{number}/{k}",
        "record": f"r{number}",
        "messages": turns,
        "reference_answer": number,
        **fields,
    }


def write(folder: Path, rollouts: list[dict[str, Any]]) -> Path:
    path = folder / "rollouts.jsonl"
    path.write_text("".join(json.dumps(one) + "\n" for one in rollouts))
    return path


def records(found: Split) -> list[dict[str, Any]]:
    return [example.record for example in (*found.training, *found.held_out)]


def test_the_shipped_rollouts_give_the_shipped_records() -> None:
    found = split(ROLLOUTS, 0.1, 0)
    sizes = (len(found.training), len(found.held_out), found.completions, found.fewest, found.single)
    assert sizes == (270, 30, 2400, 8, 0)
    assert found.left_out == ["is_right"]

    def key(record: dict[str, Any]) -> str:
        return json.dumps({name: record[name] for name in ("messages", "reference_answer")}, sort_keys=True)

    shipped = [json.loads(line) for line in RECORDS.read_text().splitlines()]
    assert sorted(map(key, records(found))) == sorted(map(key, shipped))


@given(st.integers(2, 40), st.floats(0.01, 0.99), st.integers())
def test_every_record_is_on_one_side_and_both_have_some(
    tmp_path_factory: pytest.TempPathFactory, count: int, share: float, seed: int
) -> None:
    path = write(tmp_path_factory.mktemp("split"), [rollout(at, k) for k in range(2) for at in range(count)])
    found = split(path, share, seed)
    sides = [
        {example.record["reference_answer"] for example in side} for side in (found.training, found.held_out)
    ]
    assert sides[0] | sides[1] == set(range(count))
    assert not sides[0] & sides[1]
    assert all(sides)


def test_the_seed_decides(tmp_path: Path) -> None:
    path = write(tmp_path, [rollout(record, k) for record in range(50) for k in range(2)])
    held = [[example.record for example in split(path, 0.2, seed).held_out] for seed in (1, 1, 2)]
    assert held[0] == held[1] != held[2]


def test_records_that_share_a_prompt_stay_together(tmp_path: Path) -> None:
    rollouts = [
        rollout(record, k, reference_answer=answer, record=f"{record}.{answer}")
        for record in range(20)
        for answer in (1, 2)
        for k in range(2)
    ]
    found = split(write(tmp_path, rollouts), 0.25, 0)
    assert (len(found.training), len(found.held_out)) == (30, 10)
    prompts = [{example.record["messages"][0]["content"] for example in side}
               for side in (found.training, found.held_out)]  # fmt: skip
    assert not prompts[0] & prompts[1]


def test_one_prompt_alone_can_be_trained_on_but_not_split(tmp_path: Path) -> None:
    both = [rollout(1, k, record=str(answer), reference_answer=answer) for answer in (1, 2) for k in (0, 1)]
    path = write(tmp_path, both)
    assert len(split(path, 0, 0).training) == 2
    with pytest.raises(InputError, match="all rollouts have the same prompt"):
        split(path, 0.1, 0)


def test_a_record_with_one_completion_is_on_neither_side(tmp_path: Path) -> None:
    path = write(tmp_path, [rollout(record, k) for record in range(9) for k in range(2)] + [rollout(9, 0)])
    found = split(path, 0.1, 0)
    assert (len(records(found)), found.single) == (9, 1)


def test_fields_about_completions_are_left_out_of_all_records(tmp_path: Path) -> None:
    rollouts = [
        rollout(record, k, ok=record == 1 and k == 1, level=record) for record in range(4) for k in (0, 1)
    ]
    found = split(write(tmp_path, rollouts), 0.25, 0, ("level",))
    assert found.left_out == ["level", "ok"]
    for record in records(found):
        assert record.keys() == {"messages", "reference_answer"}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "the file is empty"),
        (b"\n\n", "the file is empty"),
        (b"{\n", r"rollouts\.jsonl:1: not JSON"),
        (b'{"messages": ["x", {"role": "assistant"}]}\n', r"rollouts\.jsonl:1: a message is not an object"),
        (b'{"messages": [{"role": "assistant"}]}\n', r"rollouts\.jsonl:1: this is not a rollout"),
        (b"[]\n", r"rollouts\.jsonl:1: this is not a rollout"),
    ],
)
def test_what_is_no_rollouts_file_is_named(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "rollouts.jsonl"
    path.write_bytes(content)
    with pytest.raises(InputError, match=said):
        split(path, 0.1, 0)


def test_groups_of_one_and_files_of_records_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="3 of 3 records have one completion.*rft rollout"):
        split(write(tmp_path, [rollout(record, 0) for record in range(3)]), 0.1, 0)
    with pytest.raises(InputError, match=r"records\.jsonl:1: this is not a rollout.*rft rollout"):
        split(RECORDS, 0.1, 0)
    with pytest.raises(InputError, match="all rollouts belong to one record"):
        split(write(tmp_path, [rollout(1, 0), rollout(1, 1)]), 0.1, 0)
