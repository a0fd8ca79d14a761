from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from harness.errors import InputError
from harness.replay.grading import grade_batch, profiles_of
from harness.rollouts.read import Rollout
from harness.targets.in_process import InProcessTarget
from harness.targets.own_process import OwnProcessTarget, ProcessLimits, how_it_ended, longest_hold
from harness.targets.protocol import GraderFault
from support.rft_command import write_grader
from support.rollout_files import rollout

ENDING = """
import ctypes, os, signal, sys
from graders import Reward, Sample, grader

calls = 0

@grader(timeout_s=5)
def ending(sample: Sample) -> Reward:
    global calls
    calls += 1
    match sample.completion:
        case "exits":
            os._exit(3)
        case "is killed":
            os.kill(os.getpid(), signal.SIGKILL)
        case "crashes":
            ctypes.string_at(0)
        case "aborts":
            os.abort()
        case "closes everything":
            os.closerange(0, 256)
        case "forks":
            os.fork()
        case "prints":
            print("printed")
            os.write(1, b"written")
        case "raises":
            raise ValueError("no such thing")
    return Reward(0.5, metrics={"calls": float(calls), "pid": float(os.getpid())})

def by_hand(event, context):
    if event[0]["messages"][-1]["content"] == "exits":
        sys.exit(4)
    return [{"id": one["id"], "aggregate_reward_score": 1.0} for one in event]
"""


def event(*completions: str) -> list[dict[str, Any]]:
    return [rollout(f"r{at}", text) for at, text in enumerate(completions)]


@pytest.fixture
def target(tmp_path: Path) -> Iterator[OwnProcessTarget]:
    with closing(OwnProcessTarget(f"{write_grader(tmp_path, ENDING)}:ending")) as opened:
        yield opened


def test_it_says_of_a_grader_what_this_process_would_say(tmp_path: Path, target: OwnProcessTarget) -> None:
    here = InProcessTarget(f"{tmp_path / 'my_grader.py'}:ending")
    assert (target.sha256, target.options, target.bounds) == (here.sha256, here.options, here.bounds)
    answer = target.grade(event("a", "raises"))
    error = answer.items[1].error
    assert answer.items[0].reward == 0.5
    assert error is not None
    assert (error["kind"], "no such thing (my_grader.py:" in error["message"]) == ("exception", True)


def test_a_handler_written_by_hand_declares_nothing(tmp_path: Path) -> None:
    with closing(OwnProcessTarget(f"{write_grader(tmp_path, ENDING)}:by_hand")) as target:
        assert (target.options, target.bounds) == (None, None)
        assert target.grade(event("a", "b")).items[1].reward == 1.0
        fault = target.grade(event("exits")).fault
        assert fault is not None
        assert fault.error_type == "SystemExit"


@pytest.mark.parametrize(
    ("completion", "how"),
    [
        ("exits", "with exit code 3"),
        ("is killed", "by signal 9, which the system sends to a process that is out of memory"),
        ("crashes", "by signal 11"),
        ("aborts", "by signal 6"),
        ("closes everything", "with exit code"),
    ],
)
def test_a_sample_that_ends_the_process_costs_itself_alone(
    target: OwnProcessTarget, completion: str, how: str
) -> None:
    given = ["a", completion, "b"]
    batch = [Rollout(at, at, "g", rollout(at, text)) for at, text in enumerate(given)]
    rows = grade_batch(target, batch, profiles_of("open-weight"), 1, keep_label=False)
    assert [row["reward"] for row in rows] == [None if text == completion else 0.5 for text in given]
    error = rows[1]["error"]
    assert error is not None
    assert error["message"].startswith(f"Runtime.ExitError: the grader ended its own process {how}")


def test_the_next_call_and_a_restart_find_a_new_process(target: OwnProcessTarget) -> None:
    assert [target.grade(event("a")).items[0].metrics["calls"] for _ in range(2)] == [1.0, 2.0]
    assert isinstance(target.grade(event("exits")).fault, GraderFault)
    assert target.grade(event("a")).items[0].metrics["calls"] == 1.0
    target.restart()
    assert target.grade(event("a")).items[0].metrics["calls"] == 1.0


def test_a_copy_that_the_grader_forked_answers_nothing(target: OwnProcessTarget) -> None:
    first = target.grade(event("a")).items[0].metrics["pid"]
    assert target.grade(event("forks")).items[0].metrics["pid"] == first
    answers = [target.grade(event("a")).items[0].metrics for _ in range(3)]
    assert [one["calls"] for one in answers] == [3.0, 4.0, 5.0]
    assert {one["pid"] for one in answers} == {first}


def test_what_it_prints_stays_off_our_own_output(
    target: OwnProcessTarget, capfd: pytest.CaptureFixture[str]
) -> None:
    target.restart()
    assert target.grade(event("prints")).items[0].reward == 0.5
    target.close()
    out, err = capfd.readouterr()
    assert (out, "printed" in err, "written" in err) == ("", True, True)


def test_what_it_prints_can_be_sent_to_a_file(target: OwnProcessTarget, tmp_path: Path) -> None:
    (tmp_path / "log").touch()
    target.print_to(tmp_path / "log")
    target.grade(event("prints"))
    target.close()
    assert (tmp_path / "log").read_text() == "printed\nwritten"


@pytest.mark.parametrize(
    ("source", "name", "said"),
    [
        ("import os; os._exit(7)", "my_grader.py:ending", "importing it ended the process with exit code 7"),
        ("import nowhere", "my_grader.py:ending", "it imports nowhere, which is not installed"),
        (ENDING, "my_grader.py:absent", "there is no absent"),
        (ENDING, "other.py:ending", "no such file"),
    ],
)
def test_what_cannot_be_imported_is_said_before_anything_is_graded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str, name: str, said: str
) -> None:
    write_grader(tmp_path, source)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=said):
        OwnProcessTarget(name)


def test_code_in_c_that_holds_the_interpreter_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.targets.own_process.longest_hold", lambda options: 1.5)
    source = ENDING.replace('"exits":\n            os._exit(3)', '"exits":\n            sum(range(10**12))')
    with closing(OwnProcessTarget(f"{write_grader(tmp_path, source)}:ending")) as target:
        fault = target.grade(event("exits")).fault
        assert fault is not None
        assert fault.message.endswith("after its time limit: C code held it until it was killed")
        assert target.grade(event("a")).items[0].reward == 0.5


def test_how_long_code_in_c_may_hold_a_process() -> None:
    assert longest_hold({"timeout_s": 5.0}) == 15.0
    assert longest_hold({"timeout_s": None}) is None
    assert longest_hold(None) == 125.0


def test_an_end_is_told_by_its_code() -> None:
    assert how_it_ended(0, held=False) == "with exit code 0"
    assert how_it_ended(-15, held=False) == "by signal 15 (Terminated)"
    assert how_it_ended(-9, held=True).startswith("after its time limit")


def test_it_needs_nothing_of_the_folder_that_it_is_started_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_grader(tmp_path, ENDING)
    for name in ("queue.py", "json.py", "harness.py"):
        (tmp_path / name).write_text("raise SystemExit('imported')")
    monkeypatch.chdir(tmp_path)
    with closing(OwnProcessTarget("my_grader:ending")) as target:
        assert target.grade(event("a")).items[0].reward == 0.5
    assert os.getcwd() == str(tmp_path)


@pytest.mark.parametrize(
    "garbage",
    [
        b"\x00\x00",  # half of the length prefix
        b"\x00\x00\xff\xff[[]",  # the announced length is longer than the message
        b"\x7f\xff\xff\xff",  # longer than any allowed message
        b"\xff\xff\xff\xff\x00",
        b"\xf0\x00\x00\x00[]",
    ],
)
def test_a_part_of_a_message_holds_nobody_up(tmp_path: Path, garbage: bytes) -> None:
    (tmp_path / "g.py").write_text(
        "import os, stat, time\n"
        "def handler(event, context):\n"
        "    for fd in range(3, 4096):\n"
        "        try:\n"
        "            if stat.S_ISSOCK(os.fstat(fd).st_mode):\n"
        f"                os.write(fd, {garbage!r})\n"
        "        except OSError:\n"
        "            pass\n"
        "    time.sleep(30)\n"
    )
    reading, writing = os.pipe()
    limits = ProcessLimits(seconds=0.5, memory_bytes=1 << 28, output=writing)
    try:
        with closing(OwnProcessTarget(f"{tmp_path}/g.py:handler", None, limits)) as target:
            answer = target.grade([])
    finally:
        os.close(reading)
        os.close(writing)
    assert isinstance(answer.fault, GraderFault)
    assert answer.fault.error_type in ("Sandbox.Timedout", "Runtime.ExitError")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux's limit counts just writable memory")
def test_threads_cost_less_memory_than_a_thread_s_usual_stack(tmp_path: Path) -> None:
    (tmp_path / "g.py").write_text(
        "import threading\n"
        "def handler(event, context):\n"
        "    done = threading.Event()\n"
        "    threads = [threading.Thread(target=done.wait) for _ in range(100)]\n"
        "    for one in threads:\n"
        "        one.start()\n"
        "    done.set()\n"
        "    for one in threads:\n"
        "        one.join()\n"
        "    return []\n"
    )
    output = os.open(tmp_path / "log", os.O_WRONLY | os.O_CREAT)
    limits = ProcessLimits(seconds=20.0, memory_bytes=1 << 28, output=output)
    try:
        with closing(OwnProcessTarget(f"{tmp_path}/g.py:handler", None, limits)) as target:
            assert target.grade([]).fault is None
    finally:
        os.close(output)
