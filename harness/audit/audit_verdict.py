"""The audit's headline, and its verdict on whether the grader is fit for training."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from harness.audit.audit_finding import Found
from harness.audit.engine import Audited
from harness.config import Waiver
from harness.findings import Severity
from harness.printable import printable, shortened
from harness.runs.audits import AuditHeadline, Verdict

__all__ = ["EXIT_CODES", "Sorted", "headline_of", "sort_out", "verdict_of", "waiver_of"]

EXIT_CODES: dict[Verdict, int] = {"train": 0, "fix first": 1, "not measured": 2}
"""The exit code of each verdict."""

NO_WITNESS = "none"
"""The value of `witness` in a waiver for a finding that has no witness."""

_TEXT = 60
_INVARIANCE = "B"


class Sorted(NamedTuple):
    """The findings of an audit, matched with the project's waivers."""

    open: list[Found]
    """Unwaived findings, in display order."""
    waived: list[tuple[Found, Waiver]]
    unused: list[Waiver]
    """Waivers that match no finding, because it was fixed or its witness has changed."""


def sort_out(findings: Sequence[Found], waivers: Sequence[Waiver]) -> Sorted:
    """Separate waived findings from open ones.

    Args:
        findings: The audit's findings, in display order.
        waivers: The project's waivers.
    """
    waived = [(one, found) for one in findings if (found := waiver_of(one, waivers)) is not None]
    used = [waiver for _, waiver in waived]
    return Sorted(
        [one for one in findings if waiver_of(one, waivers) is None],
        waived,
        [one for one in waivers if one not in used],
    )


def waiver_of(found: Found, waivers: Iterable[Waiver]) -> Waiver | None:
    """Return the waiver for a finding and its current witness, or None if there is none.

    If the same problem is found with a different witness, it needs a new waiver.

    Args:
        found: The finding.
        waivers: The project's waivers.
    """
    witness = NO_WITNESS if found.witness is None else found.witness.digest
    return next((one for one in waivers if (one.probe, one.witness) == (found.id, witness)), None)


def verdict_of(audited: Audited, open_findings: Iterable[Found], fail_on: Severity) -> Verdict:
    """Decide whether the grader is fit for training.

    Args:
        audited: The audit.
        open_findings: The audit's unwaived findings.
        fail_on: The lowest severity that must be fixed before training.
    """
    if any(one.severity >= fail_on for one in open_findings):
        return "fix first"
    counts = audited.counts()
    ran = counts["passed"] + counts["failed"]
    # An audit whose budget ran out before half of its probes ran did not measure the grader.
    if not audited.measured or ran < max(1, counts["skipped"]):
        return "not measured"
    return "train"


def headline_of(open_findings: Sequence[Found], recorded: bool) -> AuditHeadline | None:
    """Return the headline, about a rewarded text or refused right answers, or None without findings.

    Args:
        open_findings: The unwaived findings, in display order.
        recorded: Whether recorded rollouts are available. If not, it is unknown how often a policy writes a
            refused form, so a refused form does not become the headline.
    """
    eligible = [
        one
        for one in open_findings
        if one.severity >= Severity.WARNING and (recorded or not one.id.startswith(_INVARIANCE))
    ]
    if not eligible:
        return None
    first = eligible[0]
    return AuditHeadline(first.id, first.text, _sentence(first))


def _sentence(found: Found) -> str:
    if found.headline is not None:
        return found.headline
    if found.text is None or not found.share or found.id.startswith(_INVARIANCE):
        return found.message
    text = shortened(printable(found.text), _TEXT)
    earns = "as much as" if found.share >= 0.995 else f"{found.share:.0%} of what"
    on = "" if not found.records else f", on {found.records} of {found.tried or found.records} records"
    said = f"`{text}`" if text.strip() else "An empty completion"
    return f"{said} earns {earns} the right answer{' earns' if '%' in earns else ''}{on}"
