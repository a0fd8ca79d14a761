"""Audits graders of the planted set as `rft audit` does, and checks that each audit finds the fault."""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graders.wire import PROFILES
from harness.audit.audit_finding import Found, Witness
from harness.audit.opener import Opener
from harness.audit.request import AuditRequest, FinishedAudit, audit
from harness.findings import Severity
from harness.replay.grading import grade_samples
from harness.targets.answer_book import AnswerBook
from harness.targets.answered import open_here
from harness.targets.opening import TargetChoice
from support.planted.rows import Good, Planted, path_of

__all__ = ["AuditedRow", "audited"]

FIRST = 3
"""Number of findings that count as shown first."""

_ONE_AT_A_TIME = threading.Lock()
"""Held during a replay with recorded answers, which replace the HTTP clients of the whole process."""


@dataclass(frozen=True)
class AuditedRow:
    """The result of auditing one grader of the set."""

    row: Planted | Good
    verdict: str
    headline: str | None
    """The id of the headline's finding."""
    findings: tuple[Found, ...]
    """The findings, worst first."""
    untrue: tuple[str, ...]
    """Witnesses whose rewards in a replay differ from the stated ones."""
    miscounted: tuple[str, ...]
    """Findings that count more records than were tried, or more than exist."""
    seconds: float

    @property
    def right(self) -> list[Found]:
        """The findings that name the planted fault."""
        finds = self.row.finds if isinstance(self.row, Planted) else ()
        return [one for one in self.findings if one.id in finds]

    @property
    def found(self) -> bool:
        """True if the planted fault is found with at least the stated severity."""
        assert isinstance(self.row, Planted)
        return any(one.severity >= Severity(self.row.severity) for one in self.right)

    @property
    def severe(self) -> bool:
        """True if the planted fault is worse than a note, so that an audit must find it."""
        assert isinstance(self.row, Planted)
        return Severity(self.row.severity) > Severity.NOTE

    @property
    def in_the_headline(self) -> bool:
        """True if the headline names the planted fault."""
        return any(one.id == self.headline for one in self.right)

    @property
    def among_the_first(self) -> bool:
        """True if the planted fault is in the headline or one of the first findings."""
        return self.in_the_headline or any(one in self.findings[:FIRST] for one in self.right)

    @property
    def alarms(self) -> list[Found]:
        """Findings that a good grader must not have."""
        return [one for one in self.findings if one.severity >= Severity.WARNING]

    def __str__(self) -> str:
        said = ", ".join(f"{one.id} {one.severity}" for one in self.findings) or self.verdict
        return f"{self.row.name} ({' '.join(getattr(self.row, 'finds', ()))}): {said}"


def audited(row: Planted | Good, folder: Path, records: int, recorded: bool = False) -> AuditedRow:
    """Audit a grader of the set with the defaults of `rft audit`, and check its findings.

    Args:
        row: The grader.
        folder: The folder for its records; created if missing.
        records: The number of records in the audit.
        recorded: Also give recorded rollouts to the audit.
    """
    folder.mkdir(parents=True, exist_ok=True)
    data = _lines(folder / "records.jsonl", row.records(records))
    accepted = row.options.get("accepted", ())
    finished = audit(
        AuditRequest(
            data=data,
            rollouts=_lines(folder / "rollouts.jsonl", row.rollouts()) if recorded else None,
            where=TargetChoice(grader=f"{path_of(row.grader)}:{row.name}"),
            kind=row.options.get("kind"),
            accepted=(accepted,) if isinstance(accepted, str) else tuple(accepted),
        )
    )
    facts = finished.facts
    return AuditedRow(
        row,
        facts.verdict,
        None if facts.headline is None else facts.headline.id,
        tuple(finished.findings.open),
        tuple(_untrue(finished)),
        tuple(_miscounted(finished)),
        facts.seconds,
    )


def _lines(path: Path, lines: Sequence[dict[str, Any]]) -> Path:
    path.write_text("".join(f"{json.dumps(one)}\n" for one in lines), encoding="utf-8")
    return path


def _miscounted(finished: FinishedAudit) -> Iterator[str]:
    count = len(finished.subject.records)
    for one in finished.findings.open:
        tried = count if one.tried is None else one.tried
        if not (one.records or 0) <= tried <= count:
            yield f"{one.id} counts {one.records} of {tried} records, and there are {count}"


def _untrue(finished: FinishedAudit) -> Iterator[str]:
    for one in finished.findings.open:
        if isinstance(one.witness, Witness):
            rewards = _replayed(finished, one.witness)
            stated = [*map(_finite, one.witness.rewards)]
            # For G04, whether a grader is too slow depends on the machine.
            if rewards != stated and not (one.id == "G04" and None in (*stated, *rewards)):
                yield f"{one.id} states the rewards {stated}, and its witness gets {rewards}"


def _replayed(finished: FinishedAudit, witness: Witness) -> list[float | None]:
    """Replay a witness in a new process, in one call, with recorded answers for a judge's model."""
    facts = finished.facts
    rollouts = [*witness.rollouts]
    if witness.answers is not None:
        with _ONE_AT_A_TIME, closing(open_here(facts.grader.ref, book=_book(witness))) as target:
            graded = grade_samples(target, rollouts, PROFILES[facts.wire])
    else:
        with closing(Opener(facts.target, finished.subject, facts.wire).open()) as collector:
            graded = collector.grade(rollouts, len(rollouts))
    return [_finite(one.reward) for one in graded]


def _book(witness: Witness) -> AnswerBook:
    assert witness.answers is not None
    return AnswerBook(witness.answers, "answers.jsonl")


def _finite(reward: float | None) -> float | None:
    """Return a reward as files store it."""
    return reward if reward is not None and math.isfinite(reward) else None
