"""`rft signal`, on a run of the shipped samples."""

from __future__ import annotations

import json

import pytest

from support.rft_command import refusal, rft_inside, write_grader


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("signal")
    write_grader(folder)
    records = [
        {
            "id": f"{record}/{number}",
            "record": f"p{record}",
            "messages": [
                {"role": "user", "content": f"name {record}"},
                {"role": "assistant", "content": "yes" if number % 2 else "nay"},
            ],
            "reference_answer": "yes",
            "finish_reason": "stop",
        }
        for record in range(12)
        for number in range(4)
    ]
    (folder / "rollouts.jsonl").write_text("".join(json.dumps(one) + "\n" for one in records))
    (folder / "few.jsonl").write_text("".join(json.dumps(one) + "\n" for one in records[:8]))
    for name, file in (("first", "rollouts.jsonl"), ("few", "few.jsonl")):
        done = rft_inside(folder, "replay", file, "--grader", "my_grader.py", "--name", name)
        assert done.returncode == 0, done.stderr
    return folder


def test_the_first_line_is_the_advice_and_80_columns_hold_all(folder):
    done = rft_inside(folder, "signal", "first", "--region", "us-west-2")
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert lines[0] == "Train: the rewards differ within 100% of the 12 groups."
    assert max(map(len, lines)) <= 80
    assert "USD in us-west-2" in done.stdout


def test_too_little_is_not_measured_and_exit_2(folder):
    done = rft_inside(folder, "signal", "few")
    assert done.returncode == 2
    assert done.stdout.startswith("Not measured: 2 groups, and it takes 10.")


def test_json_is_the_record(folder):
    found = json.loads(rft_inside(folder, "signal", "first", "--json").stdout)
    assert found["verdict"]["action"] == "train"
    assert found["zero_std"]["value"] == 0.0
    assert found["job"]["steps"] == 3


def test_what_is_no_run_is_refused(folder):
    assert "there is no run here" in refusal(folder, "signal", "nothing")
