"""Which records of an evaluation were used to train the job, according to its journal."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.data.sources import DataFile
from harness.errors import InputError
from harness.evaluation.exposure import (
    Exposure,
    exposure_of_base,
    exposure_of_job,
    exposure_of_model,
    refuse_trained,
)
from harness.jobs.journal import Entry, journal_of
from harness.jobs.plan import Plan, hyperparameters, read_training_file

ARN = "arn:aws:lambda:us-west-2:123456789012:function:word-problems:3"


def record(prompt: str, reference: str, **more: Any) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": prompt}], "reference_answer": reference, **more}


def write(path: Path, *records: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(one) + "\n" for one in records))
    return path


def job_on(folder: Path, training: DataFile) -> Path:
    """Write a journal of a job `mine` with the ID ftjob-1."""
    plan = Plan(read_training_file(training), ARN, "openai.gpt-oss-20b", hyperparameters(), "x", None)
    entry = Entry.open(folder / "jobs", "mine", plan, "now")
    entry.reach("created", file_id="file-1", job_id="ftjob-1")
    return folder / "jobs"


@pytest.fixture
def jobs(tmp_path: Path) -> Path:
    training = [record(f"{n}+1", str(n + 1)) for n in range(20)] + [record("a", "b", record="named")]
    return job_on(tmp_path, write(tmp_path / "train.jsonl", *training))


def test_a_training_file_that_was_piped_in_is_not_looked_for_in_what_is_piped_in_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = (json.dumps(record("1+1", "2")) + "\n").encode()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    jobs = job_on(tmp_path, "-")
    other = write(tmp_path / "new.jsonl", record("30+1", "31"))
    assert exposure_of_job(jobs, "mine", other).state == "not checked"
    with pytest.raises(InputError, match="was piped in and not kept"):
        journal_of(jobs, "mine")


@pytest.mark.parametrize("job", ["mine", "ftjob-1"])
def test_other_records_are_none(tmp_path: Path, jobs: Path, job: str) -> None:
    records = write(tmp_path / "new.jsonl", record("30+1", "31"), record("31+1", "32"))
    found = exposure_of_job(jobs, job, records)
    assert (found.state, found.records, found.sentence) == ("none", 2, None)


@pytest.mark.parametrize(
    ("same", "whole"),
    [
        (record("3+1", "4"), True),
        (record(" 3+1\n", "4"), True),
        (record("3+1", "4", id="of my own", level=2), True),
        (record("3+1", "4", record="renamed"), True),
        (record("anything", "b", record="named"), True),
        (record("a", "b"), True),
        (record("3+1", "four"), False),
        (record("3+1", "0 + 4"), False),
    ],
)
def test_the_same_record_or_prompt_is_found_however_it_is_written(
    tmp_path: Path, jobs: Path, same: dict[str, Any], whole: bool
) -> None:
    records = write(tmp_path / "new.jsonl", record("30+1", "31"), same)
    found = exposure_of_job(jobs, "mine", records)
    assert found.state == "trained"
    assert (found.same_record, found.same_prompt) == (int(whole), int(not whole))
    assert found.examples[0].startswith("new.jsonl:2 = train.jsonl:")
    assert exposure_of_job(jobs, "mine", records, limit=1).state == "none"
    with pytest.raises(
        InputError, match=r"mine: in its training file: 1 of 2 records .*allow-training-records"
    ):
        refuse_trained([("mine step 1", found), ("mine", found)])


def test_what_cannot_be_known_is_not_checked_and_never_refused(tmp_path: Path, jobs: Path) -> None:
    records = write(tmp_path / "new.jsonl", record("3+1", "4"))
    unknown = [exposure_of_job(jobs, "ftjob-9", records), exposure_of_model("ft:some:model")]
    (tmp_path / "train.jsonl").write_text("{}\n")
    unknown.append(exposure_of_job(jobs, "mine", records))
    (tmp_path / "train.jsonl").unlink()
    unknown.append(exposure_of_job(jobs, "mine", records))
    assert [one.state for one in unknown] == ["not checked"] * 4
    assert all("was not checked" in (one.sentence or "") for one in unknown)
    refuse_trained((one.state, one) for one in unknown)


def test_a_training_file_that_was_moved_is_known_by_its_content(tmp_path: Path, jobs: Path) -> None:
    moved = (tmp_path / "train.jsonl").rename(tmp_path / "held_out.jsonl")
    found = exposure_of_job(jobs, "mine", moved)
    assert (found.state, found.same_record) == ("trained", 21)


def test_a_training_file_that_is_no_jsonl_is_not_checked(tmp_path: Path) -> None:
    (tmp_path / "train.jsonl").write_text("no json\n")
    records = write(tmp_path / "new.jsonl", record("3+1", "4"))
    found = exposure_of_job(job_on(tmp_path, tmp_path / "train.jsonl"), "mine", records)
    assert found.state == "not checked"
    assert "train.jsonl:1" in (found.why or "")


def test_base_models_are_trained_by_no_job() -> None:
    assert exposure_of_model("openai.gpt-oss-20b") == exposure_of_base() == Exposure("not tuned")


@given(st.sets(st.integers(0, 12), min_size=1), st.sets(st.integers(0, 12), min_size=1))
def test_the_count_is_that_of_the_intersection(
    tmp_path_factory: pytest.TempPathFactory, training: set[int], evaluated: set[int]
) -> None:
    folder = tmp_path_factory.mktemp("exposure")
    write(folder / "train.jsonl", *(record(f"{n}", "x") for n in training))
    records = write(folder / "new.jsonl", *(record(f" {n} ", "x") for n in evaluated))
    found = exposure_of_job(job_on(folder, folder / "train.jsonl"), "mine", records)
    assert (found.same_record, found.same_prompt) == (len(training & evaluated), 0)
    assert found.records == len(evaluated)
