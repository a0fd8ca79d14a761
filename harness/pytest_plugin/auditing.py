"""Audits a grader inside a test."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from harness.audit.request import AuditRequest, FinishedAudit, audit
from harness.data.sources import DataFile
from harness.errors import InputError
from harness.findings import Severity
from harness.import_path import add_folder
from harness.pytest_plugin.found import Finder, FoundGrader
from harness.report.audit_screen import audit_text
from harness.runs.audits import AuditFacts
from harness.targets.grader_name import named
from harness.targets.opening import TargetChoice

__all__ = ["audit_without_findings"]

RECORDS, SEARCH = 60, 200
"""What an audit takes where the test does not say, so that it takes a second or two."""


def audit_without_findings(
    finder: Finder,
    records: DataFile | None,
    grader: Callable[..., Any] | str | None,
    fail_on: str,
    options: dict[str, Any],
) -> AuditFacts:
    """Audit a grader, and fail where that finds something.

    Args:
        finder: Finds the files that the test names.
        records: The records, or rollouts of them; the ones of the settings when None.
        grader: The grader; the one of the settings when None.
        fail_on: Findings of this severity or worse fail.
        options: Other fields of `AuditRequest`.

    Raises:
        AssertionError: There is such a finding, or nothing could be measured.
        InputError: There is no such grader or file, or an option is not known.
    """
    if fail_on not in {*Severity}:
        raise InputError(f"{fail_on!r} is no severity", fix=f"Write one of {', '.join(Severity)}.")
    known = {"kind", "accepted", "limit", "seed", "search", "seconds", "wire", "range"}
    if unknown := sorted(options.keys() - {*known, "rollouts"}):
        fix = f"Known are records, grader, fail_on, rollouts, {', '.join(sorted(known))}."
        raise InputError(f"{unknown[0]} is no option of assert_no_findings", fix=fix)
    graded_by = finder.grader(grader)
    given = {"limit": RECORDS, "search": SEARCH, "range": graded_by.bounds, **options}
    request = AuditRequest(
        data=finder.records(records),
        where=TargetChoice(grader=_name(graded_by)),
        fail_on=Severity(fail_on),
        waivers=finder.waivers,
        **{**given, "rollouts": finder.optional(options.get("rollouts"))},
    )
    with finder.region():
        found: FinishedAudit = audit(request)
    if found.facts.verdict != "train":
        raise AssertionError(audit_text(found.facts))
    return found.facts


def _name(found: FoundGrader) -> str:
    """A grader by the name under which another process can import it."""
    grader = found.grader
    if isinstance(grader, str):
        name = named(grader)
        if name.is_file:
            return str(replace(name, where=str(found.folder / name.where)))
        add_folder(str(found.folder))
        return grader
    function = inspect.unwrap(grader)
    file, qualified = inspect.getsourcefile(function), getattr(function, "__qualname__", "")
    if file is None or not qualified.isidentifier():
        fix = 'Define it at the top of a file, or name it: grader="my_grader.py:name".'
        raise InputError("an audit imports the grader in another process, and this one has no name", fix=fix)
    return f"{file}:{qualified}"
