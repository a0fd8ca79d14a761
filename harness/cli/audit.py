"""`rft audit`: finds unwanted answers that a grader rewards before a model finds them."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.audit.answer_kinds import KINDS
from harness.cli.configured import setting_of
from harness.cli.grading_place import where_to_grade
from harness.cli.options import (
    DATA,
    LOCAL_PATH,
    FiniteNumber,
    data_argument,
    grader_option,
    handler_option,
    json_option,
    name_option,
    place_options,
    range_option,
    runs_dir_option,
    seed_option,
    wire_option,
    yes_option,
)
from harness.cli.output import emit_json, progress_bar, say, stdout_console
from harness.errors import InputError
from harness.findings import Severity

if TYPE_CHECKING:
    from harness.audit.request import AuditRequest, FinishedAudit
    from harness.config import Waiver
    from harness.runs.facts import TargetFacts


@click.command("audit")
@data_argument("data")
@grader_option()
@handler_option
@place_options()
@click.option(
    "--kind",
    metavar="KIND",
    type=click.Choice(KINDS),
    help="Treat the references as answers of this kind instead of detecting it: number, choice, yes-no, "
    "text, list, json, tools, code or free; or `format` for a reward for form alone.",
)
@click.option(
    "--accepted",
    metavar="TEXT",
    multiple=True,
    help="Treat this completion as one that should earn a reward; {a} stands for the answer. Repeatable.",
)
@click.option(
    "--rollouts",
    metavar="DATA",
    type=DATA,
    help="Learn formats, common forms and statistics from these recorded rollouts of the records.",
)
@range_option
@wire_option()
@click.option(
    "--limit",
    metavar="N",
    type=click.IntRange(2),
    default=300,
    show_default=True,
    help="Audit at most N records, drawn at random.",
)
@seed_option("the random choice of records and completions", 0)
@click.option(
    "--search",
    metavar="N",
    type=click.IntRange(0),
    default=2_000,
    show_default=True,
    help="Search for completions that earn a reward without an answer, with at most N gradings.",
)
@click.option(
    "--seconds",
    metavar="N",
    type=FiniteNumber(0, min_open=True),
    help="End the audit after N seconds and skip the remaining probes; by default 30 for a grader in Python "
    "here, more on a busy machine.",
)
@click.option(
    "--budget",
    metavar="N",
    type=click.IntRange(1),
    help="Call the grader at most N times; by default 400 for a function in AWS.",
)
@yes_option
@click.option(
    "--fail-on",
    metavar="SEVERITY",
    type=click.Choice([one.value for one in Severity]),
    default=Severity.ERROR.value,
    show_default=True,
    help="Exit with 1 for a finding of this severity or worse: note, warning, error or critical.",
)
@click.option(
    "--witnesses",
    metavar="DIR",
    type=LOCAL_PATH,
    help="Also write the witness of each finding to this folder, for `rft replay WITNESS --expect REWARDS`.",
)
@click.option(
    "--write-tests",
    metavar="DIR",
    type=LOCAL_PATH,
    help="Write the findings at or above --fail-on to this folder as tests, which pass once the grader is "
    "fixed.",
)
@click.option(
    "--sarif",
    metavar="FILE",
    type=LOCAL_PATH,
    help="Write the findings to this file as SARIF 2.1.0, for code scanning.",
)
@runs_dir_option
@name_option("Keep the audit under this name in --runs-dir; by default the time and the grader's name.")
@json_option
@click.pass_context
def command(context: click.Context, /, **asked: Any) -> int:
    """Find unwanted answers that a grader rewards, and right answers that it rejects.

    DATA is a file of records, or of rollouts, whose records are audited. The grader is Python here (--grader
    or --handler), a built function (--artifact), or a deployed one (--arn or --stack).

    The verdict is "train", "fix first" or "not measured". The audit and its witnesses are saved in the folder
    audits under --runs-dir. Waivers in rft.toml accept findings.

    Exit codes: 0 train; 1 a finding must be fixed first; 2 not measured, or wrong input; 3 the service could
    not be reached.
    """
    from harness.audit.keeping import witness_files, write_files
    from harness.audit.request import audit
    from harness.runs.audits import keep_audit

    waivers = () if context.find_root().params.get("no_config") else _waivers()
    request = _request(asked, waivers)
    quiet = asked["as_json"] or ":" in request.where.target  # a bar would overwrite the confirmation prompt
    with progress_bar("audit", quiet=quiet) as update:

        def progress(family: str, gradings: int) -> None:
            if update is not None:
                update(description=f"{family}, {gradings:,} gradings")

        found = audit(request, progress, lambda target, calls: _agree(target, calls, asked["yes"]))
    witnesses = witness_files([*found.findings.open, *(one for one, _ in found.findings.waived)])
    folder = keep_audit(asked["runs_dir"], asked["name"], found.facts, witnesses)
    if asked["witnesses"] is not None:
        write_files(asked["witnesses"], witnesses)
    remarks = [*_written(found, asked), *_remarks(found, folder)]
    if asked["as_json"]:
        emit_json(_as_json(found, folder))
    else:
        from harness.report.audit_screen import print_audit

        print_audit(found.facts, stdout_console(), remarks)
    return _exit_code(found)


def _waivers() -> tuple[Waiver, ...]:
    from harness.config import find_configuration

    found = find_configuration(Path())
    return () if found is None else found.waivers


def _request(asked: dict[str, Any], waivers: tuple[Waiver, ...]) -> AuditRequest:
    from harness.audit.request import AuditRequest
    from harness.targets.opening import IN_PROCESS, TargetChoice

    if setting_of("rollouts") is not None and setting_of("data") is None:
        asked["rollouts"] = None  # the configured rollouts belong to the configured records
    place = {name: asked[name] for name in ("artifact", "function", "region")}
    place |= where_to_grade(asked["arn"], asked["stack"], asked)
    if asked["write_tests"] is not None and place.get("target") != IN_PROCESS:
        raise InputError("--write-tests works only with a grader in Python here", fix="Write --grader.")
    where = TargetChoice(
        grader=asked["grader"],
        handler=asked["handler"],
        passed=asked["pass_env"],
        profile=asked["aws_credentials"],
        **place,
    )
    return AuditRequest(
        data=asked["data"],
        rollouts=asked["rollouts"],
        where=where,
        wire=asked["wire"],
        limit=asked["limit"],
        seed=asked["seed"],
        kind=asked["kind"],
        accepted=asked["accepted"],
        range=asked["range"],
        search=asked["search"],
        seconds=asked["seconds"],
        calls=asked["budget"],
        fail_on=Severity(asked["fail_on"]),
        waivers=waivers,
    )


def _agree(target: TargetFacts, calls: int | None, yes: bool) -> None:
    """Show the cost of calling a deployed function and ask for confirmation."""
    from harness.runs.facts import DeployedFacts

    if not isinstance(target, DeployedFacts):
        return
    from harness.audit.price import price_lines

    for line in price_lines(target.arn, calls or 0):
        say(line, err=True)
    if not yes:
        from harness.cli.cancel import confirm

        confirm(f"Call {target.arn} up to {calls:,} times?")


def _written(found: FinishedAudit, asked: dict[str, Any]) -> Iterator[str]:
    """Write the SARIF file and the tests if requested, and yield a note about each."""
    if asked["sarif"] is not None:
        from importlib.metadata import version

        from harness.audit.sarif import sarif
        from harness.disk import write_json

        write_json(asked["sarif"], sarif(found.facts, version("rft-graders")))
        yield f"SARIF: {asked['sarif']}"
    if asked["write_tests"] is not None:
        from harness.audit.finding_tests import as_tests
        from harness.audit.keeping import write_files

        failing = [one for one in found.findings.open if one.severity >= found.facts.fail_on]
        made = as_tests(
            failing, found.subject, found.audited.control, found.facts.grader.ref, found.subject.bounds
        )
        write_files(asked["write_tests"], made.files)
        left = (
            f"; {made.left} findings have none, because no single completion can show them"
            if made.left
            else ""
        )
        yield f"tests of {made.written} findings: {asked['write_tests']}{left}"


def _remarks(found: FinishedAudit, folder: Path) -> Iterator[str]:
    why = {one.why for one in found.audited.outcomes if one.what == "skipped" and one.why}
    if why:
        yield f"skipped because: {'; '.join(sorted(why))}"
    for one in found.findings.unused:
        yield f"the waiver of {one.probe} {one.witness} ({one.date}) matches no finding: {one.reason}"
    yield f"kept in {folder}"
    first = next((one for one in found.facts.open if one.rollouts), None)
    if first is not None and found.facts.target.kind == "in-process":
        named = [str(folder / str(first.rollouts)), "--expect", str(folder / str(first.rewards))]
        if first.answers is not None:
            named += ["--answers", str(folder / first.answers)]
        files = shlex.join(named)
        yield "to replay the first witness:"
        yield f"  rft replay {files} --grader {shlex.quote(found.facts.grader.ref)}"


def _as_json(found: FinishedAudit, folder: Path) -> dict[str, Any]:
    facts = found.facts
    headline = facts.headline
    witnesses = {one.witness.digest: one.witness.rewards for one in found.findings.open if one.witness}
    return {
        "verdict": facts.verdict,
        "exit_code": _exit_code(found),
        "headline": headline and {"id": headline.id, "text": headline.text, "message": headline.message},
        "findings": [
            {
                "id": one.id,
                "severity": one.severity.value,
                "place": one.place and {"file": one.place.file, "line": one.place.line},
                "message": one.message,
                "fix": one.fix,
                "witness": one.witness
                and {
                    "hash": one.witness,
                    "file": str(folder / str(one.rollouts)),
                    "answers": one.answers and str(folder / one.answers),
                    "rewards": witnesses[one.witness],
                },
                "records": one.records,
            }
            for one in facts.open
        ],
        "probes": facts.probes,
        "formats": list(facts.formats),
        "gradings": facts.gradings,
        "seconds": facts.seconds,
    }


def _exit_code(found: FinishedAudit) -> int:
    from harness.audit.audit_verdict import EXIT_CODES

    return EXIT_CODES[found.facts.verdict]
