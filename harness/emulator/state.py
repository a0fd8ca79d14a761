"""The emulator's state on disk.

API objects are stored as JSON, together with internal values such as a job's next step and policy. The store
neither validates objects nor changes a job's status.
"""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, BinaryIO, NamedTuple, cast

from harness.api.types import Checkpoint, Event, FileObject, Job
from harness.emulator.database import Database
from harness.simulator.policy import Policy, initial
from harness.simulator.training import DrawRow

__all__ = ["StoredPage", "Store", "StoredJob", "StoredModel"]


class StoredJob(NamedTuple):
    """A job's API object, and the plan that the lifecycle stores with it."""

    object: Job
    plan: dict[str, Any]


class StoredModel(NamedTuple):
    """A tuned model or checkpoint for inference."""

    id: str
    job: str
    base: str
    created: int
    policy: Policy


class StoredPage(NamedTuple):
    """One page of a list, newest first."""

    data: list[dict[str, Any]]
    has_more: bool


class Store(Database):
    """The emulator's store. Every method is one transaction unless it is called inside `transaction()`."""

    def latest_time(self) -> int | None:
        """Return the latest timestamp in the store in seconds since 1970, or None if the store is empty."""
        rows = self.rows(
            "SELECT max(t) FROM (SELECT max(json_extract(object, '$.created_at')) AS t FROM files UNION ALL"
            " SELECT max(json_extract(object, '$.created_at')) FROM jobs UNION ALL"
            " SELECT max(json_extract(object, '$.created_at')) FROM events)"
        )
        return cast("int | None", rows[0][0])

    # --- names ----------------------------------------------------------------------------------------------

    def set_alias(self, alias: str, name: str) -> None:
        """Make `alias` an alias for the object `name`."""
        self.write("INSERT OR REPLACE INTO aliases VALUES (?, ?)", alias, name)

    def resolve(self, name: str) -> str:
        """Return the ID of the object that `name` is an alias for, or `name` itself if it is not an alias."""
        rows = self.rows("SELECT id FROM aliases WHERE alias = ?", name)
        return str(rows[0][0]) if rows else name

    def exists(self, name: str) -> bool:
        """Return True if a file, job, event, checkpoint or tuned model has this ID."""
        tables = ("files", "jobs", "events", "checkpoints", "models")
        found = " UNION ALL ".join(f"SELECT 1 FROM {table} WHERE id = ?1" for table in tables)
        return bool(self.rows(found, name))

    def retry(self, key: str) -> tuple[str, str] | None:
        """Return the digest of the request with an idempotency key and the ID of the object it created."""
        rows = self.rows("SELECT digest, id FROM retries WHERE key = ?", key)
        return (rows[0][0], rows[0][1]) if rows else None

    def add_retry(self, key: str, digest: str, name: str) -> None:
        """Store the ID of the object that a request with an idempotency key created."""
        self.write("INSERT OR REPLACE INTO retries VALUES (?, ?, ?)", key, digest, name)

    # --- files ----------------------------------------------------------------------------------------------

    def add_file(self, file: FileObject, content: BinaryIO) -> None:
        """Store an uploaded file, whose `bytes` is the length of `content`."""
        with self.transaction():
            values = (file["id"], json.dumps(file), file["bytes"])
            self.write("INSERT INTO files (id, object, content) VALUES (?, ?, zeroblob(?))", *values)
            self.fill_blob("files", "content", "id = ?", (file["id"],), content)

    def file(self, name: str) -> FileObject | None:
        """Return a file's object."""
        return cast("FileObject | None", self._object("files", name))

    def file_content(self, name: str) -> bytes | None:
        """Return a file's content."""
        rows = self.rows("SELECT content FROM files WHERE id = ?", self.resolve(name))
        return bytes(rows[0][0]) if rows else None

    def file_pieces(self, name: str) -> Iterator[bytes]:
        """Yield a file's content, one piece at a time."""
        return self.blob_pieces("files", "content", "id = ?", (self.resolve(name),))

    def delete_file(self, name: str) -> None:
        """Delete a file."""
        self.write("DELETE FROM files WHERE id = ?", self.resolve(name))

    def files(self) -> list[FileObject]:
        """Return all files, newest first."""
        return [json.loads(row[0]) for row in self.rows("SELECT object FROM files ORDER BY seq DESC")]

    # --- jobs -----------------------------------------------------------------------------------------------

    def add_job(self, job: Job, plan: Mapping[str, Any]) -> None:
        """Store a new job."""
        told = {"object": json.dumps(job), "plan": json.dumps(plan)}
        self._insert("jobs", id=job["id"], status=job["status"], **told)

    def save_job(self, job: Job, plan: Mapping[str, Any]) -> None:
        """Replace a job's object and plan."""
        self.write(
            "UPDATE jobs SET status = ?, object = ?, plan = ? WHERE id = ?",
            job["status"],
            json.dumps(job),
            json.dumps(plan),
            job["id"],
        )

    def job(self, name: str) -> StoredJob | None:
        """Return a job by ID or alias."""
        rows = self.rows("SELECT object, plan FROM jobs WHERE id = ?", self.resolve(name))
        return StoredJob(json.loads(rows[0][0]), json.loads(rows[0][1])) if rows else None

    def jobs(self, limit: int, after: str | None) -> StoredPage | None:
        """Return a page of jobs, newest first, or None if `after` is unknown."""
        return self._page("jobs", "1 = 1", (), limit, after)

    def open_jobs(self, final: Sequence[str]) -> list[str]:
        """Return the IDs of jobs whose status is not in `final`, oldest first."""
        marks = ", ".join("?" * len(final))
        return [
            row[0]
            for row in self.rows(f"SELECT id FROM jobs WHERE status NOT IN ({marks}) ORDER BY seq", *final)
        ]

    # --- events and checkpoints -----------------------------------------------------------------------------

    def add_event(self, job: str, event: Event) -> None:
        """Store an event of a job."""
        self._insert("events", job=job, id=event["id"], object=json.dumps(event))

    def events(self, job: str, limit: int, after: str | None) -> StoredPage | None:
        """Return a page of a job's events, newest first, or None if `after` is not one of them."""
        return self._page("events", "job = ?", (self.resolve(job),), limit, after)

    def add_checkpoint(self, checkpoint: Checkpoint) -> None:
        """Store a checkpoint's API object. Its policy is stored by `add_model`."""
        job, name = checkpoint["fine_tuning_job_id"], checkpoint["id"]
        self._insert("checkpoints", job=job, id=name, object=json.dumps(checkpoint))

    def checkpoints(self, job: str, limit: int, after: str | None) -> StoredPage | None:
        """Return a page of a job's checkpoints, newest first, or None if `after` is not one of them."""
        return self._page("checkpoints", "job = ?", (self.resolve(job),), limit, after)

    def checkpoint_policies(self, job: str) -> list[tuple[int, str, Policy]]:
        """Return the step, model name and policy of each of a job's checkpoints, oldest first."""
        page = self.checkpoints(job, 10_000, None)
        saved = reversed(page.data if page else [])
        named = [(one["step_number"], one["fine_tuned_model_checkpoint"]) for one in saved]
        models = [(step, name, self.model(name)) for step, name in named]
        return [(step, name, model.policy) for step, name, model in models if model]

    # --- policies -------------------------------------------------------------------------------------------

    def policy(self, job: str) -> Policy:
        """Return a job's current policy."""
        rows = self.rows("SELECT weights FROM theta WHERE job = ?", job)
        if not rows:
            return initial()
        own = dict(self.rows("SELECT completion, weight FROM own WHERE job = ?", job))
        return Policy(array("d", bytes(rows[0][0])), own)

    def save_policy(self, job: str, policy: Policy, own_changed: Mapping[str, float]) -> None:
        """Store a job's policy: all of theta, but only those terms of single completions that changed."""
        with self.transaction():
            self.write("INSERT OR REPLACE INTO theta VALUES (?, ?)", job, policy.theta.tobytes())
            self.write_all(
                "INSERT OR REPLACE INTO own VALUES (?, ?, ?)", [(job, *pair) for pair in own_changed.items()]
            )

    def add_model(self, model: StoredModel) -> None:
        """Store a model for inference."""
        theta, own = model.policy.theta.tobytes(), json.dumps(dict(model.policy.own))
        columns = (*model[:-1], theta, own)
        self.write("INSERT OR REPLACE INTO models VALUES (?, ?, ?, ?, ?, ?)", *columns)

    def model(self, name: str) -> StoredModel | None:
        """Return a tuned model or checkpoint by name or alias."""
        rows = self.rows("SELECT * FROM models WHERE id = ?", self.resolve(name))
        if not rows:
            return None
        model, job, base, created, theta, own = rows[0]
        return StoredModel(model, job, base, created, Policy(array("d", bytes(theta)), json.loads(own)))

    def models(self) -> list[tuple[str, int]]:
        """Return names and creation times of all tuned models and checkpoints, oldest first."""
        return cast("list[tuple[str, int]]", self.rows("SELECT id, created FROM models ORDER BY rowid"))

    # --- rewards --------------------------------------------------------------------------------------------

    def add_draws(self, job: str, step: int, draws: Sequence[DrawRow]) -> None:
        """Store the draws of a step."""
        self.write_all(
            "INSERT INTO draws (job, step, grp, completion, reward, error, advantage, length)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [(job, step, *draw) for draw in draws],
        )

    def draws(self, job: str) -> list[tuple[int, DrawRow]]:
        """Return all draws of a job in order, each with its step."""
        rows = self.rows(
            "SELECT step, grp, completion, reward, error, advantage, length FROM draws"
            " WHERE job = ? ORDER BY seq",
            job,
        )
        return [(row[0], DrawRow(*row[1:])) for row in rows]

    def latest_errors(self, job: str, window: int) -> list[str | None]:
        """Return the error kind of each of a job's last `window` draws, or None for a draw with a reward."""
        rows = self.rows("SELECT error FROM draws WHERE job = ? ORDER BY seq DESC LIMIT ?", job, window)
        return [row[0] for row in rows]

    def add_evaluated(self, job: str, rewards: Mapping[str, float | None]) -> None:
        """Store rewards from a validation or a report, which play no part in training."""
        self.write_all(
            "INSERT OR REPLACE INTO evaluated VALUES (?, ?, ?)",
            [(job, *pair) for pair in rewards.items()],
        )

    def rewards(self, job: str) -> dict[str, float | None]:
        """Return the mean reward of each graded completion of a job, or None for one without a reward."""
        rows = self.rows(
            # The computed mean of equal floats may differ from them slightly, and then a group with equal
            # rewards would no longer count as zero-std.
            "SELECT completion,"
            " CASE WHEN min(reward) = max(reward) THEN min(reward) ELSE avg(reward) END FROM"
            " (SELECT completion, reward FROM draws WHERE job = ? UNION ALL"
            " SELECT completion, reward FROM evaluated WHERE job = ?) GROUP BY completion",
            job,
            job,
        )
        return dict(rows)

    def _insert(self, table: str, **columns: object) -> None:
        marks = ", ".join("?" * len(columns))
        self.write(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", *columns.values())

    def _object(self, table: str, name: str) -> dict[str, Any] | None:
        rows = self.rows(f"SELECT object FROM {table} WHERE id = ?", self.resolve(name))
        return json.loads(rows[0][0]) if rows else None

    def _page(
        self, table: str, where: str, values: tuple[object, ...], limit: int, after: str | None
    ) -> StoredPage | None:
        with self.transaction():
            start = None
            if after is not None:
                found = self.rows(
                    f"SELECT seq FROM {table} WHERE {where} AND id = ?", *values, self.resolve(after)
                )
                if not found:
                    return None
                start = found[0][0]
            rows = self.rows(
                f"SELECT object FROM {table} WHERE {where} AND (? IS NULL OR seq < ?)"
                " ORDER BY seq DESC LIMIT ?",
                *values,
                start,
                start,
                limit + 1,
            )
        return StoredPage([json.loads(row[0]) for row in rows[:limit]], len(rows) > limit)
