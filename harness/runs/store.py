"""A run's folder: `run.json`, the shards that workers append to, and `rewards.jsonl` when all are done.

`run.json` is replaced as a whole, shards are only appended to, and a run that is done is never written
again. The folder's lock tells whether somebody is working in it, since the operating system drops it with its
holder.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import shutil
import threading
from collections.abc import Mapping
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
from harness.runs.facts import SCHEMA, AnswersFacts, GraderFacts, RunFacts, read_facts
from harness.runs.fan_out_facts import FanOutFacts
from harness.runs.rows import Totals
from harness.runs.run_input import found_again, same_text

SAME = (
    *("grader", "input", "target", "wire", "repeats", "limit", "label", "label_rule"),
    *("fields", "records", "answers", "versions"),
)
"""The parts of `run.json` that make two runs the same work."""


class Run:
    """One run's folder.

    Args:
        folder: `runs/<id>`.
        facts: What `run.json` says.
    """

    def __init__(self, folder: Path, facts: RunFacts) -> None:
        self.folder = folder
        self.facts = facts
        self._saving = threading.Lock()
        self._rollouts: Source | None = None

    @property
    def rewards(self) -> Path:
        """The rewards in input order; it exists when the run is done."""
        return self.folder / "rewards.jsonl"

    @property
    def own_rollouts(self) -> Path:
        """Where rollouts stand that the run keeps itself: made of records, or copied from a stream."""
        return self.folder / "rollouts.jsonl"

    @property
    def rollouts(self) -> Source:
        """The rollouts that are graded: the input, or those that the run keeps itself.

        Raises:
            InputError: They are gone, or no longer what was graded.
        """
        if self._rollouts is None and (why := self.why_unreadable()):
            fix = "Put back what was replayed, or replay it again."
            raise InputError(f"the rollouts cannot be read: {why}", place=str(self.folder), fix=fix)
        assert self._rollouts is not None
        return self._rollouts

    @property
    def rollouts_name(self) -> str:
        """Where the rollouts stand, as people read it; the input may be gone."""
        return str(self.own_rollouts) if self.facts.input.own else self.facts.input.name

    @property
    def done(self) -> bool:
        """Whether every shard has been graded and merged."""
        return self.facts.state == "done"

    @property
    def published(self) -> bool:
        """Whether nothing is left to do with the answers that it recorded."""
        answers = self.facts.answers
        return answers is None or not answers.asks or answers.published

    @property
    def totals(self) -> Totals:
        """The totals of a run that is done.

        Raises:
            InputError: It is not done.
        """
        if self.facts.totals is None or not self.done:
            fix = "Run the same replay command again."
            raise InputError("the run is not finished", place=str(self.folder), fix=fix)
        return self.facts.totals

    def why_unreadable(self) -> str | None:
        """Why the run's rollouts cannot be read again; None where they are what was graded."""
        self._rollouts = None
        if not self.facts.input.own:
            found = found_again(self.facts.input)
        else:
            path = self.own_rollouts
            found = source_of(path) if path.is_file() else f"{path} is gone"
        if isinstance(found, str):
            return found
        self._rollouts = found
        return None

    def shard(self, number: int) -> Path:
        """The rewards of one byte range of the input."""
        return self.folder / "shards" / f"{number}.jsonl"

    def save(self, **changed: Any) -> None:
        """Change some of the facts, on disk too, in one step."""
        with self._saving:
            self.facts = replace(self.facts, **changed)
            write_json(self.folder / "run.json", as_json(self.facts))

    def merge(self) -> None:
        """Make `rewards.jsonl` of the shards, and let go of them."""
        if not self.rewards.exists():
            for left in self.folder.glob(".rewards.jsonl.*.new"):  # by a merge that was killed
                left.unlink()
            with replaced(self.rewards) as whole:
                refuse_link(self.folder / "shards")
                for number in range(len(self.facts.shards)):
                    with open(self.shard(number), "rb", opener=no_link) as part:
                        shutil.copyfileobj(part, whole, 1 << 20)

    def close(self, totals: Totals) -> None:
        """Record that the run is done."""
        self.save(state="done", totals=totals)
        shutil.rmtree(self.folder / "shards", ignore_errors=True)


def create(runs: Path, name: str | None, facts: RunFacts) -> Run:
    """Make a new run.

    Args:
        runs: The folder of all runs.
        name: Its id; made of the time and the grader when None.
        facts: What to write to `run.json`; its id and state are set here.

    Raises:
        InputError: There is a run of this id, or the folder cannot be written.
    """
    if name is not None and not re.fullmatch(r"[\w][\w.-]*", name):
        raise InputError(
            f"{name!r} cannot name a run", fix="Use letters, digits, dots, dashes and underscores."
        )
    grader = re.search(r"([^:(]+)(?:\(.*\))?\Z", facts.grader.ref)  # without the options of a check
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
    """Open a run that exists.

    Raises:
        InputError: There is none, it is damaged, or another version wrote it.
    """
    facts = read_facts(folder)
    if facts is None:
        raise InputError("there is no run here", place=str(folder), fix="`rft runs` lists the runs.")
    # A run that came with somebody's repository could have its files written, or shown, elsewhere.
    for path in (folder, *folder.iterdir(), *folder.glob("shards/*")):
        if path.is_symlink():
            what = "a run's folder and files are never links"
            raise InputError(what, place=str(path), fix="Remove the link, or name the folder it leads to.")
    return Run(folder, facts)


def unfinished(runs: Path, facts: RunFacts) -> Run | None:
    """The newest run that was begun for the same work and not ended; None where there is none."""
    for path in sorted(runs.glob("[!.]*/run.json"), key=_age):
        try:
            run = open_run(path.parent)
        except (InputError, OSError):  # damaged, or of another version: in nobody's way
            continue
        if not (run.done and run.published) and not other_work(run.facts, facts):
            return run
    return None


def _age(path: Path) -> float:
    try:
        return -path.lstat().st_mtime
    except OSError:  # gone since it was listed
        return 0.0


def other_work(begun: RunFacts, asked: RunFacts) -> list[str]:
    """The parts of two runs' facts that mean other work; none where a run can be resumed.

    An input is the same when it is the same unchanged file, or when its content is: a copy will do.
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
    """Whether parts of one run are not where the other looks for them: here, or below another prefix."""
    places = [None if one is None else one.prefix for one in (was, now)]
    return [] if places[0] == places[1] else ["way to fan out"]


def _other_grader(was: GraderFacts, now: GraderFacts) -> list[str]:
    """How one grader is not another; nothing where it is the same, with all that it imported and read."""
    changed = changed_files(was.files)
    alike = replace(was, files=now.files, packages=now.packages) == now
    if alike and was.packages == now.packages and not changed:
        return []
    why = [f"{os.path.relpath(path)} changed" for path in changed[:3]]
    for name in sorted(was.packages.keys() | now.packages.keys()):
        old, new = was.packages.get(name), now.packages.get(name)
        if old != new:
            why.append(f"{name} {old or 'was not there'}, now {new or 'gone'}")
    return [f"grader ({', '.join(why)})" if why else "grader"]


def _same_records(was: RecordFacts | None, now: RecordFacts | None) -> bool:
    """Whether two files of records hold the same."""
    return was is not None and now is not None and was.sha256 == now.sha256


def _same_answers(was: AnswersFacts | None, now: AnswersFacts | None) -> bool:
    """Whether recorded answers, and what is asked beyond them, are the same."""
    return was is not None and now is not None and was.same_work(now)


def changed_files(files: Mapping[str, str]) -> list[str]:
    """The files that no longer have the recorded hashes.

    Args:
        files: SHA-256 by path.
    """
    found = []
    for path, content in files.items():
        try:  # a run that came from elsewhere may name a device or a pipe, which never ends
            same = Path(path).is_file() and sha256(Path(path)) == content
        except (OSError, ValueError):
            same = False
        if not same:
            found.append(path)
    return found


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
        f"run {run.facts.id}",
        fix="Wait for it, or end it; --fresh begins a run of its own.",
    )
