"""Defines the emulator's configuration and the parsers for its options."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from harness.data.sources import DataFile
from harness.errors import InputError

__all__ = ["EmulatorConfig", "FAULTS", "parse_faults", "parse_functions", "parse_speed"]

FAULTS: Final = ("throttle", "timeout", "500", "malformed", "slow-start")
"""Faults that `--fault` can inject; see `harness.emulator.faults`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EmulatorConfig:
    """The complete configuration of an emulator.

    Raises:
        InputError: A value is invalid.
    """

    rollouts: tuple[DataFile, ...]
    """Rollouts files, which form the pool of completions that the policy chooses from."""
    state: Path
    """The folder for the state. The emulator resumes from any state that is already there."""
    functions: Mapping[str, str] = field(default_factory=dict)
    """Targets by function name or ARN.

    A target is `module:attr`, `file.py:attr`, an artifact folder, a URL or an ARN.
    """
    models: tuple[str, ...] = ()
    """Base models to accept in addition to the known ones."""
    judge_models: Path | None = None
    """TOML file that maps OpenAI's judge models to other models; see `graders.adapters.from_openai`."""
    grader_seconds: float = 120
    """Time limit for an OpenAI Python grader in seconds. OpenAI documents two minutes."""
    port: int = 0
    """Port on loopback; 0 for any free port."""
    wire: str = "open-weight"
    """Format of the grader's event, one of `graders.wire.PROFILES`."""
    group_size: int = 8
    """Number of completions drawn per record and step. Bedrock's number is *unverified*."""
    lambda_batch: int = 64
    """Maximum number of samples per grader call. Bedrock's number is *unverified*."""
    speed: float | None = None
    """Steps per second; None for no limit."""
    manual: bool = False
    """True if jobs and the clock advance only on request (`POST /_emulator/step`)."""
    seed: int = 0
    """Seed for the faults, and for jobs whose request has no seed."""
    faults: Mapping[str, float] = field(default_factory=dict)
    """Rate of each fault (0 to 1). For `slow-start`, the number of requests that fail at start-up."""
    max_file_bytes: int = 256 * 1024 * 1024
    """Maximum file size in bytes. This is the emulator's own limit, because AWS documents none."""
    require_key: bool = False
    """True to refuse requests without a bearer token. Any token is accepted."""


def parse_functions(values: Sequence[str]) -> dict[str, str]:
    """Parse options of the form `NAME=TARGET`.

    Raises:
        InputError: An option has another form, or a name is repeated.
    """
    functions: dict[str, str] = {}
    for value in values:
        name, equals, target = value.partition("=")
        if not (name and equals and target):
            raise InputError(
                f"--bind {value!r} is not NAME=TARGET",
                fix="Use --bind my-grader=my_module:my_grader. A folder, a URL or an ARN also works.",
            )
        if name in functions:
            raise InputError(f"--bind {name} is given twice", fix="Use every function name once.")
        functions[name] = target
    return functions


def parse_faults(value: str) -> dict[str, float]:
    """Parse fault rates such as `throttle=0.1,timeout=0.05,500=0.02,malformed=0.01,slow-start=5`.

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
            raise InputError(f"--fault {part!r} is not NAME=RATE", fix="Use --fault throttle=0.1.") from error
        if not (faults[name] >= 0 and (name == "slow-start" or faults[name] <= 1)):
            raise InputError(f"--fault {part!r} is out of range", fix="Use a rate between 0 and 1.")
    if sum(rate for name, rate in faults.items() if name != "slow-start") > 1:
        raise InputError("the rates of the faults add up to more than 1", fix="Lower them.")
    return faults


def parse_speed(value: str) -> tuple[float | None, bool]:
    """Parse `max`, `manual` or a number of steps per second. Return the speed, and True for `manual`.

    Raises:
        InputError: The value has another form.
    """
    if value in ("max", "manual"):
        return None, value == "manual"
    try:
        speed = float(value)
    except ValueError:
        speed = 0.0
    if not 0 < speed < float("inf"):
        raise InputError(
            f"--speed {value!r} is neither max, manual nor a number above 0",
            fix="Use, for example, --speed 2.",
        )
    return speed, False
