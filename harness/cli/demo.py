"""`rft demo`: runs every step on sample data, from the grader to a rehearsed job."""

from __future__ import annotations

import inspect
import os
import shutil
import sys
import tempfile
from pathlib import Path
from textwrap import fill
from typing import Any

import click
from rich.text import Text

from graders.examples import word_problems
from harness.audit.request import AuditRequest, audit
from harness.cli.options import out_option
from harness.cli.output import stdout_console
from harness.cli.rehearse import screen, show
from harness.data.validate import validate
from harness.errors import InputError
from harness.rehearsal.run import RehearsalRequest, rehearse
from harness.replay.prepare import ReplayRequest, prepare
from harness.replay.supervisor import replay
from harness.report.audit_screen import verdict_line
from harness.report.console import SafeConsole
from harness.report.look import look_at, sample_of
from harness.report.rehearsal import curves_lines, example_lines, verdict_lines, warning_lines
from harness.report.terminal import print_groups, print_rewards
from harness.runs.store import Run
from harness.samples import RECORDS, ROLLOUTS, style_reward
from harness.targets.opening import TargetChoice

_AUDITED = 24
"""Number of records to audit, chosen so that the audit takes about a second."""
STYLE_GRADER = "harness.samples.style_reward:style_reward"
GRADER = "graders.examples.word_problems:word_problem"


@click.command("demo")
@out_option("Save everything that the demo makes in this new folder.")
def command(out: Path | None) -> int:
    """Grade sample data with a sample grader, and show what a training job would learn from its rewards."""
    if out is None:
        folder = Path(tempfile.mkdtemp(prefix="rft-demo-"))
        try:
            _tell(folder, kept=False)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        return 0
    try:
        out.mkdir(parents=True)
    except FileExistsError:
        raise InputError(
            "the folder for the demo already exists", place=str(out), fix="Name a new folder."
        ) from None
    _tell(out, kept=True)
    return 0


def _tell(folder: Path, kept: bool) -> None:
    console = stdout_console()
    _step(console, "1. A grader: a scoring function of one sample, and a decorator")
    source = inspect.getsource(word_problems.word_problem.__wrapped__)
    console.print(Text("\n".join(f"    {line}" for line in source.splitlines()), style="green"))

    _step(console, "2. The training file, checked against the service's rules")
    report = validate(RECORDS)
    console.print(f"    {report.records} records, {report.errors} errors. Your own: rft validate FILE")

    _step(console, "3. Replay: recorded completions go through the grader in the shape that Lambda gets them")
    run = prepare(ReplayRequest(rollouts=ROLLOUTS, grader=GRADER, label="is_right", runs=folder / "runs"))
    totals = replay(run)
    console.print(f"    {totals.gradings:,} completions of {report.records} prompts graded.")
    judged = totals.agreed + totals.disagreed
    console.print(f"    The grader agrees with the known verdict on {totals.agreed:,} of {judged:,}.")
    look = look_at(run)
    print_rewards(look, console)

    _step(console, "4. What a job would learn from: groups with different rewards")
    print_groups(look, console)

    _step(console, "5. What the rewards mean")
    for reward in (1.0, 0.0):
        _show_one(console, run, reward)

    _audit(console)
    _rehearse(console, folder)

    _step(console, "Next")
    for command_line in _so_that_the_shell_finds_rft():
        console.print(f"    {command_line}")
    if kept:
        console.print(f"    rft show {run.folder}")
    console.print("    rft init my-project      your own grader, samples, replay test and template")


def _so_that_the_shell_finds_rft() -> list[str]:
    """Return the command that activates the environment if `rft` is not on the PATH."""
    activate = Path(os.path.relpath(sys.prefix)) / "bin" / "activate"
    if shutil.which("rft") is not None or not activate.exists():
        return []
    return [f". {activate}"]


def _audit(console: SafeConsole) -> None:
    """Audit a grader that rewards style, and show the first finding."""
    _step(console, "6. An audit of another reward: which unwanted answers does it pay for?")
    source = inspect.getsource(style_reward.style_reward.__wrapped__)
    console.print(Text("\n".join(f"    {line}" for line in source.splitlines()), style="green"))
    where = TargetChoice(grader=STYLE_GRADER)
    facts = audit(AuditRequest(data=RECORDS, where=where, limit=_AUDITED, search=0)).facts
    console.print(Text(f"    {verdict_line(facts)}", style="bold"))
    if facts.headline is not None:
        console.print(fill(facts.headline.message, 76, initial_indent="    ", subsequent_indent="    "))
    for one in facts.open[:1]:
        said = f"{one.severity.value} {one.id}: {one.title}. {one.fix}"
        console.print(fill(said, 76, initial_indent="    ", subsequent_indent="    "))


def _rehearse(console: SafeConsole, folder: Path) -> None:
    """Run a job on the simulator. Show its reward curve, and a record before and after training."""
    _step(
        console,
        "7. A rehearsal of a training job on this machine: a small policy over the recorded completions",
    )
    request = RehearsalRequest(
        rollouts=ROLLOUTS, grader=GRADER, out=folder / "rehearsal", labels=("is_right",)
    )
    with screen(quiet=False) as progress:
        found = rehearse(request, progress)
    show(curves_lines(found))
    if found.example is not None:
        _step(console, "8. One held-out record: which completions the job made less and more likely")
        show(example_lines(found.example))
    show(verdict_lines(found))
    show(warning_lines(found))


def _show_one(console: SafeConsole, run: Run, reward: float) -> None:
    """Print the first sample with this reward whose completion fits on a screen."""
    for row in run.rows():
        if row["reward"] != reward:
            continue
        rollout: dict[str, Any] = sample_of(run, str(row["id"]))["rollout"]
        completion = rollout["messages"][-1]["content"]
        if 20 < len(completion) < 240:
            console.print(Text(f"    reward {reward:g}  ({row['id']})", style="bold"))
            ends = str(rollout["reference_answer"]).splitlines()[-1]
            for line in [*completion.splitlines(), f"(the reference ends in: {ends})"]:
                console.print(Text(f"      {line}", style="dim"))
            return


def _step(console: SafeConsole, title: str) -> None:
    console.print(Text(f"\n{title}", style="bold cyan"))
