"""The job commands end to end, with an emulator that is killed and restarted in between."""

from __future__ import annotations

import dataclasses
import json
import threading
from pathlib import Path

import pytest

from harness.api.failures import Unreachable
from harness.clock import SystemClock
from harness.emulator.settings import EmulatorConfig
from harness.follow.watch import Polling, watch
from harness.jobs.journal import Entry
from harness.jobs.plan import Plan, hyperparameters, read_training_file
from harness.jobs.submit import submit
from support.emulator_process import EmulatorProcess
from support.ports import free_port
from support.service import connected, run_verb
from support.waiting import until

ROOT = Path(__file__).parents[3]
ARN = "arn:aws:lambda:us-west-2:123456789012:function:word-problems:1"
RECORDS = 100
STEPS = RECORDS // 4


@pytest.fixture
def config(tmp_path):
    return EmulatorConfig(
        rollouts=(ROOT / "harness/samples/rollouts.jsonl",),
        state=tmp_path / "state",
        functions={"word-problems": f"{ROOT / 'graders/examples/word_problems.py'}:word_problem"},
        port=free_port(),
        speed=25.0,
    )


@pytest.fixture
def training_file(tmp_path):
    path = tmp_path / "train.jsonl"
    lines = (ROOT / "harness/samples/records.jsonl").read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:RECORDS]))
    return path


def test_from_submission_to_an_answer(config, training_file, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with EmulatorProcess(dataclasses.replace(config, speed=None)) as emulator:

        def rft(verb, *words):
            return run_verb(verb, *words, base_url=emulator.base_url)

        submitted = rft("submit", training_file, "--arn", ARN, "--name", "mine", "--json")
        assert submitted.code == 0, submitted.stdout
        job_id = submitted.json["job"]["id"]
        watched = rft("watch", "mine", "--interval", 0.1, "--json")
        assert watched.code == 0
        assert (watched.json["step"], watched.json["total_steps"]) == (STEPS, STEPS)
        assert watched.json["metrics"]["critic_rewards_mean"] > 0
        events = rft("events", "mine", "--json").json["events"]
        assert len(events) == watched.json["events"]
        assert f"Step {STEPS}/{STEPS}" in rft("events", "mine", "--type", "metrics", "--last", 1).stdout
        steps = [one["step_number"] for one in rft("checkpoints", "mine", "--json").json["checkpoints"]]
        assert steps == sorted(steps)
        assert steps
        prompt = json.loads(training_file.read_bytes().splitlines()[0])["messages"][-1]["content"]
        objects = {"chat": "chat.completion", "responses": "response", "completions": "text_completion"}
        for api, kind in objects.items():
            assert rft("chat", "mine", prompt, "--api", api, "--json").json["object"] == kind
            assert "####" in rft("chat", "mine", prompt, "--api", api, "--temperature", 0).stdout
            assert rft("chat", "mine", prompt, "--api", api, "--checkpoint", steps[0]).code == 0
        assert rft("jobs", "--json").json["jobs"][0]["id"] == job_id
        assert rft("cancel", "mine", "--yes").code == 2, "the job has already succeeded"
        again = rft("submit", training_file, "--arn", ARN, "--name", "mine", "--json")
        assert (again.json["found"], again.json["job"]["id"]) == (True, job_id)
        assert len(rft("files", "--json").json["files"]) == 1


def test_a_function_that_is_not_there_fails_the_job_and_the_watch(
    config, training_file, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    with EmulatorProcess(dataclasses.replace(config, speed=None)) as emulator:
        wrong = ARN.replace("word-problems", "nowhere")
        ran = run_verb("submit", training_file, "--arn", wrong, "--name", "x", base_url=emulator.base_url)
        if ran.code == 0:
            ran = run_verb("watch", "x", "--interval", 0.1, base_url=emulator.base_url)
            assert ran.code == 1
            assert "nowhere" in ran.stdout
        else:
            assert "nowhere" in ran.stderr


class Quiet:
    """An observer that records only ids and troubles."""

    def __init__(self):
        self.ids = []
        self.troubles = 0

    def resumed(self, watched):
        pass

    def events(self, events):
        self.ids += [event["id"] for event in events]

    def warning(self, finding):
        pass

    def note(self, text):
        pass

    def state(self, watched):
        pass

    def trouble(self, error, wait_s):
        self.troubles += 1


@pytest.mark.slow
def test_a_service_killed_and_started_again_costs_no_event(config, training_file, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    first = EmulatorProcess(config)
    first.start()
    base_url = first.base_url
    job_id = run_verb("submit", training_file, "--arn", ARN, "--name", "x", "--json", base_url=base_url).json[
        "job"
    ]["id"]
    quiet, found = Quiet(), []

    def follow():
        with connected(base_url) as client:
            found.append(
                watch(
                    client,
                    job_id,
                    tmp_path / "jobs/x",
                    observer=quiet,
                    clock=SystemClock(),
                    pace=Polling(0.1),
                )
            )

    thread = threading.Thread(target=follow, daemon=True)
    thread.start()
    until(lambda: len(quiet.ids) >= 8)
    first.kill()
    until(lambda: quiet.troubles)
    with EmulatorProcess(config) as second:
        assert second.base_url == base_url
        thread.join(60)
        assert not thread.is_alive()
        with connected(base_url) as client:
            served = [event.id for event in client.events(job_id)][::-1]
    assert found[0].succeeded
    assert quiet.troubles >= 1
    assert quiet.ids == served
    assert len(set(served)) == len(served)


class Hasty(SystemClock):
    """A clock that shortens all waits to a hundredth, and at most to 0.05 seconds."""

    def sleep(self, seconds):
        super().sleep(min(seconds / 100, 0.05))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_faults_cost_neither_a_second_job_nor_an_event(config, training_file, tmp_path, seed):
    faults = {"throttle": 0.15, "timeout": 0.1, "500": 0.15, "malformed": 0.1, "slow-start": 3}
    faulty = dataclasses.replace(config, speed=None, faults=faults, seed=seed, port=0)
    plan = Plan(
        read_training_file(training_file), ARN, "openai.gpt-oss-20b", hyperparameters(n_epochs=4), "x", None
    )
    quiet = Quiet()
    with EmulatorProcess(faulty) as emulator, connected(emulator.base_url) as client:
        for _ in range(30):
            entry = Entry.open(tmp_path / "jobs", "x", plan, "now")
            try:
                done = submit(client, plan, entry, Hasty())
                break
            except Unreachable:
                continue
        job_id = str(done.job.id)
        outcome = watch(
            client, job_id, tmp_path / "jobs/x", observer=quiet, clock=Hasty(), pace=Polling(5.0, 600.0)
        )
        with connected(emulator.base_url, max_retries=8) as patient:
            for _ in range(30):
                try:
                    served = [event.id for event in patient.events(job_id)][::-1]
                    jobs = list(patient.jobs())
                    break
                except Unreachable:
                    continue
    assert outcome.succeeded
    assert quiet.ids == served
    assert len(jobs) == 1
