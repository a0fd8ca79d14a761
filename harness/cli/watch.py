"""`rft watch`: follow a job live until it ends."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.api.safe_text import plain_text
from harness.cli.events import describe
from harness.cli.options import jobs_dir_option, json_option
from harness.cli.output import duration, emit_json, say, stderr_console
from harness.cli.service import Service, service_options

if TYPE_CHECKING:
    from rich.live import Live

    from harness.api.failures import Unreachable
    from harness.api.types import Event, Job
    from harness.findings import Finding
    from harness.follow.curves import Curves
    from harness.follow.watch import JobEnd


@click.command("watch")
@click.argument("job")
@click.option(
    "--interval",
    metavar="SECONDS",
    type=click.FloatRange(0.1),
    default=10.0,
    show_default=True,
    help="Poll every this many seconds.",
)
@click.option(
    "--patience",
    "patience_s",
    metavar="SECONDS",
    type=click.FloatRange(0),
    default=900.0,
    show_default=True,
    help="Give up after this many seconds without an answer.",
)
@jobs_dir_option
@service_options
@json_option
def command(
    job: str,
    interval: float,
    patience_s: float,
    jobs_dir: Path,
    service: Service,
    as_json: bool,
) -> int:
    """Follow JOB, a name or an id, until it ends: events, curves, time left, warnings.

    Stop it whenever you like: the job continues, and the same command resumes watching.

    Exit codes: 0 succeeded; 1 failed or cancelled; 2 input; 3 the service was silent too long.
    """
    from harness.jobs.journal import find_job

    job_id, folder = find_job(jobs_dir, job)
    if service.shows(lambda client: client.job(job_id), lambda client: client.events_page(job_id)):
        return 0
    from harness.clock import SystemClock
    from harness.follow.watch import Polling, watch

    with service.connect() as client, _live(as_json) as live:
        outcome = watch(
            client,
            job_id,
            folder,
            observer=_Screen(live, quiet=as_json),
            clock=SystemClock(),
            pace=Polling(interval, patience_s),
        )
    if as_json:
        emit_json(_summary(outcome))
    else:
        _tell(outcome)
    return 0 if outcome.succeeded else 1


class _Screen:
    """Prints events as lines on stdout, and on a terminal keeps the curves below them."""

    def __init__(self, live: Live | None, *, quiet: bool) -> None:
        self._live = live
        self._quiet = quiet
        # On one and the same terminal the lines must go through what draws the curves.
        self._through_live = live is not None and sys.stdout.isatty()

    def resumed(self, count: int, curves: Curves) -> None:
        """Say that earlier events are not repeated."""
        if count:
            at_step = f", at step {curves.step}" if curves.step else ""
            self._remark(f"going on after {count} events seen before{at_step}")

    def events(self, events: list[Event]) -> None:
        """Print each on a line."""
        if not self._quiet:
            # One write a page: on a terminal each draws the curves anew.
            self._line("\n".join(describe(event) for event in events))

    def warning(self, finding: Finding) -> None:
        """Print it like an event."""
        if not self._quiet:
            self._line(f"WARNING {finding.id} {finding.message}. {finding.fix or ''}".rstrip())

    def state(self, job: Job, curves: Curves) -> None:
        """Draw the curves anew."""
        if self._live is not None:
            self._live.update("\n".join(panel(job, curves)), refresh=True)

    def trouble(self, error: Unreachable, wait_s: float) -> None:
        """Say that the service is silent."""
        self._remark(f"{error.message}; trying again in {wait_s:.0f} s")

    def _line(self, text: str) -> None:
        if self._through_live and self._live is not None:
            self._live.console.print(text)
        else:
            say(text)

    def _remark(self, text: str) -> None:
        if self._live is not None:
            self._live.console.print(text)
        elif not self._quiet:
            say(text, err=True)


def _live(quiet: bool) -> Any:
    """What redraws on a terminal; nothing elsewhere."""
    console = stderr_console()
    if quiet or not console.is_terminal:
        return nullcontext(None)
    from rich.live import Live

    return Live("", console=console, auto_refresh=False, transient=True)


def panel(job: Job, curves: Curves) -> list[str]:
    """A job and its curves as lines of text.

    Args:
        job: As the service last described it.
        curves: As they stand.
    """
    from harness.api.types import ENTROPY, GRAD_NORM, RESPONSE_LENGTH_MEAN, REWARD_MEAN
    from harness.follow.curves import sparkline

    words = [plain_text(str(job.get("id"))), plain_text(str(job.get("status")))]
    if curves.step:
        total = curves.total_steps
        words.append(f"step {curves.step}" + (f"/{total} ({100 * curves.step // total} %)" if total else ""))
    if curves.seconds_left:
        words.append(f"about {duration(curves.seconds_left)} left")
    lines = ["  ".join(words)]
    for label, name in (
        ("reward", REWARD_MEAN),
        ("entropy", ENTROPY),
        ("length", RESPONSE_LENGTH_MEAN),
        ("gradient", GRAD_NORM),
    ):
        series = curves.series[name]
        if series.last is not None:
            lines.append(f"  {label:9}{series.last:>10.4g}  {sparkline(series.curve())}")
    return lines


def _tell(outcome: JobEnd) -> None:
    for line in panel(outcome.job, outcome.curves):
        say(line)
    error: Any = outcome.job.get("error") or {}
    if error.get("message"):
        say(plain_text(f"error {error.get('code')}: {error.get('message')}"))
    if outcome.job.get("fine_tuned_model"):
        say(f"tuned model: {plain_text(str(outcome.job['fine_tuned_model']))}")


def _summary(outcome: JobEnd) -> dict[str, Any]:
    return {
        "job": outcome.job,
        "events": outcome.events,
        "new_events": outcome.new_events,
        "step": outcome.curves.step,
        "total_steps": outcome.curves.total_steps,
        "metrics": outcome.curves.latest(),
        "curves": {name: series.curve() for name, series in outcome.curves.series.items() if series.count},
        "warnings": [finding.to_json() for finding in outcome.warnings],
    }
