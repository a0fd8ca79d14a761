"""What a job needs to run beside its stored state: its examples, its grader and its schedule.

A job comes in, its workshop goes out; a restarted emulator makes the same one again. Nothing is graded or
stored here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from harness.api.types import Job
from harness.clock import Clock
from harness.emulator.config import EmulatorConfig
from harness.emulator.state import Store
from harness.simulator.examples import HELD_OUT, Examples, choose_examples, read_records
from harness.simulator.failure import JobFailure
from harness.simulator.grader_calls import GraderCalls
from harness.simulator.pool import Pool
from harness.simulator.training import Schedule

if TYPE_CHECKING:
    from harness.targets.protocol import Target

__all__ = ["Workshop", "equip"]


class Workshop(NamedTuple):
    """What a job works with."""

    examples: Examples
    calls: GraderCalls
    schedule: Schedule


def equip(
    job: Job,
    config: EmulatorConfig,
    store: Store,
    pool: Pool,
    open_function: Callable[[str], Target],
    clock: Clock,
    warn: Callable[[str], None],
) -> Workshop:
    """Make a job's workshop.

    Args:
        job: The job.
        config: The emulator's set-up.
        store: Where its files are.
        pool: The recorded completions.
        open_function: Makes the target of a function's ARN.
        clock: Waits between tries.
        warn: Told of every call that is tried again.

    Raises:
        JobFailure: Its file or its function cannot be used.
        HarnessError: The function's target cannot be set up.
    """
    method = job["method"]["reinforcement"]
    hyperparameters: dict[str, Any] = dict(method["hyperparameters"])
    seed = job["seed"] or 0
    validation = job["validation_file"]
    examples = choose_examples(
        _records(store, job["training_file"], "training_file"),
        _records(store, validation, "validation_file") if validation else None,
        pool,
        seed=seed,
        held_out=hyperparameters.get("eval_samples", HELD_OUT),
    )
    target = open_function(method["grader"]["lambda"]["function"])
    calls = GraderCalls(target, config.wire, config.lambda_batch, clock, warn)
    schedule = Schedule(
        seed=seed,
        epochs=hyperparameters["n_epochs"],
        batch_size=hyperparameters["batch_size"],
        rate=hyperparameters["learning_rate_multiplier"],
        group_size=config.group_size,
    )
    return Workshop(examples, calls, schedule)


def _records(store: Store, file: str, param: str) -> list[dict[str, Any]]:
    content = store.file_content(file)
    if content is None:
        raise JobFailure(f"invalid_{param}", f"The file {file} no longer exists.", param=param)
    return read_records(content, param)
