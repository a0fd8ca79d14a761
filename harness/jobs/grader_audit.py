"""Finds the audit of a job's grader and reports its open findings.

The findings have the IDs J036 to J038. An audit is matched by the grader's fingerprint in the replay, by the
function's `CodeSha256`, or by the files in the function.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from harness.findings import Finding, Place, Severity
from harness.jobs.plan import ReplayEvidence
from harness.jobs.same_code import UnknownFunction, compare_code
from harness.runs.audits import AuditFacts, audit_folder, audits_of
from harness.targets.deployed_code import FunctionFacts

__all__ = ["audit_findings"]

_COMPARED = 3
"""Maximum number of audited graders to compare with the function's downloaded files."""
_FIX = "Run `rft audit` on the training file, with this grader."


def audit_findings(
    runs: Path, function: FunctionFacts | UnknownFunction, replay: ReplayEvidence | None
) -> list[Finding]:
    """Look for an audit of the job's grader.

    Args:
        runs: The folder of all runs.
        function: The job's function.
        replay: The replay of the function's grader; None if there is none.

    Returns:
        The findings. There is an error among them if the audit's verdict must stop the job.
    """
    found = _audit_of(runs, function, replay)
    if found is None:
        where = audit_folder(runs)
        missing = "" if where.is_dir() else ", which does not exist"
        message = f"no audit of this grader was found in {where}{missing}"
        return [Finding("J038", Severity.WARNING, message, fix=_FIX)]
    return [*_told(found, Place(file=str(audit_folder(runs) / found.name)))]


def _told(found: AuditFacts, place: Place) -> Iterator[Finding]:
    if found.verdict == "not measured":
        message = "the audit of this grader measured nothing, so it is unknown what the grader pays for"
        yield Finding("J036", Severity.ERROR, message, place, fix="`rft audit` says what is missing.")
    counts = found.counts()
    critical = [one for one in found.open if one.severity is Severity.CRITICAL]
    if critical:
        more = f", and {len(critical) - 1} more" if len(critical) > 1 else ""
        message = f"the audit of this grader has open critical findings: {critical[0].id} {critical[0].title}"
        fix = "Fix the grader and audit it again, or accept the finding with a waiver in rft.toml."
        yield Finding("J037", Severity.ERROR, f"{message}{more}", place, fix=fix)
    elif errors := counts.get(Severity.ERROR):
        one = next(one for one in found.open if one.severity is Severity.ERROR)
        message = f"the audit of this grader has {errors} open errors: {one.id} {one.title}"
        yield Finding("J037", Severity.WARNING, message, place, fix="Fix the grader, or waive the findings.")


def _audit_of(
    runs: Path, function: FunctionFacts | UnknownFunction, replay: ReplayEvidence | None
) -> AuditFacts | None:
    """Return the newest audit of the job's grader, or None if none was found."""
    known = {function.code_sha256}
    if replay is not None and replay.same_code != "different":
        known.add(replay.grader_sha256)
    audits = list(audits_of(runs))
    for one in audits:
        if one.grader.sha256 is not None and one.grader.sha256 in known:
            return one
    newest: dict[str | None, AuditFacts] = {}
    for one in audits:
        newest.setdefault(one.grader.sha256, one)
    for one in islice(newest.values(), _COMPARED):
        if not isinstance(function, UnknownFunction) and compare_code(one, function).same == "proven":
            return one
    return None
