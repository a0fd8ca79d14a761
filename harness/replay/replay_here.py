"""Replays a rollouts file inside a test, in this process, without storing a run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from harness.data.json_lines import place_of
from harness.data.record_file import decide_fields, open_records
from harness.data.sources import DataFile, as_source
from harness.errors import InputError
from harness.replay.grading import grade_all, profiles_of
from harness.replay.replayed import Replayed
from harness.rollouts.read import Rollout, check_label, read_rollouts
from harness.runs.facts import Bounds, known_bounds
from harness.runs.labels import label_rule
from harness.runs.rows import Row
from harness.targets.answered import asked_once, open_here, played_book
from harness.targets.in_process import InProcessTarget

__all__ = ["replay_completions", "replay_here"]


def replay_here(
    path: DataFile,
    grader: Callable[..., Any] | str,
    *,
    folder: Path | None = None,
    wire: str = "open-weight",
    repeats: int = 1,
    limit: int | None = None,
    label: str | None = None,
    label_threshold: float | None = None,
    label_tolerance: float | None = None,
    label_true: Sequence[str] = (),
    keep_field: Sequence[str] = (),
    records: Path | None = None,
    answers: Path | None = None,
    range: Bounds | None = None,  # shadows the built-in, because it has the option's name
) -> Replayed:
    """Replay rollouts in this process.

    Args:
        path: The rollouts: a source or its name.
        grader: A grader or any handler, or its `module:name`.
        folder: Folder of a named grader's file or module, or None for the current folder.
        wire: Wire format of the events; `all` compares every format.
        repeats: Number of times to grade each rollout.
        limit: Number of rollouts to replay, from the start of the file. None replays all.
        label: Field with the label.
        label_threshold: For numeric labels: this number and higher numbers mean yes, lower numbers no.
        label_tolerance: Allowed distance of a reward from a numeric label, or None for 1e-9.
        label_true: Strings that mean yes; every other string means no.
        keep_field: Fields that the grader sees although they differ within a record.
        records: The training file. The grader sees the fields of its records instead of the rollouts'.
        answers: Recorded answers of the services that the grader calls; no service is called.
        range: The lowest and the highest reward, for a handler that does not declare them.

    Raises:
        InputError: The file or the grader cannot be read, or a line is not a rollout.
    """
    check_label(label)
    if isinstance(label_true, str):
        raise InputError("label_true must be a list of strings", fix=f"Write label_true=[{label_true!r}].")
    rule = label_rule(label, label_threshold, label_tolerance, tuple(label_true))
    if repeats < 1 or (limit is not None and limit < 1):
        raise InputError("repeats and limit must be whole numbers from 1")
    book = None if answers is None else played_book(Path(answers))
    source = as_source(path)
    choice, training = decide_fields(source, label, keep_field, None if records is None else Path(records))
    known = None if training is None else open_records(training)
    rollouts = []
    for rollout in read_rollouts(source, label=label, choice=choice, records=known):
        if rollout.problem is not None:
            raise InputError(rollout.problem, place=place_of(source, rollout.at))
        if rollout.differing:
            raise InputError(
                f"the field {rollout.differing[0]} differs within a record, so training will not have it",
                place=place_of(source, rollout.at),
                fix="Pass it as label, or as keep_field if it belongs to the record.",
            )
        rollouts.append(rollout)
        if limit is not None and len(rollouts) >= limit:
            break
    if not rollouts:
        raise InputError("the file has no rollouts", place=str(source))
    profiles = profiles_of(wire)
    rows: list[Row] = []
    opened = open_here(grader, folder, book)
    if isinstance(opened, InProcessTarget) and len(profiles) > 1:
        opened = asked_once(opened)
    with closing(opened) as target:
        grade_all(target, iter(rollouts), profiles, repeats, label is not None, rows.extend)
    bounds = known_bounds(target.bounds, range)
    return Replayed(rollouts, rows, bounds, label, len(profiles), choice, rule)


def replay_completions(
    completions: Sequence[Any],
    grader: Callable[..., Any] | str,
    folder: Path | None = None,
    *,
    answers: Path | None = None,
    prompt: str = "a prompt",
    reference: Any = None,
    **fields: Any,
) -> Replayed:
    """Grade completions of one record in this process.

    Args:
        completions: Strings, or whole messages of the assistant; their ids are numbers from 1.
        grader: A grader or any handler, or its `module:name`.
        folder: Folder of a named grader's file or module, or None for the current folder.
        answers: As for `replay_here`.
        prompt: The user's turn.
        reference: The record's reference, or None if it has no reference.
        **fields: The record's other fields.

    Raises:
        InputError: The grader cannot be imported, or a completion is neither a string nor a message.
    """
    for one in completions:
        if not isinstance(one, str | dict | None):
            what = f"a completion must be a string or a message, not a {type(one).__name__}"
            raise InputError(what, fix="Write assert_order(best, ..., worst, grader=...).")
    book = None if answers is None else played_book(answers)
    answer = {} if reference is None else {"reference_answer": reference}
    rollouts = []
    for number, completion in enumerate(completions, 1):
        last = completion if isinstance(completion, dict) else {"role": "assistant", "content": completion}
        messages = [{"role": "user", "content": prompt}, last]
        sent = {"id": number, "messages": messages, **answer, **fields}
        rollouts.append(Rollout(number, number, None, sent))
    rows: list[Row] = []
    with closing(open_here(grader, folder, book)) as target:
        grade_all(target, iter(rollouts), profiles_of("open-weight"), 1, False, rows.extend)
    return Replayed(rollouts, rows, target.bounds, None)
