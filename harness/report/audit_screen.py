"""Prints an audit in 80 columns: the headline, three findings, the verdict, and then the other findings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from harness.printable import filled, printable, shortened
from harness.report.console import SafeConsole
from harness.report.severity_styles import SEVERITY_STYLES
from harness.runs.audits import AuditFacts, AuditFinding, AuditHeadline, Verdict

__all__ = ["audit_text", "print_audit", "verdict_line"]

_SHOWN = 3
_MOST = 600
_COMMAND = "  rft "
_STYLES: dict[Verdict, str] = {"train": "bold green", "fix first": "bold red", "not measured": "bold yellow"}


def print_audit(facts: AuditFacts, console: SafeConsole, remarks: Iterable[str] = ()) -> None:
    """Print an audit.

    Args:
        facts: The audit.
        console: The console to print to.
        remarks: Lines to print at the end, such as the skipped probes and the files that were written.
            Commands are not wrapped, so that they can be copied.
    """
    if facts.headline is not None:
        console.print(filled(f"{facts.headline.message} ({facts.headline.id})"), style="bold")
    elif facts.verdict == "train":
        console.print("No probe found a completion that earns a reward it should not.", style="bold")
    for one in facts.open[:_SHOWN]:
        console.print()
        _print_finding(one, console, facts.headline)
    console.print()
    console.print(filled(verdict_line(facts)), style=_STYLES[facts.verdict])
    for one in facts.open[_SHOWN:]:
        line = f"{one.severity.value} {one.id}{_place(one)} {shortened(one.message)}{_how_often(one)}"
        console.print(filled(line, "  "))
    for one in facts.findings:
        if one.waived is not None:
            line = f"waived: {one.severity.value} {one.id} {one.title} ({one.waived})"
            console.print(filled(line, "  "), style="dim")
    for note in facts.notes:
        console.print(filled(note))
    for line in (*_figures(facts), *remarks):
        console.print(line if line.startswith(_COMMAND) else filled(line), style="dim", soft_wrap=True)


def audit_text(facts: AuditFacts) -> str:
    """Return the lines of an audit: the verdict, and every open finding with its fix.

    Args:
        facts: The audit.
    """
    lines = [verdict_line(facts)]
    for one in facts.open:
        place = _place(one).strip(" :")
        lines.append(f"{one.severity.value} {one.id} {one.title}: {shortened(one.message, _MOST)}")
        lines += [f"  {part}" for part in (place, one.fix) if part]
        if one.witness is not None:
            lines.append(f"  witness {one.witness}")
    return "\n".join(printable(line) for line in [*lines, *facts.notes])


def verdict_line(facts: AuditFacts) -> str:
    """Return one line with the verdict, the grader and the number of findings."""
    counts = [f"{count} {severity.value}" for severity, count in facts.counts().items()]
    found = f"{', '.join(counts)}" if counts else "no findings"
    return f"{facts.verdict.upper()}: {facts.grader.ref} on {facts.records:,} records, {found}"


def _print_finding(one: AuditFinding, console: SafeConsole, headline: AuditHeadline | None) -> None:
    head = f"{one.severity.value} {one.id} {one.title}"
    console.print(filled(head), style=SEVERITY_STYLES[one.severity.value])
    if one.message not in (one.title, headline.message if headline else None):  # do not print it twice
        console.print(filled(f"{shortened(one.message, _MOST)}{_how_often(one)}", "  "))
    where = _place(one).strip(" :")
    witness = "" if one.witness is None else f"witness {one.witness}"
    if where or witness:
        console.print(filled(", ".join(part for part in (where, witness) if part), "  "), style="dim")
    if one.fix:
        console.print(filled(one.fix, "  "))


def _place(one: AuditFinding) -> str:
    if one.place is None:
        return ""
    return f" {str(one.place).removeprefix(f'{Path.cwd()}/')}:"


def _how_often(one: AuditFinding) -> str:
    if one.records is None or f"{one.records} of" in one.message:
        return ""
    return f" ({one.records:,} of {one.tried:,} records)" if one.tried else f" ({one.records:,} records)"


def _figures(facts: AuditFacts) -> Iterator[str]:
    if facts.formats:
        yield f"answers taken as {facts.kind}; formats: {', '.join(map(repr, facts.formats))}"
    counts = ", ".join(f"{count} {what}" for what, count in facts.probes.items())
    yield f"probes: {counts}; {facts.gradings:,} gradings in {facts.seconds:.1f} s"
