"""Records the answers of services that a grader calls during a run, so that a killed run loses none.

Each shard's answers go to an append-only file next to its rewards, so a resumed run never asks a question
twice. When every shard is graded, the answers are merged into one file in the run's folder.
`harness.replay.published_answers` then updates the user's file.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from harness.disk import AppendOnly, file_sha256, replaced
from harness.errors import InputError
from harness.runs.facts import AnswersFacts, RunFacts, TargetFacts
from harness.runs.store import Run
from harness.targets.answered import AnsweredTarget
from harness.targets.opening import open_answered
from harness.targets.recorded_answers import (
    RecordedAnswers,
    answer_lines,
    parse_answers,
    read_answers,
    refused_forms,
    write_answers,
)

__all__ = [
    "BEFORE",
    "RECORDED",
    "Recording",
    "begin_recording",
    "collect_answers",
    "refuse_changed_answers",
]

RECORDED, BEFORE = "answers.jsonl", "answers.before.jsonl"
"""Names in a run's folder: the recorded answers, and the user's file as it was when the run started."""
_PARTS = "answers"


def begin_recording(folder: Path, answers: AnswersFacts) -> None:
    """Copy the user's file into the run's folder, because it will be replaced later.

    Args:
        folder: The run's folder.
        answers: The user's file.
    """
    if answers.asks and answers.sha256 is not None:
        with answers.path.open("rb") as was, replaced(folder / BEFORE) as kept:
            shutil.copyfileobj(was, kept)


class Recording:
    """The answers that a worker uses: those in the user's file, and those that its shards record.

    Args:
        folder: The run's folder.
        answers: The user's file, and which questions may be sent to the services.
    """

    def __init__(self, folder: Path, answers: AnswersFacts) -> None:
        self._folder = folder
        self._answers = answers
        self._part: AppendOnly | None = None
        self._target: AnsweredTarget | None = None

    def open(self, target: TargetFacts) -> AnsweredTarget:
        """Open the target so that the grader gets the recorded answers."""
        known = RecordedAnswers()
        if not self._answers.asks:
            known = read_answers(self._answers.path)
        elif self._answers.ask == "new" and self._answers.sha256 is not None:
            known = read_answers(self._folder / BEFORE)
        self._target = open_answered(target, known, self._answers, self._folder, self._keep)
        return self._target

    @contextlib.contextmanager
    def part(self, shard: int) -> Iterator[None]:
        """Load a shard's recorded answers, and add new answers to its file while the block runs."""
        if not self._answers.asks:
            yield
            return
        path = self._folder / _PARTS / f"{shard}.jsonl"
        with AppendOnly(path) as part:
            content = b"".join(line for _, line in part.lines())
            if self._target is not None and content:
                self._target.book.learn(parse_answers(content, str(path)))
            self._part = part
            try:
                yield
            finally:
                self._part = None

    def _keep(self, recorded: RecordedAnswers) -> None:
        if self._part is not None:  # an answer after the shard's end belongs to a sample that timed out
            self._part.append_lines(answer_lines(recorded))


def collect_answers(run: Run) -> None:
    """Merge the shards' recorded answers into one file in the run's folder.

    Raises:
        InputError: The file cannot be written.
    """
    answers = run.facts.answers
    if answers is None or not answers.asks or answers.recorded is not None:
        return
    parts = [run.folder / _PARTS / f"{number}.jsonl" for number in range(len(run.facts.shards))]
    if (answers.ask == "new" or run.facts.limit is not None) and answers.sha256 is not None:
        parts.append(run.folder / BEFORE)  # last, because new answers take precedence
    whole = [read_answers(path) for path in parts if path.exists() and path.stat().st_size]
    by_key = {(one.key, one.host): one for each in reversed(whole) for one in reversed(each.answers)}
    variables = {name: value for each in reversed(whole) for name, value in each.variables.items()}
    notes = dict.fromkeys(what for each in whole for what in each.notes)
    refused = refused_forms(by_key.values())
    # The question that is refused first varies by chance, so one refusal represents all.
    kept = [one for one in by_key.values() if not one.refused or refused.get(one.form, one) is one]
    write_answers(run.folder / RECORDED, RecordedAnswers(tuple(kept), variables, tuple(notes)))
    run.save(answers=replace(answers, recorded=file_sha256(run.folder / RECORDED)))
    shutil.rmtree(run.folder / _PARTS, ignore_errors=True)


def refuse_changed_answers(facts: RunFacts) -> None:
    """Raise an error if a run's file of recorded answers changed during the run.

    Raises:
        InputError: The file changed, so workers may have used different answers.
    """
    answers = facts.answers
    if answers is None or answers.asks or not answers.path.exists():
        return
    if file_sha256(answers.path) != answers.sha256:
        raise InputError(
            "the recorded answers changed during the replay",
            place=os.path.relpath(answers.path),
            fix="Run the same command again: it starts a new run.",
        )
