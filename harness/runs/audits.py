"""Audits as they are kept: one folder each under `runs/audits`, with the witnesses of its findings.

An audit is never overwritten. Jobs, rehearsals and reports read it here and need not know how it was made.
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
"""What an audit says of training with this grader."""


@dataclass(frozen=True, slots=True)
class AuditHeadline:
    """What a policy would learn first."""

    id: str
    """The probe that found it."""
    text: str | None
    """The cheapest completion that is paid, or the right one that is refused."""
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
    """Hash of the witness, by which a waiver names it; None where a replay cannot show the finding."""
    answered: bool = False
    """Whether a model's replies belong to the witness."""
    records: int | None = None
    """How many of the records that were tried show it."""
    tried: int | None = None
    text: str | None = None
    share: float | None = None
    """What the text earns, as a share of what the right answer earns."""
    waived: str | None = None
    """The reason of its waiver; None where it has none."""

    @property
    def rollouts(self) -> str | None:
        """Name of the file with the witness' rollouts, beside `audit.json`."""
        return None if self.witness is None else f"{self.id}-{self.witness}.jsonl"

    @property
    def rewards(self) -> str | None:
        """Name of the file with their rewards, as `rft replay --expect` takes it."""
        return None if self.witness is None else f"{self.id}-{self.witness}.rewards.jsonl"

    @property
    def answers(self) -> str | None:
        """Name of the file with a model's replies, as `rft replay --answers` takes it; None without any."""
        return f"{self.id}-{self.witness}.answers.jsonl" if self.answered else None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFacts:
    """Everything that `audit.json` holds."""

    schema: int = SCHEMA
    name: str = ""
    when: str = ""
    """When the audit ended, ISO 8601 in UTC."""
    catalogue: str
    """The version of the catalogue of probes."""
    grader: GraderFacts
    target: TargetFacts
    wire: str
    data: str
    """The file of records, or of rollouts whose records were audited."""
    data_sha256: str
    rollouts: str | None = None
    """The recorded rollouts, where the audit used some."""
    records: int
    """How many records were audited."""
    seed: int = 0
    kind: str | None = None
    """What kind of answer the references are; None where no format was found."""
    formats: tuple[str, ...] = ()
    """Formats in which the right answer is paid more than a wrong one."""
    verdict: Verdict
    fail_on: Severity = Severity.ERROR
    """Findings of this severity or worse mean that the grader has to be fixed first."""
    headline: AuditHeadline | None = None
    findings: tuple[AuditFinding, ...] = ()
    """The worst first; waived ones are at the end."""
    probes: dict[str, int] = field(default_factory=dict)
    """How many probes passed, failed, were skipped or are inapplicable."""
    gradings: int = 0
    seconds: float = 0.0
    notes: tuple[str, ...] = ()
    """What limits the audit, a sentence each."""
    versions: dict[str, str] = field(default_factory=dict)
    """Python and the packages that graded, as a run has them."""

    @property
    def open(self) -> tuple[AuditFinding, ...]:
        """The findings that nobody waived."""
        return tuple(one for one in self.findings if one.waived is None)

    def counts(self) -> dict[Severity, int]:
        """How many open findings there are of each severity that has some, the worst first."""
        found = {each: sum(one.severity == each for one in self.open) for each in reversed(Severity)}
        return {each: count for each, count in found.items() if count}


def audit_folder(runs: Path) -> Path:
    """The folder of all audits.

    Args:
        runs: The folder of all runs.
    """
    return runs / "audits"


def keep_audit(runs: Path, name: str | None, facts: AuditFacts, files: Mapping[str, bytes]) -> Path:
    """Keep an audit in a new folder.

    Args:
        runs: The folder of all runs.
        name: The audit's name; made of the time and the grader when None.
        facts: What to write; its name and time are set here.
        files: The witnesses' files, by name.

    Returns:
        The folder.

    Raises:
        InputError: There is an audit of this name, or the folder cannot be written.
    """
    if name is not None and not re.fullmatch(r"[\w][\w.-]*", name):
        fix = "Use letters, digits, dots, dashes and underscores."
        raise InputError(f"{name!r} cannot name an audit", fix=fix)
    found = re.search(r"([^:(]+)(?:\(.*\))?\Z", facts.grader.ref)  # without the options of a check
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
            raise InputError(f"there is an audit {name} already", place=str(folder), fix=fix)
        attempt += 1


def _appear(folder: Path, facts: AuditFacts, files: Mapping[str, bytes]) -> bool:
    """Make an audit's folder with all its files in one step; False where there is one already."""
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
    """Read a kept audit; None where there is none.

    Args:
        folder: Its own folder.

    Raises:
        InputError: It is damaged, or written by a version that this one does not know.
    """
    fix = "Run `rft audit` again, or remove the folder."
    return read_typed(folder / "audit.json", AuditFacts, "audit", schema=SCHEMA, fix=fix)


def audits_of(runs: Path, sha256: str | None = None) -> Iterator[AuditFacts]:
    """The audits that are kept, the newest first; those that cannot be read are left out.

    Args:
        runs: The folder of all runs.
        sha256: The fingerprint of the grader that is wanted; None for every grader.
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
