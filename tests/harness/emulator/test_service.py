"""Every operation of AWS's document, with the official client and an emulator in its own process."""

from __future__ import annotations

import json
import urllib.error
from typing import Any

import pytest
from openai import APIStatusError, AuthenticationError, BadRequestError, NotFoundError, OpenAI
from openai.types import FileDeleted, FileObject, Model
from openai.types.fine_tuning import FineTuningJobEvent
from openai.types.fine_tuning.jobs import FineTuningJobCheckpoint

from harness.api.types import NOT_RECORDED
from support.openapi import assert_valid, assert_valid_job

BASE = "openai.gpt-oss-20b"


def test_files_are_uploaded_listed_retrieved_downloaded_and_deleted(serve, data) -> None:
    service = serve()
    content = data.jsonl(data.records_of(data.rollouts()))
    made = service.client.files.create(file=("mine.jsonl", content), purpose="fine-tune")
    assert (made.filename, made.bytes, made.purpose, made.status) == (
        "mine.jsonl",
        len(content),
        "fine-tune",
        "processed",
    )
    assert_valid(FileObject, service.raw("GET", f"/v1/files/{made.id}"))
    other = service.upload(data.records_of(data.rollouts())[:3])
    assert [file.id for file in service.client.files.list(purpose="fine-tune")] == [other, made.id]
    assert [file.id for file in service.client.files.list(limit=1)] == [other, made.id]
    assert service.client.files.content(made.id).content == content
    assert_valid(FileDeleted, service.raw("DELETE", f"/v1/files/{made.id}"))
    with pytest.raises(NotFoundError):
        service.client.files.retrieve(made.id)
    assert [file.id for file in service.client.files.list()] == [other]


def test_a_job_is_created_retrieved_and_listed_with_its_grader_whole(serve, data) -> None:
    service = serve()
    file = service.upload(data.records_of(data.rollouts()))
    raw = service.client.fine_tuning.jobs.with_raw_response.create(
        model=BASE, training_file=file, extra_body=data.method(n_epochs=1, learning_rate_multiplier=1.0)
    )
    job = json.loads(raw.text)
    assert_valid_job(job)
    assert job["status"] == "validating_files"
    assert job["method"]["reinforcement"]["grader"] == {"type": "lambda", "lambda": {"function": data.arn}}
    assert service.job(job["id"]) == job
    service.step(2)
    assert service.job(job["id"])["status"] == "running"
    page = service.raw("GET", "/v1/fine_tuning/jobs?limit=20")
    assert [each["id"] for each in page["data"]] == [job["id"]]
    assert page["has_more"] is False
    service.finish()
    done = service.job(job["id"])
    assert_valid_job(done)
    assert done["status"] == "succeeded"
    assert done["fine_tuned_model"]


def test_jobs_are_paged_newest_first(serve, data) -> None:
    service = serve()
    file = service.upload(data.records_of(data.rollouts()))
    names = [service.submit(file) for _ in range(5)]
    assert [job.id for job in service.client.fine_tuning.jobs.list(limit=2)] == names[::-1]
    page = service.raw("GET", f"/v1/fine_tuning/jobs?limit=2&after={names[3]}")
    assert [job["id"] for job in page["data"]] == [names[2], names[1]]
    assert page["has_more"] is True


def test_events_are_paged_newest_first_as_the_document_does(trained) -> None:
    service, name = trained
    collected: list[Any] = []
    after = None
    while True:
        extra: Any = {"after": after} if after else {}
        page = service.client.fine_tuning.jobs.list_events(fine_tuning_job_id=name, limit=3, **extra)
        collected.extend(page.data)
        if not page.has_more:
            break
        after = page.data[-1].id
    assert [event.id for event in collected] == [event["id"] for event in service.events(name)[::-1]]
    for event in service.events(name):
        assert_valid(FineTuningJobEvent, event)
    assert collected[-1].message.startswith("Created fine-tuning job")
    metrics = [event for event in collected[::-1] if event.type == "metrics"]
    assert [event.message for event in metrics] == [f"Step {at}/8: training metrics" for at in range(1, 9)]
    assert set(metrics[0].data) == {
        "total_steps",
        "step",
        "actor_grad_norm",
        "response_length_mean",
        "actor_pg_loss",
        "critic_rewards_mean",
        "actor_entropy",
        "critic_advantages_mean",
    }


def test_checkpoints_are_listed_and_can_be_asked(trained, data) -> None:
    service, name = trained
    raw = service.raw("GET", f"/v1/fine_tuning/jobs/{name}/checkpoints?limit=10")
    assert [checkpoint["step_number"] for checkpoint in raw["data"]] == [8, 6, 4, 2]
    assert (raw["first_id"], raw["last_id"]) == (raw["data"][0]["id"], raw["data"][-1]["id"])
    for checkpoint in raw["data"]:
        assert_valid(FineTuningJobCheckpoint, checkpoint)
        assert checkpoint["metrics"]["full_valid_mean_token_accuracy"] is not None
    listed = service.client.fine_tuning.jobs.checkpoints.list(fine_tuning_job_id=name, limit=3)
    assert [checkpoint.step_number for checkpoint in listed] == [8, 6, 4, 2]
    messages = data.records_of(data.rollouts())[0]["messages"]
    for checkpoint in raw["data"]:
        answer = service.client.chat.completions.create(
            model=checkpoint["fine_tuned_model_checkpoint"], messages=messages, max_tokens=100
        )
        assert answer.choices[0].message.content != NOT_RECORDED


def test_a_job_is_cancelled_once_and_for_all(serve, data) -> None:
    service = serve()
    name = service.submit(service.upload(data.records_of(data.rollouts())))
    service.step(4)
    raw = service.raw("POST", f"/v1/fine_tuning/jobs/{name}/cancel")
    assert_valid_job(raw)
    assert raw["status"] == "cancelled"
    steps = [event for event in service.events(name) if event["type"] == "metrics"]
    assert service.finish()["done"] == 0
    assert [event for event in service.events(name) if event["type"] == "metrics"] == steps
    # The client may repeat a request whose response it lost.
    assert service.raw("POST", f"/v1/fine_tuning/jobs/{name}/cancel") == raw


def test_a_finished_job_cannot_be_cancelled(trained) -> None:
    service, name = trained
    with pytest.raises(BadRequestError, match="already completed"):
        service.client.fine_tuning.jobs.cancel(name)


def test_models_are_listed_base_and_tuned(trained) -> None:
    service, name = trained
    raw = service.raw("GET", "/v1/models")
    for model in raw["data"]:
        assert_valid(Model, model)
    names = {model.id for model in service.client.models.list()}
    assert {BASE, "qwen.qwen3-32b", service.job(name)["fine_tuned_model"]} <= names
    assert service.client.models.retrieve(BASE).id == BASE


@pytest.mark.parametrize(
    ("http_method", "path", "body", "status", "code", "param"),
    [
        ("GET", "/v1/fine_tuning/jobs/ftjob-none", None, 404, "fine_tune_not_found", "fine_tune_id"),
        ("GET", "/v1/fine_tuning/jobs/ftjob-none/events", None, 404, "fine_tune_not_found", "fine_tune_id"),
        (
            "GET",
            "/v1/fine_tuning/jobs/ftjob-none/checkpoints",
            None,
            404,
            "fine_tune_not_found",
            "fine_tune_id",
        ),
        ("POST", "/v1/fine_tuning/jobs/ftjob-none/cancel", None, 404, "fine_tune_not_found", "fine_tune_id"),
        ("GET", "/v1/files/file-none", None, 404, None, "id"),
        ("DELETE", "/v1/files/file-none", None, 404, None, "id"),
        ("GET", "/v1/fine_tuning/jobs?limit=0", None, 400, None, "limit"),
        ("GET", "/v1/fine_tuning/jobs?limit=x", None, 400, None, "limit"),
        ("GET", "/v1/fine_tuning/jobs?after=none", None, 400, None, "after"),
        ("GET", "/v1/nothing", None, 404, None, None),
        ("PUT", "/v1/fine_tuning/jobs", None, 405, None, None),
        ("POST", "/v1/fine_tuning/jobs", {}, 400, None, "model"),
        ("POST", "/v1/fine_tuning/jobs", [], 400, None, None),
        ("POST", "/v1/files", {}, 400, None, "file"),
        ("POST", "/v1/chat/completions", {"model": BASE}, 400, None, "messages"),
        ("POST", "/v1/chat/completions", {"model": BASE, "messages": []}, 400, None, "messages"),
        (
            "POST",
            "/v1/chat/completions",
            {"messages": [{"role": "user", "content": "x"}]},
            400,
            None,
            "model",
        ),
        (
            "POST",
            "/v1/chat/completions",
            {"model": "gpt-9", "messages": [{"role": "user", "content": "x"}]},
            404,
            "model_not_found",
            "model",
        ),
        (
            "POST",
            "/v1/chat/completions",
            {"model": BASE, "messages": [{"role": "user", "content": "x"}], "temperature": 3},
            400,
            None,
            "temperature",
        ),
        ("POST", "/v1/completions", {"model": BASE}, 400, None, "prompt"),
        ("POST", "/v1/responses", {"model": BASE}, 400, None, "input"),
    ],
)
def test_errors_have_openais_shape(shared, http_method, path, body, status, code, param) -> None:
    with pytest.raises(urllib.error.HTTPError) as caught:
        shared.bytes(http_method, path, body)
    assert caught.value.code == status
    error = json.loads(caught.value.read())["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert (error["code"], error["param"]) == (code, param)
    assert error["type"] == "invalid_request_error"
    assert error["message"]


def test_an_unknown_model_or_file_is_refused_when_the_job_is_created(shared, data) -> None:
    file = shared.upload(data.records_of(data.rollouts()))
    for body, param in (
        ({"model": "gpt-9", "training_file": file}, "model"),
        ({"model": BASE, "training_file": "file-none"}, "training_file"),
        ({"model": BASE, "training_file": file, "validation_file": "file-none"}, "validation_file"),
    ):
        with pytest.raises(BadRequestError) as caught:
            shared.client.fine_tuning.jobs.create(**body, extra_body=data.method())
        assert caught.value.param == param


def test_an_unknown_function_fails_the_job(serve, data) -> None:
    service = serve(functions={"another": "graders.examples.word_problems:word_problem"})
    name = service.submit(service.upload(data.records_of(data.rollouts())))
    service.finish()
    job = service.job(name)
    assert_valid_job(job)
    assert (job["status"], job["error"]["code"]) == ("failed", "function_not_found")
    assert "given: another" in job["error"]["message"]
    assert service.events(name)[-1]["level"] == "error"


@pytest.mark.parametrize(
    ("grader", "code", "said"),
    [
        ("two_for_one", "grader_call_failed", "answers came back"),
        ("raising", "grader_call_failed", "the judge is down"),
        ("no_such_grader", "grader_not_usable", "there is no no_such_grader"),
    ],
)
def test_a_grader_that_is_of_no_use_ends_the_job(serve, data, grader: str, code: str, said: str) -> None:
    service = serve(grader)
    name = service.submit(service.upload(data.records_of(data.rollouts())))
    service.finish()
    error = service.job(name)["error"]
    assert error["code"] == code
    assert said in error["message"]


def test_no_label_of_the_rollouts_file_reaches_the_grader(serve, data) -> None:
    service = serve("watching")
    name = service.submit(service.upload(data.records_of(data.rollouts())[:30]))
    service.finish()
    assert service.job(name)["status"] == "succeeded"
    assert not [event for event in service.events(name) if "got no reward" in event["message"]]
    # Held-out groups have no record in the training file, so their samples come from the rollouts file.
    (last, *_) = service.raw("GET", f"/v1/fine_tuning/jobs/{name}/checkpoints")["data"]
    assert last["metrics"]["full_valid_mean_token_accuracy"] is not None


def test_a_key_is_asked_for_only_on_request(serve) -> None:
    service = serve(require_key=True)
    assert service.client.models.list().data
    with pytest.raises(urllib.error.HTTPError) as caught:
        service.raw("GET", "/v1/models")
    assert caught.value.code == 401
    caught.value.close()
    # The SDK never sends an empty bearer token, so the test sends another scheme.
    with (
        OpenAI(base_url=service.process.base_url, api_key="x", max_retries=0) as client,
        pytest.raises(AuthenticationError),
    ):
        client.models.list(extra_headers={"Authorization": "Basic x"})


def test_the_sdks_bedrock_path_is_served_too(shared) -> None:
    assert shared.raw("GET", "/openai/v1/models") == shared.raw("GET", "/v1/models")


def test_a_retried_request_with_an_idempotency_key_makes_one_job(serve, data) -> None:
    service = serve()
    file = service.upload(data.records_of(data.rollouts()))
    jobs = [
        service.client.fine_tuning.jobs.create(
            model=BASE, training_file=file, extra_body=data.method(), extra_headers={"Idempotency-Key": "k"}
        ).id
        for _ in range(2)
    ]
    assert jobs[0] == jobs[1]
    assert len(service.raw("GET", "/v1/fine_tuning/jobs")["data"]) == 1


def test_a_reset_forgets_everything(trained) -> None:
    service, name = trained
    model = service.job(name)["fine_tuned_model"]
    state = service.raw("POST", "/_emulator/reset")
    assert (state["files"], state["jobs"]) == (0, {})
    with pytest.raises(APIStatusError):
        service.client.chat.completions.create(model=model, messages=[{"role": "user", "content": "x"}])


def test_what_a_job_learned_is_reported(trained) -> None:
    service, name = trained
    report = service.raw("GET", f"/_emulator/jobs/{name}/learned")
    curve = report["expected_reward"]
    assert (curve["training_groups"], curve["held_out_groups"]) == (32, 8)
    assert [point["step"] for point in curve["checkpoints"]] == [2, 4, 6, 8]
    assert curve["after"] == curve["checkpoints"][-1]["rewards"]
    assert curve["after"]["training"] > curve["before"]["training"] + 0.1
    assert report["amplified"][0]["after"] > report["amplified"][0]["before"]
    assert report["suppressed"][0]["after"] < report["suppressed"][0]["before"]
    graded = report["graded"]
    assert (graded["completions"], graded["asked"]) == (320, 320)
    assert 0 < graded["above_lowest"] < 320
    assert min(report["length"].values()) > 0
    shares = [sum(style[side] for style in report["by_model"].values()) for side in ("before", "after")]
    assert shares == pytest.approx([1.0, 1.0])
    step_by_step = report["by_model"]["style-1"]
    assert step_by_step["after"] > 1.1 * step_by_step["before"]
    still = report["never_moved"]
    assert still["groups"] == len(still["all_equal"]) + len(still["unlucky_draw"]) + len(still["no_reward"])
    asked = service.raw("GET", f"/_emulator/jobs/{name}/learned")
    assert asked == report
