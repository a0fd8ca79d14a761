"""`rft rollout`: generates completions for records with a model and saves them as a rollouts file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli.configured import holds_grader
from harness.cli.options import (
    FiniteNumber,
    all_of,
    checkpoint_option,
    data_argument,
    jobs_dir_option,
    json_option,
    limit_option,
    model_option,
    out_option,
    seed_option,
)
from harness.cli.output import emit_json, printable, progress_bar, say
from harness.cli.service import Service, inference_option, service_options
from harness.errors import InputError

if TYPE_CHECKING:
    from harness.api.client import FineTuning
    from harness.api.native import NativeBedrock
    from harness.rollouts.asking import Generated

__all__ = [
    "asking_options",
    "command",
    "count_option",
    "patient",
    "sampling",
    "shown_progress",
    "shows_asking",
    "way_of_asking",
]

_SHOWN = 5
_DAY_S = 86_400.0
_GIVEN_UP_S = 30.0


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
        type=FiniteNumber(0),
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
        help="Keep N requests in flight.",
    ),
    click.option(
        "--rps",
        "per_second",
        metavar="N",
        type=FiniteNumber(0, min_open=True),
        help="Send at most N requests per second.",
    ),
    click.option(
        "--patience",
        "patience_s",
        metavar="SECONDS",
        type=FiniteNumber(0, min_open=True),
        default=600.0,
        show_default=True,
        help="Give up after this many seconds without an answer.",
    ),
)
"""Adds the options for generating completions: seed, sampling and request rate."""


@click.command("rollout")
@data_argument("records")
@model_option("Ask this model: its ID, or a job (its tuned model).", required=True)
@count_option(8)
@out_option("Append the rollouts to this file.", required=True)
@checkpoint_option
@limit_option("records")
@asking_options
@jobs_dir_option
@service_options
@inference_option
@json_option
def command(**asked: Any) -> int:
    """Ask a model for N completions of each of the RECORDS, and append them to a rollouts file.

    If the run is killed, interrupted or disconnected, the same command requests only the missing completions.
    With a larger -n, it asks for the additional ones. Name a native Bedrock deployment by its ARN.

    Exit codes: 0 every completion is saved; 1 the model refused some; 2 wrong input; 3 the service was busy
    or did not answer for too long.
    """
    from harness.jobs.models import asker, model_of
    from harness.rollouts.asking import GenerationRequest
    from harness.rollouts.generate import generate

    service: Service = asked["service"]
    if shows_asking(asked, asked["model"], "record"):
        return 0
    with service.connect_for([asked["model"]]) as client:
        model = model_of(client, asked["jobs_dir"], asked["model"], asked["checkpoint"])
    with service.connect_for([model], **patient(asked)) as client:
        request = GenerationRequest(out=asked["out"], model=model, **way_of_asking(asked, client))
        with shown_progress(quiet=asked["as_json"]) as progress:
            state = generate(request, asker(client), progress)
    if asked["as_json"]:
        emit_json({"out": str(request.out), "model": request.model, "n": request.n, **asdict(state)})
    else:
        _tell(state, request.out)
    return int(bool(state.refused))


def patient(asked: dict[str, Any]) -> dict[str, Any]:
    """Return the settings of a connection that is used to generate completions.

    `harness.rollouts` limits the request rate across all threads and stops waiting when the user's --patience
    is exhausted. Therefore, the connection never retries, and its longer timeout only ends requests that were
    already given up.

    Args:
        asked: The verb's options.
    """
    return {"max_retries": 0, "generate_s": min(asked["patience_s"], _DAY_S) + _GIVEN_UP_S}


def sampling(asked: dict[str, Any]) -> dict[str, Any]:
    """Return the sampling options given by the user.

    Args:
        asked: The verb's options.
    """
    return {name: asked[name] for name in ("temperature", "max_tokens") if asked[name] is not None}


def way_of_asking(asked: dict[str, Any], client: FineTuning | NativeBedrock) -> dict[str, Any]:
    """Return the arguments of an `Asking` from a verb's options.

    Args:
        asked: The verb's options.
        client: The connection.
    """
    from harness.jobs.models import service_name

    names = ("records", "n", "seed", "limit", "concurrency", "per_second", "patience_s")
    given = {name: asked[name] for name in names}
    return {**given, "service": service_name(client), "options": sampling(asked)}


@contextmanager
def shown_progress(quiet: bool) -> Iterator[Callable[[Generated], None]]:
    """Draw a progress bar if stderr is a terminal. Yield a function that updates it.

    Args:
        quiet: Never draw.
    """
    with progress_bar("asking", quiet=quiet) as update:

        def progress(state: Generated) -> None:
            if update is None:
                return
            waits = f"  waited {state.waits} times" if state.waits else ""
            tokens = f"  {sum(state.tokens.values()):,} tokens"
            done = state.there + state.done + len(state.refused)
            update(total=state.wanted, completed=done, description=f"asking{tokens}{waits}")

        yield progress


def shows_asking(asked: dict[str, Any], model: str, of_each: str) -> bool:
    """If --print-curl is given, print the first request as a curl command.

    Args:
        asked: The verb's options.
        model: The model that the first request would go to.
        of_each: The word for one unit of work, such as `record`, for the note.

    Returns:
        True if the request was printed. The caller must then send nothing.
    """
    if not asked["service"].print_curl:
        return False
    from harness.data.records import read
    from harness.rollouts.generate import check_askable

    record = next(read(asked["records"]), None)
    if record is None:
        raise InputError("the file is empty", place=str(asked["records"]), fix="Pass a file of records.")
    turns, offer = record.fields["messages"], check_askable(record, asked["records"])
    shown: bool = asked["service"].shows(
        lambda client: client.chat(model, turns, **sampling(asked), **offer),
        remark=f"the first of {asked['n']} requests for each {of_each}",
        name=model,
    )
    return shown


def _tell(state: Generated, out: Path) -> None:
    before = f" ({state.there:,} were saved before)" if state.there else ""
    say(f"{state.there + state.done:,} of {state.wanted:,} completions in {out}{before}")
    _tell_tokens(state)
    _tell_endings(state.endings)
    if state.textless:
        kinds = ", ".join(f"{count:,} {kind}" for kind, count in sorted(state.textless.items()))
        say(f"without text: {kinds}")
    if state.left_out:
        say(f"{state.left_out:,} more arrived than were requested, and were dropped")
    if state.waits:
        say(
            f"retried {state.waits:,} times because the service was busy or failed; --rps and "
            "--concurrency slow requests down"
        )
    if state.refused:
        say(f"{len(state.refused):,} were refused; the same command asks for them again")
        for name, why in list(state.refused.items())[:_SHOWN]:
            say(f"  {printable(name)}: {printable(why)}")
    say(f"next: rft replay {out}{'' if holds_grader() else ' --grader MODULE:NAME'}")


def _tell_tokens(state: Generated) -> None:
    tokens = state.tokens
    if state.counted and sum(tokens.values()):
        of = f", of {state.counted:,} completions" if state.uncounted else ""
        count = f"{tokens['in']:,} in, {tokens['out']:,} out{of}"
        say(f"tokens: {count}; multiply by the model's price for the cost")
    if state.uncounted:
        say(
            f"the tokens of {state.uncounted:,} completions are unknown: the service did not report them, "
            "or a kill lost the count"
        )


def _tell_endings(endings: dict[str, int]) -> None:
    """Print a line for each `finish_reason` that means or may mean an incomplete completion."""
    from harness.data.turn_text import WHOLE_ENDINGS

    known = {
        "length": "were cut off at the token limit: raise --max-tokens",
        "content_filter": "were cut off or withheld by the service's content filter",
        "unknown": "came without a finish_reason, so it is unknown whether they were cut off",
    }
    for ending, count in sorted(endings.items()):
        if ending not in WHOLE_ENDINGS:
            say(f"{count:,} {known.get(ending) or f'ended with finish_reason {printable(ending)}'}")
