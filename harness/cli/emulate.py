"""`rft emulate`: serve the fine-tuning API on loopback, with jobs that really run."""

from __future__ import annotations

from pathlib import Path

import click

from harness.cli.output import emit_json, stderr_console
from harness.emulator.config import EmulatorConfig, parse_faults, parse_functions, parse_speed


@click.command("emulate")
@click.option(
    "--rollouts",
    multiple=True,
    required=True,
    type=click.Path(path_type=Path),
    help="Rollouts file: what the model may answer. May be given more than once.",
)
@click.option(
    "--function",
    "functions",
    multiple=True,
    metavar="NAME=TARGET",
    help="What a grader's ARN stands for: module:attr, file.py:attr, an artifact folder, a URL or an ARN.",
)
@click.option(
    "--state",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(".rft/emulator"),
    show_default=True,
    help="Where files and jobs are kept; the same folder goes on where it stopped.",
)
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, help="Port on loopback; 0 takes a free one."
)
@click.option("--wire", default="open-weight", show_default=True, help="Shape of the events for the grader.")
@click.option(
    "--group-size",
    type=click.IntRange(2),
    default=8,
    show_default=True,
    help="Completions per record and step.",
)
@click.option("--speed", default="max", show_default=True, help="Steps a second, max, or manual.")
@click.option("--model", "models", multiple=True, help="Accept this base model, too.")
@click.option(
    "--seed", type=int, default=0, show_default=True, help="Seed of jobs that bring none, and of faults."
)
@click.option(
    "--fault",
    "faults",
    multiple=True,
    metavar="NAME=RATE,...",
    help="Inject throttle, timeout, 500, malformed (rates) or slow-start (a number of requests).",
)
@click.option("--require-key", is_flag=True, help="Refuse requests without a bearer token.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(
    rollouts: tuple[Path, ...],
    functions: tuple[str, ...],
    state: Path,
    port: int,
    wire: str,
    group_size: int,
    speed: str,
    models: tuple[str, ...],
    seed: int,
    faults: tuple[str, ...],
    require_key: bool,
    as_json: bool,
) -> int:
    """Serve the fine-tuning API on loopback until Ctrl-C; prints its base URL.

    Jobs run for real: completions are drawn from the recorded rollouts, graded, and a small policy over them
    learns from the rewards. Point any OpenAI client at the URL.

    Exit codes: 0 stopped; 2 input.
    """
    steps_a_second, manual = parse_speed(speed)
    config = EmulatorConfig(
        rollouts=rollouts,
        state=state,
        functions=parse_functions(functions),
        models=models,
        port=port,
        wire=wire,
        group_size=group_size,
        speed=steps_a_second,
        manual=manual,
        seed=seed,
        faults=parse_faults(",".join(faults)),
        require_key=require_key,
    )
    from harness.emulator.server import serve

    serve(config, lambda url: _announce(url, config, as_json=as_json))
    return 0


def _announce(url: str, config: EmulatorConfig, *, as_json: bool) -> None:
    if as_json:
        emit_json({"base_url": url, "state": config.state, "functions": sorted(config.functions)})
        return
    click.echo(url)
    console = stderr_console()
    if console.is_terminal:
        console.print(
            f"export OPENAI_BASE_URL={url} OPENAI_API_KEY=any"
            f"    (Ctrl-C stops; state stays in {config.state})"
        )
