"""A judge's answers, recorded once and replayed without the judge."""

from __future__ import annotations

import gzip
import json
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import graders
from support.judge_endpoint import Answer, Asked, JudgeEndpoint
from support.rft_command import COMMAND, refusal, replay_json, rft_inside, rows_of, runs_in, write_grader
from support.rollout_files import rollout, write_rollouts
from support.waiting import until

JUDGE = """
import asyncio, json, os
from graders import Abstain, ConfigurationError, Reward, Sample, grader

def ask(text):
    import urllib.request  # with the first question, as ready judges import their clients

    if "JUDGE_URL" not in os.environ:
        raise ConfigurationError("JUDGE_URL is not set")
    body = json.dumps({"model": "judge", "messages": [{"role": "user", "content": text}]}).encode()
    headers = {"Content-Type": "application/json", "Authorization": "Bearer " + os.environ["JUDGE_KEY"]}
    with urllib.request.urlopen(urllib.request.Request(os.environ["JUDGE_URL"], body, headers)) as answer:
        return json.loads(json.load(answer)["choices"][0]["message"]["content"])

@grader(timeout_s=30, concurrency=4)
async def judge(sample: Sample) -> Reward:
    return Reward(await asyncio.to_thread(ask, sample.completion))

@grader
def swallows(sample: Sample) -> float:
    try:
        return ask(sample.completion)
    except OSError:
        return 0.0
"""
KEY = "key-that-nobody-may-see-1"


def by_length(asked: Asked) -> Answer:
    """Return a verdict that depends only on the question."""
    return Answer(len(asked.question) % 5 / 4)


def in_tenths(asked: Asked) -> Answer:
    """Return a different verdict each time."""
    return Answer(asked.number % 11 / 10)


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[JudgeEndpoint]:
    with JudgeEndpoint(by_length) as found:
        monkeypatch.setenv("JUDGE_URL", f"{found.url}/v1/chat/completions")
        monkeypatch.setenv("JUDGE_KEY", KEY)
        yield found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_grader(tmp_path, JUDGE)
    texts = [f"answer {'x' * number}" for number in range(6)]
    write_rollouts(tmp_path / "rollouts.jsonl", [rollout(number, text) for number, text in enumerate(texts)])
    return tmp_path


def replayed(folder: Path, *words: object, code: int = 0, name: str = "judge") -> dict[str, Any]:
    return replay_json(folder, "--answers", "a.jsonl", *words, code=code, grader=f"my_grader.py:{name}")


def rewards(folder: Path, found: dict[str, Any]) -> list[Any]:
    return [row["reward"] for row in rows_of(folder, found)]


def answers(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "a.jsonl").read_text().splitlines()[1:]]


def test_recorded_answers_replay_without_network_and_variables(
    folder: Path, endpoint: JudgeEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded = replayed(folder, "--ask", "all")
    assert len(endpoint.seen) == len(answers(folder)) == recorded["recording"]["answers"] == 6
    assert KEY not in (folder / "a.jsonl").read_text()
    monkeypatch.delenv("JUDGE_URL")
    monkeypatch.delenv("JUDGE_KEY")
    again = replayed(folder)
    assert rewards(folder, again) == rewards(folder, recorded)
    assert len(endpoint.seen) == 6
    assert again["answers"]["sha256"] == recorded["answers"]["recorded"]
    said = rft_inside(folder, "show", again["run"]).stdout
    assert f"answered from a.jsonl (SHA-256 {again['answers']['sha256'][:12]}" in said
    assert "answered from a.jsonl" in rft_inside(folder, "runs").stdout


def test_every_wire_shares_one_question_and_every_repeat_has_its_own(
    folder: Path, endpoint: JudgeEndpoint
) -> None:
    endpoint.script = in_tenths
    recorded = replayed(folder, "--ask", "all", "--wire", "all", "--repeats", 2)
    assert len(endpoint.seen) == 12
    assert recorded["totals"]["wires"] == 0
    assert sorted(one["repeat"] for one in answers(folder)) == [0] * 6 + [1] * 6
    assert len(set(rewards(folder, recorded))) > 6  # the two repeats have different rewards
    assert rewards(folder, replayed(folder, "--repeats", 2)) == rewards(folder, recorded)


def test_every_wire_shares_one_question_without_a_file_too(folder: Path, endpoint: JudgeEndpoint) -> None:
    endpoint.script = in_tenths
    found = replay_json(folder, "--wire", "all", grader="my_grader.py:judge")
    assert (len(endpoint.seen), found["totals"]["wires"], found["answers"]) == (6, 0, None)


def test_an_unanswered_question_gives_no_reward_whatever_the_grader_returns(
    folder: Path, endpoint: JudgeEndpoint
) -> None:
    replayed(folder, "--ask", "all", "--limit", 4)
    found = replayed(folder, code=1)
    assert rewards(folder, found)[:4] == [0.5, 0.75, 1.0, 0.0]
    assert [row["error"] and row["error"]["kind"] for row in rows_of(folder, found)][4:] == ["unrecorded"] * 2
    assert "--ask new" in str(rows_of(folder, found)[4]["error"])
    swallowed = replayed(folder, code=1, name="swallows")
    assert [reward is None for reward in rewards(folder, swallowed)] == [False] * 4 + [True] * 2
    assert len(endpoint.seen) == 4
    new = replayed(folder, "--ask", "new")["recording"]
    assert (new["answers"], new["new"], new["gone"], len(endpoint.seen)) == (6, 2, 0, 6)


def test_asking_again_reports_changed_rewards_before_the_file_changes(
    folder: Path, endpoint: JudgeEndpoint
) -> None:
    replayed(folder, "--ask", "all")
    assert replayed(folder, "--ask", "all")["recording"]["drift"]["changed"] == 0
    endpoint.script = lambda asked: Answer(0.0 if asked.question == "answer x" else by_length(asked).verdict)
    done = rft_inside(
        folder, "replay", "rollouts.jsonl", "-g", "my_grader.py:judge", "--answers", "a.jsonl", "--ask", "all"
    )
    assert "1 of 6 rewards changed, by -0.1250 on average and 0.7500 at most" in done.stdout
    assert "6 answers recorded in a.jsonl (0 new)" in done.stdout
    assert rewards(folder, replayed(folder))[1] == 0.0


def test_asking_again_also_compares_compressed_rollouts(folder: Path, endpoint: JudgeEndpoint) -> None:
    (folder / "r.gz").write_bytes(gzip.compress((folder / "rollouts.jsonl").read_bytes()))
    words = ("replay", "r.gz", "-g", "my_grader.py:judge", "--answers", "a.jsonl", "--ask", "all")
    assert rft_inside(folder, *words).returncode == 0
    endpoint.script = lambda asked: Answer(0.0 if asked.question == "answer x" else by_length(asked).verdict)
    assert "1 of 6 rewards changed, by -0.1250 on average" in rft_inside(folder, *words).stdout


def test_a_service_that_fails_leaves_the_file_as_it_was(folder: Path, endpoint: JudgeEndpoint) -> None:
    endpoint.script = lambda asked: Answer(status=403)
    assert replayed(folder, "--ask", "all", code=1)["recording"]["failed"] == 6
    assert not (folder / "a.jsonl").exists()
    endpoint.script = by_length
    replayed(folder, "--ask", "all")
    before = (folder / "a.jsonl").read_bytes()
    endpoint.script = lambda asked: Answer(status=500) if "xxx" in asked.question else Answer(0.0)
    found = replayed(folder, "--ask", "all", code=1)
    assert found["recording"]["failed"] == 3
    assert (folder / "a.jsonl").read_bytes() == before
    shutil.copyfile(folder / found["recording"]["kept"], folder / "a.jsonl")
    endpoint.seen.clear()
    endpoint.script = by_length
    replayed(folder, "--ask", "new")
    assert len(endpoint.seen) == 3


def test_a_killed_recording_asks_no_question_twice(folder: Path, endpoint: JudgeEndpoint) -> None:
    held = threading.Event()
    released = threading.Event()

    def script(asked: Asked) -> Answer:
        if asked.number == 4:
            held.set()
            released.wait(30)
        return by_length(asked)

    endpoint.script = script
    words = ["replay", "rollouts.jsonl", "-g", "my_grader.py:judge", "--answers", "a.jsonl", "--ask", "all"]
    begun = subprocess.Popen([*COMMAND, *words], cwd=folder, stdout=subprocess.DEVNULL)
    try:
        assert held.wait(60)
        until(lambda: len(recorded_parts(folder)) >= 3)
    finally:
        begun.kill()
        begun.wait()
        released.set()
    assert not (folder / "a.jsonl").exists()
    kept = [json.loads(line)["asked"] for line in recorded_parts(folder)]
    found = replayed(folder, "--ask", "all")
    assert len(runs_in(folder)) == 1
    assert found["recording"]["answers"] == 6
    assert len(kept) >= 3
    assert [endpoint.bodies.count(body) for body in kept] == [1] * len(kept)


def recorded_parts(folder: Path) -> list[str]:
    parts = (folder / "runs").glob("*/answers/*.jsonl")
    return [line for part in parts for line in part.read_text().splitlines() if '"asked"' in line]


def test_another_file_is_other_work(folder: Path, endpoint: JudgeEndpoint) -> None:
    replayed(folder, "--ask", "all", "--name", "first")
    lines = (folder / "a.jsonl").read_text().splitlines(keepends=True)
    (folder / "a.jsonl").write_text("".join(lines[:-1]))
    words = [
        "replay",
        "rollouts.jsonl",
        "-g",
        "my_grader.py:judge",
        "--answers",
        "a.jsonl",
        "--name",
        "first",
    ]
    assert "different settings: answers" in refusal(folder, *words, "--name", "first")


def test_options_that_do_not_fit_are_refused(folder: Path) -> None:
    words = ["replay", "rollouts.jsonl", "-g", "my_grader.py:judge"]
    assert "a.jsonl: the file of recorded answers does not exist" in refusal(
        folder, *words, "--answers", "a.jsonl"
    )
    assert "Add --answers FILE" in refusal(folder, *words, "--ask", "all")


def test_the_settings_name_the_file(folder: Path, endpoint: JudgeEndpoint) -> None:
    (folder / "rft.toml").write_text('answers = "a.jsonl"\n')
    found = replay_json(folder, "--ask", "all", grader="my_grader.py:judge")
    assert found["recording"]["answers"] == 6
    assert replay_json(folder, grader="my_grader.py:judge")["answers"]["ask"] == "never"
    assert len(endpoint.seen) == 6


def artifact_of(folder: Path) -> Path:
    """Copy the folder's grader and the library into an artifact."""
    built = folder / "built"
    shutil.copytree(
        Path(graders.__file__).parent, built / "graders", ignore=shutil.ignore_patterns("__pycache__")
    )
    shutil.copy(folder / "my_grader.py", built)
    return built


@pytest.mark.slow
def test_a_built_function_and_parity_use_the_recorded_answers(
    folder: Path, endpoint: JudgeEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded = replayed(folder, "--ask", "all")
    monkeypatch.delenv("JUDGE_URL")
    monkeypatch.delenv("JUDGE_KEY")
    there = ["--artifact", artifact_of(folder), "--handler", "my_grader.judge", "--answers", "a.jsonl"]
    found = json.loads(rft_inside(folder, "replay", "rollouts.jsonl", *there, "--json").stdout)
    assert rewards(folder, found) == rewards(folder, recorded)
    same = rft_inside(folder, "parity", "rollouts.jsonl", *there, "--wire", "open-weight")
    assert same.returncode == 0, same
    assert "requests were answered from a.jsonl, not by the service" in same.stdout
    lines = (folder / "a.jsonl").read_text().splitlines(keepends=True)
    (folder / "a.jsonl").write_text("".join(lines[:-1]))
    some = json.loads(rft_inside(folder, "replay", "rollouts.jsonl", *there, "--json").stdout)
    assert some["totals"]["errors"] == {"unrecorded": 1}
    assert "not measured: " in refusal(folder, "parity", "rollouts.jsonl", *there, "--wire", "open-weight")
    refused = refusal(folder, "replay", "rollouts.jsonl", *there, "--ask", "all")
    assert "answers are recorded only if the grader runs in process" in refused
    assert len(endpoint.seen) == 6


def test_answers_that_could_not_be_written_are_kept_and_not_asked_for_again(
    folder: Path, endpoint: JudgeEndpoint
) -> None:
    def script(asked: Asked) -> Answer:
        (folder / "a.jsonl").mkdir(exist_ok=True)
        return by_length(asked)

    endpoint.script = script
    words = ["replay", "rollouts.jsonl", "-g", "my_grader.py:judge", "--answers", "a.jsonl", "--ask", "all"]
    assert "The recorded answers are in runs/" in refusal(folder, *words)
    (folder / "a.jsonl").rmdir()
    assert "6 answers recorded in a.jsonl (6 new)" in rft_inside(folder, *words).stdout
    assert len(endpoint.seen) == len(answers(folder)) == 6
    assert len(runs_in(folder)) == 1
