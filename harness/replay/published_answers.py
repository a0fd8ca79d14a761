"""Replaces the user's file of recorded answers with the answers of a run, and reports the effect.

For comparison, the run's rollouts are replayed with the old answers. No service is called.
"""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from harness.disk import replaced
from harness.replay.recording import BEFORE, RECORDED
from harness.replay.supervisor import replay
from harness.runs.facts import AnswersFacts
from harness.runs.rows import read_rows
from harness.runs.store import Run, create, lock_run, open_run
from harness.targets.recorded_answers import read_answers

__all__ = ["AnswerDrift", "PublishedAnswers", "publish_answers"]

_OF_THE_SAMPLE = frozenset({"abstain", "record", "input"})
"""Kinds of errors that another call to the service would not fix."""
_BEFORE_RUN = "before"
_TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True)
class AnswerDrift:
    """Differences between the rewards of the same rollouts with old and new answers."""

    compared: int
    """Number of gradings that have a reward with both the old and the new answers."""
    changed: int
    mean: float | None = None
    """Mean change of the reward over all compared gradings."""
    largest: float = 0.0
    """Largest change of a reward in either direction."""


@dataclass(frozen=True, slots=True)
class PublishedAnswers:
    """Result of publishing the answers that a run recorded."""

    path: Path
    answers: int
    """Number of answers in the run's file."""
    new: int
    """Number of answers in the run's file whose questions are not in the old file."""
    gone: int
    """Number of answers in the old file that are not in the new one."""
    failed: int = 0
    """Number of failed gradings, because of which the file was not replaced; 0 if it was replaced."""
    drift: AnswerDrift | None = None
    """Changes of the rewards, or None if no question of an old file was asked again."""
    notes: tuple[str, ...] = ()
    """Parts of the recording that a replay cannot repeat."""
    kept: Path | None = None
    """File with the new answers, if the user's file was not replaced."""

    def lines(self) -> Iterator[str]:
        """Yield a summary as lines of text."""
        path = os.path.relpath(self.path)
        if self.drift is not None:
            yield from _drift_lines(self.drift)
        if self.failed:
            yield f"{path} was not changed: {self.failed:,} gradings failed. The same command asks again"
            if self.kept is not None:
                yield f"  the {self.answers:,} new answers are in {self.kept}; to ask only what failed:"
                yield f"  cp {shlex.quote(str(self.kept))} {shlex.quote(path)}, and add --ask new"
        elif not self.answers:
            yield f"{path} has no answers: the grader asked nothing"
        else:
            gone = f", {self.gone:,} old ones dropped" if self.gone else ""
            yield f"{self.answers:,} answers recorded in {path} ({self.new:,} new{gone})"
        for note in self.notes:
            yield f"  note: {note}"


def _drift_lines(drift: AnswerDrift) -> Iterator[str]:
    if not drift.changed:
        yield f"asked again: all {drift.compared:,} rewards are the same as with the old answers"
        return
    yield (
        f"asked again: {drift.changed:,} of {drift.compared:,} rewards changed,"
        f" by {drift.mean or 0.0:+.4f} on average and {drift.largest:.4f} at most"
    )


def publish_answers(run: Run, cores: int | None = None) -> PublishedAnswers | None:
    """Replace the user's file with the run's recorded answers, unless gradings failed.

    Args:
        run: A completed run.
        cores: As for `replay`.

    Returns:
        The result, or None for a run that recorded nothing.

    Raises:
        InputError: The file cannot be written.
    """
    if run.facts.answers is None or not run.facts.answers.asks:
        return None
    with lock_run(run):
        return _publish(run, run.facts.answers, cores)


def _publish(run: Run, answers: AnswersFacts, cores: int | None) -> PublishedAnswers:
    new = read_answers(run.folder / RECORDED)
    was = (
        {(one.key, one.host) for one in read_answers(run.folder / BEFORE).answers}
        if answers.sha256
        else set()
    )
    keys = {(one.key, one.host) for one in new.answers}
    errors = run.totals.errors
    failed = sum(count for kind, count in errors.items() if kind not in _OF_THE_SAMPLE)
    left = failed if not keys or (answers.sha256 is not None and answers.ask == "all") else 0
    drift = _drift(run, answers, cores) if was & keys and answers.ask == "all" else None
    if not left and not answers.published:
        fix = f"The recorded answers are in {run.folder / RECORDED}; the same command tries again."
        with (run.folder / RECORDED).open("rb") as recorded, replaced(answers.path, fix) as file:
            shutil.copyfileobj(recorded, file)
    run.save(answers=replace(answers, published=True))
    kept = run.folder / RECORDED if left and keys else None
    counts = len(keys), len(keys - was), len(was - keys), left
    return PublishedAnswers(answers.path, *counts, drift, new.notes, kept)


def _drift(run: Run, answers: AnswersFacts, cores: int | None) -> AnswerDrift:
    """Replay with the old answers, and compare the rewards."""
    folder = run.folder / _BEFORE_RUN
    if (folder / "run.json").exists():
        old = open_run(folder)
    else:
        played = AnswersFacts((run.folder / BEFORE).resolve(), "never", answers.sha256)
        facts = replace(run.facts, answers=played, state="new", totals=None, shards=())
        old = create(run.folder, _BEFORE_RUN, facts)
    if run.facts.input.own and not old.own_rollouts.exists():
        shutil.copyfile(run.own_rollouts, old.own_rollouts)
    if old.facts.state == "new":
        old.save(state="running", shards=run.facts.shards)
    replay(old, cores=cores)
    found = _compared(old, run)
    shutil.rmtree(folder, ignore_errors=True)
    return found


def _compared(old: Run, new: Run) -> AnswerDrift:
    changes: list[float] = []
    for before, after in zip(read_rows(old.rewards), read_rows(new.rewards), strict=True):
        if before["reward"] is not None and after["reward"] is not None:
            changes.append(after["reward"] - before["reward"])
    changed = [change for change in changes if abs(change) > _TOLERANCE]
    mean = sum(changes) / len(changes) if changes else None
    return AnswerDrift(len(changes), len(changed), mean, max(map(abs, changes), default=0.0))
