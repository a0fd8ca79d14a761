"""Installs the other auditors, runs them on wrapped graders, and interprets their results."""

from __future__ import annotations

import json
import os
import subprocess
import time
import venv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

ROOT = Path(__file__).resolve().parents[2]
CHECKS = ("pydantic-monty>=1.4,<1.5", "openai")
"""Packages that graders with ready checks need."""

Verdict = Literal["flagged", "clean", "not measured", "no answer"]


@dataclass(frozen=True)
class Answer:
    """An auditor's verdict on one grader. If there is none, `why` is the end of the auditor's output."""

    verdict: Verdict
    seconds: float
    why: str = ""


@dataclass(frozen=True)
class Tool:
    """An auditor.

    Args:
        name: The command that the package installs.
        pins: The packages that pip installs into a separate environment.
        arguments: The command's arguments. It runs in the folder of `wrapped.py` and `tasks.jsonl`.
        read: Reads the verdict from that folder and the exit code, and raises an error if there is none.
        prepare: Arguments for a first call of the same command, if it needs one; empty otherwise.
        module: A module to run with `python -m` instead of the command.
        rule: The criterion for a flagged grader, in words.
    """

    name: str
    pins: tuple[str, ...]
    arguments: tuple[str, ...]
    read: Callable[[Path, int], Verdict]
    rule: str
    prepare: tuple[str, ...] = ()
    module: str = ""


def _by_exit_code(folder: Path, code: int) -> Verdict:
    verdicts: dict[int, Verdict] = {0: "clean", 1: "flagged"}
    return verdicts[code]


def _json_in(folder: Path, name: str) -> Any:
    return json.loads(folder.joinpath(name).read_text())


def _severities(folder: Path) -> set[str]:
    """Return the severities of rewardprobe's findings except `state_leak`, which concerns the data."""
    families = _json_in(folder, "rewardprobe.json")["families"]
    found = [one for family in families for one in family["findings"]]
    return {one["severity"] for one in found if one["attack"] != "state_leak"}


def _rewardprobe(folder: Path, code: int) -> Verdict:
    return "flagged" if "critical" in _severities(folder) else "clean"


def _rewardprobe_strict(folder: Path, code: int) -> Verdict:
    return "flagged" if _severities(folder) & {"critical", "warning"} else "clean"


def _falsepass(folder: Path, code: int) -> Verdict:
    if "no candidate format earned any reward" in folder.joinpath("stderr.txt").read_text():
        return "not measured"
    meta = _json_in(folder, "audits/wrapped/probe-results.json")["meta"]
    if meta["adapter"].get("validity") != "ok":
        return "not measured"
    return _by_exit_code(folder, code)


_LEAKAGE = "validity.static.input_leakage"
"""A finding that reward-lens reports for every grader that reads its task's answer, even a good one."""


def _reward_lens(folder: Path, code: int) -> Verdict:
    said = _json_in(folder, "stdout.txt")
    if said["error"]:
        raise ValueError(said["error"]["message"])
    failed = [one for one in said["findings"] if one["kind"] == "fail" and one["rule"] != _LEAKAGE]
    return "flagged" if {one["level"] for one in failed} & {"warning", "error"} else "not measured"


_PROBES = ("rewardprobe==0.1.0",)
_EXPLOIT = "an exploit of its own corpus is accepted (exit code 1)"
_PROBE = ("test", "wrapped.py::paid_for_answer", "--dataset", "tasks.jsonl", "-o", "rewardprobe.json")
_DOCTOR = ("audit", "wrapped.py:paid_for_reference")
_GATE = ("--fail-on", "ceiling>0.1", "--fail-on", "errors>0")
_INIT = (
    "init",
    "wrapped.py",
    "--dataset",
    "tasks.jsonl",
    "--func",
    "paid_for_batch",
    "--answer-column",
    "answer",
    "--force",
)

TOOLS = (
    Tool("reward-doctor", ("reward-doctor==0.2.0",), _DOCTOR, _by_exit_code, _EXPLOIT),
    Tool("rewardlint", ("rewardlint==0.1.0",), _DOCTOR, _by_exit_code, _EXPLOIT),
    Tool("rewardprobe", _PROBES, _PROBE, _rewardprobe, "a critical finding on the grader, as with --ci"),
    Tool("rewardprobe", _PROBES, _PROBE, _rewardprobe_strict, "a warning too, as with --strict"),
    Tool(
        "falsepass",
        ("falsepass==0.11.0", "rewardlint==0.1.0"),
        ("audits/wrapped", "--search", "120", *_GATE),
        _falsepass,
        "the gate of its documentation: a wrong answer is paid over 0.1, or scoring raises",
        _INIT,
        "falsepass.runner",
    ),
    Tool(
        "gradecheck",
        ("gradecheck==0.1.0", "verifiers==0.2.1"),
        ("verifiers", "wrapped", "--sample", "20", "--json"),
        _by_exit_code,
        "an attack fools the grader (exit code 1)",
    ),
    Tool(
        "reward-lens",
        ("reward-lens==3.1.0",),
        ("audit", "wrapped.py", "--tasks", "tasks.jsonl", "--responses", "responses.jsonl", "--json"),
        _reward_lens,
        "a failed rule, but for the one that all graders fail; it says itself that it measures no exploits",
    ),
)


def installed(tool: Tool, home: Path) -> Path:
    """Return the folder of commands in an auditor's environment. Create the environment if it is missing."""
    folder = home / tool.name
    mark, wanted = folder / ".installed", repr((*tool.pins, *CHECKS))
    if not (mark.is_file() and mark.read_text() == wanted):
        venv.create(folder, with_pip=True)
        pip = [
            str(folder / "bin" / "python"),
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
        ]
        subprocess.run([*pip, *tool.pins, *CHECKS], check=True)
        mark.write_text(wanted)
    return folder / "bin"


def _call(command: list[str], folder: Path, seconds: int) -> subprocess.CompletedProcess[str]:
    """Run a command in a folder with a time limit in seconds."""
    environ = {**os.environ, "PYTHONPATH": f"{folder}{os.pathsep}{ROOT}", "NO_COLOR": "1"}
    ended = subprocess.run(
        ["timeout", "--kill-after=5", str(seconds), *command],
        cwd=folder,
        env=environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
    )
    folder.joinpath("stdout.txt").write_text(ended.stdout)
    folder.joinpath("stderr.txt").write_text(ended.stderr)
    return ended


def answer_of(tool: Tool, commands: Path, folder: Path, limit: int) -> Answer:
    """Run one auditor on one wrapped grader with a time limit in seconds."""
    started = time.perf_counter()
    own = [str(commands / tool.name)]
    if tool.prepare:
        _call([*own, *tool.prepare], folder, limit)
    start = [str(commands / "python"), "-m", tool.module] if tool.module else own
    ended = _call([*start, *tool.arguments], folder, limit)
    seconds = time.perf_counter() - started
    if ended.returncode in (124, 137):
        return Answer("no answer", seconds, f"not done after {limit} s")
    try:
        return Answer(tool.read(folder, ended.returncode), seconds)
    except (OSError, ValueError, KeyError, IndexError, TypeError) as error:
        return Answer("no answer", seconds, f"{error!r}; {ended.stderr.strip()[-200:]}")
