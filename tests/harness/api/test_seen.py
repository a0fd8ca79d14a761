from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.api.seen import SeenCheckpoint, SeenDeletion, SeenEvent, SeenFile, SeenJob, as_text
from support.published_requests import anything

GRADER = {"type": "lambda", "lambda": {"function": "arn:x"}}
TRAINING = {"grader": GRADER, "hyperparameters": {"n_epochs": 2}}
JOB = {
    "id": "ftjob-1",
    "created_at": 1_771_442_218_000,
    "finished_at": None,
    "status": "failed",
    "model": "openai.gpt-oss-20b",
    "fine_tuned_model": None,
    "training_file": "file-1",
    "method": {
        "type": "reinforcement",
        "reinforcement": {"grader": GRADER, "hyperparameters": {"n_epochs": 2}},
    },
    "hyperparameters": {"n_epochs": "auto"},
    "error": {"code": "grader_error", "message": "timed out", "param": None},
}
READERS = (SeenJob, SeenEvent, SeenCheckpoint, SeenFile)
FIELDS = """
    id status model fine_tuned_model training_file method hyperparameters created_at finished_at error level
    type message data step_number fine_tuned_model_checkpoint metrics filename bytes deleted reinforcement
    grader lambda function code
""".split()


def test_a_job_as_documented():
    job = SeenJob.read(JOB)
    assert (job.id, job.status, job.model, job.tuned_model) == (
        "ftjob-1",
        "failed",
        "openai.gpt-oss-20b",
        None,
    )
    assert (job.grader_arn, job.hyperparameters) == ("arn:x", {"n_epochs": 2})
    assert (job.created_at, job.finished_at) == (1_771_442_218.0, None)
    assert job.error == "grader_error: timed out"
    assert job.odd == {}
    assert job.raw is JOB


@pytest.mark.parametrize(
    ("field", "value", "odd"),
    [
        ("method", "reinforcement", {"method": "reinforcement"}),
        ("method", {"type": "supervised"}, {"method": '{"type": "supervised"}'}),
        ("method", {"reinforcement": {"grader": "x"}}, {"grader": "x"}),
        (
            "method",
            {"reinforcement": {"grader": {"type": "python"}}},
            {"grader": '{"type": "python"}'},
        ),
        ("id", None, {}),
        ("id", ["a"], {"id": '["a"]'}),
        ("status", {"code": 3}, {"status": '{"code": 3}'}),
        ("fine_tuned_model", True, {"fine_tuned_model": "true"}),
    ],
)
def test_what_is_misshapen_is_kept_as_text(field, value, odd):
    assert SeenJob.read({**JOB, field: value}).odd == odd


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        (None, None),
        (False, None),
        ({}, None),
        ("", None),
        ({"code": None, "message": None}, None),
        ("boom", "boom"),
        (["boom"], '["boom"]'),
        ({"message": "boom"}, "boom"),
        ({"code": "x"}, "x"),
        ({"detail": "boom"}, '{"detail": "boom"}'),
        ({"code": 3, "message": {"a": 1}}, '3: {"a": 1}'),
    ],
)
def test_why_a_job_failed_is_read_in_any_shape(sent, read):
    assert SeenJob.read({"error": sent}).error == read


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        (None, None),
        (0, None),
        (10, 10.0),
        ("2026-01-01T00:00:00Z", 1767225600.0),
        ("soon", "soon"),
        ([1], "[1]"),
    ],
)
def test_a_time_is_read_or_kept_as_text(sent, read):
    assert SeenJob.read({"created_at": sent}).created_at == read


def test_numbers_stand_for_ids_and_whole_floats_for_numbers():
    assert SeenEvent.read({"id": 7}).id == "7"
    assert SeenCheckpoint.read({"step_number": 2.0}).step == 2
    assert SeenFile.read({"bytes": 2.5}).odd == {"bytes": "2.5"}


@pytest.mark.parametrize(
    "said", [{}, {"deleted": False}, {"deleted": "true"}, {"deleted": 1}, {"deleted": None}]
)
def test_only_a_plain_true_is_a_deletion(said):
    assert not SeenDeletion.read(said).deleted
    assert SeenDeletion.read({"deleted": True}).deleted


def test_an_event_that_says_nothing_is_shown_as_it_came():
    assert SeenEvent.read({"id": "e", "note": 1}).text == '{"id": "e", "note": 1}'


def test_text_of_what_is_nested_too_deeply():
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    assert as_text(deep) == "(nested too deeply to be shown)"


@given(st.dictionaries(st.sampled_from(FIELDS) | st.text(max_size=4), anything | st.just(JOB["method"])))
def test_any_object_is_read(raw):
    for reader in READERS:
        seen = reader.read(raw)
        assert seen.raw is raw
        assert all(isinstance(text, str) for text in seen.odd.values())
