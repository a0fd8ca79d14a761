"""Runs `rft audit` on the command line, and prints a table of the results."""

from __future__ import annotations

import json
import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.public.cases import Fault, Public

SECONDS = 600
SEVERE = ("warning", "error", "critical")


@dataclass(frozen=True)
class Audited:
    """The result of `rft audit` for one reward function. `said` is its JSON output, or None."""

    case: Public
    version: str
    said: dict[str, Any] | None
    seconds: float
    error: str = ""


def audit_of(case: Public, version: str, folder: Path, python: Path) -> Audited:
    """Run the audit in a folder with the reward function and its records."""
    flag = "--grader" if case.clone is None else "--handler"
    command = [
        str(python.parent / "rft"),
        "audit",
        "records.jsonl",
        flag,
        case.grader,
        "--json",
        "--wire",
        case.wire,
    ]
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    started = time.perf_counter()
    try:
        ended = subprocess.run(
            command, cwd=folder, env=environ, capture_output=True, text=True, timeout=SECONDS
        )
    except subprocess.TimeoutExpired:
        return Audited(case, version, None, SECONDS, f"not done after {SECONDS} s")
    seconds = time.perf_counter() - started
    folder.joinpath("audit.json").write_text(ended.stdout)
    folder.joinpath("stderr.txt").write_text(ended.stderr)
    try:
        return Audited(case, version, json.loads(ended.stdout), seconds)
    except ValueError:
        return Audited(case, version, None, seconds, ended.stderr.strip()[-300:])


def id_of(finding: Any) -> str:
    return str(finding.get("id", "-")) if isinstance(finding, dict) else "-"


def place_of(fault: Fault, said: dict[str, Any] | None) -> str:
    """Return where the audit reports a fault: in the headline, the findings, only a note, or nowhere."""
    if said is None:
        return "missed"
    if id_of(said.get("headline")) in fault.finds:
        return "headline"
    severities = {one.get("severity") for one in said.get("findings", ()) if id_of(one) in fault.finds}
    if severities.intersection(SEVERE):
        return "found"
    return "noted" if severities else "missed"


def text_of(headline: Any) -> str:
    """Return the smallest rewarded text in the headline."""
    text = headline.get("text") if isinstance(headline, dict) else None
    return repr(text)[:160] if text is not None else "none"


def row(audit: Audited) -> str:
    case, said = audit.case, audit.said
    lines = [f"{case.name} {audit.version}, {audit.seconds:.1f} s"]
    if said is None:
        lines.append(f"  no audit: {audit.error}")
    else:
        headline = said.get("headline")
        text = headline.get("message", "") if isinstance(headline, dict) else str(headline)
        lines[0] += f": {said.get('verdict')}, {said.get('gradings')} gradings"
        lines += [f"  headline {id_of(headline)}: {text[:200]}", f"  text {text_of(headline)}"]
    places = [(place_of(fault, said), fault) for fault in case.faults]
    return "\n".join(lines + [f"  {place:<8} {'/'.join(one.finds)}: {one.what}" for place, one in places])


def report(audits: list[Audited]) -> str:
    """Return one row per audit, and how many known faults were found in each place."""
    places = [place_of(fault, audit.said) for audit in audits for fault in audit.case.faults]
    first = [place_of(audit.case.faults[0], audit.said) for audit in audits]
    return "\n".join(
        [
            *map(row, audits),
            f"{first.count('headline')} of {len(first)} worst faults in the headline, "
            f"{first.count('found')} more among the findings",
            f"{places.count('headline') + places.count('found')} of {len(places)} known faults found, "
            f"{places.count('noted')} more as notes",
        ]
    )
