"""`rft emulate`: serves the fine-tuning API on this machine, with jobs that really run."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli.options import (
    DATA,
    LOCAL_PATH,
    FiniteNumber,
    group_size_option,
    json_option,
    model_option,
    port_option,
    seed_option,
    wire_option,
)
from harness.cli.output import emit_json, say, stderr_console
from harness.emulator.settings import EmulatorConfig, parse_faults, parse_functions, parse_speed

if TYPE_CHECKING:
    from harness.data.sources import Source


@click.command("emulate")
@click.option(
    "--rollouts",
    multiple=True,
    required=True,
    metavar="DATA",
    type=DATA,
    help="Answer with the completions in this rollouts file. Repeatable.",
)
@click.option(
    "--bind",
    "functions",
    multiple=True,
    metavar="NAME=TARGET",
    help="Route calls of an ARN with function NAME to TARGET: module:name, file.py:name, an artifact "
    "folder, a URL or an ARN. Repeatable.",
)
@click.option(
    "--state-dir",
    type=LOCAL_PATH,
    default=Path(".rft/emulator"),
    show_default=True,
    help="Keep files and jobs in this folder; a restart resumes from it.",
)
@port_option
@wire_option()
@group_size_option
@click.option(
    "--speed",
    metavar="SPEED",
    default="max",
    show_default=True,
    help="Run this many steps a second, as many as possible (max), or only on request (manual).",
)
@model_option("Accept this base model, too. Repeatable.", multiple=True)
@seed_option("faults, and jobs without a seed", default=0)
@click.option(
    "--fault",
    "faults",
    multiple=True,
    metavar="NAME=RATE,...",
    help="Inject throttle, timeout, 500 or malformed at a rate, or slow-start for a number of requests.",
)
@click.option(
    "--judge-models",
    type=LOCAL_PATH,
    metavar="FILE",
    help="Ask the models in this TOML file when an OpenAI grader asks OpenAI's models.",
)
@click.option(
    "--grader-seconds",
    type=FiniteNumber(0.1, 600),
    metavar="SECONDS",
    default=120,
    show_default=True,
    help="Time out an OpenAI Python grader after this many seconds.",
)
@click.option("--require-key", is_flag=True, help="Refuse requests without a bearer token.")
@json_option
def command(
    rollouts: tuple[Source, ...],
    functions: tuple[str, ...],
    state_dir: Path,
    port: int,
    wire: str,
    group_size: int,
    speed: str,
    models: tuple[str, ...],
    seed: int,
    faults: tuple[str, ...],
    judge_models: Path | None,
    grader_seconds: float,
    require_key: bool,
    as_json: bool,
) -> int:
    """Serve the fine-tuning API on loopback until Ctrl-C; prints its base URL.

    Jobs really run: they draw completions from the recorded rollouts and grade them, and a small policy
    learns from the rewards. Point any OpenAI client at the URL. A terminal shows jobs, their steps, grader
    errors, and refused requests as they happen.

    Exit codes: 0 stopped; 2 wrong input.
    """
    steps_a_second, manual = parse_speed(speed)
    config = EmulatorConfig(
        rollouts=rollouts,
        state=state_dir,
        functions=parse_functions(functions),
        models=models,
        port=port,
        wire=wire,
        group_size=group_size,
        speed=steps_a_second,
        manual=manual,
        seed=seed,
        faults=parse_faults(",".join(faults)),
        judge_models=judge_models,
        grader_seconds=grader_seconds,
        require_key=require_key,
    )
    from harness.emulator.server import serve

    tell = (lambda line: say(line, err=True)) if sys.stderr.isatty() else None
    serve(config, lambda url: _announce(url, config, as_json=as_json), tell)
    return 0


def _announce(url: str, config: EmulatorConfig, *, as_json: bool) -> None:
    if as_json:
        emit_json({"base_url": url, "state": config.state, "functions": sorted(config.functions)})
        return
    say(url)
    console = stderr_console()
    if console.is_terminal:
        console.print(
            f"export OPENAI_BASE_URL={url} OPENAI_API_KEY=any"
            f"    (Ctrl-C stops; state stays in {config.state})"
        )
