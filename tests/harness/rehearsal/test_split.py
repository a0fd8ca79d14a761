"""Records made of rollouts: no twin on both sides, nothing about a completion in a record."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.data.validate import validate
from harness.errors import InputError
from harness.rehearsal.split import split
from harness.samples import RECORDS, ROLLOUTS


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def rollout(record: int, k: int, **fields: Any) -> dict[str, Any]:
    turns = [{"role": "user", "content": f"q{record}"}, {"role": "assistant", "content": f"a{k}"}]
    return {
        "id": f"{record}/{k}",
        "record": f"r{record}",
        "messages": turns,
        "reference_answer": record,
        **fields,
    }


def write(folder: Path, rollouts: list[dict[str, Any]]) -> Path:
    path = folder / "rollouts.jsonl"
    path.write_text("".join(json.dumps(one) + "\n" for one in rollouts))
    return path


def test_the_shipped_rollouts_give_the_shipped_records(tmp_path: Path) -> None:
    found = split(ROLLOUTS, tmp_path, 0.1, 0)
    assert (found.training_records, found.held_out_records, found.completions, found.fewest) == (
        270,
        30,
        2400,
        8,
    )
    assert found.left_out == ["is_right"]
    made = [*lines(found.training), *lines(found.held_out)]

    def key(record: dict[str, Any]) -> str:
        return json.dumps({name: record[name] for name in ("messages", "reference_answer")}, sort_keys=True)

    assert sorted(map(key, made)) == sorted(map(key, lines(RECORDS)))
    assert validate(found.training).errors == 0


@given(st.integers(2, 40), st.floats(0.01, 0.99), st.integers())
def test_every_record_is_on_one_side_and_both_have_some(
    tmp_path_factory: pytest.TempPathFactory, count: int, share: float, seed: int
) -> None:
    folder = tmp_path_factory.mktemp("split")
    path = write(folder, [rollout(record, k) for k in range(2) for record in range(count)])
    found = split(path, folder, share, seed)
    sides = [
        {record["reference_answer"] for record in lines(side)} for side in (found.training, found.held_out)
    ]
    assert sides[0] | sides[1] == set(range(count))
    assert not sides[0] & sides[1]
    assert all(sides)


def test_the_seed_decides(tmp_path: Path) -> None:
    path = write(tmp_path, [rollout(record, k) for record in range(50) for k in range(2)])
    held = []
    for seed in (1, 1, 2):
        split(path, tmp_path, 0.2, seed)
        held.append(lines(tmp_path / "held_out.jsonl"))
    assert held[0] == held[1] != held[2]


def test_fields_about_completions_are_left_out_of_all_records(tmp_path: Path) -> None:
    rollouts = [
        rollout(record, k, ok=record == 1 and k == 1, level=record) for record in range(4) for k in (0, 1)
    ]
    found = split(write(tmp_path, rollouts), tmp_path, 0.25, 0, ("level",))
    assert found.left_out == ["level", "ok"]
    for record in lines(found.training) + lines(found.held_out):
        assert record.keys() == {"messages", "reference_answer"}


def test_groups_of_one_and_files_of_records_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="3 of 3 records have one completion.*rft rollout"):
        split(write(tmp_path, [rollout(record, 0) for record in range(3)]), tmp_path, 0.1, 0)
    with pytest.raises(InputError, match=r"records\.jsonl:1: this is no rollout.*rft rollout"):
        split(RECORDS, tmp_path, 0.1, 0)
    with pytest.raises(InputError, match="all rollouts are of one record"):
        split(write(tmp_path, [rollout(1, 0), rollout(1, 1)]), tmp_path, 0.1, 0)
