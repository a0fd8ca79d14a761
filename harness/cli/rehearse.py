"""`rft rehearse`: runs a simulated training job on this machine to show what the grader would teach."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from harness.cli.options import (
    FiniteNumber,
    answers_option,
    data_argument,
    grader_option,
    group_size_option,
    handler_option,
    hyperparameter_options,
    json_option,
    keep_field_option,
    label_option,
    named_grader,
    out_option,
    records_option,
    runs_dir_option,
    seed_option,
)
from harness.cli.output import emit_json, say
from harness.clock import duration

if TYPE_CHECKING:
    from rich.live import Live

    from harness.data.sources import Source
    from harness.rehearsal.run import StepFigures
    from harness.report.rehearsal import StyledLine

__all__ = ["Screen", "command", "screen", "show"]

_REFRESH_S: Final = 0.1


@click.command("rehearse")
@data_argument("rollouts")
@grader_option()
@handler_option
@click.option(
    "--holdout",
    metavar="SHARE",
    type=FiniteNumber(0, 1, max_open=True),
    default=0.1,
    show_default=True,
    help="Hold out this share of the records from training.",
)
@seed_option("the split and the draws", default=0)
@hyperparameter_options(checked=True)
@group_size_option
@click.option(
    "--goal",
    metavar="FIELD",
    help="Compare the reward with this field: true, or a number, for a right completion. The grader does "
    "not see it. By default is_right or a single label.",
)
@label_option(multiple=True)
@keep_field_option
@records_option
@answers_option
@out_option("Write to this folder; by default one under rehearsals/.")
@runs_dir_option
@json_option
def command(
    rollouts: Source,
    grader: str | None,
    handler: str | None,
    out: Path | None,
    runs_dir: Path,
    as_json: bool,
    **asked: Any,
) -> int:
    """Train on recorded ROLLOUTS on this machine, and see how the reward changes a model.

    The model is a small policy over the recorded completions. It learns which words, formatting and length
    earn a reward. It is tested on records that it was not trained on, by --goal if the rollouts say which
    completions are right. Each completion is graded once. After a kill or an interruption, the same command
    resumes and grades only the rest.

    Warnings B001 to B004 report a reward that something other than right answers earns. B003 needs at most
    300 generated completions, which are graded too: lists of answers, padding, an empty answer.

    If --runs-dir contains an audit of this very grader, the policy of a second job can also choose the
    wrongly rewarded completions that the audit found. The report shows whether training reinforces them.

    Fields that differ between the rollouts of one record are hidden from the grader, unless --keep-field
    names them. With --records, the grader sees the fields of the training file instead.

    A grader that asks a service, such as a judge, asks about every completion, including generated ones. With
    --answers, it gets recorded answers from a file instead.

    Exit codes: 0 rehearsed, with or without warnings; 1 the job failed; 2 wrong input.
    """
    from harness.cli.other_rollouts import fitting_records
    from harness.grader_output import LOG
    from harness.rehearsal.run import WITNESSES, RehearsalRequest, rehearse

    asked["records"] = fitting_records(rollouts, asked["records"])
    given = {name: value for name, value in asked.items() if value is not None}
    named = named_grader(grader, handler)
    with screen(quiet=as_json) as progress:
        request = RehearsalRequest(rollouts=rollouts, grader=named, out=out, runs=runs_dir, **given)
        found = rehearse(request, progress)
    if as_json:
        emit_json(found.to_json())
        return 0
    from harness.report.rehearsal import rehearsal_lines

    show(rehearsal_lines(found))
    say(f"\neverything is in {found.folder}")
    if (found.folder / LOG).exists():
        say(f"what the grader printed is in {found.folder / LOG}")
    if (found.folder / WITNESSES).exists():
        say(f"generated completions that earn a reward: rft replay {found.folder / WITNESSES}")
    say(f"to add it to a run's page: rft report RUN --rehearsal {found.folder}")
    return 0


def show(lines: Iterable[StyledLine]) -> None:
    """Print styled lines on stdout."""
    for text, style in lines:
        say(text, bold=style == "bold", dim=style == "dim")


class Screen:
    """Draws the curves of a running rehearsal.

    Args:
        live: The display to draw on, or None to draw nothing.
    """

    def __init__(self, live: Live | None = None) -> None:
        self._live = live
        self._began = 0.0
        self._drawn = 0.0

    def stage(self, name: str) -> None:
        """Show the name of the stage that is starting."""
        self._began = time.monotonic()
        if self._live is not None:
            self._draw([name])

    def step(self, figures: Callable[[], StepFigures]) -> None:
        """Redraw the curves, at most ten times a second."""
        now = time.monotonic()
        if self._live is None or now - self._drawn < _REFRESH_S:
            return
        self._drawn = now
        self._draw(live_lines(figures(), now - self._began))

    def _draw(self, lines: list[str]) -> None:
        from rich.text import Text

        assert self._live is not None
        self._live.update(Text("\n".join(lines)), refresh=True)


def live_lines(figures: StepFigures, seconds: float) -> list[str]:
    """Return the lines to show for a running rehearsal: progress, time left and one line per curve.

    Args:
        figures: The job's progress.
        seconds: Seconds spent on steps so far.
    """
    from harness.follow.curves import sparkline

    left = seconds / figures.step * (figures.total - figures.step) if figures.step else 0.0
    lines = [f"step {figures.step:,} of {figures.total:,}, {duration(left)} left"]
    for name, points in (
        ("reward", figures.reward),
        ("entropy", figures.entropy),
        ("length", figures.length),
    ):
        if points:
            lines.append(f"  {name:<8} {points[-1]:8.3g}  {sparkline(points)}")
    return lines


@contextmanager
def screen(quiet: bool) -> Iterator[Screen]:
    """Yield a screen on stderr that draws nothing if stderr is not a terminal.

    Args:
        quiet: Never draw.
    """
    if quiet or not sys.stderr.isatty():
        yield Screen()
        return
    from rich.live import Live

    from harness.report.console import SafeConsole

    # The screen needs a separate stream, because stderr goes to the grader's log while the grader runs.
    with os.fdopen(os.dup(sys.stderr.fileno()), "w", encoding="utf-8") as stream:
        console = SafeConsole(file=stream, soft_wrap=False)
        with Live(console=console, auto_refresh=False, transient=True, redirect_stdout=False,
                  redirect_stderr=False) as live:  # fmt: skip
            yield Screen(live)
