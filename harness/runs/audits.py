"""Stores each audit in a folder under `runs/audits`, with the witnesses of its findings.

An audit is never overwritten. Jobs, rehearsals and reports read audits through this module, which does not
import the code that makes them.
"""

from __future__ import annotations

import errno
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, TypeAlias
from uuid import uuid4

from harness.data.typed_json import as_json, read_typed
from harness.disk import replaced, unwritable, write_json
from harness.errors import InputError
from harness.findings import Place, Severity
from harness.runs.facts import GraderFacts, TargetFacts

__all__ = [
    "AuditFacts",
    "AuditFinding",
    "AuditHeadline",
    "Verdict",
    "audit_folder",
    "audits_of",
    "keep_audit",
    "read_audit",
]

SCHEMA = 1

Verdict: TypeAlias = Literal["train", "fix first", "not measured"]
"""An audit's verdict on training with this grader."""


@dataclass(frozen=True, slots=True)
class AuditHeadline:
    """The completion that a policy would learn to write first."""

    id: str
    """Id of the probe that found the completion."""
    text: str | None
    """The cheapest wrong completion that earns a reward, or the right completion that earns none."""
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFinding:
    """One finding of an audit, without the rollouts of its witness."""

    id: str
    severity: Severity
    title: str
    message: str
    place: Place | None = None
    fix: str | None = None
    witness: str | None = None
    """Hash of the witness for use in waivers, or None if a replay cannot show the finding."""
    answered: bool = False
    """True if the witness includes a model's replies."""
    records: int | None = None
    """Number of tested records that show the finding."""
    tried: int | None = None
    text: str | None = None
    share: float | None = None
    """Reward of `text`, as a share of the right answer's reward."""
    waived: str | None = None
    """Reason given in the finding's waiver, or None if it has no waiver."""

    @property
    def rollouts(self) -> str | None:
        """Name of the file with the witness's rollouts, next to `audit.json`."""
        return None if self.witness is None else f"{self.id}-{self.witness}.jsonl"

    @property
    def rewards(self) -> str | None:
        """Name of the file with the rewards of the witness's rollouts, for `rft replay --expect`."""
        return None if self.witness is None else f"{self.id}-{self.witness}.rewards.jsonl"

    @property
    def answers(self) -> str | None:
        """Name of the file with a model's replies, for `rft replay --answers`, or None without replies."""
        return f"{self.id}-{self.witness}.answers.jsonl" if self.answered else None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFacts:
    """Contents of `audit.json`."""

    schema: int = SCHEMA
    name: str = ""
    when: str = ""
    """Time when the audit ended, in ISO 8601 and UTC."""
    catalogue: str
    """Version of the catalog of probes."""
    grader: GraderFacts
    target: TargetFacts
    wire: str
    data: str
    """The file of records, or the file of rollouts whose records were audited."""
    data_sha256: str
    rollouts: str | None = None
    """File of the recorded rollouts, or None if the audit used none."""
    records: int
    """Number of records audited."""
    seed: int = 0
    kind: str | None = None
    """Kind of answer that the references have, or None if no format was found."""
    formats: tuple[str, ...] = ()
    """Formats in which the right answer earns more than a wrong one."""
    verdict: Verdict
    fail_on: Severity = Severity.ERROR
    """Findings of this severity or worse must be fixed before training."""
    headline: AuditHeadline | None = None
    findings: tuple[AuditFinding, ...] = ()
    """All findings, the worst first and waived findings last."""
    probes: dict[str, int] = field(default_factory=dict)
    """Number of probes by outcome: passed, failed, skipped or not applicable."""
    gradings: int = 0
    seconds: float = 0.0
    notes: tuple[str, ...] = ()
    """Limitations of the audit, one sentence each."""
    versions: dict[str, str] = field(default_factory=dict)
    """Versions of Python and of the packages used for grading, as in a run."""

    @property
    def open(self) -> tuple[AuditFinding, ...]:
        """Findings without a waiver."""
        return tuple(one for one in self.findings if one.waived is None)

    def counts(self) -> dict[Severity, int]:
        """Return the number of open findings for each severity that has any, worst first."""
        found = {each: sum(one.severity == each for one in self.open) for each in reversed(Severity)}
        return {each: count for each, count in found.items() if count}


def audit_folder(runs: Path) -> Path:
    """Return the folder of all audits.

    Args:
        runs: The folder of all runs.
    """
    return runs / "audits"


def keep_audit(runs: Path, name: str | None, facts: AuditFacts, files: Mapping[str, bytes]) -> Path:
    """Save an audit in a new folder.

    Args:
        runs: The folder of all runs.
        name: Name of the audit; by default the time and the grader's name.
        facts: The facts to write; the name and time are set here.
        files: The witnesses' files, by name.

    Returns:
        The folder.

    Raises:
        InputError: An audit with this name exists, or the folder cannot be written.
    """
    if name is not None and not re.fullmatch(r"[\w][\w.-]*", name):
        fix = "Use letters, digits, dots, dashes and underscores."
        raise InputError(f"{name!r} cannot name an audit", fix=fix)
    found = re.search(r"([^:(]+)(?:\(.*\))?\Z", facts.grader.ref)  # leave out the options of a check
    word = re.sub(r"\W+", "-", found[1] if found else "audit").strip("-")
    now = datetime.now(UTC)
    base = name or f"{now:%Y%m%d-%H%M%S}-{word}"
    attempt = 1
    while True:
        folder = audit_folder(runs) / (base if attempt == 1 else f"{base}-{attempt}")
        written = replace(facts, name=folder.name, when=now.isoformat(timespec="seconds"))
        if not folder.exists() and _appear(folder, written, files):
            return folder
        if name is not None:
            fix = "Audits are never overwritten: choose another name."
            raise InputError(f"the audit {name} already exists", place=str(folder), fix=fix)
        attempt += 1


def _appear(folder: Path, facts: AuditFacts, files: Mapping[str, bytes]) -> bool:
    """Make an audit's folder with all its files atomically, or return False if it already exists."""
    fix = "Name another folder with --runs-dir."
    draft = folder.parent / f".new-{uuid4().hex}"
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        draft.mkdir()
    except OSError as error:
        raise unwritable(folder, error, fix) from error
    try:
        for name, content in files.items():
            with replaced(draft / name, fix) as file:
                file.write(content)
        write_json(draft / "audit.json", as_json(facts), fix)
        draft.rename(folder)
    except BaseException as error:
        shutil.rmtree(draft, ignore_errors=True)
        if isinstance(error, OSError) and error.errno in (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR):
            return False
        raise
    return True


def read_audit(folder: Path) -> AuditFacts | None:
    """Read a saved audit, or return None if the folder has none.

    Args:
        folder: The audit's folder.

    Raises:
        InputError: The audit is damaged, or was written by an unknown version.
    """
    fix = "Run `rft audit` again, or remove the folder."
    return read_typed(folder / "audit.json", AuditFacts, "audit", schema=SCHEMA, fix=fix)


def audits_of(runs: Path, sha256: str | None = None) -> Iterator[AuditFacts]:
    """Yield the saved audits, newest first, skipping unreadable audits.

    Args:
        runs: The folder of all runs.
        sha256: Fingerprint of the grader whose audits are wanted. None yields all audits.
    """
    found = []
    for path in audit_folder(runs).glob("[!.]*/audit.json"):
        try:
            facts = read_audit(path.parent)
        except InputError:
            continue
        if facts is not None and (sha256 is None or facts.grader.sha256 == sha256):
            found.append(facts)
    yield from sorted(found, key=lambda one: (one.when, one.name), reverse=True)
