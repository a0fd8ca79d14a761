"""The short verbs for jobs and files, against a stub of the API over HTTP."""

from __future__ import annotations

import subprocess
import sys

import pytest

from support.api_stub import Fault
from support.service import KEY


def test_jobs_lists_newest_first_and_asks_again_for_running_ones(stub, rft):
    stub.add_job("ftjob-1", "succeeded", fine_tuned_model="ft:x")
    stub.add_job("ftjob-2", "running")
    ran = rft("jobs")
    assert ran.code == 0
    assert [line.split()[0] for line in ran.stdout.splitlines() if line[0] != " "] == [
        "JOB",
        "ftjob-2",
        "ftjob-1",
    ]
    assert "ft:x" in ran.stdout
    assert [seen.path for seen in stub.seen] == ["/v1/fine_tuning/jobs", "/v1/fine_tuning/jobs/ftjob-2"]


def test_jobs_stops_at_its_limit_and_filters(stub, rft):
    for number in range(30):
        stub.add_job(f"ftjob-{number}", "failed" if number % 2 else "succeeded")
    assert len(rft("jobs", "--json").json["jobs"]) == 20
    failed = rft("jobs", "--json", "--status", "failed", "--limit", 3).json["jobs"]
    assert [job["id"] for job in failed] == ["ftjob-29", "ftjob-27", "ftjob-25"]


def test_one_job_in_full(stub, rft):
    grader = {"type": "lambda", "lambda": {"function": "arn:x"}}
    method = {
        "type": "reinforcement",
        "reinforcement": {"grader": grader, "hyperparameters": {"n_epochs": 2}},
    }
    error = {"code": "grader_error", "message": "the grader\x1b[31m timed out", "param": None}
    job = stub.add_job(status="failed", method=method, error=error)
    text = rft("jobs", "ftjob-1").stdout
    assert "arn:x" in text
    assert "grader_error: the grader[31m timed out" in text
    assert rft("jobs", "ftjob-1", "--json").json == job


def test_an_unknown_job_is_exit_2_and_says_where_to_look(rft):
    ran = rft("jobs", "ftjob-9")
    assert ran.code == 2
    assert "rft jobs" in ran.stderr
    assert ran.stdout == ""


def test_events_come_oldest_first_once_each(stub, rft):
    stub.add_job()
    for number in range(230):
        stub.add_event("ftjob-1", number, data={"step": number, "critic_rewards_mean": 0.5})
    head, *lines = rft("events", "ftjob-1").stdout.splitlines()
    assert head.split() == ["TIME", "EVENT"]
    assert [int(line.split("event ")[1].split()[0]) for line in lines] == list(range(230))
    assert lines[0].endswith("rewards_mean 0.5")


@pytest.mark.parametrize("newest_first", [True, False])
@pytest.mark.parametrize("last", [1, 100, 150])
def test_only_the_newest_events(stub, rft, newest_first, last):
    stub.newest_first = newest_first
    stub.add_job()
    for number in range(230):
        stub.add_event("ftjob-1", number)
    events = rft("events", "ftjob-1", "--last", last, "--json").json["events"]
    assert [event["created_at"] for event in events] == [1_771_442_000 + n for n in range(230 - last, 230)]


def test_events_by_type_and_level(stub, rft):
    stub.add_job()
    stub.add_event("ftjob-1", 1, data={"step": 1})
    stub.add_event("ftjob-1", 2, level="error")
    assert len(rft("events", "ftjob-1", "--type", "metrics", "--json").json["events"]) == 1
    assert "ERROR: event 2" in rft("events", "ftjob-1", "--level", "error").stdout


def test_checkpoints(stub, rft):
    stub.add_job()
    assert rft("checkpoints", "ftjob-1").stdout == "no checkpoints yet\n"
    stub.checkpoints["ftjob-1"] = [
        {
            "id": f"c{step}",
            "created_at": 1,
            "step_number": step,
            "fine_tuned_model_checkpoint": f"ft:{step}",
            "metrics": {"full_valid_loss": 0.5, "odd": None},
        }
        for step in (20, 10)
    ]
    head, *lines = rft("checkpoints", "ftjob-1").stdout.splitlines()
    assert head.split() == ["STEP", "CREATED", "MODEL"]
    assert [line.split()[0] for line in lines[::2]] == ["10", "20"]
    assert lines[1] == "    full_valid_loss 0.5, odd null"


def test_cancel_needs_a_yes(stub, rft):
    stub.add_job()
    ran = rft("cancel", "ftjob-1")
    assert ran.code == 2
    assert "--yes" in ran.stderr
    assert stub.jobs["ftjob-1"]["status"] == "running"
    assert rft("cancel", "ftjob-1", "--yes").stdout == "ftjob-1 is cancelled\n"
    # The job is already cancelled, so no request is sent.
    assert rft("cancel", "ftjob-1", "--yes").code == 0
    assert len(stub.requests("POST", "/cancel")) == 1


def test_a_lost_answer_to_cancel_is_no_failure(stub, rft):
    stub.add_job()
    stub.faults.append(Fault("POST", "/cancel", status=0, takes_effect=True))
    ran = rft("cancel", "ftjob-1", "--yes")
    assert (ran.code, ran.stdout) == (0, "ftjob-1 is cancelled\n")


def test_cancelling_what_has_ended_is_refused_by_the_service(stub, rft):
    stub.add_job(status="succeeded")
    ran = rft("cancel", "ftjob-1", "--yes")
    assert ran.code == 2
    assert "ftjob-1: the job has already succeeded, so there is nothing to cancel" in ran.stderr
    assert "--print-curl" not in ran.stderr, "correcting the request would not help"


def test_files(stub, rft, tmp_path):
    path = tmp_path / "train.jsonl"
    path.write_text("{}\n")
    assert rft("files").stdout == "no files\n"
    assert rft("files", "upload", path, "--json").json["id"] == "file-1"
    assert "train.jsonl" in rft("files").stdout
    assert rft("files", "--json").json["files"][0]["bytes"] == 3
    assert rft("files", "show", "file-1").stdout == rft("files", "list").stdout
    assert rft("files", "delete", "file-1").code == 2
    assert rft("files", "delete", "file-1", "--yes").stdout == "deleted file-1\n"
    assert stub.files == {}


def test_chat_with_a_model_a_job_and_a_checkpoint(stub, rft):
    stub.add_job(status="succeeded", fine_tuned_model="ft:done")
    stub.checkpoints["ftjob-1"] = [{"id": "c", "step_number": 8, "fine_tuned_model_checkpoint": "ft:8"}]
    assert rft("chat", "openai.gpt-oss-20b", "hi").stdout == "openai.gpt-oss-20b: hi\n"
    assert rft("chat", "ftjob-1", "hi", "--api", "responses").stdout == "ft:done: hi\n"
    assert rft("chat", "ftjob-1", "hi", "--checkpoint", 8, "--api", "completions").stdout.startswith(
        "ft:8: hi"
    )


def test_chat_as_json_is_the_services_own_object(stub, rft):
    chat = rft("chat", "m", "-", "--json", stdin="from stdin").json
    assert chat["choices"][0]["message"]["content"] == "m: from stdin"
    assert rft("chat", "m", "hi", "--api", "completions", "--json").json["choices"][0]["text"] == "m: hi"
    assert "output" in rft("chat", "m", "hi", "--api", "responses", "--json").json


def test_a_models_words_cannot_steer_the_terminal(stub, rft):
    message = {"content": "a\x1b]0;title\x07b\nc\td"}
    stub.faults.append(Fault("POST", "/chat", status=200, body={"choices": [{"message": message}]}))
    assert rft("chat", "m", "hi").stdout == "a\\x1b]0;title\\x07b\nc\td\n"


@pytest.mark.parametrize(
    "words",
    [
        ("jobs",),
        ("jobs", "ftjob-1"),
        ("events", "ftjob-1"),
        ("checkpoints", "ftjob-1"),
        ("cancel", "ftjob-1"),
        ("watch", "ftjob-1"),
        ("files",),
        ("files", "delete", "file-1"),
        ("chat", "m", "hi"),
        ("chat", "ftjob-1", "hi", "--checkpoint", "8"),
    ],
)
def test_print_curl_sends_nothing_and_needs_no_key(stub, rft, words):
    verb, *rest = words
    ran = rft(*([verb, "list"] if words == ("files",) else [verb, *rest]), "--print-curl", key=None)
    assert ran.code == 0
    assert "curl" in ran.stdout
    assert "$OPENAI_API_KEY" in ran.stdout
    assert stub.seen == []


def test_the_key_is_shown_nowhere(stub, rft):
    stub.faults.append(Fault("GET", "/", status=401, body={"error": {"message": f"bad key {KEY}"}}, times=9))
    ran = rft("jobs", "ftjob-1")
    assert ran.code == 2
    assert KEY not in ran.stdout + ran.stderr


def test_help_does_not_pay_for_the_sdk():
    verbs = "submit jobs watch events checkpoints cancel chat files".split()
    code = "import sys\n" + "".join(f"import harness.cli.{verb}\n" for verb in verbs)
    code += "print(*{'openai', 'httpx2', 'botocore', 'rich'} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == ""


def test_nobody_there_is_exit_3(rft):
    ran = rft("jobs", "ftjob-1", "--base-url", "http://127.0.0.1:9/v1")
    assert ran.code == 3
