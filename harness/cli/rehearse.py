"""`rft rehearse`: run a whole training job on this machine, and see what the grader would breed."""

from __future__ import annotations

import hashlib
import json
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli.output import emit_json, stderr_console, stdout_console

if TYPE_CHECKING:
    from rich.status import Status

    from harness.api.failures import Unreachable
    from harness.api.types import Event, Job
    from harness.emulator.emulator_process import EmulatorProcess
    from harness.findings import Finding
    from harness.follow.curves import Curves
    from harness.rehearsal.request import Emulated
    from harness.rollouts.asking import Generated

__all__ = ["Told", "command", "start_emulator", "told"]


@click.command("rehearse")
@click.argument("rollouts", type=click.Path(path_type=Path))
@click.option("--grader", "-g", required=True, metavar="MODULE:NAME", help="The grader, as for `rft replay`.")
@click.option(
    "--holdout",
    type=click.FloatRange(0, 1, max_open=True),
    default=0.1,
    show_default=True,
    help="Share of the records that is not trained on.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Decides split, draws and answers.")
@click.option("--n-epochs", type=click.IntRange(1), help="How often every record is seen (1).")
@click.option("--batch-size", type=click.IntRange(1), help="Records a step (4).")
@click.option(
    "--learning-rate-multiplier",
    type=click.FloatRange(0, min_open=True),
    help="Factor on the learning rate (1.0).",
)
@click.option(
    "--group-size",
    type=click.IntRange(2),
    default=8,
    show_default=True,
    help="Completions a record and step.",
)
@click.option(
    "-n",
    "n",
    type=click.IntRange(1),
    default=8,
    show_default=True,
    help="Answers asked of each held-out record.",
)
@click.option(
    "--label", "labels", multiple=True, metavar="FIELD", help="A field that no record has; repeatable."
)
@click.option(
    "--into", type=click.Path(path_type=Path), help="Folder of all that is made; under rehearsals/."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(rollouts: Path, grader: str, into: Path | None, as_json: bool, **asked: Any) -> int:
    """Train on recorded ROLLOUTS: the API on loopback, a job through the real client, an evaluation.

    The model is a small policy over the recorded completions, which learns from the rewards which words,
    formatting and length pay. Killed or interrupted, the same command goes on where the job stopped.

    Exit codes: 0 rehearsed, whatever was learned; 1 the job failed; 2 input; 3 the emulator is not there.
    """
    from harness.jobs.plan import hyperparameters
    from harness.rehearsal.request import RehearsalRequest
    from harness.rehearsal.run import rehearse

    chosen = hyperparameters(asked["n_epochs"], asked["batch_size"], asked["learning_rate_multiplier"])
    request = RehearsalRequest(
        rollouts=rollouts,
        grader=grader,
        into=into or Path("rehearsals") / _name(rollouts, grader, asked),
        emulate=start_emulator,
        holdout=asked["holdout"],
        seed=asked["seed"],
        hyperparameters=chosen,
        group_size=asked["group_size"],
        n=asked["n"],
        labels=asked["labels"],
    )
    with told(quiet=as_json) as progress:
        found = rehearse(request, progress)
    if as_json:
        emit_json(found.to_json())
        return 0
    from harness.report.rehearsal import print_rehearsal

    print_rehearsal(found, stdout_console())
    click.echo(f"\neverything is in {request.into}")
    return 0


def start_emulator(asked: Emulated) -> EmulatorProcess:
    """The emulator for a rehearsal, not started yet.

    Args:
        asked: What it serves.
    """
    from harness.emulator.config import EmulatorConfig
    from harness.emulator.emulator_process import EmulatorProcess

    return EmulatorProcess(
        EmulatorConfig(
            rollouts=(asked.rollouts,),
            state=asked.state,
            functions={asked.function: asked.grader},
            group_size=asked.group_size,
            seed=asked.seed,
        )
    )


class Told:
    """Who is told of a rehearsal: draws one line on stderr where somebody is looking.

    Args:
        status: The line; None draws nothing.
    """

    def __init__(self, status: Status | None = None) -> None:
        self._status = status
        self._stage = ""

    def stage(self, name: str) -> None:
        """Show the part of the path that begins."""
        self._stage = name
        self._show(name)

    def asked(self, label: str, state: Generated) -> None:
        """Show how many answers there are."""
        self._show(f"{self._stage}: {label} {state.there + state.done} of {state.wanted}")

    def resumed(self, count: int, curves: Curves) -> None:
        """Show that an earlier call had come some way."""
        if count:
            self._show(f"{self._stage}: going on at step {curves.step}")

    def events(self, events: list[Event]) -> None:
        """The curves tell more."""

    def warning(self, finding: Finding) -> None:
        """The verdicts tell more."""

    def state(self, job: Job, curves: Curves) -> None:
        """Show step and reward."""
        from harness.api.types import REWARD_MEAN
        from harness.follow.curves import sparkline

        series = curves.series[REWARD_MEAN]
        if series.last is not None:
            step = f"step {curves.step} of {curves.total_steps}"
            self._show(
                f"{self._stage}: {step}, mean reward {series.last:.2f} {sparkline(series.curve(), 24)}"
            )

    def trouble(self, error: Unreachable, wait_s: float) -> None:
        """Show that the emulator did not answer."""
        self._show(f"{self._stage}: {error.message}")

    def _show(self, text: str) -> None:
        if self._status is not None:
            from rich.text import Text

            # A plain string would be read as markup.
            self._status.update(Text(text))


@contextmanager
def told(quiet: bool) -> Iterator[Told]:
    """Someone to tell: a line on stderr on a terminal, nobody elsewhere.

    Args:
        quiet: Draw nothing in any case.
    """
    if quiet or not sys.stderr.isatty():
        yield Told()
        return
    with stderr_console().status("") as status:
        yield Told(status)


def _name(rollouts: Path, grader: str, asked: dict[str, Any]) -> str:
    """A folder's name that the same command always gets."""
    from harness.targets.in_process import InProcessTarget

    try:
        state = rollouts.stat()
        stamp = [state.st_size, state.st_mtime_ns]
    except OSError:
        stamp = []
    parts = [str(rollouts.resolve()), stamp, grader, InProcessTarget(grader).sha256, asked]
    mark = hashlib.sha256(json.dumps(parts, sort_keys=True, default=list).encode()).hexdigest()[:8]
    words = f"{rollouts.stem}-{grader.rpartition(':')[2] or grader}"
    return f"{re.sub(r'[^A-Za-z0-9]+', '-', words).strip('-')[:60]}-{mark}"
