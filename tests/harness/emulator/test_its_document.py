"""The commands and claims of docs/emulator.md."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from harness.api.types import MAX_RECORDS, MIN_RECORDS, NOT_RECORDED, TRAINING_METRICS
from harness.emulator import admin_routes
from harness.emulator.handmade import HANDMADE
from harness.emulator.operations import CHAT, COMPLETIONS, CREATE_JOB, MAX_PAGE, RESPONSES
from harness.emulator.request_fields import Table
from harness.emulator.requests import DOCUMENTED_PLACEHOLDER
from harness.emulator.settings import FAULTS, EmulatorConfig
from harness.simulator.examples import HELD_OUT, MAX_SHORT, MIN_COMPLETIONS
from harness.simulator.failure import WINDOW
from harness.simulator.features import DIMENSIONS, features
from harness.simulator.grader_calls import RETRIES
from harness.simulator.policy import RATE, WARM_UP
from support.ports import free_port
from support.readme import README, blocks

DOCUMENT = README.parent / "docs" / "emulator.md"
DEFAULTS = EmulatorConfig(rollouts=(), state=Path())
TEXT = " ".join(DOCUMENT.read_text(encoding="utf-8").split())
PROMPT = {"role": "user", "content": "What is 6 times 7?"}


def write_inputs(folder: Path) -> None:
    record = {"messages": [PROMPT], "reference_answer": "#### 42"}
    said = ["Six sevens.\n#### 42", "#### 41", "I guess\n#### 40", "It is\n#### 42"]
    rollouts = [
        {**record, "id": f"a/{number}", "messages": [PROMPT, {"role": "assistant", "content": text}]}
        for number, text in enumerate(said)
    ]
    (folder / "rollouts.jsonl").write_text("".join(json.dumps(line) + "\n" for line in rollouts))
    (folder / "train.jsonl").write_text((json.dumps(record) + "\n") * 8)
    grader = blocks("python")[0]
    assert "def math_answer" in grader
    (folder / "my_grader.py").write_text(grader)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_its_commands_run(tmp_path) -> None:
    write_inputs(tmp_path)
    (commands,) = blocks("console", DOCUMENT)
    lines = [line.removeprefix("$ ") for line in commands.splitlines()]
    ask = "curl -s --noproxy '*' http://127.0.0.1:8080/v1/models >&2"
    ready = f"trap 'kill $!' EXIT; until {ask}; do sleep 0.1; done"
    # The trap ends the emulator even if a command fails.
    script = "\n".join([lines[0], ready, *lines[1:]]).replace("8080", str(free_port()))
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {"PATH": path, "HOME": str(tmp_path), "no_proxy": "127.0.0.1"}
    # Validation rejects duplicate records, which the file has so that the job takes two steps.
    script = script.replace("--name first", "--name first --force")
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr.decode()
    said = done.stdout.decode()
    assert re.search(r"^first  ftjob-\S+  succeeded\nstep 2/2 \(100 %\)", said, re.MULTILINE)
    assert "####" in said
    assert said.count("The job has successfully completed") == 3, "watched, listed, and fetched by curl"


@pytest.mark.parametrize(
    "words",
    [
        f"size = {RATE:g} x learning_rate_multiplier x min(1, step / ({WARM_UP:g} x steps))",
        f"hashed with a sign into {DIMENSIONS} places",
        f"at most {HELD_OUT} records",
        f"fewer than {MIN_COMPLETIONS} completions are left out",
        f"If these are more than {100 * MAX_SHORT:g} % of the records",
        f"| `--group-size`, {DEFAULTS.group_size} |",
        f"| at most {DEFAULTS.lambda_batch} |",
        f"tried again {['no', 'one', 'two', 'three'][RETRIES]} times",
        f"over half of the last {WINDOW}",
        f"outside {MIN_RECORDS} to {MAX_RECORDS:,} records",
        f"| greatest `limit` of a page | {MAX_PAGE:,} |",
        f"| greatest file | {DEFAULTS.max_file_bytes >> 20} MiB,",
        *(f'"{prompt}"' for prompt in HANDMADE),
        f"`{NOT_RECORDED}`",
        f"`{DOCUMENTED_PLACEHOLDER}`",
        *(f"`{name}`" for name in TRAINING_METRICS),
        *(f"{name}=" for name in FAULTS),
    ],
)
def test_it_names_what_the_code_does(words: str) -> None:
    assert words in TEXT


@pytest.mark.parametrize("table", [CHAT, COMPLETIONS, RESPONSES, CREATE_JOB])
def test_every_field_is_listed(table: Table) -> None:
    section = TEXT.split("## Accepted, ignored, refused")[1].split("## ")[0]
    before, after = section.split("| type checked, no effect |")
    for name, field in table.items():
        assert f"`{name}`" in (after if field.why else before), name


def test_every_route_for_tests_is_listed() -> None:
    for route in admin_routes.routes:
        assert f"{route.path.replace('{job}', 'JOB')}`" in TEXT


def test_a_checkpoints_metrics_are_explained(trained) -> None:
    service, name = trained
    page = service.raw("GET", f"/v1/fine_tuning/jobs/{name}/checkpoints")
    for metric in page["data"][0]["metrics"].keys() - {"step", "train_loss"}:
        assert f"`{metric}`" in TEXT


def test_features_have_length_one() -> None:
    assert sum(value * value for _, value in features("Six sevens.\n#### 42")) == pytest.approx(1.0)
