"""Unusual but valid responses of the service, and successful ones that report a failure."""

from __future__ import annotations

import json

import pytest

from support.api_stub import Fault


def message(**fields):
    return {"id": "c", "choices": [{"index": 0, "finish_reason": "stop", "message": fields}]}


FILTERED = {"reason": "content_filter"}
CALL = {"id": "1", "type": "function", "function": {"name": "look_up", "arguments": "{}"}}


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (message(content=None, refusal="I cannot"), "the model refused: I cannot"),
        (message(content=[{"type": "refusal", "refusal": "No."}]), "the model refused: No."),
        (message(content=None, tool_calls=[CALL]), "called a tool and wrote no text (look_up)"),
        (message(content="", tool_calls=["x"]), "called a tool and wrote no text"),
        (message(content=None, reasoning_content="hm"), "reasoned and wrote no answer"),
        (message(content=" \n"), "the answer is empty"),
        ({"id": "c", "choices": [{"message": None}]}, "the answer is empty"),
        (
            {"id": "c", "choices": [{"message": {"content": ""}, "finish_reason": "content_filter"}]},
            "filtered the answer out",
        ),
        (
            {"id": "c", "choices": [{"message": {"reasoning": "hm"}, "finish_reason": "length"}]},
            "wrote no answer. It was cut off: raise --max-tokens.",
        ),
        ({"id": "c", "choices": [], "error": {"message": "boom"}}, "answered with an error: boom"),
        ({"error": "boom"}, "answered with an error: boom"),
        ({"error": {"code": 7}}, "answered with an error: 7"),
    ],
)
def test_a_chat_without_a_text_says_what_came(stub, rft, answer, said):
    stub.faults.append(Fault("POST", "/chat", status=200, body=answer, times=9))
    ran = rft("chat", "m", "hi")
    assert (ran.code, ran.stdout) == (1, "")
    assert said in ran.stderr


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"id": "r", "status": "failed", "error": {"message": "boom"}, "output": []}, "error: boom"),
        ({"id": "r", "status": "failed", "error": None, "output": []}, "the response is failed"),
        ({"id": "r", "status": "cancelled", "output": []}, "the response is cancelled"),
        ({"id": "r", "status": "queued", "output": []}, "not finished: it is queued"),
        ({"id": "r", "status": "completed", "output": []}, "the answer is empty"),
        ({"id": "r", "output": [{"type": "reasoning"}]}, "reasoned and wrote no answer"),
        (
            {"id": "r", "output": [{"type": "function_call", "name": "look_up"}]},
            "called a tool and wrote no text (look_up)",
        ),
        (
            {"id": "r", "output": [{"type": "message", "content": [{"type": "refusal", "refusal": "No"}]}]},
            "the model refused: No",
        ),
        (
            {
                "id": "r",
                "status": "incomplete",
                "incomplete_details": {"reason": "content_filter"},
                "output": [],
            },
            "filtered the answer out",
        ),
    ],
)
def test_a_response_without_a_text_says_what_came(stub, rft, answer, said):
    stub.faults.append(Fault("POST", "/responses", status=200, body=answer, times=9))
    ran = rft("chat", "m", "hi", "--api", "responses")
    assert (ran.code, ran.stdout) == (1, "")
    assert said in ran.stderr


def page(data, **more):
    return {"object": "list", "data": data, **more}


ELEMENTS = {
    ("jobs",): {"id": "ftjob-7", "status": "succeeded"},
    ("events", "ftjob-1"): {"id": "e-7", "message": "seven", "created_at": 1},
    ("checkpoints", "ftjob-1"): {"id": "c-7", "step_number": 7, "fine_tuned_model_checkpoint": "m:7"},
    ("files",): {"id": "file-7", "filename": "seven.jsonl"},
}
LIST = r"/(files|jobs|events|checkpoints)$"


@pytest.mark.parametrize("words", ELEMENTS)
@pytest.mark.parametrize("as_json", [False, True])
def test_what_was_read_of_a_list_that_breaks_off_is_kept(stub, rft, words, as_json):
    element = ELEMENTS[words]
    broken = page([], has_more=True)
    stub.faults += [
        Fault("GET", LIST, status=200, body=page([element], has_more=True)),
        Fault("GET", LIST, status=200, body=broken, times=9),
    ]
    ran = rft(*words, *(["--json"] if as_json else []))
    assert ran.code == 3
    assert "7" in ran.stdout
    assert "the list may be incomplete: the service says that there is more" in ran.stderr
    assert not as_json or "there is more" in ran.json["incomplete"]


@pytest.mark.parametrize("words", ELEMENTS)
def test_a_first_page_that_promises_more_and_is_empty_is_no_empty_list(stub, rft, words):
    stub.faults.append(Fault("GET", LIST, status=200, body=page([], has_more=True), times=9))
    ran = rft(*words)
    assert (ran.code, ran.stdout) == (3, "")
    assert "the list may be incomplete" in ran.stderr
    ran = rft(*words, "--json")
    assert ran.code == 3
    assert ran.json["incomplete"]


def test_an_answer_that_broke_off_is_asked_for_again(stub, rft):
    stub.add_job()
    stub.add_event("ftjob-1", 1)
    stub.faults.append(Fault("GET", "/events", status=200, body='{"object": "list", "da', times=2))
    ran = rft("events", "ftjob-1")
    assert ran.code == 0
    assert "event 1" in ran.stdout


@pytest.mark.parametrize("status", [403, 404, 503])
def test_one_job_that_cannot_be_retrieved_hides_no_other(stub, rft, status):
    for name in ("ftjob-1", "ftjob-2", "ftjob-3"):
        stub.add_job(name)
    stub.faults.append(
        Fault("GET", "/jobs/ftjob-2$", status=status, body={"error": {"message": "no"}}, times=99)
    )
    ran = rft("jobs")
    assert ran.code == 0
    assert "ftjob-2  running?" in ran.stdout
    assert all(f"{name}  running" in ran.stdout for name in ("ftjob-1", "ftjob-3"))
    assert "? ftjob-2 is shown as listed" in ran.stderr


@pytest.mark.parametrize("odd", [None, 7, "", ["x"]])
def test_a_listed_job_without_a_usable_id_is_shown(stub, rft, odd):
    job = {"id": odd, "status": "running", "model": "m-1"}
    stub.faults.append(Fault("GET", "/jobs$", status=200, body=page([job])))
    ran = rft("jobs")
    assert ran.code == 0
    assert "running?" in ran.stdout
    assert "m-1" in ran.stdout


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("error", "boom"),
        ("error", ["boom"]),
        ("method", "boom"),
        ("method", {"reinforcement": "boom"}),
        ("method", {"reinforcement": {"grader": "boom"}}),
        ("method", {"reinforcement": {"grader": {"lambda": ["boom"]}}}),
        ("model", {"name": "boom"}),
        ("created_at", "boom"),
        ("hyperparameters", "boom"),
    ],
)
def test_a_misshapen_job_is_shown_as_it_is(stub, rft, field, value):
    stub.add_job(**{field: value})
    ran = rft("jobs", "ftjob-1")
    assert ran.code == 0
    assert "boom" in ran.stdout


@pytest.mark.parametrize("time", [1_771_442_218, 1_771_442_218_000, 1_771_442_218.0, "2026-02-18T19:16:58Z"])
def test_a_time_is_read_in_any_unit(stub, rft, time, monkeypatch):
    monkeypatch.setenv("TZ", "UTC")
    stub.add_job(created_at=time)
    assert "2026-02-18 19:16:58" in rft("jobs", "ftjob-1").stdout


@pytest.mark.parametrize("answer", [{"deleted": False}, {}, {"deleted": "no"}, {"id": "file-1"}])
def test_a_file_that_stays_was_not_deleted(stub, rft, answer):
    stub.faults.append(Fault("DELETE", "/file-1$", status=200, body=answer, times=9))
    stub.files["file-2"] = {"id": "file-2"}
    ran = rft("files", "delete", "file-1", "file-2", "--yes")
    assert ran.code == 1
    assert ran.stdout == "deleted file-2\n"
    assert "file-1 was not deleted" in ran.stderr


def test_a_file_that_is_refused_hides_no_other(stub, rft):
    stub.files["file-2"] = {"id": "file-2"}
    ran = rft("files", "delete", "gone", "file-2", "--yes", "--json")
    assert ran.code == 2
    assert [outcome["deleted"] for outcome in ran.json["deleted"]] == [False, True]


@pytest.mark.parametrize("status", ["succeeded", "running", None, 7])
def test_a_cancel_that_did_not_cancel_is_said(stub, rft, status):
    stub.add_job()
    stub.faults.append(Fault("POST", "/cancel$", status=200, body={"id": "ftjob-1", "status": status}))
    ran = rft("cancel", "ftjob-1", "--yes")
    assert (ran.code, ran.stdout) == (1, "")
    assert "was not canceled: it is running" in ran.stderr


def test_a_cancel_that_takes_a_moment_counts(stub, rft):
    stub.add_job()
    stub.faults.append(Fault("POST", "/cancel$", status=200, body={}, takes_effect=False))
    stub.on_request = lambda seen: (
        seen.path.endswith("/cancel") and stub.jobs["ftjob-1"].update(status="cancelling")
    )
    ran = rft("cancel", "ftjob-1", "--yes")
    assert (ran.code, ran.stdout) == (0, "ftjob-1 is cancelling\n")


@pytest.mark.parametrize("answer", [{}, {"id": None}, {"id": ["x"]}])
def test_an_upload_without_an_id_is_no_upload(stub, rft, tmp_path, answer):
    (tmp_path / "train.jsonl").write_text("{}\n")
    stub.faults.append(Fault("POST", "/files$", status=200, body=answer))
    ran = rft("files", "upload", "train.jsonl")
    assert (ran.code, ran.stdout) == (3, "")
    assert "gave it no id" in ran.stderr


@pytest.mark.parametrize("name", ["arn:aws:bedrock:us-west-2:1:job/abc", "a b", "a/../b", "a?b#c", "é"])
def test_an_id_is_opaque(stub, rft, name):
    stub.add_job(name)
    stub.faults.append(Fault("GET", "/jobs/", status=200, body=stub.jobs[name]))
    ran = rft("jobs", name)
    assert ran.code == 0, ran.stderr
    assert stub.seen[-1].path == f"/v1/fine_tuning/jobs/{name}"


@pytest.mark.parametrize("model", [None, "", 7])
def test_a_checkpoint_without_a_model_is_not_asked(stub, rft, model):
    stub.add_job()
    stub.checkpoints["ftjob-1"] = [{"id": "c", "step_number": 4, "fine_tuned_model_checkpoint": model}]
    ran = rft("chat", "ftjob-1", "hi", "--checkpoint", 4)
    assert ran.code == 2
    assert "the checkpoint at step 4 has no model yet" in ran.stderr
    assert not stub.requests("POST", "/chat")


@pytest.mark.parametrize(("status", "waits"), [("running", True), ("failed", False), ("cancelled", False)])
def test_only_a_job_that_has_not_ended_is_worth_waiting_for(stub, rft, status, waits):
    stub.add_job(status=status)
    ran = rft("chat", "ftjob-1", "hi")
    assert ran.code == 2
    assert f"the job has no tuned model: it is {status}" in ran.stderr
    assert ("Wait for it" in ran.stderr) == waits
    assert "--checkpoint STEP" in ran.stderr


def test_jobs_are_listed_with_their_names_under_a_header(stub, rft, tmp_path):
    (tmp_path / "train.jsonl").write_text(
        "".join(
            json.dumps({"messages": [{"role": "user", "content": f"{n}"}], "reference_answer": f"{n}"}) + "\n"
            for n in range(120)
        )
    )
    arn = "arn:aws:lambda:us-west-2:123456789012:function:mine:3"
    assert rft("submit", "train.jsonl", "--arn", arn, "--name", "first").code == 0
    head, line, models = rft("jobs").stdout.splitlines()
    assert head.split() == ["JOB", "STATUS", "CREATED", "NAME"]
    assert line.split()[0] == "ftjob-1"
    assert line.split()[-1] == "first"
    assert head.index("NAME") == line.index("first")
    assert models.strip() == "openai.gpt-oss-20b"
