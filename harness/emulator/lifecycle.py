"""Advances jobs: validating_files -> queued -> running -> succeeded, failed or cancelled.

The result of each work unit is stored in one transaction, and only if the job is unchanged. If a job was
cancelled while its grader ran, the results of that step are discarded. The first three statuses are in
OpenAI's order (*unverified* on Bedrock).

A job fails if a file contains anything but records, if there are too few recorded completions, if a function
is unknown, if a grader call fails four times in a row, or if the grader failed on more than half of the last
64 samples. A sample without a reward causes a warning and does not count in its group. The limits and the
wording of the events are *unverified* on Bedrock.
"""

from __future__ import annotations

import logging
import math
import uuid
from collections.abc import Callable
from typing import Any, Final, NamedTuple, cast

from harness.api import types as api
from harness.api.types import FINAL_STATUSES, Checkpoint, Event, Job
from harness.clock import Clock
from harness.emulator.notices import Notices
from harness.emulator.settings import EmulatorConfig
from harness.emulator.state import Store, StoredJob, StoredModel
from harness.errors import HarnessError
from harness.simulator import policy as policies
from harness.simulator.examples import HELD_OUT, Examples, choose_examples, read_records
from harness.simulator.failure import WINDOW, JobFailure, by_kind, failing_grader
from harness.simulator.grader_calls import GraderCalls
from harness.simulator.policy import Figures
from harness.simulator.pool import Pool
from harness.simulator.training import Schedule, Step, grade_all, take_step, validate
from harness.targets.own_process import OwnProcessTarget
from harness.targets.protocol import Target

__all__ = ["Equipment", "Lifecycle"]

_UNIT_S: Final = 1.0
_CHECKPOINTS: Final = 4
"""Number of evenly spaced checkpoints per job if the request has no `eval_interval`."""

_log = logging.getLogger(__name__)


class Equipment(NamedTuple):
    """The objects that a job needs besides its stored state. A restarted emulator creates new ones."""

    examples: Examples
    calls: GraderCalls
    schedule: Schedule
    bounds: tuple[float, float] | None
    """The grader's range; None if unknown."""


class Lifecycle:
    """Advances jobs.

    Args:
        config: The emulator's configuration.
        store: The store of the jobs.
        pool: The recorded completions.
        clock: The clock for timestamps and for pauses between retries.
        open_function: Creates the target for a function's ARN; raises JobFailure for an unknown function.
        notices: Prints the jobs' events.
    """

    def __init__(
        self,
        config: EmulatorConfig,
        store: Store,
        pool: Pool,
        clock: Clock,
        open_function: Callable[[str], Target],
        notices: Notices | None = None,
    ) -> None:
        self._config = config
        self._store = store
        self._pool = pool
        self._clock = clock
        self._open_function = open_function
        self._notices = notices or Notices(lambda line: None)
        self._equipment: dict[str, Equipment] = {}
        self._policies: dict[str, tuple[int, policies.Policy]] = {}

    def open_jobs(self) -> list[str]:
        """Return the IDs of unfinished jobs, oldest first."""
        return self._store.open_jobs(sorted(FINAL_STATUSES))

    def advance(self, name: str) -> None:
        """Do one work unit of a job: check and queue the job, start it, or run one step.

        If the job has ended or is unknown, do nothing.
        """
        stored = self._store.job(name)
        if stored is None or stored.object["status"] in FINAL_STATUSES:
            return
        if self._config.manual:
            self._clock.sleep(_UNIT_S)
        try:
            if stored.object["status"] == "validating_files":
                self._check(stored)
            elif stored.object["status"] == "queued":
                self._start(stored)
            else:
                self._step(stored)
        except JobFailure as failure:
            self._fail(name, failure)
        except HarnessError as error:
            self._fail(name, JobFailure("grader_not_usable", str(error), param="method.reinforcement.grader"))
        except Exception as error:
            _log.exception("job %s", name)
            self._fail(name, JobFailure("server_error", f"{type(error).__name__}: {error}"))
        if (after := self._store.job(name)) is None or after.object["status"] in FINAL_STATUSES:
            self.forget(name)

    def equipment(self, job: Job) -> Equipment:
        """Return the job's equipment, created on first use.

        Raises:
            JobFailure: The job's file or function cannot be used.
        """
        if job["id"] not in self._equipment:
            self._equipment[job["id"]] = self._equip(job)
        return self._equipment[job["id"]]

    def forget(self, job: str) -> None:
        """Drop a job's cached state, which is rebuilt when needed."""
        self._equipment.pop(job, None)
        self._policies.pop(job, None)
        self._notices.ended(job)

    def record_event(
        self,
        job: str,
        message: str,
        *,
        level: str = "info",
        data: dict[str, Any] | None = None,
        told: bool = True,
    ) -> None:
        """Store a job's event and print it. An event with `data` has the type `metrics`."""
        event: Event = {
            "id": f"ftevent-{uuid.uuid4()}",
            "object": "fine_tuning.job.event",
            "created_at": int(self._clock.time()),
            "level": level,
            "message": message,
            "type": "message" if data is None else "metrics",
            "data": {} if data is None else data,
        }
        self._store.add_event(job, event)
        if told:
            self._notices.event(job, event)

    def cancel(self, name: str) -> Job | None:
        """Cancel a job unless it has ended, and return its new state, or None if the job is unknown."""
        with self._store.transaction():
            stored = self._store.job(name)
            if stored is None or stored.object["status"] in FINAL_STATUSES:
                return stored.object if stored else None
            job = stored.object
            self._end(job, "cancelled")
            self._store.save_job(job, stored.plan)
            self.record_event(job["id"], "Fine-tuning job cancelled")
            return job

    # --- units of work --------------------------------------------------------------------------------------

    def _check(self, stored: StoredJob) -> None:
        job = stored.object
        equipment = self.equipment(job)
        with self._store.transaction():
            if not self._is_still(job):
                return
            for warning in equipment.examples.warnings:
                self.record_event(job["id"], warning, level="warn")
            total = equipment.schedule.total_steps(len(equipment.examples.training))
            job["status"] = "queued"
            self._store.save_job(job, {**stored.plan, "total_steps": total})
            self.record_event(job["id"], "Files validated, moving job to queued state")

    def _start(self, stored: StoredJob) -> None:
        job = stored.object
        with self._store.transaction():
            if not self._is_still(job):
                return
            job["status"] = "running"
            self._store.save_policy(job["id"], policies.initial(), {})
            self._store.save_job(job, stored.plan)
            self.record_event(job["id"], "Fine-tuning job started")

    def _step(self, stored: StoredJob) -> None:
        job, plan = stored.object, stored.plan
        equipment = self.equipment(job)
        number, total = plan["step"], plan["total_steps"]
        step = take_step(
            self._policy(job["id"], number),
            number,
            equipment.schedule,
            equipment.examples.training,
            equipment.calls,
        )
        number += 1
        checkpoint = self._is_checkpoint(job, number, total)
        if checkpoint:
            known = self._store.rewards(job["id"])
            held_out = grade_all(equipment.examples.held_out, known, equipment.calls)
        with self._store.transaction():
            if not self._is_still(job):
                return
            self._store.save_policy(job["id"], step.learned.policy, step.learned.own_changed)
            self._policies[job["id"]] = (number, step.learned.policy)
            self._store.add_draws(job["id"], number, step.rows)
            self._report(job["id"], number, total, step)
            plan.update(step=number, tokens=plan["tokens"] + step.tokens)
            if checkpoint:
                self._store.add_evaluated(job["id"], held_out)
                self._keep_checkpoint(job, number, total, step, equipment.examples)
            speed = self._config.speed
            job["estimated_finish"] = (
                int(self._clock.time()) + math.ceil((total - number) / speed) if speed else None
            )
            problem = failing_grader(self._store.latest_errors(job["id"], WINDOW))
            if number >= total and problem is None:
                self._succeed(job, step.learned.policy, plan["tokens"])
            self._store.save_job(job, plan)
            if problem is not None:
                self._fail(job["id"], problem)

    # --- helpers --------------------------------------------------------------------------------------------

    def _equip(self, job: Job) -> Equipment:
        method, config = job["method"]["reinforcement"], self._config
        hyperparameters: dict[str, Any] = dict(method["hyperparameters"])
        seed = job["seed"] or 0
        validation = job["validation_file"]
        examples = choose_examples(
            self._records(job["training_file"], "training_file"),
            self._records(validation, "validation_file") if validation else None,
            self._pool,
            seed=seed,
            held_out=hyperparameters.get("eval_samples", HELD_OUT),
        )
        target = self._open_function(method["grader"]["lambda"]["function"])
        calls = GraderCalls(
            target,
            config.wire,
            config.lambda_batch,
            self._clock,
            lambda message: self.record_event(job["id"], message, level="warn"),
            lambda kind, message: self._notices.grader_error(job["id"], kind, message),
        )
        schedule = Schedule(
            seed=seed,
            group_size=config.group_size,
            **{name: hyperparameters[name] for name in api.HYPERPARAMETERS},
        )
        bounds = target.bounds if isinstance(target, OwnProcessTarget) else None
        return Equipment(examples, calls, schedule, bounds)

    def _records(self, file: str, param: str) -> list[dict[str, Any]]:
        content = self._store.file_content(file)
        if content is None:
            raise JobFailure(f"invalid_{param}", f"The file {file} no longer exists.", param=param)
        return read_records(content, param)

    def _policy(self, job: str, step: int) -> policies.Policy:
        """Return the job's current policy, from the cache if the cached policy belongs to this step."""
        known = self._policies.get(job)
        return known[1] if known and known[0] == step else self._store.policy(job)

    def _is_still(self, job: Job) -> bool:
        """Return True if no request, such as a cancellation, has changed the job since it was loaded."""
        now = self._store.job(job["id"])
        return now is not None and now.object["status"] == job["status"]

    def _is_checkpoint(self, job: Job, number: int, total: int) -> bool:
        given: dict[str, Any] = dict(job["method"]["reinforcement"]["hyperparameters"])
        interval = given.get("eval_interval") or math.ceil(total / _CHECKPOINTS)
        return number == total or number % interval == 0

    def _report(self, job: str, number: int, total: int, step: Step) -> None:
        figures = _metrics(number, total, step.learned.figures)
        self.record_event(job, f"Step {number}/{total}: training metrics", data=figures)
        if step.failures:
            count = step.failures.total()
            kinds = by_kind(step.failures)
            self.record_event(
                job,
                f"Step {number}/{total}: {count} of {len(step.rows)} samples got no reward ({kinds})",
                level="warn",
                told=False,  # the notices already report each sample's error
            )

    def _keep_checkpoint(self, job: Job, number: int, total: int, step: Step, examples: Examples) -> None:
        held_out = validate(step.learned.policy, examples.held_out, self._store.rewards(job["id"]))
        figures = step.learned.figures
        name = f"{_model_name(job)}:ckpt-step-{number}"
        checkpoint: Checkpoint = {
            "id": f"ftckpt-{uuid.uuid4()}",
            "object": "fine_tuning.job.checkpoint",
            "created_at": int(self._clock.time()),
            "fine_tuned_model_checkpoint": name,
            "fine_tuning_job_id": job["id"],
            # OpenAI's keys; "accuracy" is a mean reward here. Bedrock's own names are unverified.
            "metrics": _known(
                {
                    "step": number,
                    "train_loss": figures.loss,
                    "train_mean_token_accuracy": figures.reward_mean,
                    "full_valid_loss": held_out.loss,
                    "full_valid_mean_token_accuracy": held_out.reward,
                    "valid_rewards_mean": held_out.reward,
                }
            ),
            "step_number": number,
        }
        self._store.add_checkpoint(checkpoint)
        self._store.add_model(
            StoredModel(name, job["id"], job["model"], checkpoint["created_at"], step.learned.policy)
        )
        self.record_event(job["id"], f"Checkpoint created at step {number}/{total}: {name}")

    def _succeed(self, job: Job, policy: policies.Policy, tokens: float) -> None:
        name = _model_name(job)
        self._store.add_model(StoredModel(name, job["id"], job["model"], int(self._clock.time()), policy))
        self._end(job, "succeeded", fine_tuned_model=name, trained_tokens=round(tokens))
        self.record_event(job["id"], f"New fine-tuned model created: {name}")
        self.record_event(job["id"], "The job has successfully completed")

    def _end(self, job: Job, status: str, **more: Any) -> None:
        """Set the fields of a job that has ended. The caller stores the job."""
        ended = {"status": status, "finished_at": int(self._clock.time()), "estimated_finish": None}
        cast(dict[str, Any], job).update(ended, **more)

    def _fail(self, name: str, failure: JobFailure) -> None:
        with self._store.transaction():
            stored = self._store.job(name)
            if stored is None or stored.object["status"] in FINAL_STATUSES:
                return
            job = stored.object
            error = {"code": failure.code, "message": failure.message, "param": failure.param}
            self._end(job, "failed", error=error)
            self._store.save_job(job, stored.plan)
            self.record_event(name, f"Fine-tuning job failed: {failure.message}", level="error")


def _model_name(job: Job) -> str:
    """Return `ft:BASE:ORGANIZATION:SUFFIX:ID`, as in AWS's examples. The suffix is always empty."""
    return f"ft:{job['model']}:emulator::{job['id'].removeprefix('ftjob-')[:8]}"


def _metrics(step: int, total_steps: int, figures: Figures) -> dict[str, Any]:
    """Return the `data` of a metrics event, with the names that AWS uses."""
    return _known(
        {
            api.TOTAL_STEPS: total_steps,
            api.STEP: step,
            api.GRAD_NORM: figures.grad_norm,
            api.RESPONSE_LENGTH_MEAN: figures.length_mean,
            api.POLICY_LOSS: figures.loss,
            api.REWARD_MEAN: figures.reward_mean,
            api.ENTROPY: figures.entropy,
            api.ADVANTAGES_MEAN: figures.advantages_mean,
        }
    )


def _known(figures: dict[str, float | None]) -> dict[str, float]:
    """Drop figures that are None, because the API omits unknown values."""
    return {name: value for name, value in figures.items() if value is not None}
