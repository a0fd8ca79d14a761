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
    said = " ".join(done.stdout.splitlines()[:2])
    assert said.startswith(
        "Not measured: 2 groups of two or more rewards; at least 10 are needed; `rft rollout -n 8`"
    )


def test_json_is_the_record(folder):
    found = json.loads(rft_inside(folder, "signal", "first", "--json").stdout)
    assert found["verdict"]["action"] == "train"
    assert found["zero_std"]["value"] == 0.0
    assert found["job"]["steps"] == 3


def test_what_is_no_run_is_refused(folder):
    assert "there is no run here" in refusal(folder, "signal", "nothing")


@pytest.fixture(scope="module")
def trained(folder):
    """A folder with a training file, and a run of its records in which some are always right."""
    lines = []
    for record in range(40):
        right = (8, 0)[record % 2] if record < 20 else record % 7 + 1
        for number in range(8):
            lines.append(
                {
                    "record": f"p{record}",
                    "messages": [
                        {"role": "user", "content": f"name {record}"},
                        {"role": "assistant", "content": "yes" if number < right else "nay"},
                    ],
                    "reference_answer": "yes",
                }
            )
    write = "".join(json.dumps(one) + "\n" for one in lines)
    # 80 more completions for each of the first two records, so that the result is certain enough.
    (folder / "many.jsonl").write_text(write + "".join(json.dumps(one) + "\n" for one in lines[:16] * 10))
    records = [{**one, "messages": one["messages"][:1]} for one in lines[::8]]
    (folder / "train.jsonl").write_text("".join(json.dumps(one) + "\n" for one in records))
    done = rft_inside(folder, "replay", "many.jsonl", "--grader", "my_grader.py", "--name", "many")
    assert done.returncode == 0, done.stderr
    return folder


def test_records_that_would_teach_nothing_are_left_out_of_a_new_training_file(trained):
    before = (trained / "train.jsonl").read_bytes()
    done = rft_inside(trained, "signal", "many", "--records", "train.jsonl", "--out", "kept.jsonl")
    assert done.returncode == 0, done
    assert "  kept.jsonl: 38 records kept, 2 dropped\n    a job needs at least 100 records\n" in done.stdout
    assert "forecast: 10 steps, 304 completions" in done.stdout, "the forecast covers only the kept records"
    assert (trained / "kept.jsonl").read_bytes() == b"".join(before.splitlines(keepends=True)[2:])
    assert (trained / "train.jsonl").read_bytes() == before
    said = refusal(trained, "signal", "many", "--records", "train.jsonl", "--out", "kept.jsonl")
    assert "kept.jsonl: this file exists already" in said


def test_the_job_is_planned_for_the_training_file(trained):
    found = json.loads(rft_inside(trained, "signal", "many", "--records", "train.jsonl", "--json").stdout)
    assert (found["job"]["steps"], found["job"]["graded"]) == (10, 320)
    assert "kept" not in found
    assert "no such file" in refusal(trained, "signal", "many", "--records", "nothing.jsonl")


def test_what_cannot_be_dropped_writes_nothing(trained):
    said = refusal(trained, "signal", "many", "--out", "none.jsonl")
    assert "Add --records FILE" in said
    said = refusal(trained, "signal", "few", "--records", "train.jsonl", "--out", "none.jsonl")
    assert "the records to drop were not measured: 2 groups of two or more rewards" in said
    assert not (trained / "none.jsonl").exists()
