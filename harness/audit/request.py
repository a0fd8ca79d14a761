"""Runs an audit, from the user's request to the stored result."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from graders.wire import PROFILES
from harness.audit.audit_verdict import Sorted, headline_of, sort_out, verdict_of
from harness.audit.case import Case, Subject
from harness.audit.collector import AuditBudget
from harness.audit.data import RECORDS, read_subject
from harness.audit.engine import Audited, run_audit
from harness.audit.keeping import facts_of
from harness.audit.load import busyness
from harness.audit.opener import Opener
from harness.config import Waiver
from harness.data.sources import DataFile, named_wholly, text_sha256
from harness.errors import InputError
from harness.findings import Severity
from harness.replay.prepare import versions_here
from harness.runs.audits import AuditFacts
from harness.runs.facts import Bounds, DeployedFacts, InProcessFacts, TargetFacts, known_bounds
from harness.targets.opening import IN_PROCESS, TargetChoice, describe

__all__ = ["CALLS", "SECONDS", "AuditRequest", "FinishedAudit", "audit"]

CALLS = 400
"""Default limit on the number of calls to a deployed function."""

SECONDS = 30.0
"""Default time limit in seconds for a grader on this machine. It is extended if the machine is busy."""

_NO_FORMAT = (
    "No format was found in which a right answer earns more than a wrong one. Give one with --accepted TEXT"
    " or --rollouts FILE; if the reward is for form alone, use --kind format and --accepted TEXT."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRequest:
    """A request for an audit: the grader, the data and the limits."""

    data: DataFile
    """Records, or rollouts whose records are audited."""
    rollouts: DataFile | None = None
    """Recorded rollouts of these records."""
    where: TargetChoice
    wire: str = "open-weight"
    limit: int = RECORDS
    seed: int = 0
    kind: str | None = None
    accepted: tuple[str, ...] = ()
    range: Bounds | None = None
    search: int = 2_000
    """Maximum number of completions that the search probe may grade."""
    seconds: float | None = None
    """Time limit in seconds. None means the default on this machine and no limit on AWS."""
    calls: int | None = None
    """Maximum number of grader calls. None means no limit on this machine and the default on AWS."""
    fail_on: Severity = Severity.ERROR
    waivers: tuple[Waiver, ...] = ()


class FinishedAudit(NamedTuple):
    """A finished audit, with its results both in stored form and in full."""

    facts: AuditFacts
    findings: Sorted
    audited: Audited
    subject: Subject


def audit(
    request: AuditRequest,
    progress: Callable[[str, int], None] = lambda family, gradings: None,
    before: Callable[[TargetFacts, int | None], None] = lambda target, calls: None,
) -> FinishedAudit:
    """Audit a grader.

    Args:
        request: What to audit.
        progress: Called with the current family of probes and the number of samples graded so far.
        before: Called before the grader's first call, with the target and the limit on calls.

    Raises:
        InputError: The grader or a file does not exist or there are no records.
        ServiceError: The grader cannot be reached.
    """
    if request.wire not in PROFILES:
        fix = f"Use one of {', '.join(PROFILES)}."
        raise InputError(f"{request.wire!r} is not a wire that an audit supports", fix=fix)
    here = request.where.target == IN_PROCESS
    with _some_region() if here else nullcontext():
        target, grader = describe(request.where)
    subject = read_subject(
        request.data,
        request.rollouts,
        request.limit,
        request.seed,
        kind=request.kind,
        accepted=request.accepted,
        bounds=known_bounds(grader.bounds, request.range),
        sources=tuple(map(Path, grader.files)),
    )
    calls = request.calls
    if isinstance(target, DeployedFacts):
        calls = calls or CALLS
    before(target, calls)
    seconds = request.seconds
    if seconds is None and isinstance(target, InProcessFacts):
        seconds = SECONDS * busyness()
    opener = Opener(target, subject, request.wire, AuditBudget(seconds=seconds, calls=calls))
    with closing(opener.open()) as collector:
        case = Case(subject, opener, collector, request.seed, request.search)
        audited = run_audit(case, progress)
    findings = sort_out(audited.findings, request.waivers)
    verdict = verdict_of(audited, findings.open, request.fail_on)
    if not audited.measured:
        why = case.sought.why.rstrip(".") if case.sought is not None else ""
        note = f"Nothing was measured: {why}." if why else _NO_FORMAT
        audited = replace(audited, notes=[*audited.notes, note])
    facts = facts_of(
        audited,
        subject,
        findings,
        verdict,
        data=named_wholly(request.data),
        data_sha256=text_sha256(request.data),
        grader=grader,
        target=target,
        wire=opener.wire,  # the wire on which right answers are rewarded and witnesses are replayed
        rollouts=None if request.rollouts is None else named_wholly(request.rollouts),
        seed=request.seed,
        fail_on=request.fail_on,
        headline=headline_of(findings.open, bool(subject.recorded)),
        versions=versions_here(),
    )
    return FinishedAudit(facts, findings, audited, subject)


@contextmanager
def _some_region() -> Iterator[None]:
    """Set a Region, because modules that create an AWS client cannot be imported without one."""
    if os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION"):
        yield
        return
    os.environ["AWS_DEFAULT_REGION"] = "us-east-1"
    try:
        yield
    finally:
        del os.environ["AWS_DEFAULT_REGION"]
