"""`rft capture`: shows the shape of the service's events, as recorded in a function's log."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from harness.cli.options import FiniteNumber, check_function, deployed_options, json_option, limit_option
from harness.cli.output import emit_json, printable, say

if TYPE_CHECKING:
    from harness.deploy.capture import Captured

_NEAREST = 3


@click.command("capture")
@click.argument("log", required=False, metavar="[LOG]")
@deployed_options()
@click.option(
    "--hours",
    type=FiniteNumber(min=0, min_open=True),
    default=24.0,
    show_default=True,
    metavar="HOURS",
    help="Look this far back in the function's log.",
)
@limit_option("events")
@json_option
def command(
    log: str | None,
    arn: str | None,
    stack: str | None,
    function: str | None,
    region: str | None,
    hours: float,
    limit: int | None,
    as_json: bool,
) -> int:
    """Compare the events in a function's log, or in the file LOG ("-" is stdin), with the known wire formats.

    A grader logs the shape of its first N events, without their content, if its function has the environment
    variable GRADER_CAPTURE=N.

    Exit codes: 0 every event matches a known wire format; 1 at least one matches none; 2 nothing was
    captured; 3 AWS refused the request.
    """
    from harness.deploy.capture import read_captures
    from harness.errors import InputError

    if sum(one is not None for one in (log, arn, stack)) != 1:
        raise InputError(
            "capture needs exactly one place to read events from",
            fix="Pass a file (- is stdin), --arn ARN or --stack STACK, or set arn or stack in rft.toml.",
        )
    check_function(function, stack)
    if log is not None:
        lines = _lines_of(log)
    else:
        from harness.clock import SystemClock
        from harness.deploy.capture import log_lines

        if stack is not None:
            from harness.deploy.outputs import read_stack

            arn = read_stack(stack, region).arn(function)
        assert arn is not None
        lines = log_lines(arn, region, int((SystemClock().time() - hours * 3600) * 1000))
    events = read_captures(lines, limit)
    if not events:
        fix = (
            "Set GRADER_CAPTURE=1 in the function's environment; the next call of a new instance is captured."
        )
        raise InputError("no captured event was found", place=log or arn, fix=fix)
    if as_json:
        emit_json({"events": [one.to_json() for one in events]})
    else:
        for number, one in enumerate(events, 1):
            _show(number, one)
    return 0 if all(one.matches() for one in events) else 1


def _lines_of(log: str) -> Iterator[str]:
    if log == "-":
        yield from sys.stdin
        return
    with open(log, encoding="utf-8", errors="replace") as file:
        yield from file


def _show(number: int, event: Captured) -> None:
    """Print an event's wire format, its properties and the shape of its first sample."""
    matches = event.matches()
    say(f"{chr(10) * (number > 1)}event {number}")
    if matches:
        names = ", ".join(f"{one.wire} ({one.evidence})" for one in matches)
        say(f"  the wire is   {names}")
    else:
        say("  it matches no known wire. The nearest:")
        for one in event.likenesses()[:_NEAREST]:
            said = "; ".join(
                f"{trait} is {here}, not {there}" for trait, (there, here) in one.differences.items()
            )
            say(printable(f"    {one.wire} ({one.evidence}): {said}"))
    told = event.tells()
    width = max(map(len, told))
    for what, said in told.items():
        say(printable(f"  {what.ljust(width)}  {said}"))
    if event.sample:
        say("  the first sample:")
        for line in json.dumps(event.sample, indent=1).splitlines():
            say(f"    {line}")
