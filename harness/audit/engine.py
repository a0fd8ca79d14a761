"""Runs an audit: a determinism check, the search for the control, then the probes, family by family."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import NamedTuple

from harness.audit import (
    code_bench,
    code_probes,
    contract,
    grading_time,
    hostile_texts,
    invariance,
    judge_probes,
    malformed,
    messages,
    printed,
    recorded,
    references,
    relations,
    right_answers,
    search,
    steadiness,
    wrongness,
)
from harness.audit.asked_about import seek_question
from harness.audit.audit_finding import Found
from harness.audit.case import Case, Control, FamilyStopped, NotRun, Probe, shown_first
from harness.audit.control import find_control
from harness.audit.judge_probes import asks_a_model, find_verdicts
from harness.audit.later import changed_later
from harness.audit.mining import asks_a_service
from harness.findings import Severity

__all__ = ["CATALOGUE", "FAMILIES", "Audited", "ProbeOutcome", "run_audit"]

CATALOGUE = "1"
"""Version of the probe catalog. It changes when a probe looks for something different."""

BEFORE: dict[str, tuple[Probe, ...]] = {"state": steadiness.PROBES}
"""Probes that run before the search for the control, to check that the grader is deterministic."""

FAMILIES: dict[str, tuple[Probe, ...]] = {
    "right answers": right_answers.PROBES,
    "contract": (*contract.PROBES, *malformed.PROBES, *hostile_texts.PROBES),
    "references": references.PROBES,
    "messages": messages.PROBES,
    "cost": (*grading_time.PROBES, *printed.PROBES),
    "wrongness": wrongness.PROBES,
    "search": search.PROBES,
    "relations": relations.PROBES,
    "invariance": invariance.PROBES,
    "code": code_probes.PROBES,
    "judge": judge_probes.PROBES,
    "recorded": recorded.PROBES,
}
"""The families of probes, in the order in which they run."""

ENDS: tuple[Callable[[Case], Iterable[Found]], ...] = (contract.broken_contract,)
"""Probes that inspect all responses of the grader at the end of the audit."""

_CONTRACT = ("A01", "A02", "A03", "A09", "A12", "A14", "G07")
_UNSTABLE = ("G01", "G02", "A11")
_OF_SOME = ("C01", "C02", "C05", "C08", "C09", "C12")
_GOLD_FREE = ("C01", "C02", "C03", "C11", "C12")

_SLOW_MS = 50.0
"""If grading a sample takes longer than this, the grading time probes run first."""
_SLOW_S = 6.0
"""Time limit for the audit of a grader whose calls take longer than Lambda allows."""

_ANY = "The answer is in this sentence."
"""A completion used to time the grader."""

EXPLAINS: dict[str, tuple[str, ...]] = {
    "C04": ("A05", *(f"C{number:02}" for number in (3, 5, 6, 7, 8, 9, 10, 11, 12, 14, 16, 17))),
    **dict.fromkeys(_GOLD_FREE, ("C07", "C16", "C17")),
    "C07": ("C16",),
    "A10": ("A05",),
    "E10": ("A05",),
}
"""For each finding, the findings that it explains. This prevents one cause from being reported twice."""


class ProbeOutcome(NamedTuple):
    """The outcome of one probe."""

    id: str
    what: str
    """One of `passed`, `failed`, `skipped` and `inapplicable`."""
    why: str = ""
    """Why the probe was skipped or does not apply."""


@dataclass
class Audited:
    """The outcome of an audit."""

    findings: list[Found]
    outcomes: list[ProbeOutcome]
    control: Control | None
    judged: bool
    """Whether the grader uses a judge. If so, the replies that it understands replace the control."""
    measured: bool
    """Whether any completion is known to be rewarded. Otherwise, a low reward proves nothing."""
    gradings: int
    seconds: float
    notes: list[str] = field(default_factory=list)

    def counts(self) -> dict[str, int]:
        """Return how many probes passed, failed, were skipped or do not apply."""
        found = dict.fromkeys(("passed", "failed", "skipped", "inapplicable"), 0)
        for one in self.outcomes:
            found[one.what] += 1
        return found


def run_audit(case: Case, progress: Callable[[str, int], None] = lambda name, gradings: None) -> Audited:
    """Audit a grader.

    Args:
        case: The audit to run, with its grader and data.
        progress: Called with the current family of probes and the number of samples graded so far.

    Raises:
        ServiceError: The grader cannot be reached.
    """
    began = time.monotonic()
    findings: list[Found] = []
    outcomes: list[ProbeOutcome] = []
    if _slow(case):
        _run_families(case, {"cost": (grading_time.CALL_TIME,)}, findings, outcomes, progress)
        if any(one.severity >= "error" for one in findings):
            case.collector.budget.end_in(_SLOW_S)
    _run_families(case, BEFORE, findings, outcomes, progress)
    unstable = next((one.id for one in findings if one.id in _UNSTABLE and one.severity >= "error"), None)
    if unstable is None:
        progress("formats", case.collector.budget.used)
        _find_out(case)
        _run_families(case, FAMILIES, findings, outcomes, progress)
    else:
        outcomes += _explained(unstable)
        _run_families(case, _of_contract(), findings, outcomes, progress)
    case.collector.rest()
    case.collector.budget.seconds = None  # Findings get their witnesses even if time is up.
    if unstable is None:
        findings = _worst_of_each(findings, _until_stopped(changed_later(case)))
    for end in ENDS:
        findings = _worst_of_each(findings, _until_stopped(end(case)))
    findings, outcomes = _one_cause(findings, outcomes, _explains(case))
    return Audited(
        shown_first(findings),
        outcomes,
        case.control,
        asks_a_model(case),
        case.control is not None or case.verdicts is not None,
        case.collector.budget.used,
        time.monotonic() - began,
        case.notes,
    )


def _slow(case: Case) -> bool:
    """Return True if grading is so slow that grading time should be probed before anything else."""
    if not case.opener.here:
        return False
    samples = [case.collector.rollout(at, _ANY) for at in range(min(2, len(case.subject.records)))]
    try:
        case.collector.grade(samples)
        case.collector.grade(samples)  # The first calls also include the time for imports.
    except FamilyStopped:
        return False
    return case.collector.last_ms > _SLOW_MS


def _until_stopped(found: Iterable[Found]) -> Iterator[Found]:
    """Yield findings until the family of probes is stopped."""
    with suppress(FamilyStopped):
        yield from found


def _find_out(case: Case) -> None:
    """Find the formats that the grader rewards, or the judge's replies that it understands."""
    case.collector.rest()
    try:
        if seek_question(case, persist=_may_ask(case)):
            case.verdicts = find_verdicts(case)
            return
        case.control = find_control(case)
        if case.control is None and seek_question(case):
            case.verdicts = find_verdicts(case)
    except FamilyStopped as error:
        case.notes.append(f"The audit did not find what the grader pays for: {error}.")


def _may_ask(case: Case) -> bool:
    """Return True if the grader has called a judge or if its source suggests that it does."""
    return asks_a_model(case) or asks_a_service(case.subject.sources)


def _explained(unstable: str) -> list[ProbeOutcome]:
    """Return skipped outcomes for the probes that need a deterministic grader."""
    why = f"the grader rewards the same sample differently ({unstable}), which would explain any finding"
    return [
        ProbeOutcome(probe.rule.id, "skipped", why)
        for probes in FAMILIES.values()
        for probe in probes
        if probe.rule.id not in _CONTRACT
    ]


def _of_contract() -> dict[str, tuple[Probe, ...]]:
    """Return the probes whose findings are valid even if a sample's reward varies."""
    return {
        name: tuple(probe for probe in probes if probe.rule.id in _CONTRACT)
        for name, probes in FAMILIES.items()
    }


def _worst_of_each(findings: list[Found], more: Iterable[Found]) -> list[Found]:
    """Add findings. If several have the same id, keep the most severe one."""
    for one in more:
        same = [other for other in findings if other.id == one.id]
        if any(other.severity >= one.severity for other in same):
            continue
        findings = [*(other for other in findings if other not in same), one]
    return findings


def _explains(case: Case) -> dict[str, tuple[str, ...]]:
    """Map each finding to the findings that it explains.

    With a control, C04 means that only some wrong answers are rewarded. It then explains no other finding,
    and other findings may explain it.
    """
    if case.control is None:
        return EXPLAINS
    found = {id: others for id, others in EXPLAINS.items() if id != "C04"}
    return {**found, **{id: (*found.get(id, ()), "C04") for id in _OF_SOME}}


def _one_cause(
    findings: list[Found], outcomes: list[ProbeOutcome], explains: dict[str, tuple[str, ...]]
) -> tuple[list[Found], list[ProbeOutcome]]:
    """Drop findings explained by another finding at least as severe, and count their probes as skipped."""
    worst: dict[str, Severity] = {}
    for one in findings:
        if one.severity > Severity.NOTE:
            worst[one.id] = max(one.severity, worst.get(one.id, one.severity), key=lambda each: each.rank)
    by = {
        other: id
        for id, others in explains.items()
        for other in others
        if id in worst and other in worst and worst[id] >= worst[other]
    }
    gone = {id: cause for id, cause in by.items() if cause not in by or by[cause] != id}
    kept = [one for one in findings if one.id not in gone]
    return kept, [
        ProbeOutcome(one.id, "skipped", f"explained by {gone[one.id]}") if one.id in gone else one
        for one in outcomes
    ]


def _run_families(
    case: Case,
    families: dict[str, tuple[Probe, ...]],
    findings: list[Found],
    outcomes: list[ProbeOutcome],
    progress: Callable[[str, int], None],
) -> None:
    """Run the families in order. If one stops early, the next one still runs."""
    for name, probes in families.items():
        progress(name, case.collector.budget.used)
        case.collector.rest()
        _run_family(case, probes, findings, outcomes)


def _run_family(
    case: Case, probes: tuple[Probe, ...], findings: list[Found], outcomes: list[ProbeOutcome]
) -> None:
    """Run the probes of a family. If one of them stops it, skip the remaining ones."""
    stopped = ""
    for probe in probes:
        if any(one.id == probe.rule.id for one in outcomes if probe is grading_time.CALL_TIME):
            continue  # This probe ran before all others.
        why = probe.why_not(case) or code_bench.programs_instead(case, probe.rule.id)
        if why is not None:
            outcomes.append(ProbeOutcome(probe.rule.id, "inapplicable", why))
        elif probe.controlled and case.verdicts is not None:
            why = "a judge decides it, and the audit does not ask the judge's model"
            outcomes.append(ProbeOutcome(probe.rule.id, "inapplicable", why))
        elif stopped or (probe.controlled and case.control is None):
            outcomes.append(ProbeOutcome(probe.rule.id, "skipped", stopped or "no paid format is known"))
        else:
            stopped = _run_probe(case, probe, findings, outcomes)


def _run_probe(case: Case, probe: Probe, findings: list[Found], outcomes: list[ProbeOutcome]) -> str:
    """Run one probe. Return why its family must stop, or an empty string."""
    found: list[Found] = []
    stopped = why = ""
    try:
        for one in probe.run(case):  # Keep findings made before a probe stops.
            found.append(one)
    except NotRun as error:
        why = str(error)
    except FamilyStopped as error:
        stopped = why = str(error)
    findings += found
    what = "failed" if found else "skipped" if why else "passed"
    outcomes.append(ProbeOutcome(probe.rule.id, what, "" if found else why))
    return stopped
