"""Reports every problem in a training file with its line number.

The file is streamed in one pass. Validation never writes a file or calls a service.
"""

from __future__ import annotations

from bisect import bisect
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from harness.data.file_checks import FileChecks
from harness.data.file_form import form_of
from harness.data.formats.recognized import convert_command, format_of
from harness.data.json_lines import (
    BOM,
    EncodingError,
    LineError,
    numbered_lines,
    oddity,
    parse,
    repeated_keys,
)
from harness.data.record_checks import check_record
from harness.data.records import ends_with_assistant
from harness.data.rules import PAYLOAD_BYTES, RULES
from harness.data.sources import DataFile, as_source, parts_of
from harness.findings import Finding, Place, Severity

__all__ = ["Report", "validate"]

_ODDITIES = {
    "number": ("R005", "NaN, an infinite number, or one larger than 1.8e308"),
    "text": ("R005", "a lone surrogate (half a character), or nesting deeper than 1,024"),
    "integer": ("R006", "an integer beyond 64 bits"),
}


@dataclass(slots=True)
class Report:
    """Result of a validation."""

    file: str
    """Name of the data, as given."""
    for_job: bool = False
    """Whether the limits for a job were applied."""
    keep: int | None = None
    """Maximum number of findings to keep for each rule, or None for all."""
    records: int = 0
    """Number of lines that contain a JSON object."""
    check: str | None = None
    """Name of the check that graded the references, or None if no check was used."""
    checked: int = 0
    """Number of records graded by the check."""
    unreferenced: int = 0
    """Number of records without a reference, for which only the check's general requirements were tested."""
    not_asked: int = 0
    """Number of records that need a judge, which was not called."""
    by_rule: Counter[str] = field(default_factory=Counter)
    """Number of findings by rule, including those not kept."""
    by_severity: Counter[Severity] = field(default_factory=Counter)
    """Number of findings by severity, including those not kept."""
    findings: list[Finding] = field(default_factory=list)
    """The kept findings in file order, followed by those about the whole file."""
    begins: list[tuple[int, str]] = field(default_factory=list)
    """The first line of each file, numbered across all files, with the file's name."""

    @property
    def errors(self) -> int:
        """Number of findings with severity `error`."""
        return sum(count for severity, count in self.by_severity.items() if severity >= Severity.ERROR)

    @property
    def copies(self) -> int:
        """Number of records that duplicate an earlier one."""
        return self.by_rule["R060"]

    @property
    def without_reference(self) -> int:
        """Number of records without a reference."""
        return self.by_rule["R030"]

    def add(
        self,
        rule_id: str,
        message: str,
        line: int | None,
        severity: Severity | None = None,
        fix: str | None = None,
    ) -> None:
        """Count a finding and keep it unless its rule has reached the limit.

        Args:
            rule_id: The violated rule.
            message: Description of the problem.
            line: The line, or None if the finding is about the whole file.
            severity: Replaces the rule's severity.
            fix: Replaces the rule's fix.
        """
        rule = RULES[rule_id]
        found = severity or rule.severity
        self.by_rule[rule_id] += 1
        self.by_severity[found] += 1
        if self.keep is None or self.by_rule[rule_id] <= self.keep:
            self.findings.append(Finding(rule_id, found, message, self.place(line), fix or rule.fix))

    def place(self, line: int | None) -> Place:
        """Return the file and line number of a line.

        Args:
            line: Number of the line, counted from 1 across all files, or None for the whole file.
        """
        if line is None or not self.begins:
            return Place(self.file, line)
        first, name = self.begins[bisect(self.begins, line, key=lambda begin: begin[0]) - 1]
        return Place(name, line - first + 1)

    def where(self, line: int) -> str:
        """Return the name of a line for messages: its number, and the file if there are several."""
        return f"line {line}" if len(self.begins) < 2 else str(self.place(line))

    def add_ungraded(self, message: str, line: int) -> None:
        """Count a record for which the check cannot grade any completion."""
        self.add("R090", message, line)

    def add_unpaid(self, message: str, line: int) -> None:
        """Count a record whose own reference does not earn full reward."""
        self.add("R091", message, line)

    def to_json(self) -> dict[str, Any]:
        """Return the report as one JSON object."""
        return {
            "file": self.file,
            "for": "job" if self.for_job else None,
            "ok": self.errors == 0,
            "records": self.records,
            "check": None
            if self.check is None
            else {
                "grader": self.check,
                "records": self.checked,
                "unreferenced": self.unreferenced,
                "not_asked": self.not_asked,
            },
            "counts": {severity.value: self.by_severity[severity] for severity in reversed(Severity)},
            "findings": [finding.to_json() for finding in self.findings],
        }


def validate(file: DataFile, *, for_job: bool = False, keep: int | None = None) -> Report:
    """Check a training file against the rules of `harness.data.rules`.

    Args:
        file: JSON lines from any source. Several files are checked as one.
        for_job: Whether the file is about to be uploaded. If so, a wrong number of records is an error.
        keep: Maximum number of findings to keep for each rule, or None for all. All findings are counted.

    Raises:
        InputError: The file cannot be read, is a folder, or has another format.
    """
    source = as_source(file)
    report = Report(source.name, for_job=for_job, keep=keep)
    checks = FileChecks(for_job=for_job, where=report.where)
    try:
        for part, _ in parts_of(source):
            form = form_of(part)
            if form is not None:
                report.begins = [(1, part.name)]
                report.add(form.rule, f"{form.message}; no record was checked", form.line)
                return report
        for number, line in enumerate(numbered_lines(source), 1):
            if line.number == 1:
                report.begins.append((number, line.source))
            _check_line(report, checks, number, line.text)
    except EncodingError as error:
        report.begins = [(1, str(error.place))]
        report.add("R001", f"{error.message}; no record was checked", 1)
        return report
    if report.records or not report.errors:
        for rule, message, at, severity in checks.finish():
            report.add(rule, message, at, severity)
    return report


def _check_line(report: Report, checks: FileChecks, number: int, line: bytes) -> None:
    if line.startswith(BOM):
        report.add("R002", "the line begins with a byte order mark", number)
        line = line[len(BOM) :]
    if not line.strip():
        report.add("R007", "the line is blank", number)
        return
    try:
        value = parse(line)
    except LineError as error:
        report.add(*_not_json(line, error), number)
        return
    if not isinstance(value, dict):
        report.add("R004", "the line is JSON, but not an object", number)
        return
    report.records += 1
    for rule, message in _oddities(line, value):
        report.add(rule, message, number)
    other = format_of(value)
    if other is not None:
        rule = "R010" if "messages" in value else "R020"
        fix = f"Convert the file: {convert_command(report.place(number).file or report.file)}"
        report.add(rule, f"this looks like {other.title}", number, fix=fix)
    try:
        # A rollout breaks R010 or R011; findings about records would only hide that. Rows of another tool are
        # not records either.
        for breach in () if other is not None or ends_with_assistant(value) else check_record(value):
            report.add(breach.rule, breach.message, number)
        for shared in checks.add(number, value):
            report.add(shared.rule, shared.message, shared.line, shared.severity)
    except RecursionError:
        report.add("R003", "not readable: nested too deeply", number)


def _oddities(line: bytes, value: Any) -> Iterator[tuple[str, str]]:
    """Yield the rules violated by a line of valid JSON, each with a message."""
    if len(line) > PAYLOAD_BYTES:
        yield "R009", f"the line has {len(line):,} bytes"
    odd = oddity(line, value)
    if odd:
        yield _ODDITIES[odd][0], f"the line holds {_ODDITIES[odd][1]}"
    for key in repeated_keys(line):
        yield "R015", f"the key `{key[:40]}` occurs twice in one object"


def _not_json(line: bytes, error: LineError) -> tuple[str, str]:
    """Return the rule violated by a line that is not JSON, with a message."""
    if error.is_encoding:
        return "R001", str(error)
    bare = line.rstrip()
    if bare.endswith(b","):
        try:
            parse(bare[:-1])
        except LineError:
            pass
        else:
            return "R014", "a comma follows the JSON object"
    return "R003", str(error)
