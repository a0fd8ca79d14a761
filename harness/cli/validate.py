"""`rft validate`: checks a training file and prints each problem with its line number."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from harness.cli.options import check_option, data_argument, json_option

if TYPE_CHECKING:
    from harness.data.sources import Source
    from harness.data.validate import Report
    from harness.report.console import SafeConsole

__all__ = ["command"]

_SHOWN = 5
"""Maximum number of findings to print per rule. --json prints all of them."""


@click.command("validate")
@data_argument("data")
@click.option(
    "--for",
    "purpose",
    type=click.Choice(["job"]),
    help="Check for an upload: violating a limit on the number of records is an error.",
)
@check_option
@json_option
@click.pass_context
def command(
    context: click.Context, data: Source, purpose: str | None, check: str | None, as_json: bool
) -> None:
    """Check a training file before it is uploaded.

    DATA is a JSONL file of records: each line is an object with `messages`, which end with the user's turn,
    and `reference_answer`. Several files are checked as one.

    Exit codes: 0 no error; 1 an error; 2 the file could not be read, or the check could not be used.
    """
    from harness.cli.output import emit_json, stdout_console
    from harness.data.validate import validate

    keep = None if as_json else _SHOWN
    if check is None:
        report = validate(data, for_job=purpose == "job", keep=keep)
    else:
        from harness.grader_output import output_to
        from harness.targets.in_process import InProcessTarget
        from harness.targets.reference_checks import check_references

        with output_to(None):
            target = InProcessTarget(check)
            report = validate(data, for_job=purpose == "job", keep=keep)
            check_references(report, data, target, check)
    if as_json:
        emit_json(report.to_json())
    else:
        _show(report, stdout_console())
    context.exit(1 if report.errors else 0)


def _show(report: Report, console: SafeConsole) -> None:
    from harness.cli.output import SEVERITY_STYLES, printable
    from harness.data.rules import RULES
    from harness.findings import Severity

    shown: dict[str, list[str]] = {}
    severities: dict[str, str] = {}
    fixes: dict[str, str] = {}
    for finding in report.findings:
        shown.setdefault(finding.id, []).append(printable(f"  {finding.place}: {finding.message}"))
        severities[finding.id] = finding.severity.value
        fixes.setdefault(finding.id, printable(finding.fix or ""))
    worst_first = list(SEVERITY_STYLES)
    for rule in sorted(shown, key=lambda rule: (worst_first.index(severities[rule]), rule)):
        severity, count = severities[rule], report.by_rule[rule]
        times = f" ({count:,} times)" if count > 1 else ""
        console.print(f"{severity} {rule} {RULES[rule].title}{times}", style=SEVERITY_STYLES[severity])
        for line in shown[rule]:
            console.print(line)
        if count > len(shown[rule]):
            console.print(f"  ... and {count - len(shown[rule]):,} more; --json lists them")
        console.print(f"  {fixes[rule]}", style="dim")
    counts = report.by_severity
    said = [
        f"{count:,} {word}{'' if count == 1 else 's'}"
        for word, count in (
            ("record", report.records),
            ("error", report.errors),
            ("warning", counts[Severity.WARNING]),
            ("note", counts[Severity.NOTE]),
        )
    ]
    console.print(printable(f"{report.file}: {', '.join(said)}"))
    if report.check is not None:
        by_reference = report.checked - report.unreferenced
        measured = f"{by_reference:,} of {report.records:,} records checked with their own references"
        console.print(printable(f"{report.check}: {measured}"))
    if report.unreferenced:
        told = f"{report.unreferenced:,} record{'' if report.unreferenced == 1 else 's'}"
        console.print(f"  {told} without a reference: not checked whether an answer can be paid")
    if report.not_asked:
        told = f"{report.not_asked:,} record{'' if report.not_asked == 1 else 's'}"
        console.print(f"  no judge was asked: for {told}, only the fields that the judge needs were checked")
