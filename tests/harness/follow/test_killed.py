"""`rft watch`, and sometimes the emulator, killed at random moments.

Set `RFT_KILLS=100` for more kills than in an ordinary run. `pytest -s` shows the figures.
"""

from __future__ import annotations

import collections
import contextlib
import json
import os
import random
import re
import subprocess
import sys
from pathlib import Path

import pytest

from harness.emulator.settings import EmulatorConfig
from harness.samples import RECORDS, ROLLOUTS
from support.emulator_process import EmulatorProcess
from support.ports import free_port
from support.rehearsing import ARN, RIGHT, head
from support.rft_command import COMMAND, rft

KILLS = int(os.environ.get("RFT_KILLS", "20"))
EMULATOR_EVERY = 5


@pytest.mark.slow
def test_events_are_kept_once_and_in_order_however_often_the_watch_is_killed(tmp_path: Path) -> None:
    chance = random.Random(KILLS)
    training = head(tmp_path / "train.jsonl", RECORDS, 100)
    config = EmulatorConfig(
        rollouts=(ROLLOUTS,),
        state=tmp_path / "state",
        functions={"right": RIGHT},
        port=free_port(),
        speed=3.0,
    )
    with EmulatorProcess(config) as emulator:
        service = ("--base-url", emulator.base_url)
        done = rft(tmp_path, "submit", training, "--arn", ARN, "--name", "mine", "--n-epochs", 50, *service)
        assert done.returncode == 0, done.stderr
        journal = tmp_path / "jobs" / "mine" / "events.jsonl"
        watch = [*COMMAND, "watch", "mine", "--interval", "0.1", *service]
        killed, emulators, writing = 0, 0, 0
        with (tmp_path / "out").open("ab") as out:
            while killed < KILLS:
                had = journal.stat().st_size if journal.exists() else 0
                with subprocess.Popen(watch, cwd=tmp_path, stdout=out, stderr=out) as watching:
                    with contextlib.suppress(subprocess.TimeoutExpired):
                        watching.wait(chance.uniform(0.5, 5.0))
                    assert watching.poll() is None, (tmp_path / "out").read_text()[-2000:]
                    if killed % EMULATOR_EVERY == 0:
                        emulator.kill()
                        emulators += 1
                    watching.kill()
                killed += 1
                writing += journal.exists() and journal.stat().st_size > had
                if emulator.pid is None:
                    emulator.start()
            assert rft(tmp_path, "cancel", "mine", "--yes", *service).returncode == 0
            assert subprocess.run(watch, cwd=tmp_path, stdout=out, stderr=out, check=False).returncode == 1
        told = rft(tmp_path, "events", "mine", "--json", *service)
    served = [event["id"] for event in json.loads(told.stdout)["events"]]
    kept = [json.loads(line)["id"] for line in journal.read_bytes().splitlines()]
    steps = re.findall(r"Step (\d+)/", (tmp_path / "out").read_text())
    twice = [step for step, count in collections.Counter(steps).items() if count > 1]
    sys.stdout.write(
        f"\nwatch killed {killed} times ({writing} after it had written), emulator {emulators} times:"
        f" {len(kept)} events kept of {len(served)}, {len(set(kept))} different;"
        f" {len(steps)} steps printed, {len(twice)} of them twice\n"
    )
    assert len(set(served)) == len(served)
    assert kept == served
    assert twice == []
