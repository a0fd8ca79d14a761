"""Converts an audit to its stored format, and its witnesses to files for `rft replay`."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from harness.audit.answer_forms import FORMS
from harness.audit.audit_finding import Found, Witness
from harness.audit.audit_verdict import Sorted
from harness.audit.case import Subject
from harness.audit.engine import BEFORE, CATALOGUE, FAMILIES, Audited
from harness.audit.invariance import OtherForms
from harness.disk import replaced
from harness.findings import Place, Rule
from harness.runs.audits import AuditFacts, AuditFinding, Verdict
from harness.targets.recorded_answers import answer_lines

__all__ = ["facts_of", "place_of", "record_of", "rules", "title_of", "witness_files", "write_files"]


@cache
def rules() -> dict[str, Rule]:
    """Return the audit's rules by id. If two rules share an id, the first probe's rule is used."""
    found: dict[str, Rule] = {}
    for probe in (one for probes in (*BEFORE.values(), *FAMILIES.values()) for one in probes):
        module = sys.modules[type(probe).__module__]  # the class or its module may have more rules
        for value in (probe.rule, *vars(type(probe)).values(), *vars(module).values()):
            if isinstance(value, Rule):
                found.setdefault(value.id, value)
    return dict(sorted({**found, **_rules_of_forms()}.items()))


def _rules_of_forms() -> dict[str, Rule]:
    """Return the rules for alternative forms of right answers, which share one probe."""
    names: dict[str, list[str]] = {}
    for form in FORMS:
        names.setdefault(form.id, []).append(form.name)
    rule = OtherForms.rule
    return {
        id: rule._replace(id=id, title=f"{rule.title}, such as {' and '.join(some[:2])}")
        for id, some in names.items()
    }


def title_of(found: Found) -> str:
    """Return the title of the rule behind a finding, which describes the problem in general terms."""
    rule = rules().get(found.id)
    return found.message if rule is None else rule.title


def record_of(subject: Subject, rollout: Mapping[str, Any]) -> int | None:
    """Return the index of a witness rollout's record, or None if the probe changed the prompt.

    Args:
        subject: The data of the audit.
        rollout: A line of a rollouts file.
    """
    messages = rollout.get("messages")
    if not isinstance(messages, list):
        return None
    places = [at for at, one in enumerate(subject.records) if one["messages"] == messages[:-1]]
    same = [at for at in places if subject.reference(at) == rollout.get("reference_answer")]
    return next(iter([*same, *places]), None)


def place_of(found: Found, subject: Subject) -> Place:
    """Return the place of a finding, as set by its probe or else from its witness's record.

    Args:
        found: The finding.
        subject: The data of the audit.
    """
    if found.place is not None:
        return found.place
    witness = found.witness
    at = (
        record_of(subject, witness.rollouts[0]) if isinstance(witness, Witness) and witness.rollouts else None
    )
    return subject.place(at)


def facts_of(
    audited: Audited, subject: Subject, findings: Sorted, verdict: Verdict, **known: Any
) -> AuditFacts:
    """Build the stored form of an audit.

    Args:
        audited: The audit.
        subject: The data of the audit.
        findings: The waived and unwaived findings.
        verdict: The verdict.
        **known: Other fields of `AuditFacts`, such as data, grader, target and wire.
    """
    control = audited.control
    return AuditFacts(
        catalogue=CATALOGUE,
        records=len(subject.records),
        kind=subject.kind if control is None else control.kind,
        formats=() if control is None else tuple(map(str, control.formats)),
        verdict=verdict,
        findings=(
            *(_kept(one, subject, None) for one in findings.open),
            *(_kept(one, subject, waiver.reason) for one, waiver in findings.waived),
        ),
        probes=audited.counts(),
        gradings=audited.gradings,
        seconds=round(audited.seconds, 3),
        notes=tuple(audited.notes),
        **known,
    )


def _kept(found: Found, subject: Subject, waived: str | None) -> AuditFinding:
    share = found.share if found.share is not None and math.isfinite(found.share) else None
    return AuditFinding(
        id=found.id,
        severity=found.severity,
        title=title_of(found),
        message=found.message,
        place=place_of(found, subject),
        fix=found.fix,
        witness=None if found.witness is None else found.witness.digest,
        answered=isinstance(found.witness, Witness) and found.witness.answers is not None,
        records=found.records,
        tried=found.tried,
        text=found.text,
        share=share,
        waived=waived,
    )


def witness_files(findings: Iterable[Found]) -> dict[str, bytes]:
    """Build the files for each witness: rollouts, and rewards for `rft replay --expect`.

    If the grader uses a judge, a third file contains the judge's replies for `rft replay --answers`.

    Args:
        findings: The findings.

    Returns:
        File content by file name.
    """
    files: dict[str, bytes] = {}
    for one in findings:
        if not isinstance(one.witness, Witness):
            continue
        stem = f"{one.id}-{one.witness.digest}"
        rewards = [
            {
                "id": rollout.get("id"),
                "reward": reward if reward is not None and math.isfinite(reward) else None,
            }
            for rollout, reward in zip(one.witness.rollouts, one.witness.rewards, strict=True)
        ]
        files[f"{stem}.jsonl"] = _lines(one.witness.rollouts)
        files[f"{stem}.rewards.jsonl"] = _lines(rewards)
        if one.witness.answers is not None:
            files[f"{stem}.answers.jsonl"] = answer_lines(one.witness.answers)
    return files


def write_files(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files to a folder, each one atomically.

    Args:
        folder: Created if missing.
        files: File content by file name.

    Raises:
        InputError: A file cannot be written.
    """
    for name, content in files.items():
        with replaced(folder / name) as file:
            file.write(content)


def _lines(values: Iterable[Mapping[str, Any]]) -> bytes:
    return "".join(f"{json.dumps(one)}\n" for one in values).encode("ascii")
