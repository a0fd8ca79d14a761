"""`rft submit` as a process, killed while two folders submit the same plan.

Set `RFT_KILLS=100` for more kills than in an ordinary run.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from support.api_stub import ApiStub, Fault, Seen
from support.rft_command import COMMAND
from support.service import KEY

ARN = "arn:aws:lambda:us-west-2:123456789012:function:word-problems:3"
KILLS = 4
IN_ALL = int(os.environ.get("RFT_KILLS", "20"))
FOLDERS = ("one", "two")


class Submissions:
    """Submits one plan from several folders. The service runs in the test's process."""

    def __init__(self, stub: ApiStub, root: Path) -> None:
        self.stub, self.root = stub, root
        (root / "train.jsonl").write_text('{"messages": [{"role": "user", "content": "1+1"}]}\n' * 3)
        self.process: subprocess.Popen[str] | None = None
        self.left = 0
        self.takes_effect = False
        stub.on_request = self._on_request

    def _on_request(self, seen: Seen) -> None:
        self.left -= 1
        if self.left == 0 and self.process is not None:
            if not self.takes_effect:
                self.stub.faults.append(Fault(seen.method, ""))
            self.process.send_signal(signal.SIGKILL)

    def run(self, folder: str, kill_at: int = 0, takes_effect: bool = False) -> tuple[int, str]:
        """Submit, and kill the process at a request. With `takes_effect`, the service still acts on it."""
        place = self.root / folder
        place.mkdir(exist_ok=True)
        self.left, self.takes_effect = kill_at, takes_effect
        self.process = subprocess.Popen(
            [*COMMAND, "submit", "../train.jsonl", "--arn", ARN, "--no-validate"],
            cwd=place,
            env={**os.environ, "OPENAI_BASE_URL": self.stub.base_url, "OPENAI_API_KEY": KEY},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        said, _ = self.process.communicate(timeout=120)
        return self.process.returncode, said


def one_round(root: Path, number: int) -> int:
    """Kill submissions of one plan, then let both folders finish. Returns the number of kills."""
    chance = random.Random(number)
    root.mkdir()
    kills = 0
    with ApiStub() as stub:
        submissions = Submissions(stub, root)
        while kills < KILLS and not stub.jobs:
            code, _ = submissions.run(chance.choice(FOLDERS), chance.randint(1, 5), chance.random() < 0.5)
            kills += code == -signal.SIGKILL
        for folder in FOLDERS:
            code, said = submissions.run(folder)
            assert code == 0, said
            (journal,) = (root / folder / "jobs").glob("*/job.json")
            assert json.loads(journal.read_text())["job"]["id"] == "ftjob-1"
        assert (len(stub.files), len(stub.jobs)) == (1, 1), f"round {number}"
    return kills


@pytest.mark.slow
def test_kills_lose_and_duplicate_nothing(tmp_path: Path) -> None:
    kills, number = 0, 0
    with ThreadPoolExecutor(3) as pool:
        while kills < IN_ALL:
            rounds = range(number, number + 6)
            kills += sum(pool.map(lambda each: one_round(tmp_path / str(each), each), rounds))
            number += 6
