"""Runs an audit: state first, then the control, then the probes family by family."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from harness.audit import wrongness
from harness.audit.case import Case, Control, FamilyStopped, NotRun, Probe, shown_first
from harness.audit.control import find_control
from harness.audit.found import Found

__all__ = ["CATALOGUE", "FAMILIES", "Audited", "Outcome", "run_audit"]

CATALOGUE = "1"
"""The version of the catalogue of probes: it changes with what a probe looks for."""

FAMILIES: dict[str, tuple[Probe, ...]] = {"wrongness": wrongness.PROBES}
"""The families in the order in which they run; one file each."""


class Outcome(NamedTuple):
    """What became of one probe."""

    id: str
    what: str
    """`passed`, `failed`, `skipped` or `inapplicable`."""
    why: str = ""
    """Why it was skipped, or does not apply."""


@dataclass
class Audited:
    """What an audit came to."""

    findings: list[Found]
    outcomes: list[Outcome]
    control: Control | None
    gradings: int
    seconds: float
    notes: list[str] = field(default_factory=list)

    def counts(self) -> dict[str, int]:
        """How many probes passed, failed, were skipped or do not apply."""
        found = dict.fromkeys(("passed", "failed", "skipped", "inapplicable"), 0)
        for one in self.outcomes:
            found[one.what] += 1
        return found


def run_audit(case: Case, progress: Callable[[str, int], None] = lambda name, gradings: None) -> Audited:
    """Audit a grader.

    Args:
        case: The grader behind its collector, and the data.
        progress: Told the family that runs and how many gradings there were.

    Raises:
        ServiceError: The grader cannot be reached.
    """
    began = time.monotonic()
    findings: list[Found] = []
    outcomes: list[Outcome] = []
    case.control = find_control(case)
    for name, probes in FAMILIES.items():
        progress(name, case.collector.budget.used)
        case.collector.rest()
        _run_family(case, probes, findings, outcomes)
    return Audited(
        shown_first(findings),
        outcomes,
        case.control,
        case.collector.budget.used,
        time.monotonic() - began,
        case.notes,
    )


def _run_family(
    case: Case, probes: tuple[Probe, ...], findings: list[Found], outcomes: list[Outcome]
) -> None:
    """Run the probes of a family until one says that the rest is not worth its time."""
    stopped = ""
    for probe in probes:
        why = probe.why_not(case)
        if why is not None:
            outcomes.append(Outcome(probe.rule.id, "inapplicable", why))
        elif stopped or (probe.controlled and case.control is None):
            outcomes.append(Outcome(probe.rule.id, "skipped", stopped or "no format is known to be paid"))
        else:
            stopped = _run_probe(case, probe, findings, outcomes)


def _run_probe(case: Case, probe: Probe, findings: list[Found], outcomes: list[Outcome]) -> str:
    """Run one probe; say why its family ends here, if it does."""
    found: list[Found] = []
    stopped = why = ""
    try:
        for one in probe.run(case):  # what was found before a probe stops is kept
            found.append(one)
    except NotRun as error:
        why = str(error)
    except FamilyStopped as error:
        stopped = why = str(error)
    findings += found
    what = "failed" if found else "skipped" if why else "passed"
    outcomes.append(Outcome(probe.rule.id, what, "" if found else why))
    return stopped
