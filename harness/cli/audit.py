"""`rft audit`: find what a grader pays for, before a model does."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import click

from harness.audit.kinds import KINDS
from harness.cli.options import grader_option, handler_option, json_option, range_option, seed_option
from harness.cli.output import emit_json, printable, say


@click.command("audit")
@click.argument("data", type=click.Path(path_type=Path))
@grader_option()
@handler_option
@click.option(
    "--kind",
    metavar="KIND",
    type=click.Choice(KINDS),
    help="Take the references for this kind of answer instead of finding out: number, choice, yes-no, text,"
    " list, json, tools, code or free; or audit a reward of form alone: format.",
)
@click.option(
    "--accepted",
    metavar="TEXT",
    multiple=True,
    help="Take this completion for one that should be paid; {a} stands for the answer. Repeatable.",
)
@range_option
@seed_option("which records and texts are tried", 0)
@json_option
def command(
    data: Path,
    grader: str | None,
    handler: str | None,
    kind: str | None,
    accepted: tuple[str, ...],
    range: Any,
    seed: int,
    as_json: bool,
) -> int:
    """Find what a grader pays for that nobody wants, on the records of a file."""
    from harness.audit.case import Case
    from harness.audit.data import read_subject
    from harness.audit.engine import run_audit
    from harness.audit.opening import Opener
    from harness.targets.opening import TargetChoice, describe

    facts, known = describe(TargetChoice(grader=grader, handler=handler))
    bounds = range or known.bounds
    sources = tuple(map(Path, known.files))
    subject = read_subject(data, seed=seed, kind=kind, accepted=accepted, bounds=bounds, sources=sources)
    opener = Opener(facts, subject)
    with closing(opener.open()) as collector:
        audited = run_audit(Case(subject, opener, collector, seed))
    if as_json:
        emit_json({"findings": [{"id": one.id, "severity": one.severity} for one in audited.findings]})
        return 0
    for one in audited.findings:
        say(printable(f"{one.id} {one.severity}: {one.message}"))
    say(f"{audited.gradings} gradings, {audited.seconds:.2f} s")
    return 0
