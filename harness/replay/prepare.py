"""Decides what a replay is before it starts: which work, cut into which shards, new or resumed.

Two commands that ask for the same work (the same input, grader, target and options) mean the same run: the
second resumes what the first began.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import TypeAlias

from harness.data.json_lines import lines
from harness.data.record_fields import FieldChoice
from harness.data.record_file import RecordFacts, decide_fields
from harness.data.sources import DataFile, Source, as_source, parts_of, source_of, text_sha256
from harness.disk import replaced
from harness.errors import InputError
from harness.grader_output import output_to
from harness.processes import cores
from harness.replay.fan_out.shards import check_fan_out, cut_shards
from harness.replay.grading import profiles_of
from harness.replay.recording import begin_recording
from harness.rollouts.derive import write_derived
from harness.rollouts.read import check_label, check_labeled, holds_rollouts
from harness.runs.facts import (
    AnswersFacts,
    Ask,
    Bounds,
    GraderFacts,
    InputFacts,
    RunFacts,
    TargetFacts,
    known_bounds,
)
from harness.runs.fan_out_facts import FanOutFacts, resumed_with
from harness.runs.labels import PLAIN, LabelRule
from harness.runs.store import Run, create, open_run, other_work, unfinished
from harness.targets.opening import IN_PROCESS, TargetChoice, describe, describe_answers

SHARD_BYTES = 8 << 20
SMALLEST_SHARD = 128 << 10
"""A slow grader gets every core on a small file; below this a worker's start costs more than it brings."""
MOST_SHARDS = 64
MOST_SOURCES = 20_000
"""Files or objects of one run, whose names and ETags `run.json` holds."""
_BLOCK = 1 << 20
_TELL_S = 0.1

Copying: TypeAlias = Callable[[int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayRequest:
    """What a replay was asked to do."""

    rollouts: DataFile
    """Rollouts, or records to make rollouts of: files, or objects in S3, read as one text."""
    grader: str | None = None
    """`module:name` or `file.py:name`; what a target that runs elsewhere does not need."""
    handler: str | None = None
    """`module.function`: a handler in process, or in `artifact`, a folder or zip file without a template."""
    target: str = IN_PROCESS
    """`in-process`, `lambda-runtime`, an ARN or `NAME:ALIAS`."""
    artifact: Path | None = None
    """For `lambda-runtime`: the folder that `sam build` made."""
    function: str | None = None
    """For `lambda-runtime`: the function's logical id; found by the grader when None."""
    region: str | None = None
    """For a function named without its ARN."""
    pass_env: tuple[str, ...] = ()
    """For `lambda-runtime`: names of variables that the function gets from here."""
    aws_credentials: str | None = None
    """For `lambda-runtime`: the profile whose AWS credentials the function gets."""
    wire: str = "open-weight"
    repeats: int = 1
    limit: int | None = None
    """Only the first so many rollouts."""
    label: str | None = None
    """The field of the rollouts that holds a verdict."""
    label_rule: LabelRule = PLAIN
    keep_field: tuple[str, ...] = ()
    """Fields that the grader sees although they differ within a record."""
    records: Path | None = None
    """The training records, whose fields the grader sees instead of the rollouts' own."""
    range: Bounds | None = None
    """The grader's range, where its declaration cannot be read."""
    answers: Path | None = None
    """Recorded answers to what the grader asks a service."""
    ask: Ask = "never"
    """Which questions go to the service all the same, and are recorded."""
    runs: Path = Path("runs")
    name: str | None = None
    """The run's id; made of time and grader when None."""
    fresh: bool = False
    """Begin anew even where the same work was begun before."""
    completion_template: str | None = None
    fan_out: FanOutFacts | None = None
    """How workers in AWS grade the rollouts; None to grade from here."""


def prepare(request: ReplayRequest, copying: Copying = lambda done: None) -> Run:
    """Make or find the run for a request.

    Args:
        request: What is asked.
        copying: Told how many bytes were copied, several times a second, where the run has to keep a copy
            of its input.

    Raises:
        InputError: Something asked for does not exist or does not fit.
    """
    if request.repeats < 1 or (request.limit is not None and request.limit < 1):
        raise InputError("--repeats and --limit take whole numbers from 1")
    profiles_of(request.wire)
    check_label(request.label)
    source = as_source(request.rollouts)
    derived = not holds_rollouts(source)
    if not derived:
        check_labeled(source, request.label)
    target, grader = _target(request)
    if request.fan_out is not None:
        check_fan_out(source, target, derived=derived)
    if not derived and request.completion_template is not None:
        raise InputError("--completion-template is for records; this file holds rollouts", place=str(source))
    known_bounds(grader.bounds, request.range)
    fields, records = _fields(source, request, derived)
    facts = RunFacts(
        grader=grader,
        input=_identity(source, derived, request.completion_template),
        target=target,
        wire=request.wire,
        repeats=request.repeats,
        limit=request.limit,
        label=request.label,
        label_rule=request.label_rule,
        fields=fields,
        records=records,
        range=request.range,
        answers=_answers(request, target),
        versions=versions_here(),
        fan_out=request.fan_out,
    )
    run = _begun(request, facts)
    if run is not None and run.done:  # so that a loop that repeats a command until it succeeds can end
        return run
    if run is None:
        run = create(request.runs, request.name, facts)
    else:
        # A copy may have been named, whose original is gone; and a range may be known only now.
        begun = run.facts.input
        given = replace(facts.input, sha256=begun.sha256, lengths=begun.lengths)
        fan_out = resumed_with(run.facts.fan_out, request.fan_out)
        changed = replace(
            run.facts,
            input=given,
            records=records,
            range=facts.range or run.facts.range,
            fan_out=fan_out,
        )
        if changed != run.facts:
            run.save(input=changed.input, records=records, range=changed.range, fan_out=fan_out)
    if run.facts.state == "new":
        try:
            _cut(run, source, request, copying)
        except InputError:  # nothing was graded: leave no run that holds the name
            shutil.rmtree(run.folder)
            raise
    return run


def _fields(source: Source, request: ReplayRequest, derived: bool) -> tuple[FieldChoice, RecordFacts | None]:
    """What decides which fields of the rollouts the grader sees; records have no others."""
    if not derived:
        return decide_fields(source, request.label, request.keep_field, request.records)
    if request.records is not None:
        fix = "Leave --records out."
        raise InputError("this file holds records itself", place=str(source), fix=fix)
    return FieldChoice(), None


def _answers(request: ReplayRequest, target: TargetFacts) -> AnswersFacts | None:
    """The recorded answers that were named."""
    if request.answers is None:
        if request.ask != "never":
            raise InputError("--ask says what to record, and no file is named", fix="Write --answers FILE.")
        return None
    return describe_answers(request.answers, request.ask, target)


def _begun(request: ReplayRequest, facts: RunFacts) -> Run | None:
    """The run that an earlier command began for the same work."""
    if request.fresh:
        return None
    if request.name is None:
        return unfinished(request.runs, facts)
    folder = request.runs / request.name
    if not (folder / "run.json").exists():
        return None
    run = open_run(folder)
    changed = other_work(run.facts, facts)
    if changed:
        raise InputError(
            f"this run was begun with another {' and another '.join(changed)}",
            place=str(folder),
            fix="Choose another name: runs are never overwritten.",
        )
    return run


def _target(request: ReplayRequest) -> tuple[TargetFacts, GraderFacts]:
    """What workers need to open the target, and what the run says of the grader."""
    asked = TargetChoice(
        target=request.target,
        grader=request.grader,
        handler=request.handler,
        artifact=request.artifact,
        function=request.function,
        region=request.region,
        passed=request.pass_env,
        profile=request.aws_credentials,
    )
    # What the grader's module prints is for the workers' log.
    with output_to(Path(os.devnull)):
        return describe(asked)


def _cut(run: Run, source: Source, request: ReplayRequest, copying: Copying) -> None:
    """Give a new run its input and its shards."""
    rollouts = _own_rollouts(run, source, request, copying) if run.facts.input.own else source
    if run.facts.answers is not None:
        begin_recording(run.folder, run.facts.answers)
    size = _end_of(rollouts, request.limit)
    assert size is not None, "a source whose size is not known was copied"
    parts = () if run.facts.input.own else parts_of(rollouts)
    lengths = tuple(length or 0 for _, length in parts) if len(parts) > 1 else ()
    given = replace(run.facts.input, lengths=lengths)
    if request.fan_out is not None:
        shards = cut_shards(rollouts, request.fan_out.workers, size)
    else:
        spread = min(cores(), size // SMALLEST_SHARD)
        count = max(1, min(MOST_SHARDS, max(size // SHARD_BYTES, spread)))
        shards = tuple(pairwise(size * number // count for number in range(count + 1)))
    run.save(state="running", shards=shards, input=given)


def _own_rollouts(run: Run, source: Source, request: ReplayRequest, copying: Copying) -> Source:
    """Write the rollouts that a run keeps itself: made of records, or copied."""
    for left in (run.own_rollouts, *run.folder.glob(".rollouts.jsonl.*.new")):  # by a kill
        left.unlink(missing_ok=True)
    if run.facts.input.derived:
        write_derived(source, run.own_rollouts, request.completion_template)
    else:
        end = None if request.limit is None else _end_of(source, request.limit)
        found = _copy(source, run.own_rollouts, end, copying)
        if end is None:
            run.save(input=replace(run.facts.input, sha256=found))
    return source_of(run.own_rollouts)


def _copy(source: Source, into: Path, end: int | None, copying: Copying) -> str:
    """Copy a source that can be read only from its beginning, as far as it is graded.

    Args:
        source: The source.
        into: The file to write.
        end: Byte after what is graded; None for all of it.
        copying: Told how many bytes were copied.

    Returns:
        The SHA-256 of what was copied.

    Raises:
        InputError: It cannot be read.
        NoRoom: The disk is full.
    """
    found, done, told = hashlib.sha256(), 0, 0.0
    with source.open() as text, replaced(into) as file:
        while block := text.read(_BLOCK if end is None else min(_BLOCK, end - done)):
            file.write(block)
            found.update(block)
            done += len(block)
            if time.monotonic() - told > _TELL_S:
                told = time.monotonic()
                copying(done)
    return found.hexdigest()


def _end_of(source: Source, limit: int | None) -> int | None:
    """The size of a text, if that is known, or the byte after the first so many lines that are not blank."""
    if limit is None:
        return source.size
    seen = 0
    for at, line in lines(source):
        if line.strip():
            seen += 1
            if seen > limit:
                return at
    return source.size


def _identity(source: Source, derived: bool, template: str | None) -> InputFacts:
    """What tells this input from another, without reading it: a file's hash is taken while it is graded."""
    if len(source.facts) > MOST_SOURCES:
        what = f"{len(source.facts):,} files are more than one run takes, which is {MOST_SOURCES:,}"
        raise InputError(what, place=str(source), fix="Join them first, or name fewer with a pattern.")
    unnamed = any(one.mtime_ns is None and one.etag is None for one in source.facts)
    return InputFacts(
        source.facts,
        text_sha256(source) if unnamed else None,  # standard input: nothing but its content tells
        derived,
        copied=not (derived or source.seekable),
        template=template,
    )


def versions_here() -> dict[str, str]:
    """What grades on this machine, beside the grader itself: Python and this project, by version."""
    from importlib.metadata import version

    return {"python": platform.python_version(), "rft-graders": version("rft-graders")}
