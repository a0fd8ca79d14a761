"""`rft rollout`: ask a model for completions of records, and keep them as a rollouts file."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli.options import (
    all_of,
    checkpoint_option,
    jobs_dir_option,
    json_option,
    limit_option,
    model_option,
    out_option,
    seed_option,
)
from harness.cli.output import emit_json, printable, stderr_console
from harness.cli.service import connect, endpoint, service_options, show_curl

if TYPE_CHECKING:
    from harness.api.client import FineTuning
    from harness.rollouts.asking import Generated

__all__ = ["asking_options", "command", "count_option", "patient_client", "sampling", "shown_progress"]

_SHOWN = 5


def count_option(default: int) -> Callable[..., Any]:
    """Add -n."""
    return click.option(
        "-n",
        "n",
        metavar="N",
        type=click.IntRange(1),
        default=default,
        show_default=True,
        help="Ask for N completions of each record.",
    )


asking_options = all_of(
    seed_option("the requests; not every service uses it"),
    click.option(
        "--temperature",
        metavar="T",
        type=click.FloatRange(0),
        help="Sample at this temperature; by default the service's own.",
    ),
    click.option(
        "--max-tokens", metavar="N", type=click.IntRange(1), help="Stop each completion after N tokens."
    ),
    click.option(
        "--concurrency",
        metavar="N",
        type=click.IntRange(1, 64),
        default=8,
        show_default=True,
        help="Keep N requests under way.",
    ),
    click.option(
        "--rps",
        metavar="N",
        type=click.FloatRange(0, min_open=True),
        help="Send at most N requests a second.",
    ),
    click.option(
        "--patience",
        metavar="SECONDS",
        type=click.FloatRange(0),
        default=300.0,
        show_default=True,
        help="Give up after this many seconds without an answer.",
    ),
)
"""Adds the options that say how a model is asked: seed, sampling and pace."""


@click.command("rollout")
@click.argument("records", type=click.Path(path_type=Path))
@model_option("Ask this model: its ID, or a job (its tuned model).", required=True)
@count_option(8)
@out_option("Append the rollouts to this file.", required=True)
@checkpoint_option
@limit_option("records")
@asking_options
@jobs_dir_option
@service_options
@json_option
def command(**asked: Any) -> int:
    """Ask a model for N completions of each of the RECORDS, and append them to a rollouts file.

    Killed, interrupted or cut off, the same command asks only for what is missing; with a larger -n it asks
    for the rest.

    Exit codes: 0 all there; 1 the model refused some; 2 input; 3 the service was busy or away too long.
    """
    from harness.jobs.models import asker, model_of, service_name
    from harness.rollouts.asking import GenerationRequest
    from harness.rollouts.generate import generate

    if asked["print_curl"]:
        _show(asked)
        return 0
    with connect(asked["base_url"], asked["region"]) as client:
        model = model_of(client, asked["jobs_dir"], asked["model"], asked["checkpoint"])
    with patient_client(asked["base_url"], asked["region"]) as client:
        request = GenerationRequest(
            records=asked["records"],
            out=asked["out"],
            model=model,
            service=service_name(client),
            n=asked["n"],
            options=sampling(asked),
            seed=asked["seed"],
            limit=asked["limit"],
            concurrency=asked["concurrency"],
            per_second=asked["rps"],
            patience_s=asked["patience"],
        )
        with shown_progress(quiet=asked["as_json"]) as progress:
            state = generate(request, asker(client), progress)
    if asked["as_json"]:
        emit_json({"out": str(request.out), "model": request.model, "n": request.n, **state.to_json()})
    else:
        _tell(state, request.out)
    return int(bool(state.refused))


def sampling(asked: dict[str, Any]) -> dict[str, Any]:
    """The options of a request that say how to choose words; what was not given is left to the service.

    Args:
        asked: The verb's options.
    """
    return {name: asked[name] for name in ("temperature", "max_tokens") if asked[name] is not None}


def patient_client(base_url: str | None, region: str | None) -> FineTuning:
    """A connection that does not retry by itself, since `harness.rollouts` keeps one pace for all threads.

    Args:
        base_url: What --base-url said.
        region: What --region said.
    """
    from harness.api.auth import find_credential
    from harness.api.client import FineTuning

    where = endpoint(base_url, region)
    return FineTuning(where, find_credential(where, os.environ), max_retries=0)


@contextmanager
def shown_progress(quiet: bool, what: str = "asking") -> Iterator[Callable[[Generated], None]]:
    """A progress bar where somebody is looking.

    Args:
        quiet: Draw nothing.
        what: What stands before the bar.
    """
    if quiet or not sys.stderr.isatty():
        yield lambda state: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=stderr_console(), transient=True) as bar:
        task = bar.add_task(what, total=None)

        def progress(state: Generated) -> None:
            waits = f"  waited {state.waits} times" if state.waits else ""
            tokens = f"  {sum(state.tokens.values()):,} tokens"
            done = state.there + state.done + len(state.refused)
            bar.update(task, total=state.wanted, completed=done, description=f"{what}{tokens}{waits}")

        yield progress


def _show(asked: dict[str, Any]) -> None:
    from harness.data.records import read

    record = next(read(asked["records"]), None)
    turns = record.fields.get("messages", []) if record else []
    click.echo(f"# the first of {asked['n']} requests for each record")
    show_curl(
        asked["base_url"],
        asked["region"],
        lambda client: client.chat(asked["model"], turns, **sampling(asked)),
    )


def _tell(state: Generated, out: Path) -> None:
    before = f" ({state.there:,} were there already)" if state.there else ""
    click.echo(f"{state.there + state.done:,} of {state.wanted:,} completions in {out}{before}")
    tokens = state.tokens
    if sum(tokens.values()):
        click.echo(
            f"tokens: {tokens['in']:,} in, {tokens['out']:,} out; times the model's price, that is the cost"
        )
    if state.cut:
        click.echo(f"{state.cut:,} were cut off at the most tokens: raise --max-tokens")
    if state.waits:
        click.echo(
            f"busy or broken, and asked again: {state.waits:,} times; --rps and --concurrency ask more slowly"
        )
    if state.refused:
        click.echo(f"{len(state.refused):,} were refused; the same command asks for them again")
        for name, why in list(state.refused.items())[:_SHOWN]:
            click.echo(f"  {printable(name)}: {printable(why)}")
    click.echo(f"next: rft replay {out} --grader MODULE:NAME")
