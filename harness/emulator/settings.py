"""How an emulator is set up: one frozen value that the command line fills and every part reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from harness.data.sources import DataFile
from harness.errors import InputError

__all__ = ["EmulatorConfig", "FAULTS", "parse_faults", "parse_functions", "parse_speed"]

FAULTS: Final = ("throttle", "timeout", "500", "malformed", "slow-start")
"""What `--fault` can inject; see `harness.emulator.faults`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EmulatorConfig:
    """Everything that decides what an emulator does.

    Raises:
        InputError: A value cannot be used.
    """

    rollouts: tuple[DataFile, ...]
    """Rollouts files: the pool of completions that the policy chooses from."""
    state: Path
    """Folder of the state; an emulator started on it again goes on where the last one stopped."""
    functions: Mapping[str, str] = field(default_factory=dict)
    """Function name (or ARN) to what runs it.

    `module:attr`, `file.py:attr`, artifact folder, URL, or an ARN.
    """
    models: tuple[str, ...] = ()
    """Base models to accept beside the known ones."""
    judge_models: Path | None = None
    """TOML file that names a model for each judge's model of OpenAI; see `graders.adapters.from_openai`."""
    grader_seconds: float = 120
    """How long a Python grader of OpenAI's kind may run: two minutes, as OpenAI documents."""
    port: int = 0
    """Port on loopback; 0 takes a free one."""
    wire: str = "open-weight"
    """Dialect of the grader's event, one of `graders.wire.PROFILES`."""
    group_size: int = 8
    """Completions drawn for each record in each step; Bedrock's number is *unverified*."""
    lambda_batch: int = 64
    """Most samples in one call of the grader (what Bedrock sends is *unverified*)."""
    speed: float | None = None
    """Steps a second; None for as fast as the grader goes."""
    manual: bool = False
    """Jobs move only when told to (`POST /_emulator/step`), and so does the clock."""
    seed: int = 0
    """Seed of a job that brings none, and of the faults."""
    faults: Mapping[str, float] = field(default_factory=dict)
    """Fault to its rate (0 to 1); `slow-start` to the number of requests that find the service starting."""
    max_file_bytes: int = 256 * 1024 * 1024
    """Greatest file taken; this emulator's own limit, since no AWS source gives one for these files."""
    require_key: bool = False
    """Refuse requests without a bearer token; any token will do."""


def parse_functions(values: Sequence[str]) -> dict[str, str]:
    """Read `NAME=TARGET` options.

    Raises:
        InputError: One is not of that form, or a name is given twice.
    """
    functions: dict[str, str] = {}
    for value in values:
        name, equals, target = value.partition("=")
        if not (name and equals and target):
            raise InputError(
                f"--bind {value!r} is not NAME=TARGET",
                fix="Write --bind my-grader=my_module:my_grader; a folder, a URL or an ARN will do too.",
            )
        if name in functions:
            raise InputError(f"--bind {name} is given twice", fix="Give every function name once.")
        functions[name] = target
    return functions


def parse_faults(value: str) -> dict[str, float]:
    """Read `throttle=0.1,timeout=0.05,500=0.02,malformed=0.01,slow-start=5`.

    Raises:
        InputError: A fault is unknown, or a rate is not between 0 and 1.
    """
    faults: dict[str, float] = {}
    for part in filter(None, (part.strip() for part in value.split(","))):
        name, _, rate = part.partition("=")
        if name not in FAULTS:
            raise InputError(f"unknown fault {name!r}", fix=f"Known are {', '.join(FAULTS)}.")
        try:
            faults[name] = float(rate)
        except ValueError as error:
            raise InputError(
                f"--fault {part!r} is not NAME=RATE", fix="Write --fault throttle=0.1."
            ) from error
        if not (faults[name] >= 0 and (name == "slow-start" or faults[name] <= 1)):
            raise InputError(f"--fault {part!r} is out of range", fix="Rates lie between 0 and 1.")
    if sum(rate for name, rate in faults.items() if name != "slow-start") > 1:
        raise InputError("the rates of the faults add up to more than 1", fix="Lower them.")
    return faults


def parse_speed(value: str) -> tuple[float | None, bool]:
    """Read `max`, `manual` or steps a second; the speed and whether the emulator is stepped by hand.

    Raises:
        InputError: It is none of these.
    """
    if value in ("max", "manual"):
        return None, value == "manual"
    try:
        speed = float(value)
    except ValueError:
        speed = 0.0
    if not 0 < speed < float("inf"):
        raise InputError(
            f"--speed {value!r} is neither max, manual nor a number above 0", fix="Give --speed 2."
        )
    return speed, False
