"""Runs `rft audit` on the planted graders, through the command line."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.auditors.tools import Answer, Verdict
from support.planted import Good, Planted, path_of

_SEVERE = ("warning", "error", "critical")


def told(grader: Planted | Good) -> list[str]:
    """Return the options that the planted set specifies for an audit of this grader."""
    options: list[str] = []
    for name, value in grader.options.items():
        options += [f"--{name}", *(map(str, value) if isinstance(value, (list, tuple)) else (str(value),))]
    return options


def verdict_of(grader: Planted | Good, said: dict[str, Any]) -> Verdict:
    """Return the verdict. Only the right ID flags a planted grader, but any warning flags a good one."""
    found = {one["id"] for one in said.get("findings", ()) if one.get("severity") in _SEVERE}
    right = found.intersection(grader.finds) if isinstance(grader, Planted) else found
    if right:
        return "flagged"
    return "not measured" if "measured" in str(said.get("verdict")) else "clean"


def our_answer(grader: Planted | Good, folder: Path, limit: int) -> Answer:
    """Run `rft audit` on one grader with the records of its folder, within a time limit in seconds."""
    command = [str(Path(sys.executable).with_name("rft")), "audit", "records.jsonl", "--json", *told(grader)]
    command += ["--grader", f"{path_of(grader.grader)}:{grader.name}"]
    started = time.perf_counter()
    try:
        ended = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=limit)
        said = json.loads(ended.stdout)
    except subprocess.TimeoutExpired:
        return Answer("no answer", limit, f"not done after {limit} s")
    except ValueError:
        return Answer("no answer", time.perf_counter() - started, ended.stderr.strip()[-200:])
    return Answer(verdict_of(grader, said), time.perf_counter() - started)
