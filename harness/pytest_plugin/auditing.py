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
"""Default options, chosen so that an audit takes only a second or two."""


def audit_without_findings(
    finder: Finder,
    records: DataFile | None,
    grader: Callable[..., Any] | str | None,
    fail_on: str,
    options: dict[str, Any],
) -> AuditFacts:
    """Audit a grader, and fail if it has findings.

    Args:
        finder: Finds the files that the test names.
        records: The records, or rollouts made from them; None for the records in the settings.
        grader: The grader; None for the grader in the settings.
        fail_on: The lowest severity of a finding that fails the test.
        options: Other fields of `AuditRequest`.

    Raises:
        AssertionError: The audit has a finding of severity `fail_on` or worse, or measured nothing.
        InputError: The grader or file does not exist, or an option is unknown.
    """
    if fail_on not in {*Severity}:
        raise InputError(f"{fail_on!r} is not a severity", fix=f"Use one of {', '.join(Severity)}.")
    known = {"kind", "accepted", "limit", "seed", "search", "seconds", "wire", "range"}
    if unknown := sorted(options.keys() - {*known, "rollouts"}):
        fix = f"The options are records, grader, fail_on, rollouts, {', '.join(sorted(known))}."
        raise InputError(f"{unknown[0]} is not an option of assert_no_findings", fix=fix)
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
    """Return a name by which another process can import a grader."""
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
        raise InputError(
            "an audit imports the grader in another process, but this grader has no name", fix=fix
        )
    return f"{file}:{qualified}"
