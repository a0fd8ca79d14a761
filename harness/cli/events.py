"""`rft events`: prints the events of a job, oldest first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from harness.api.safe_text import plain_text
from harness.api.seen import SeenEvent, as_text
from harness.cli.options import jobs_dir_option, json_option
from harness.cli.output import emit_json, say
from harness.cli.service import Service, at, refuse_native, service_options, tell_incomplete

if TYPE_CHECKING:
    from harness.api.pages import Listing
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
    refuse_native(job_id, "events")
    if service.shows(lambda client: client.events_page(job_id)):
        return 0
    with service.connect() as client:
        found = _oldest_first(_filtered(client.events(job_id), kind, level), last)
    if as_json:
        emit_json(
            {"job": job_id, "events": [event.raw for event in found.elements], "incomplete": found.incomplete}
        )
    elif found.elements:
        say("TIME                 EVENT", dim=True)
    elif not found.incomplete:
        say("no events")
    for event in [] if as_json else found.elements:
        say(describe(event))
    return tell_incomplete(found)


def _filtered(events: Iterable[SeenEvent], kind: str | None, level: str | None) -> Iterator[SeenEvent]:
    for event in events:
        if kind in (None, event.type) and level in (None, event.level):
            yield event


def _oldest_first(events: Iterator[SeenEvent], last: int | None) -> Listing[SeenEvent]:
    """Return the events in chronological order, without reading more pages than necessary."""
    from harness.api.pages import gathered
    from harness.follow.events import is_newest_first

    first = gathered(islice(events, 100))
    newest_first = is_newest_first([cast("Event", event.raw) for event in first.elements]) is not False
    found = first
    if first.incomplete is None:
        more = None if last is None or not newest_first else max(0, last - len(first.elements))
        found = gathered(islice(events, more), first.elements)
    if newest_first:
        return found._replace(elements=found.elements[:last][::-1])
    return found._replace(elements=found.elements[-(last or 0) :])


def describe(event: SeenEvent) -> str:
    """Format an event as one line.

    Args:
        event: An event of any type.
    """
    from harness.api.types import STEP, TOTAL_STEPS, TRAINING_METRICS

    level = plain_text(event.level or event.odd.get("level") or "info")
    line = f"{at(event.created_at):19}  {'' if level == 'info' else level.upper() + ': '}"
    line += plain_text(event.message or event.odd.get("message") or event.text)
    data = event.data
    if data is None:
        held = event.odd.get("data")
        return line if held is None else f"{line}  {plain_text(held)}"
    known = [name for name in TRAINING_METRICS if isinstance(data.get(name), int | float)]
    numbers = [f"{name.removeprefix('critic_').removeprefix('actor_')} {data[name]:.4g}" for name in known]
    others = [
        f"{plain_text(name)} {plain_text(as_text(value))}"
        for name, value in data.items()
        if name not in known and name not in (STEP, TOTAL_STEPS)
    ]
    return "  ".join([line, *numbers, *others])
