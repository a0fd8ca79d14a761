"""`rft rollout` on an emulator in its own process."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.samples import RECORDS
from support.rehearsing import MODEL, emulator, head, unique
from support.rft_command import COMMAND, refusal, rft_inside
from support.waiting import until


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with emulator(tmp_path_factory.mktemp("rollout")) as process:
        yield process.base_url


def words(url: str, *more: object) -> list[str]:
    fixed = ["rollout", "records.jsonl", "--model", MODEL, "--out", "out.jsonl", "--base-url", url]
    return [*fixed, *map(str, more)]


def ids(folder: Path) -> list[str]:
    return [json.loads(line)["id"] for line in (folder / "out.jsonl").read_text().splitlines()]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    head(tmp_path / "records.jsonl", RECORDS, 20)
    return tmp_path


def test_rollouts_are_made_and_replayed(folder: Path, url: str) -> None:
    done = rft_inside(folder, *words(url, "-n", 4))
    assert (done.returncode, done.stderr) == (0, "")
    assert "80 of 80 completions in out.jsonl" in done.stdout
    assert "tokens: " in done.stdout
    again = rft_inside(folder, *words(url, "-n", 4, "--json"))
    found: dict[str, Any] = json.loads(again.stdout)
    assert (found["there"], found["done"], found["refused"]) == (80, 0, {})
    replayed = rft_inside(
        folder, "replay", "out.jsonl", "-g", "graders.examples.word_problems:word_problem", "--json"
    )
    assert json.loads(replayed.stdout)["totals"]["gradings"] == 80
    assert "next: rft replay out.jsonl --grader MODULE:NAME\n" in done.stdout
    (folder / "rft.toml").write_text(
        f'records = "records.jsonl"\nmodel = "{MODEL}"\nbase_url = "{url}"\n'
        'grader = "graders.examples.word_problems:word_problem"\n'
    )
    settled = rft_inside(folder, "rollout", "--out", "out.jsonl", "-n", 4)
    assert "80 of 80 completions in out.jsonl (80 were saved before)" in settled.stdout
    assert settled.stdout.endswith("next: rft replay out.jsonl\n")
    assert json.loads(rft_inside(folder, "replay", "out.jsonl", "--json").stdout)["totals"]["gradings"] == 80


def test_killed_again_and_again_nothing_is_lost_or_there_twice(folder: Path, url: str) -> None:
    command = [*COMMAND, *words(url, "-n", 4, "--rps", 50)]
    seen: list[str] = []
    for _ in range(3):
        process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        wanted = len(seen) + 12
        until(lambda wanted=wanted: len(ids_so_far(folder)) >= wanted)
        process.kill()
        process.communicate()
        with (folder / "out.jsonl").open("ab") as file:
            file.write(b'{"id": "word-problem-0')
        kept = ids_so_far(folder)
        assert kept[: len(seen)] == seen
        seen = kept
    assert 36 <= len(seen) < 80
    done = rft_inside(folder, *words(url, "-n", 4, "--json"))
    found = json.loads(done.stdout)
    assert (done.returncode, found["there"], found["done"]) == (0, len(seen), 80 - len(seen))
    assert len(ids(folder)) == 80
    assert unique(ids(folder))


def ids_so_far(folder: Path) -> list[str]:
    try:
        whole = (folder / "out.jsonl").read_bytes().rpartition(b"\n")[0]
    except FileNotFoundError:
        return []
    return [json.loads(line)["id"] for line in whole.splitlines()]


def test_a_service_in_disorder_is_asked_until_all_is_there(folder: Path) -> None:
    faults = {"throttle": 0.03, "500": 0.05, "malformed": 0.05, "timeout": 0.02}
    with emulator(folder, faults) as process:
        done = rft_inside(folder, *words(process.base_url, "-n", 4, "--json"))
    found = json.loads(done.stdout)
    assert (done.returncode, found["done"]) == (0, 80)
    assert found["waits"] > 0
    assert unique(ids(folder))


def test_a_file_holds_one_model_asked_in_one_way(folder: Path, url: str) -> None:
    rft_inside(folder, *words(url, "-n", 1))
    before = (folder / "out.jsonl").read_bytes()
    said = refusal(folder, *words(url, "-n", 1, "--temperature", 0.5))
    assert "started with options {}, not {'temperature': 0.5}" in said
    assert "Use another --out" in said
    assert (folder / "out.jsonl").read_bytes() == before


def test_what_cannot_be_asked_is_said_in_one_line(folder: Path, url: str) -> None:
    said = refusal(
        folder, "rollout", "records.jsonl", "--model", "nobody", "--out", "x.jsonl", "--base-url", url
    )
    assert "No such model: nobody" in said
    assert "no such file" in refusal(folder, "rollout", "no.jsonl", "--model", MODEL, "--out", "x.jsonl",
                                     "--base-url", url)  # fmt: skip
    nowhere = words("http://127.0.0.1:9/v1", "--patience", 1)
    assert "cannot reach 127.0.0.1:9" in refusal(folder, *nowhere, code=3)


def test_the_request_can_be_shown_without_being_sent(folder: Path) -> None:
    done = rft_inside(folder, *words("http://127.0.0.1:9/v1", "--print-curl", "--temperature", 0.7))
    assert done.returncode == 0
    assert "curl --fail-with-body http://127.0.0.1:9/v1/chat/completions" in done.stdout
    assert '"temperature": 0.7' in done.stdout
    assert not os.path.exists(folder / "out.jsonl")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "the file is empty"),
        ('{"messages": []}\n', "this is not a record"),
        ('{"messages": [{"role": "assistant", "content": "A"}]}\n', "this is a rollout"),
        ('{"messages": [{"role": "user", "content": "\\ud800"}]}\n', "hold a lone surrogate"),
    ],
)
def test_a_request_that_cannot_be_sent_is_not_shown(folder: Path, text: str, why: str) -> None:
    (folder / "records.jsonl").write_text(text)
    assert why in refusal(folder, *words("http://127.0.0.1:9/v1", "--print-curl"))
