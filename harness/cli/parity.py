"""`rft parity`: grades the same samples in this process, in the built artifact and in AWS."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli.options import (
    answers_option,
    data_argument,
    grader_option,
    handler_option,
    json_option,
    keep_field_option,
    label_option,
    limit_option,
    place_options,
    records_option,
    wire_option,
)
from harness.cli.output import emit_json, printable, progress_bar, say
from harness.disk import file_sha256
from harness.errors import InputError
from harness.grader_output import output_to

if TYPE_CHECKING:
    from harness.data.record_fields import FieldChoice
    from harness.data.record_file import RecordFile
    from harness.data.sources import DataFile, Source
    from harness.deploy.parity import Difference, Parity
    from harness.deploy.places import GradingPlace
    from harness.rollouts.read import Rollout

_LOG = Path("runs/parity.log")
"""Name of the log file for the grader's output."""
_SHOWN = 20
_CELL = 24


@click.command("parity")
@data_argument("rollouts")
@grader_option()
@handler_option
@place_options(multiple=True)
@wire_option("all")
@limit_option("rollouts", 200)
@label_option()
@keep_field_option
@records_option
@answers_option
@json_option
def command(
    rollouts: Source,
    wire: str,
    limit: int,
    label: str | None,
    keep_field: tuple[str, ...],
    records: DataFile | None,
    as_json: bool,
    **asked: Any,
) -> int:
    """Grade the same rollouts in this process, in the built artifact and in AWS, and compare.

    In every wire format, each place must give the same rewards, metrics, errors, ids and order as this
    process. Without --grader, the built function names the grader, and --stack supplies the deployed function
    of the same name.

    With --answers, every place gets the same recorded answers to the grader's requests to a service.

    --handler calls a handwritten handler as Lambda would; --artifact then names its folder or zip file,
    without a template.

    Exit codes: 0 the same everywhere; 1 a difference; 2 wrong input, or no build; 3 AWS could not be reached.
    """
    from harness.cli.other_rollouts import fitting_records
    from harness.data.record_file import decide_fields, open_records
    from harness.deploy.places import open_places
    from harness.localaws.credentials import profile_credentials
    from harness.replay.grading import profiles_of

    records = fitting_records(rollouts, records)
    wires = [profile.name for profile in profiles_of(wire)]
    choice, training = decide_fields(rollouts, label, keep_field, records)
    _LOG.unlink(missing_ok=True)
    chosen, more = _read(rollouts, limit, label, choice, open_records(training) if training else None)
    with progress_bar("comparing", quiet=as_json) as bar, output_to(_LOG), ExitStack() as stack:
        arns = [*asked["arns"], *_in_stack(asked)]
        places = open_places(
            stack,
            grader=asked["grader"],
            handler=asked["handler"],
            artifact=asked["artifact"],
            function=asked["function"],
            arns=arns,
            region=asked["region"],
            passed=asked["pass_env"],
            credentials=profile_credentials(asked["aws_credentials"]) if asked["aws_credentials"] else None,
            answers=asked["answers"],
        )
        parity = _compare(chosen, places, wires, bar)
        facts = [place.facts() | _times(parity, place.name) for place in places]
    if as_json:
        shown = None if training is None else training.path
        answers = asked["answers"] and {
            "path": str(asked["answers"]),
            "sha256": file_sha256(asked["answers"]),
        }
        more_facts = {"fields": asdict(choice), "records": shown, "answers": answers}
        emit_json(_summary(parity, facts) | more_facts)
    else:
        if asked["answers"] is not None:
            played = printable(str(asked["answers"]))
            _wrapped(
                f"requests were answered from {played}, not by the service: times do not include the service"
            )
        if training is not None:
            _wrapped(f"fields are those of the records in {printable(training.path)}")
        for note in choice.notes():
            _wrapped(printable(f"fields {note}"))
        _tell(parity, facts, more)
        if _LOG.exists():
            say(f"what the grader printed: {_LOG}")
    return int(not parity.same)


def _read(
    source: Source, limit: int, label: str | None, choice: FieldChoice, records: RecordFile | None
) -> tuple[list[Rollout], bool]:
    """Return the first rollouts, and whether the file has more."""
    from harness.data.json_lines import place_of
    from harness.rollouts.read import holds_rollouts, read_rollouts

    if not holds_rollouts(source):
        fix = "Pass rollouts: records have no completions to grade."
        raise InputError("this file contains records", place=source.name, fix=fix)
    stream = read_rollouts(source, label=label, choice=choice, records=records)
    chosen = list(islice(stream, limit))
    for one in chosen:
        if one.problem is not None:
            raise InputError(one.problem, place=place_of(source, one.at))
    return chosen, next(stream, None) is not None


def _in_stack(asked: dict[str, Any]) -> list[str]:
    """Return the ARN of the stack's function that corresponds to the built one."""
    if asked["stack"] is None:
        return []
    from harness.deploy.outputs import read_stack
    from harness.targets.built import built_function

    found = read_stack(asked["stack"], asked["region"])
    name = asked["function"]
    if name is None and len(found.graders) > 1:
        name = built_function(asked["artifact"], None, asked["grader"]).logical_id
    return [found.arn(name)]


def _compare(
    chosen: list[Rollout],
    places: list[GradingPlace],
    wires: list[str],
    update: Callable[..., None] | None,
) -> Parity:
    from harness.deploy.parity import compare

    if update is None:
        return compare(chosen, places, wires)
    again = sum(place.restart is not None for place in places)
    update(total=len(chosen) * (len(places) * len(wires) + again))
    return compare(chosen, places, wires, lambda graded: update(advance=graded))


def _times(parity: Parity, place: str) -> dict[str, Any]:
    times = parity.times[place]
    found = {"p50_ms": times.at(0.5), "p99_ms": times.at(0.99), "first_call_ms": times.first_ms}
    rounded = {name: None if ms is None else round(ms, 2) for name, ms in found.items()}
    return {"calls": len(times.calls) + (times.first_ms is not None), **rounded}


def _summary(parity: Parity, facts: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "rollouts": parity.rollouts,
        "wires": parity.wires,
        "places": facts,
        "largest_event_bytes": parity.largest_event,
        "largest_answer_bytes": parity.largest_answer,
        "samples_that_differ": parity.samples,
        "differences": [one._asdict() for one in parity.differences],
        "unstable": {place: [one._asdict() for one in found] for place, found in parity.unstable.items()},
        "causes": parity.causes,
    }


def _tell_place(place: dict[str, Any]) -> None:
    took = f"{place['calls']:,} calls, p50 {place['p50_ms']:.1f} ms, p99 {place['p99_ms']:.1f} ms"
    if place["timeout_s"] is not None:
        took += f" of {place['timeout_s']:g} s"
    if place["cold_start_ms"] is not None:
        took += f", cold start {place['cold_start_ms']:.0f} ms"
    elif place["place"] != "in-process":
        took += f", first call {place['first_call_ms']:.0f} ms"
    say(f"{place['place']}: {took}")
    say(f"  code sha256 {place['code_sha256'] or 'unknown'}")
    for note in place["notes"]:
        say(f"  {printable(note)}")
    if place["timeout_s"] is not None and place["p99_ms"] > 800 * place["timeout_s"]:
        say("  note: a call takes more than 80 % of the timeout")


def _tell(parity: Parity, facts: list[dict[str, Any]], more: bool) -> None:
    for place in facts:
        _tell_place(place)
    largest = max(parity.largest_event.values())
    say(
        f"largest event {largest:,} bytes, largest answer {parity.largest_answer:,}: {_share(parity)} of 6 MB"
    )
    if parity.payload_share() > 1:
        say("  note: Lambda refuses a batch of this size; it was sent in smaller batches here")
    wires = "1 wire" if len(parity.wires) == 1 else f"{len(parity.wires)} wires"
    first = "the first " if more else ""
    scope = f"{first}{parity.rollouts:,} rollouts in {len(parity.places)} places over {wires}"
    if parity.differences:
        say(f"{scope}: {parity.samples:,} samples differ")
        _table(parity)
    elif parity.same:
        say(f"{scope}: rewards, metrics, errors, ids and order are the same")
    else:
        say(f"{scope}: the places agree, but the grader does not agree with itself")
    for place_name, sentences in parity.causes.items():
        for sentence in sentences:
            _wrapped(f"{place_name}: {sentence}")


def _share(parity: Parity) -> str:
    return f"{parity.payload_share():.1%}"


def _table(parity: Parity) -> None:
    """Print the differences, one line for all samples and wires that differ in the same way."""
    alike: dict[tuple[str, ...], list[Difference]] = {}
    for one in parity.differences:
        parts = (one.place, one.what, _text(one.here), _text(one.there))
        alike.setdefault(tuple(map(printable, parts)), []).append(one)
    rows = [("samples", "first", "place", "wire", "what", "here", "there")]
    long: dict[str, None] = {}
    for (place, what, *sides), ones in list(alike.items())[:_SHOWN]:
        over = {one.wire for one in ones}
        named = next(iter(over)) if len(over) == 1 else f"{len(over)} wires"
        wire = "all" if len(over) == len(parity.wires) > 1 else named
        long |= dict.fromkeys(side for side in sides if len(side) > _CELL)
        cells = [side if len(side) <= _CELL else side.partition(":")[0][:_CELL] for side in sides]
        first = printable(_text(ones[0].id))[:_CELL]
        rows.append(
            (f"{len({repr(one.id) for one in ones}):,}", first, place, wire, what, cells[0], cells[1])
        )
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        say("  " + "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())
    if len(alike) > _SHOWN:
        say(f"  and {len(alike) - _SHOWN:,} more; --json lists all")
    for text in long:
        _wrapped(text)


def _wrapped(text: str) -> None:
    say(textwrap.fill(text, 78, initial_indent="  ", subsequent_indent="    ", break_on_hyphens=False))


def _text(value: Any) -> str:
    return "none" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
