"""`rft convert`: converts another tool's data to records or rollouts."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli.options import LocalPath, json_option
from harness.cli.output import emit_json, printable, progress_bar, say
from harness.data.formats.all_importers import IMPORTERS
from harness.data.formats.importer import REWARD
from harness.printable import named

if TYPE_CHECKING:
    from harness.data.formats.conversion import Conversion, Kind

_SHOWN = 10
"""Maximum number of different problems to print. --json prints all of them."""


@click.command("convert")
@click.argument("names", metavar="FROM...", nargs=-1, required=True)
@click.argument("target", metavar="TO", type=LocalPath(takes_dash=True))
@click.option(
    "--from",
    "name",
    metavar="FORMAT",
    type=click.Choice([one.name for one in IMPORTERS]),
    help=f"Read rows of this format: {', '.join(one.name for one in IMPORTERS)}. Detected from the rows' "
    "keys by default.",
)
@click.option(
    "--map",
    "maps",
    metavar="FIELD=PATH",
    multiple=True,
    help="Read this field from this path in each row, such as reference_answer=reward_model.ground_truth. "
    "Repeatable.",
)
@click.option(
    "--requests",
    metavar="FILE",
    help="Read the prompts of a batch's results from this file, the batch's input.",
)
@click.option(
    "--only",
    type=click.Choice(["records", "rollouts", "prompts"]),
    help="Write only lines of this kind; `prompts` also writes the records of rollouts, without their "
    "completions, each record once.",
)
@json_option
@click.pass_context
def command(
    context: click.Context,
    names: tuple[str, ...],
    target: Path,
    name: str | None,
    maps: tuple[str, ...],
    requests: str | None,
    only: Kind | None,
    as_json: bool,
) -> None:
    """Convert another tool's rows in FROM to records or rollouts in the new file TO ("-" is stdout).

    FROM is one or more files of JSON lines, JSON, CSV or Parquet: paths, patterns, "-" for stdin, or s3://
    URIs.

    Exit codes: 0 every row was converted; 1 some rows could not be converted (TO has the others, if any); 2
    FROM cannot be read, its format is not clear, or TO exists.
    """
    from harness.data.formats.conversion import convert, convert_to_file
    from harness.data.formats.field_maps import parse_map
    from harness.data.sources import source_of
    from harness.errors import InputError

    to = str(target)
    source = source_of(*names)
    wanted = [parse_map(text) for text in maps]
    if to == "-" and as_json:
        raise InputError(
            "stdout cannot take both the lines and the JSON object", fix="Name a file, or leave out --json."
        )
    convert_into = partial(convert, source, name=name, maps=wanted, requests=requests, only=only)
    if to == "-":
        found = convert_into(sys.stdout.buffer)
        sys.stdout.buffer.flush()
    else:
        with progress_bar("converting", quiet=as_json) as update:
            progress = None if update is None else _moving(update, source.size)
            found = convert_to_file(target, partial(convert_into, progress=progress))
    if as_json:
        emit_json({**found.to_json(), "to": to if found.lines else None})
    else:
        _tell_made(found, to, only)
        _tell_lacking(found)
        _tell_next(found, to)
    context.exit(1 if found.failed or not found.lines else 0)


def _moving(update: Callable[..., None], size: int | None) -> Callable[[int], None]:
    def move(done: int) -> None:
        update(completed=done, total=size)

    return move


def _tell_made(found: Conversion, target: str, only: Kind | None) -> None:
    """Print how many lines were written, left out or repeated."""
    made = [
        f"{count:,} {word}{'' if count == 1 else 's'}"
        for word, count in (("record", found.records), ("rollout", found.rollouts))
        if count
    ]
    place = "" if target == "-" else f" in {target}"
    what = f"{' and '.join(made)}{place}" if made else "nothing was written"
    of = f"{_rows(found.rows)}, read as {found.importer.title}"
    say(f"{found.source}: {of}: {what}", err=target == "-")
    if found.records and found.rollouts:
        say("no command takes records and rollouts in one file: --only rollouts leaves records out", err=True)
    if found.left_out and only == "prompts":
        lines = "rollout" if found.left_out == 1 else "rollouts"
        say(
            f"{found.left_out:,} {lines} of a record that was already written; the first one counts", err=True
        )
    elif found.left_out:
        word = "rollout" if only == "records" else "record"
        say(f"{found.left_out:,} {word}{'' if found.left_out == 1 else 's'} left out", err=True)
    if found.repeated:
        lines = "line repeats" if found.repeated == 1 else "lines repeat"
        say(f"{found.repeated:,} {lines} the id or record of an earlier one; all are kept", err=True)


def _tell_lacking(found: Conversion) -> None:
    """Print the rows that could not be converted and the fields that were not carried over."""
    if found.failed:
        say(f"{_rows(found.failed)} could not be converted:", err=True)
        problems = list(found.problems.values())
        for one in problems[:_SHOWN]:
            more = f" ({one.rows:,} such rows)" if one.rows > 1 else ""
            say(printable(f"  {one.first}: {one.message}{more}"), err=True)
        if len(problems) > _SHOWN:
            say(f"  ... and {len(problems) - _SHOWN:,} more kinds; --json lists them", err=True)
    if found.lost:
        paths = [f"{path} ({rows:,})" for path, rows in found.lost.most_common()]
        fields = "1 field is" if len(paths) == 1 else f"{len(paths):,} fields are"
        of = f"of {_rows(found.rows - found.failed)}"
        say(printable(f"{fields} not carried over, {of}: {named(paths)}"), err=True)


def _tell_next(found: Conversion, target: str) -> None:
    """Print the command to run next on the result."""
    if not found.lines or target == "-":
        return
    if found.importer.advice:
        say(found.importer.advice)
    if found.rollouts:
        label = f" --label {REWARD}" if found.rewarded else ""
        say(f"next: rft replay {shlex.quote(target)}{label} --grader MODULE:NAME", verbatim=True)
    else:
        say(f"next: rft validate {shlex.quote(target)}", verbatim=True)


def _rows(count: int) -> str:
    return f"{count:,} row{'' if count == 1 else 's'}"
