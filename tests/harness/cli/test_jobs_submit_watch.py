"""`rft submit` and `rft watch` against a stub of the API over HTTP."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import subprocess

import pytest

from support.api_stub import Fault
from support.rft_command import COMMAND
from support.service import KEY, run_verb

ARN = "arn:aws:lambda:us-west-2:123456789012:function:word-problems:3"
DATA = {"total_steps": 30, "critic_rewards_mean": 0.4, "actor_entropy": 0.6}


@pytest.fixture
def rft(stub, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    records = [
        {"messages": [{"role": "user", "content": f"{n}+1"}], "reference_answer": f"{n + 1}"}
        for n in range(120)
    ]
    (tmp_path / "train.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    return lambda verb, *words, **more: run_verb(verb, *words, base_url=stub.base_url, **more)


def test_submit_then_watch_by_name(stub, rft, tmp_path):
    ran = rft("submit", "train.jsonl", "--arn", ARN, "--name", "first")
    assert ran.code == 0, ran.stderr
    assert "30 steps" in ran.stdout
    assert "rft watch first" in ran.stdout
    stub.jobs["ftjob-1"]["status"] = "succeeded"
    stub.jobs["ftjob-1"]["fine_tuned_model"] = "ft:x"
    for step in range(1, 31):
        stub.add_event("ftjob-1", step, data={**DATA, "step": step, "critic_rewards_mean": step / 30})
    ran = rft("watch", "first", "--interval", 0.1)
    assert ran.code == 0
    assert "step 30/30 (100 %)" in ran.stdout
    assert "critic_rewards_mean              1  ▁▁▁▁▂▂▂▂▃▃▃▄▄▄▄▅▅▅▅▆▆▆▇▇▇▇████" in ran.stdout
    assert "tuned model: ft:x" in ran.stdout
    assert (tmp_path / "jobs" / "first" / "events.jsonl").read_bytes().count(b"\n") == 30


def test_submit_as_json_is_one_object(rft):
    ran = rft("submit", "train.jsonl", "--arn", ARN, "--json")
    said = ran.json
    assert said["submitted"] is True
    assert said["job"]["id"] == "ftjob-1"
    assert said["forecast"]["steps"] == 30
    again = rft("submit", "train.jsonl", "--arn", ARN, "--json").json
    assert (again["found"], again["job"]["id"]) == (True, "ftjob-1")


def test_a_dry_run_writes_and_sends_nothing_and_needs_no_key(stub, rft, tmp_path):
    ran = rft("submit", "train.jsonl", "--arn", ARN, "--dry-run", key=None)
    assert ran.code == 0
    assert stub.seen == []
    assert not (tmp_path / "jobs").exists()


def test_an_error_stops_it_unless_forced(stub, rft):
    words = ("submit", "train.jsonl", "--arn", ARN, "--n-epochs", -1)
    ran = rft(*words, "--json")
    assert ran.code == 1
    assert ran.json["submitted"] is False
    assert stub.seen == []
    assert rft(*words, "--force").code == 0


def test_an_unpinned_grader_is_warned_about(rft):
    ran = rft("submit", "train.jsonl", "--arn", ARN.removesuffix(":3"), "--dry-run")
    assert ran.code == 0
    assert "warning  J012" in ran.stdout


def test_bad_records_are_found_before_they_are_sent(stub, rft, tmp_path):
    with (tmp_path / "train.jsonl").open("a") as handle:
        handle.write("{broken\n")
    ran = rft("submit", "train.jsonl", "--arn", ARN)
    assert ran.code == 1
    assert "train.jsonl:121" in ran.stdout
    assert stub.seen == []


def test_print_curl_shows_upload_and_creation(stub, rft):
    ran = rft("submit", "train.jsonl", "--arn", ARN, "--print-curl", key=None)
    assert ran.stdout.count("curl --fail-with-body") == 2
    assert ARN in ran.stdout
    assert stub.seen == []


def test_a_refused_job_is_exit_2_and_a_service_that_is_busy_for_too_long_exit_3(stub, rft):
    stub.faults.append(Fault("POST", "/jobs$", status=403, body={}))
    assert rft("submit", "train.jsonl", "--arn", ARN).code == 2
    # With Retry-After, because the client's own waits would take many seconds.
    busy = {"status": 503, "body": {}, "headers": {"Retry-After": "0.01"}, "times": 999}
    stub.faults[:] = [Fault(method, "/", **busy) for method in ("GET", "POST")]
    assert rft("submit", "train.jsonl", "--arn", ARN).code == 3


@pytest.mark.parametrize(("status", "code"), [("succeeded", 0), ("failed", 1), ("cancelled", 1)])
def test_watch_tells_the_outcome_by_its_exit_code(stub, rft, status, code):
    stub.add_job(status=status, error={"code": "e", "message": "why"} if code else None)
    ran = rft("watch", "ftjob-1", "--interval", 0.1)
    assert ran.code == code
    assert ("error: e: why" in ran.stdout) is bool(code)


def test_watch_as_json_is_one_object_and_a_second_call_repeats_no_event(stub, rft):
    stub.add_job(status="succeeded")
    for step in range(1, 31):
        stub.add_event("ftjob-1", step, data={**DATA, "step": step})
    first = rft("watch", "ftjob-1", "--json", "--interval", 0.1).json
    assert (first["step"], first["total_steps"], first["new_events"]) == (30, 30, 30)
    assert first["metrics"]["critic_rewards_mean"] == 0.4
    assert [warning["id"] for warning in first["warnings"]] == ["W102"]
    second = rft("watch", "ftjob-1", "--json", "--interval", 0.1).json
    assert (second["events"], second["new_events"]) == (30, 0)
    assert second["curves"] == first["curves"]
    assert "event 1" not in rft("watch", "ftjob-1", "--interval", 0.1).stdout


def test_a_word_that_nobody_documented_ends_the_watch_with_a_note(stub, rft):
    stub.add_job(status="shelved", finished_at=1_771_442_999, error="boom")
    ran = rft("watch", "ftjob-1", "--interval", 0.1)
    assert ran.code == 1
    assert "finished with the status shelved" in ran.stderr
    assert "error: boom" in ran.stdout


def test_watch_gives_up_with_exit_3(stub, rft):
    stub.add_job()
    stub.faults.append(
        Fault("GET", "/jobs/", status=503, body={}, headers={"Retry-After": "0.01"}, times=999)
    )
    ran = rft("watch", "ftjob-1", "--patience", 0)
    assert ran.code == 3
    assert "resumes" in ran.stderr


def test_a_cost_limit_cancels_the_job_and_says_what_it_counts(stub, rft):
    stub.add_job()
    ran = rft("watch", "ftjob-1", "--stop-above", 1, "--price-per-hour", 2, "--json", "--interval", 0.1)
    assert ran.code == 1
    assert ran.json["job"]["status"] == "cancelled"
    assert ran.json["cost"]["training_usd"] > 1
    assert ran.json["cost"]["lambda_usd"] is None
    assert "not counted: Lambda" in ran.json["notes"][1]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--stop-above", 1), "could never end this job"),
        (("--price-per-hour", 1), "Add --stop-above"),
    ],
)
def test_a_cost_limit_that_cannot_work_is_refused(stub, rft, words, said):
    stub.add_job()
    ran = rft("watch", "ftjob-1", *words)
    assert ran.code == 2
    assert said in ran.stderr
    assert stub.requests("POST", ".") == []


@pytest.mark.parametrize("kind", ["xterm", "dumb"])
def test_a_terminal_gets_one_screen_that_is_left_as_text(stub, tmp_path, kind):
    stub.add_job()
    for step in range(1, 31):
        stub.add_event("ftjob-1", step, data={**DATA, "step": step}, message=f"m{step}\x1b[2J\u202e")

    def end_after_the_first_poll(seen):
        if seen.path.endswith("/events"):
            stub.jobs["ftjob-1"]["status"] = "succeeded"

    stub.on_request = end_after_the_first_poll
    owner, terminal = pty.openpty()
    environment = {**os.environ, "TERM": kind, "COLUMNS": "80", "OPENAI_API_KEY": KEY}
    words = [*COMMAND, "watch", "ftjob-1", "--interval", "0.1", "--base-url", stub.base_url]
    process = subprocess.Popen(words, cwd=tmp_path, stdout=terminal, stderr=terminal, env=environment)
    os.close(terminal)
    drawn = b""
    with contextlib.suppress(OSError):  # raised when the process closes its end
        while piece := os.read(owner, 65536):
            drawn += piece
    os.close(owner)
    assert process.wait() == 0
    live, left, after = drawn.partition(b"\x1b[?1049l")
    assert b"\x1b[2J" not in drawn.replace(b"\x1b[?1049h\x1b[H", b"")
    if kind == "dumb":
        assert b"\x1b" not in drawn
        assert drawn.count(b"\n") > 30
        return
    assert live.startswith(b"\x1b[?1049h")
    assert left
    assert b"\x1b" not in after.removeprefix(b"\x1b[?25h")
    assert "step 30/30 (100 %)" in after.decode()
    assert after.decode().count("critic_rewards_mean") == 1
