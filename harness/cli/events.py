"""`rft events`: everything that a job reported, oldest first."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.api.safe_text import plain_text
from harness.cli.options import jobs_dir_option, json_option
from harness.cli.output import emit_json, say
from harness.cli.service import Service, at, service_options

if TYPE_CHECKING:
    from harness.api.types import Event


@click.command("events")
@click.argument("job")
@click.option("--last", metavar="N", type=click.IntRange(1), help="Show only the newest N events.")
@click.option("--type", "kind", metavar="TYPE", help="Show only this type: message or metrics.")
@click.option("--level", metavar="LEVEL", help="Show only this level: info, warn or error.")
@jobs_dir_option
@service_options
@json_option
def command(
    job: str,
    last: int | None,
    kind: str | None,
    level: str | None,
    jobs_dir: Path,
    service: Service,
    as_json: bool,
) -> int:
    """Print the events of JOB, a name or an id: all pages, each event once, oldest first."""
    from harness.jobs.journal import find_job

    job_id, _ = find_job(jobs_dir, job)
    if service.shows(lambda client: client.events_page(job_id)):
        return 0
    with service.connect() as client:
        wanted = _filtered(client.events(job_id), kind, level)
        events = _oldest_first(wanted, last)
    if as_json:
        emit_json({"job": job_id, "events": events})
        return 0
    for event in events:
        say(describe(event))
    return 0


def _filtered(events: Iterable[Event], kind: str | None, level: str | None) -> Iterator[Event]:
    for event in events:
        if kind in (None, event.get("type")) and level in (None, event.get("level")):
            yield event


def _oldest_first(events: Iterator[Event], last: int | None) -> list[Event]:
    from harness.follow.events import is_newest_first

    first = list(islice(events, 100))
    if is_newest_first(first) is False:
        return list(deque([*first, *events], maxlen=last))
    if last is not None and len(first) >= last:
        return first[:last][::-1]
    return [*first, *islice(events, None if last is None else last - len(first))][::-1]


def describe(event: Event) -> str:
    """One event on one line.

    Args:
        event: Of any type.
    """
    from harness.api.types import STEP, TOTAL_STEPS, TRAINING_METRICS

    level = str(event.get("level") or "info")
    line = f"{at(event.get('created_at'))}  {'' if level == 'info' else plain_text(level).upper() + ': '}"
    line += plain_text(str(event.get("message") or event.get("type") or "(no message)"))
    data = event.get("data")
    if not isinstance(data, dict):
        return line
    known = [name for name in TRAINING_METRICS if isinstance(data.get(name), int | float)]
    numbers = [f"{name.removeprefix('critic_').removeprefix('actor_')} {data[name]:.4g}" for name in known]
    others = [
        f"{plain_text(str(name))} {plain_text(str(value))}"
        for name, value in data.items()
        if name not in known and name not in (STEP, TOTAL_STEPS)
    ]
    return "  ".join([line, *numbers, *others])
