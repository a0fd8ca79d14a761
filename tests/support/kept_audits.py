"""Stores audits without running them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harness.runs.audits import AuditFacts, keep_audit
from harness.runs.facts import GraderFacts, InProcessFacts


def audit_facts(**more: Any) -> AuditFacts:
    """Return the facts of an audit without findings.

    Args:
        more: Fields of `AuditFacts`.
    """
    known: dict[str, Any] = {
        "catalogue": "1",
        "grader": GraderFacts("my_grader.py:right", "abc"),
        "target": InProcessFacts("my_grader.py:right"),
        "wire": "open-weight",
        "data": "/data/records.jsonl",
        "data_sha256": "def",
        "records": 20,
        "verdict": "train",
        "probes": {"passed": 3, "failed": 0, "skipped": 0, "inapplicable": 1},
    }
    return AuditFacts(**{**known, **more})


def kept_audit(runs: Path, name: str, **more: Any) -> Path:
    """Store an audit, and return its folder.

    Args:
        runs: The folder of all runs.
        name: The audit's name.
        more: Fields of `AuditFacts`.
    """
    return keep_audit(runs, name, audit_facts(**more), {})
