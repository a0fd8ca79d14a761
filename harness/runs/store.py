"""The folder of a run: `run.json`, the shards that workers append to, and finally `rewards.jsonl`.

`run.json` is replaced as a whole and shards are append-only. In a finished run, only the range can change. A
process that changes the folder holds a lock, which the operating system releases when the process ends.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import shutil
import threading
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from harness.data.record_file import RecordFacts
from harness.data.sources import Source, source_of
from harness.data.typed_json import as_json
from harness.disk import HeldLock, lock, no_link, refuse_link, replaced, unwritable, write_json
from harness.errors import InputError
from harness.runs.facts import (
    SCHEMA,
    AnswersFacts,
    Bounds,
    GraderFacts,
    RunFacts,
    check_within,
    known_bounds,
    middle_of,
    read_facts,
)
from harness.runs.fan_out_facts import FanOutFacts
from harness.runs.rows import Row, Totals, read_rows
from harness.runs.run_input import found_again, same_text

SAME = (
    *("grader", "input", "target", "wire", "repeats", "limit", "label", "label_rule"),
    *("fields", "records", "answers", "versions"),
)
"""Parts of `run.json` that must be equal for one run to be resumed as another."""


class Run:
    """The folder of one run.

    Args:
        folder: `runs/<id>`.
        facts: The contents of `run.json`.
    """

    def __init__(self, folder: Path, facts: RunFacts) -> None:
        self.folder = folder
        self.facts = facts
        self._saving = threading.Lock()
        self._rollouts: Source | None = None

    @property
    def rewards(self) -> Path:
        """File of the rewards in input order. It exists once the run is done."""
        return self.folder / "rewards.jsonl"

    @property
    def own_rollouts(self) -> Path:
        """File of the rollouts stored in the run's folder: made from records, or copied from a stream."""
        return self.folder / "rollouts.jsonl"

    @property
    def rollouts(self) -> Source:
        """The graded rollouts: the input, or the rollouts stored in the run's folder.

        Raises:
            InputError: The rollouts are missing, or have changed since grading.
        """
        if self._rollouts is None and (why := self.why_unreadable()):
            fix = "Restore the replayed file, or replay again."
            raise InputError(f"the rollouts cannot be read: {why}", place=str(self.folder), fix=fix)
        assert self._rollouts is not None
        return self._rollouts

    @property
    def rollouts_name(self) -> str:
        """Location of the rollouts for messages. The rollouts may no longer exist."""
        return str(self.own_rollouts) if self.facts.input.own else self.facts.input.name

    @property
    def done(self) -> bool:
        """True if every shard has been graded and merged."""
        return self.facts.state == "done"

    @property
    def published(self) -> bool:
        """False if the run recorded answers that have not been published yet."""
        answers = self.facts.answers
        return answers is None or not answers.asks or answers.published

    @property
    def totals(self) -> Totals:
        """The totals of a finished run.

        Raises:
            InputError: The run is not done.
        """
        if self.facts.totals is None or not self.done:
            fix = "Run the same replay command again."
            raise InputError("the run is not finished", place=str(self.folder), fix=fix)
        return self.facts.totals

    def bounds(self, given: Bounds | None = None) -> Bounds | None:
        """Return the range of a finished run's grader, or None if it is unknown.

        Args:
            given: The range that the user gave for a grader that declares none, or None to use the range that
                was given to the replay.

        Raises:
            InputError: The run is not done, the grader declares another range, or rewards are outside the
                range.
        """
        return self.fitting(known_bounds(self.facts.grader.bounds, given or self.facts.range))

    def fitting(self, bounds: Bounds | None) -> Bounds | None:
        """Return a range if it contains all rewards of a finished run.

        Raises:
            InputError: The run is not done, or rewards are outside the range.
        """
        totals = self.totals
        if self.facts.grader.bounds is None:
            fix = (
                "Pass --range LOW HIGH with the lowest and the highest reward that the grader can give."
                f" To correct the run, add it and --name {self.facts.id} to the replay command,"
                " which grades nothing again."
            )
            check_within(bounds, totals.lowest, totals.highest, place=str(self.folder), fix=fix)
        return bounds

    def rows(self) -> Iterator[Row]:
        """Stream the rows of a finished run.

        Raises:
            InputError: The run is not done, or its rewards are missing or damaged.
        """
        return read_rows(self.rewards, self.totals.gradings)

    def why_unreadable(self) -> str | None:
        """Return why the run's rollouts cannot be read again, or None if they are unchanged."""
        self._rollouts = None
        if not self.facts.input.own:
            found = found_again(self.facts.input)
        else:
            path = self.own_rollouts
            found = source_of(path) if path.is_file() else f"{path} no longer exists"
        if isinstance(found, str):
            return found
        self._rollouts = found
        return None

    def shard(self, number: int) -> Path:
        """Return the path of a shard, the file with the rewards of one byte range of the input."""
        return self.folder / "shards" / f"{number}.jsonl"

    def save(self, **changed: Any) -> None:
        """Change some of the facts, and replace `run.json` atomically."""
        with self._saving:
            self.facts = replace(self.facts, **changed)
            write_json(self.folder / "run.json", as_json(self.facts))

    def recount(self) -> Totals:
        """Compute the totals from the merged rewards."""
        totals = Totals()
        totals.add_all(read_rows(self.rewards), middle_of(self.facts.bounds), self.facts.label_rule)
        return totals

    def set_range(self, bounds: Bounds) -> None:
        """Set the range of a finished run's grader, and compare the saved rewards with their labels again.

        Raises:
            InputError: Rewards are outside the range, or are missing.
        """
        found = Totals()
        found.add_all(self.rows(), middle_of(self.fitting(bounds)), self.facts.label_rule)
        self.save(range=bounds, totals=found)

    def merge(self) -> None:
        """Merge the shards into `rewards.jsonl`, if that file does not exist yet."""
        if not self.rewards.exists():
            for left in self.folder.glob(".rewards.jsonl.*.new"):  # left by a merge that was killed
                left.unlink()
            with replaced(self.rewards) as whole:
                refuse_link(self.folder / "shards")
                for number in range(len(self.facts.shards)):
                    with open(self.shard(number), "rb", opener=no_link) as part:
                        shutil.copyfileobj(part, whole, 1 << 20)

    def close(self, totals: Totals) -> None:
        """Record that the run is done, and delete its shards."""
        self.save(state="done", totals=totals)
        shutil.rmtree(self.folder / "shards", ignore_errors=True)


def create(runs: Path, name: str | None, facts: RunFacts) -> Run:
    """Make a new run.

    Args:
        runs: The folder of all runs.
        name: Id of the run; by default the time and the grader's name.
        facts: The contents of `run.json`; its id and state are set here.

    Raises:
        InputError: A run with this id exists, or the folder cannot be written.
    """
    if name is not None and not re.fullmatch(r"[\w][\w.-]*", name):
        raise InputError(
            f"{name!r} cannot name a run", fix="Use letters, digits, dots, dashes and underscores."
        )
    grader = re.search(r"([^:(]+)(?:\(.*\))?\Z", facts.grader.ref)  # leave out the options of a check
    word = re.sub(r"\W+", "-", grader[1] if grader else "run").strip("-")
    base = name or f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{word}"
    attempt = 1
    while True:
        folder = runs / (base if attempt == 1 else f"{base}-{attempt}")
        run = Run(folder, replace(facts, schema=SCHEMA, id=folder.name, state="new"))
        if not folder.exists() and _appear(run):
            return run
        if name is not None:
            raise InputError(
                f"the run {name} already exists",
                place=str(folder),
                fix="Runs are never overwritten: choose another name.",
            )
        attempt += 1


def _appear(run: Run) -> bool:
    """Make a run's folder with its files atomically, or return False if it already exists."""
    folder = run.folder  # a rename refuses a non-empty folder, and every run has a `run.json`
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        draft = folder.parent / f".new-{uuid4().hex}"
        draft.mkdir()
    except OSError as error:
        raise unwritable(folder, error, "Name another folder with --runs-dir.") from error
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
    """Open an existing run.

    Raises:
        InputError: The run does not exist, is damaged, or was written by another version.
    """
    facts = read_facts(folder)
    if facts is None:
        raise InputError("there is no run here", place=str(folder), fix="`rft runs` lists the runs.")
    # Otherwise, a run from somebody else's repository could make us write or show files outside its folder.
    for path in (folder, *folder.iterdir(), *folder.glob("shards/*")):
        if path.is_symlink():
            what = "a run's folder and files are never links"
            raise InputError(what, place=str(path), fix="Remove the link, or name the folder it leads to.")
    return Run(folder, facts)


def unfinished(runs: Path, facts: RunFacts) -> Run | None:
    """Return the newest unfinished run of the same work, or None."""
    for path in sorted(runs.glob("[!.]*/run.json"), key=_age):
        try:
            run = open_run(path.parent)
        except (InputError, OSError):  # ignore a run that is damaged or of another version
            continue
        if not (run.done and run.published) and not other_work(run.facts, facts):
            return run
    return None


def _age(path: Path) -> float:
    try:
        return -path.lstat().st_mtime
    except OSError:  # the run was deleted after it was listed
        return 0.0


def other_work(begun: RunFacts, asked: RunFacts) -> list[str]:
    """Return the differences between two runs that prevent resuming one as the other.

    Two inputs are the same if they are the same unchanged file, or if their content is equal.
    """
    return (
        [
            part
            for part in SAME
            if part != "grader"
            and getattr(begun, part) != getattr(asked, part)
            and not (part == "input" and same_text(begun.input, asked.input))
            and not (part == "records" and _same_records(begun.records, asked.records))
            and not (part == "answers" and _same_answers(begun.answers, asked.answers))
        ]
        or _other_fan_out(begun.fan_out, asked.fan_out)
        or _other_grader(begun.grader, asked.grader)
    )


def _other_fan_out(was: FanOutFacts | None, now: FanOutFacts | None) -> list[str]:
    """Compare where two runs store their parts: locally, in S3, or under another prefix."""
    places = [None if one is None else one.prefix for one in (was, now)]
    return [] if places[0] == places[1] else ["way to fan out"]


def _other_grader(was: GraderFacts, now: GraderFacts) -> list[str]:
    """Return the differences between two graders, their packages and the files that they read."""
    changed = changed_files(was.files)
    alike = replace(was, files=now.files, packages=now.packages) == now
    if alike and was.packages == now.packages and not changed:
        return []
    why = [f"{os.path.relpath(path)} changed" for path in changed[:3]]
    for name in sorted(was.packages.keys() | now.packages.keys()):
        old, new = was.packages.get(name), now.packages.get(name)
        if old != new:
            why.append(f"{name} {old or 'was missing'}, now {new or 'missing'}")
    return [f"grader ({', '.join(why)})" if why else "grader"]


def _same_records(was: RecordFacts | None, now: RecordFacts | None) -> bool:
    return was is not None and now is not None and was.sha256 == now.sha256


def _same_answers(was: AnswersFacts | None, now: AnswersFacts | None) -> bool:
    return was is not None and now is not None and was.same_work(now)


def changed_files(files: Mapping[str, str]) -> list[str]:
    """Return the files that no longer have the recorded hashes.

    Args:
        files: SHA-256 by path.
    """
    found = []
    for path, content in files.items():
        try:  # a run from another machine may name a device or a pipe, and reading that would never end
            same = Path(path).is_file() and sha256(Path(path)) == content
        except (OSError, ValueError):
            same = False
        if not same:
            found.append(path)
    return found


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def lock_run(run: Run) -> HeldLock:
    """Lock a run's folder for this process, and read its facts again. Only the holder may change the folder.

    Raises:
        InputError: Another process is working in the folder, or has deleted the run.
    """
    held = lock(
        run.folder / "lock",
        f"run {run.facts.id}",
        fix="Wait for it, or end it. A different --name, or --fresh without --name, starts a separate run.",
    )
    try:
        run.facts = open_run(run.folder).facts  # the last holder may have changed them
    except BaseException:
        held.close()
        with contextlib.suppress(OSError):
            run.folder.rmdir()  # taking the lock of a deleted run made its folder again
        raise
    return held
