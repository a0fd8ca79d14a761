"""A run's folder: `run.json`, the shards that workers append to, and `rewards.jsonl` when all are done.

`run.json` is replaced as a whole, shards are only appended to, and a run that is done is never written
again. The folder's lock tells whether somebody is working in it, since the operating system drops it with its
holder.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import re
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from harness.disk import HeldLock, lock, replaced, unwritable, write_json
from harness.errors import InputError
from harness.processes import end_marked, mark

SCHEMA = 1
SAME = ("grader", "input", "target", "wire", "repeats", "limit", "label")
"""The parts of `run.json` that make two runs the same work."""


class Run:
    """One run's folder.

    Args:
        folder: `runs/<id>`.
        facts: What `run.json` says.
    """

    def __init__(self, folder: Path, facts: dict[str, Any]) -> None:
        self.folder = folder
        self.facts = facts

    @property
    def rewards(self) -> Path:
        """The rewards in input order; it exists when the run is done."""
        return self.folder / "rewards.jsonl"

    @property
    def done(self) -> bool:
        """Whether every shard has been graded and merged."""
        return bool(self.facts["state"] == "done")

    def shard(self, number: int) -> Path:
        """The rewards of one byte range of the input."""
        return self.folder / "shards" / f"{number}.jsonl"

    def save(self, **changed: Any) -> None:
        """Change some of the facts, on disk too, in one step."""
        self.facts.update(changed)
        write_json(self.folder / "run.json", self.facts)

    def merge(self) -> None:
        """Make `rewards.jsonl` of the shards, and let go of them."""
        if not self.rewards.exists():
            for left in self.folder.glob(".rewards.jsonl.*.new"):  # by a merge that was killed
                left.unlink()
            with replaced(self.rewards) as whole:
                for number in range(len(self.facts["shards"])):
                    with self.shard(number).open("rb") as part:
                        shutil.copyfileobj(part, whole, 1 << 20)

    def close(self, **changed: Any) -> None:
        """Record that the run is done."""
        self.save(state="done", **changed)
        shutil.rmtree(self.folder / "shards", ignore_errors=True)


def create(runs: Path, name: str | None, facts: dict[str, Any]) -> Run:
    """Make a new run.

    Args:
        runs: The folder of all runs.
        name: Its id; made of the time and the grader when None.
        facts: What to write to `run.json`, without `schema`, `id` and `state`.

    Raises:
        InputError: There is a run of this id, or the folder cannot be written.
    """
    if name is not None and not re.fullmatch(r"[\w][\w.-]*", name):
        raise InputError(
            f"{name!r} cannot name a run", fix="Use letters, digits, dots, dashes and underscores."
        )
    word = re.sub(r"\W+", "-", facts["grader"]["ref"].rpartition(":")[2] or "run").strip("-")
    base = name or f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{word}"
    attempt = 1
    while True:
        folder = runs / (base if attempt == 1 else f"{base}-{attempt}")
        run = Run(folder, {"schema": SCHEMA, "id": folder.name, "state": "new", **facts})
        if not folder.exists() and _appear(run):
            return run
        if name is not None:
            raise InputError(
                f"there is a run {name} already",
                place=str(folder),
                fix="Runs are never overwritten: choose another name.",
            )
        attempt += 1


def _appear(run: Run) -> bool:
    """Make a run's folder with all that belongs in it, in one step; False where there is one already."""
    folder = run.folder  # a rename refuses a folder that holds anything, and every run holds its `run.json`
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        draft = folder.parent / f".new-{uuid4().hex}"
        draft.mkdir()
    except OSError as error:
        raise unwritable(folder, error, "Name another folder with --runs.") from error
    try:
        (draft / "shards").mkdir()
        Run(draft, run.facts).save()
        draft.rename(folder)
    except BaseException as error:
        shutil.rmtree(draft, ignore_errors=True)
        if isinstance(error, OSError) and error.errno in (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR):
            return False
        raise
    return True


def open_run(folder: Path) -> Run:
    """Open a run that exists.

    Raises:
        InputError: There is none, or it was written by another version.
    """
    try:
        facts = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        known = facts["schema"] == SCHEMA
        if known and not {"id", "state", "input", "grader", "target"} <= facts.keys():
            raise ValueError("it was not written by a replay")
    except (OSError, ValueError, KeyError, TypeError):
        raise InputError(
            "there is no run here", place=str(folder), fix="`ls runs` shows the runs of this folder."
        ) from None
    if not known:
        raise InputError(
            f"the run has schema {facts['schema']}; this version reads {SCHEMA}", place=str(folder)
        )
    return Run(folder, facts)


def unfinished(runs: Path, facts: dict[str, Any]) -> Run | None:
    """The newest run that was begun for the same work and not ended; None where there is none."""
    for folder in sorted(runs.glob("[!.]*/run.json"), key=lambda path: path.stat().st_mtime, reverse=True):
        try:
            run = open_run(folder.parent)
        except InputError:
            continue
        if not run.done and all(same_part(run.facts, facts, part) for part in SAME):
            return run
    return None


def same_part(begun: dict[str, Any], asked: dict[str, Any], part: str) -> bool:
    """Whether a part of two runs' facts means the same work.

    An input is the same when it is the same unchanged file, or when its content is: a copy will do.
    """
    was, now = begun.get(part), asked.get(part)
    if part != "input" or was == now:
        return bool(was == now)
    assert was is not None
    assert now is not None
    apart = ("path", "mtime_ns", "sha256")
    if {**was, **dict.fromkeys(apart)} != {**now, **dict.fromkeys(apart)}:
        return False
    if was["path"] == now["path"] and was["mtime_ns"] == now["mtime_ns"]:
        return True
    return was["sha256"] is not None and was["sha256"] == sha256(Path(now["path"]))


def sha256(path: Path) -> str:
    """The hash of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def lock_run(run: Run) -> HeldLock:
    """Keep other processes from working in a run's folder.

    Raises:
        InputError: Another process works in it.
    """
    return lock(
        run.folder / "lock",
        f"run {run.facts['id']}",
        fix="Wait for it, or end it; --fresh begins a run of its own.",
    )


def lock_shard(path: Path, patience: float) -> HeldLock:
    """Keep other processes from writing a shard, and let `end_orphans` find this one if its parent dies.

    Args:
        path: The shard's file.
        patience: How many seconds to wait for a worker that is on its way out.

    Raises:
        InputError: Another process still writes it.
    """
    return lock(path.with_suffix(".lock"), f"shard {path.stem}", patience=patience, mark=mark())


def end_orphans(run: Run, worker: str) -> None:
    """End workers that outlived the process that started them; call it while holding the run's lock.

    A stopped or hanging worker would write to its shard once more when it wakes up.

    Args:
        run: The run; its folder is an argument of its workers' command line.
        worker: Another argument of that command line.
    """
    for path in (run.folder / "shards").glob("*.lock"):
        with contextlib.suppress(OSError):
            end_marked(path.read_text(errors="replace"), [worker, str(run.folder.resolve())])
