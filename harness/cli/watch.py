"""`rft watch`: follows a job live until the job ends."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.api.safe_text import plain_text
from harness.api.seen import SeenEvent
from harness.cli.events import describe
from harness.cli.options import FiniteNumber, jobs_dir_option, json_option, price_per_hour_option
from harness.cli.output import emit_json, say, stdout_console
from harness.cli.service import Service, service_options
from harness.errors import HarnessError, InputError
from harness.printable import printable

if TYPE_CHECKING:
    from rich.live import Live

    from harness.api.failures import Unreachable
    from harness.api.types import Event
    from harness.findings import Finding
    from harness.follow.spending import SpendingLimit
    from harness.follow.watched import Watched
    from harness.report.job_screen import JobScreen


@click.command("watch")
@click.argument("job")
@click.option(
    "--interval",
    metavar="SECONDS",
    type=FiniteNumber(0.1),
    default=10.0,
    show_default=True,
    help="Poll at this interval.",
)
@click.option(
    "--patience",
    "patience_s",
    metavar="SECONDS",
    type=FiniteNumber(0),
    default=900.0,
    show_default=True,
    help="Give up after this many seconds without an answer; after the same time without news, print a note "
    "and keep watching.",
)
@click.option(
    "--stop-above",
    metavar="USD",
    type=FiniteNumber(0, min_open=True),
    help="Cancel the job, without asking, when its known cost so far is above this.",
)
@price_per_hour_option
@jobs_dir_option
@service_options
@json_option
def command(
    job: str,
    interval: float,
    patience_s: float,
    stop_above: float | None,
    price_per_hour: float | None,
    jobs_dir: Path,
    service: Service,
    as_json: bool,
) -> int:
    """Follow JOB, a name or an id, until it ends: events, curves, time left, warnings.

    A terminal shows one live screen; a pipe gets a line for each event. You can stop it at any time: the
    job continues, and the same command resumes watching.

    --stop-above cancels the job when its known cost passes a limit, as long as this command runs. It computes
    Lambda's price from the steps and the replay that `rft submit --run` named, and the service's from
    --price-per-hour. It names unknown costs, but does not count them.

    Exit codes: 0 succeeded; 1 failed, canceled, ended otherwise, or could not be canceled; 2 wrong input or
    a refused key; 3 the service did not answer in time.
    """
    from harness.jobs.journal import find_job

    job_id, folder = find_job(jobs_dir, job)
    if service.shows(
        lambda client: client.job(job_id), lambda client: client.events_page(job_id), name=job_id
    ):
        return 0
    from harness.clock import SystemClock
    from harness.follow.watch import Polling, watch
    from harness.report.job_screen import JobScreen

    limit = _limit(stop_above, price_per_hour, jobs_dir, job, service)
    clock, pace = SystemClock(), Polling(interval, patience_s)
    screen = JobScreen(job, clock.time)
    told = _Json() if as_json else _Lines()
    with service.connect_to(job_id) as client:
        follow = partial(watch, client, job_id, folder, clock=clock, pace=pace, limit=limit)
        try:
            if as_json or not _is_screen():
                found = follow(observer=told)
            else:
                with _live(screen) as live:
                    found = follow(observer=_Drawn(screen, live))
        except (KeyboardInterrupt, HarnessError):
            if limit is not None:
                say(f"--stop-above no longer limits {printable(job)}: this command has stopped", err=True)
            raise
    if as_json:
        emit_json(_summary(found))
    else:
        _tell(found, screen)
    return 0 if found.succeeded else 1


def _limit(
    usd: float | None, usd_per_hour: float | None, jobs_dir: Path, job: str, service: Service
) -> SpendingLimit | None:
    """Return the --stop-above limit with the figures needed to compute the cost, from the job's journal."""
    if usd is None:
        if usd_per_hour is not None:
            raise InputError(
                "--price-per-hour has no effect without --stop-above", fix="Add --stop-above USD."
            )
        return None
    from harness.follow.spending import SpendingLimit
    from harness.jobs.forecast import grader_use
    from harness.jobs.journal import find_entry
    from harness.jobs.same_code import look_at_function

    entry = find_entry(jobs_dir, job)
    if entry is None:
        return SpendingLimit(usd=usd, usd_per_hour=usd_per_hour)
    facts = entry.facts
    function = look_at_function(facts.grader.arn, local_service=service.endpoint.loopback)
    use, assumed = grader_use(facts.grader.arn, facts.replay.seconds if facts.replay else None, function)
    batch_size = facts.hyperparameters.get("batch_size")
    return SpendingLimit(
        usd=usd,
        grader=use,
        grader_assumed=assumed,
        batch_size=None if batch_size is None else int(batch_size),
        usd_per_hour=usd_per_hour,
    )


class _Json:
    """Prints nothing while watching, because --json prints one object at the end."""

    def resumed(self, watched: Watched) -> None: ...
    def events(self, events: list[Event]) -> None: ...
    def warning(self, finding: Finding) -> None: ...
    def note(self, text: str) -> None: ...
    def state(self, watched: Watched) -> None: ...
    def trouble(self, error: Unreachable, wait_s: float) -> None: ...


class _Lines(_Json):
    """Prints events as lines on stdout and notes on stderr."""

    def resumed(self, watched: Watched) -> None:
        if watched.events:
            at_step = f", at step {watched.curves.step}" if watched.curves.step else ""
            say(f"resuming after {watched.events} events seen before{at_step}", err=True)

    def events(self, events: list[Event]) -> None:
        say("\n".join(describe(SeenEvent.read(event)) for event in events))

    def warning(self, finding: Finding) -> None:
        say(f"WARNING {finding.id} {finding.message}. {finding.fix or ''}".rstrip())

    def note(self, text: str) -> None:
        say(f"note: {text}", err=True)

    def trouble(self, error: Unreachable, wait_s: float) -> None:
        say(f"{error.message}; trying again in {wait_s:.0f} s", err=True)


class _Drawn(_Json):
    """Draws the watched job on a live screen."""

    def __init__(self, screen: JobScreen, live: Live) -> None:
        self._screen = screen
        self._live = live

    def resumed(self, watched: Watched) -> None:
        self.state(watched)

    def state(self, watched: Watched) -> None:
        self._screen.trouble = None
        self._screen.show(watched)
        self._live.refresh()

    def trouble(self, error: Unreachable, wait_s: float) -> None:
        self._screen.trouble = f"{error.message}; trying again in {wait_s:.0f} s"
        self._live.refresh()


def _is_screen() -> bool:
    return sys.stdout.isatty() and not stdout_console().is_dumb_terminal


@contextmanager
def _live(screen: JobScreen) -> Iterator[Live]:
    """Draw a screen every second in the terminal's alternate buffer, so that resizing leaves no artifacts.

    Print the last screen if the watch is interrupted.
    """
    from rich.live import Live

    try:
        with Live(screen, console=stdout_console(), screen=True, refresh_per_second=1) as live:
            yield live
    except BaseException:
        _print(screen)
        raise


def _print(screen: JobScreen) -> None:
    drawn = _is_screen()
    for line, _ in screen.lines(stdout_console().width if drawn else 80, brief=not drawn):
        say(line, verbatim=True)


def _tell(found: Watched, screen: JobScreen) -> None:
    screen.trouble = None
    screen.show(found)
    _print(screen)
    if found.job is None:
        return
    if found.job.error is not None:
        say(f"error: {plain_text(found.job.error)}")
    if found.job.tuned_model is not None:
        say(f"tuned model: {plain_text(found.job.tuned_model)}")
    if found.curves.step:
        say(f"to add it to a run's page: rft report RUN --job {printable(screen.name)}")


def _summary(found: Watched) -> dict[str, Any]:
    return {
        "job": None if found.job is None else found.job.raw,
        "events": found.events,
        "new_events": found.new_events,
        "step": found.curves.step,
        "total_steps": found.curves.total_steps,
        "metrics": found.curves.latest(),
        "curves": {name: series.curve() for name, series in found.curves.series.items() if series.count},
        "warnings": [finding.to_json() for finding in found.warnings],
        "notes": found.notes,
        "cost": None if found.cost is None else {**asdict(found.cost), "stop": found.stop},
    }
