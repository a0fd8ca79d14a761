"""Builds the page's card for the audit of a run's grader: verdict, headline, findings and counts."""

from __future__ import annotations

from dataclasses import dataclass

from harness.printable import shortened
from harness.runs.audits import AuditFacts, audits_of
from harness.runs.store import Run

__all__ = ["AuditCard", "ShownFinding", "audit_card"]

_FINDINGS = 20
_MOST = 300


@dataclass(frozen=True, slots=True)
class ShownFinding:
    """One finding as a row of the table."""

    severity: str
    id: str
    message: str
    records: str
    """Number of records, as in `8 of 24`; empty if the probe does not count records."""
    waived: str
    """The reason why the finding is waived; empty if it is not waived."""


@dataclass(frozen=True, slots=True)
class AuditCard:
    """The result of an audit of the grader."""

    name: str
    verdict: str
    sentences: list[str]
    findings: list[ShownFinding]
    more: int
    """Number of findings that are not in `findings`."""


def audit_card(run: Run) -> AuditCard | None:
    """Return the newest audit of exactly the grader that a run used, or None if there is none.

    Args:
        run: The run. Audits are stored next to the run's folder.
    """
    sha256 = run.facts.grader.sha256
    found = None if sha256 is None else next(audits_of(run.folder.resolve().parent, sha256), None)
    return None if found is None else _card(found)


def _card(found: AuditFacts) -> AuditCard:
    probes = ", ".join(f"{count:,} {what}" for what, count in found.probes.items())
    sentences = [] if found.headline is None else [f"{found.headline.message} ({found.headline.id})."]
    name = found.data.rpartition("/")[2] or found.data
    sentences += [
        f"Audited on {found.records:,} records of {name} with {found.gradings:,} gradings.",
        f"Probes: {probes}.",
        *found.notes,
    ]
    shown = [
        ShownFinding(
            one.severity.value,
            one.id,
            shortened(one.message, _MOST),
            "" if one.records is None else f"{one.records} of {one.tried or one.records}",
            one.waived or "",
        )
        for one in found.findings[:_FINDINGS]
    ]
    return AuditCard(found.name, found.verdict, sentences, shown, len(found.findings) - len(shown))
