"""Probes for graders that run code from completions (family E)."""

from __future__ import annotations

from harness.audit.case import Probe
from harness.audit.code_bench import runs_code
from harness.audit.code_escape import CarryOver, Credentials, Unbounded
from harness.audit.code_paid import EARLY_EXIT, FORGERY, HOLLOW, PATCH, READER, SOME_TESTS, SPOOF
from harness.audit.code_refused import Evaluated, RefusedVariants

__all__ = ["PROBES", "runs_code"]

PROBES: tuple[Probe, ...] = (
    CarryOver(),
    HOLLOW,
    SOME_TESTS,
    EARLY_EXIT,
    SPOOF,
    FORGERY,
    READER,
    Credentials(),
    RefusedVariants(),
    PATCH,
    Unbounded(),
    Evaluated(),
)
"""The probes of this family. Probes that may modify the grader's process run late."""
