"""The emulator's command-line options: text comes in, a configuration goes out, and the way back.

`python -m harness.emulator` reads them, `EmulatorProcess` writes them, so a process is started with exactly
the configuration that its owner holds.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from harness.emulator.config import EmulatorConfig, parse_faults, parse_functions, parse_speed

__all__ = ["read_options", "write_options"]


def read_options(arguments: Sequence[str]) -> EmulatorConfig:
    """Read command-line options; argparse ends the process with 2 on a wrong one.

    Raises:
        InputError: A value cannot be used.
    """
    parser = argparse.ArgumentParser(
        prog="python -m harness.emulator", description="The fine-tuning API on loopback."
    )
    parser.add_argument("--rollouts", action="append", default=[], type=Path)
    parser.add_argument("--state", required=True, type=Path)
    parser.add_argument("--function", action="append", default=[])
    parser.add_argument("--model", action="append", default=[])
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--wire", default="open-weight")
    parser.add_argument("--group-size", type=int, default=8)
    parser.add_argument("--lambda-batch", type=int, default=64)
    parser.add_argument("--checkpoints", type=int, default=4)
    parser.add_argument("--speed", default="max")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--fault", action="append", default=[])
    parser.add_argument("--require-key", action="store_true")
    parser.add_argument("--die-with-parent", action="store_true")
    given = parser.parse_args(arguments)
    speed, manual = parse_speed(given.speed)
    return EmulatorConfig(
        rollouts=tuple(given.rollouts),
        state=given.state,
        functions=parse_functions(given.function),
        models=tuple(given.model),
        port=given.port,
        wire=given.wire,
        group_size=given.group_size,
        lambda_batch=given.lambda_batch,
        checkpoints=given.checkpoints,
        speed=speed,
        manual=manual,
        seed=given.seed,
        faults=parse_faults(",".join(given.fault)),
        require_key=given.require_key,
        die_with_parent=given.die_with_parent,
    )


def write_options(config: EmulatorConfig) -> list[str]:
    """The options that `read_options` reads as this configuration."""
    speed = "manual" if config.manual else "max" if config.speed is None else repr(config.speed)
    single: dict[str, object] = {
        "--state": config.state,
        "--port": config.port,
        "--wire": config.wire,
        "--group-size": config.group_size,
        "--lambda-batch": config.lambda_batch,
        "--checkpoints": config.checkpoints,
        "--speed": speed,
        "--seed": config.seed,
    }
    repeated: dict[str, list[object]] = {
        "--rollouts": [*config.rollouts],
        "--function": [f"{name}={target}" for name, target in config.functions.items()],
        "--model": [*config.models],
        "--fault": [f"{name}={rate!r}" for name, rate in config.faults.items()],
    }
    options = [f"{name}={value}" for name, value in single.items()]
    options += [f"{name}={value}" for name, values in repeated.items() for value in values]
    options += ["--require-key"] if config.require_key else []
    options += ["--die-with-parent"] if config.die_with_parent else []
    return options
