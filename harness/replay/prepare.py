"""Prepares a replay: finds the input and the grader, starts or resumes a run, and cuts it into shards.

Two commands with the same input, grader, target and options use the same run: the second command resumes the
run that the first one started.
"""

from __future__ import annotations

import hashlib
import io
import os
import platform
import shutil
import time
from collections.abc import Callable, Iterator
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
from harness.printable import shortened
from harness.processes import cores
from harness.replay.fan_out.shards import check_fan_out, cut_shards
from harness.replay.grading import profiles_of
from harness.replay.recording import begin_recording
from harness.rollouts.derive import write_derived
from harness.rollouts.read import check_label, check_labeled, holds_rollouts, read_rollouts
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
from harness.runs.labels import PLAIN, VERDICTS, LabelRule
from harness.runs.store import Run, create, lock_run, open_run, other_work, unfinished
from harness.targets.opening import IN_PROCESS, TargetChoice, describe, describe_answers

SHARD_BYTES = 8 << 20
SMALLEST_SHARD = 128 << 10
"""Minimum size of a shard in bytes. Smaller shards would not be worth a worker."""
MOST_SHARDS = 64
MOST_SOURCES = 20_000
"""Maximum number of files or objects in one run. `run.json` lists them all."""
_BLOCK = 1 << 20
_NAMED = 3
"""Number of unreadable labels that an error names."""
_TELL_S = 0.1

Copying: TypeAlias = Callable[[int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayRequest:
    """The options of a replay."""

    rollouts: DataFile
    """Files or S3 objects with rollouts, or with records from which to make rollouts."""
    grader: str | None = None
    """The grader as `module:name` or `file.py:name`; not needed for a target that runs elsewhere."""
    handler: str | None = None
    """A handler as `module.function`: in this process, or in an `artifact` that has no template."""
    target: str = IN_PROCESS
    """Where to grade: `in-process`, `lambda-runtime`, or a function's ARN or `NAME:ALIAS`."""
    artifact: Path | None = None
    """For `lambda-runtime`: the folder written by `sam build`, or a folder or zip file without a template."""
    function: str | None = None
    """For `lambda-runtime`: the function's logical id; if None, the grader determines the function."""
    region: str | None = None
    """Region of a function that is not named by its ARN."""
    pass_env: tuple[str, ...] = ()
    """For `lambda-runtime`: names of environment variables to pass to the function."""
    aws_credentials: str | None = None
    """For `lambda-runtime`: the profile whose AWS credentials the function gets."""
    wire: str = "open-weight"
    repeats: int = 1
    limit: int | None = None
    """Number of rollouts to replay, from the start of the file. None replays all."""
    label: str | None = None
    """Field of the rollouts with the label."""
    label_rule: LabelRule = PLAIN
    keep_field: tuple[str, ...] = ()
    """Fields that the grader sees although they differ within a record."""
    records: Path | None = None
    """The training file. The grader sees the fields of its records instead of the rollouts'."""
    range: Bounds | None = None
    """The grader's range, if its declaration cannot be read."""
    answers: Path | None = None
    """Recorded answers of the services that the grader calls."""
    ask: Ask = "never"
    """Requests of the grader that go to the services, whose answers are then recorded."""
    runs: Path = Path("runs")
    name: str | None = None
    """Id of the run; if None, it is made from the time and the grader."""
    fresh: bool = False
    """True to start a new run even if the same work was started before."""
    completion_template: str | None = None
    fan_out: FanOutFacts | None = None
    """Settings for workers in AWS; if None, this machine grades the rollouts."""


def prepare(request: ReplayRequest, copying: Copying = lambda done: None) -> Run:
    """Create or find the run for a request.

    Args:
        request: The options.
        copying: Called several times a second with the number of bytes copied, if the input has to be copied.

    Raises:
        InputError: An option names something that does not exist, or that does not fit the other options.
    """
    if request.repeats < 1 or (request.limit is not None and request.limit < 1):
        raise InputError("--repeats and --limit take whole numbers from 1")
    profiles_of(request.wire)
    check_label(request.label)
    source = as_source(request.rollouts)
    derived = not holds_rollouts(source)
    if not derived:
        check_labeled(source, request.label)
        _check_readable(source, request)
    target, grader = _target(request)
    if request.fan_out is not None:
        check_fan_out(source, target, derived=derived)
    if not derived and request.completion_template is not None:
        what = "--completion-template is for records, but this file has rollouts"
        raise InputError(what, place=str(source))
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
    run = _begun(request, facts) or create(request.runs, request.name, facts)
    if run.done and facts.range in (None, run.facts.range):
        return run  # a script may repeat a command until it succeeds
    with lock_run(run):
        _update(run, facts)
        if run.facts.state == "new":
            try:
                _cut(run, source, request, copying)
            except InputError:  # nothing was graded, so remove the run to free its name
                shutil.rmtree(run.folder)
                raise
    return run


def _check_readable(source: Source, request: ReplayRequest) -> None:
    """Raise an error if the label rule can read no label, which would be known only after grading otherwise.

    Raises:
        InputError: No rollout with the label has a verdict in it.
    """
    if request.label is None:
        return
    unread: dict[str, None] = {}
    for rollout in read_rollouts(source, label=request.label):
        if rollout.sent is None or rollout.label is None:
            continue
        if request.label_rule.says(rollout.label) is not None:
            return
        if len(unread) < _NAMED:
            unread[shortened(repr(rollout.label), 30)] = None
    if unread:
        what = f"the labels in {request.label!r} are not verdicts: {', '.join(unread)}"
        raise InputError(what, place=str(source), fix=VERDICTS)


def _update(run: Run, facts: RunFacts) -> None:
    """Update a run that another command began, perhaps with a copy of the file or without a range."""
    if run.done:
        if facts.range not in (None, run.facts.range):
            run.set_range(facts.range)
        return
    begun = run.facts.input
    given = replace(facts.input, sha256=begun.sha256, lengths=begun.lengths)
    fan_out = resumed_with(run.facts.fan_out, facts.fan_out)
    bounds = facts.range or run.facts.range
    changed = replace(run.facts, input=given, records=facts.records, range=bounds, fan_out=fan_out)
    if changed != run.facts:
        run.save(input=given, records=facts.records, range=bounds, fan_out=fan_out)


def _fields(source: Source, request: ReplayRequest, derived: bool) -> tuple[FieldChoice, RecordFacts | None]:
    """Decide which fields the grader sees. It sees all fields of rollouts that are made from records."""
    if not derived:
        return decide_fields(source, request.label, request.keep_field, request.records)
    if request.records is not None:
        fix = "Leave out --records."
        raise InputError("this file has records itself", place=str(source), fix=fix)
    return FieldChoice(), None


def _answers(request: ReplayRequest, target: TargetFacts) -> AnswersFacts | None:
    if request.answers is None:
        if request.ask != "never":
            what = "--ask says what to record, but there is no file for it"
            raise InputError(what, fix="Add --answers FILE.")
        return None
    return describe_answers(request.answers, request.ask, target)


def _begun(request: ReplayRequest, facts: RunFacts) -> Run | None:
    """Find the run that an earlier command started for the same work."""
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
            f"this run was started with different settings: {' and '.join(changed)}",
            place=str(folder),
            fix="Choose another name: runs are never overwritten.",
        )
    return run


def _target(request: ReplayRequest) -> tuple[TargetFacts, GraderFacts]:
    """Return the settings that workers need to open the target, and the run's facts about the grader."""
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
    # Output of the grader's module belongs in the workers' log.
    with output_to(Path(os.devnull)):
        return describe(asked)


def _cut(run: Run, source: Source, request: ReplayRequest, copying: Copying) -> None:
    """Set the input and the shards of a new run."""
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
    """Write the rollouts of the run's folder, which are made from records or copied from the input."""
    # A killed process may have left these files behind.
    for left in (run.own_rollouts, *run.folder.glob(".rollouts.jsonl.*.new")):
        left.unlink(missing_ok=True)
    if run.facts.input.derived:
        write_derived(source, run.own_rollouts, request.completion_template)
    else:
        found = _copy(source, run.own_rollouts, request.limit, copying)
        if found is not None:
            run.save(input=replace(run.facts.input, sha256=found))
    return source_of(run.own_rollouts)


def _copy(source: Source, into: Path, limit: int | None, copying: Copying) -> str | None:
    """Copy a source that can only be read from its start, up to the last graded rollout.

    The source is read once, because a compressed object in S3 may take minutes to read.

    Args:
        source: The source.
        into: The file to write.
        limit: Number of lines to copy, not counting blank lines, or None for everything.
        copying: Called with the number of bytes copied.

    Returns:
        The SHA-256 of the copy, or None if lines were left out.

    Raises:
        InputError: The source cannot be read.
        NoRoom: The disk is full.
    """
    digest, done, told, whole = hashlib.sha256(), 0, 0.0, True
    with source.open() as text, replaced(into) as file:
        for block in _blocks(text, limit):
            if block is None:
                whole = False
                break
            file.write(block)
            digest.update(block)
            done += len(block)
            if time.monotonic() - told > _TELL_S:
                told = time.monotonic()
                copying(done)
    return digest.hexdigest() if whole else None


def _blocks(text: io.BufferedReader, limit: int | None) -> Iterator[bytes | None]:
    """Yield a text in blocks, up to the line after the first `limit` lines that are not blank.

    If that line exists, None is yielded in its place.
    """
    if limit is None:
        while block := text.read(_BLOCK):
            yield block
        return
    left, is_counted = limit, False
    while block := text.readline(_BLOCK):  # a long line comes in several blocks
        if not is_counted and not block.isspace():
            if not left:
                yield None
                return
            left, is_counted = left - 1, True
        yield block
        if block.endswith(b"\n"):
            is_counted = False


def _end_of(source: Source, limit: int | None) -> int | None:
    """Return the offset after the first `limit` lines that are not blank, or the size of the source."""
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
    """Identify an input without reading it. A file's hash is computed during grading."""
    if len(source.facts) > MOST_SOURCES:
        what = f"{len(source.facts):,} files are too many for one run; the maximum is {MOST_SOURCES:,}"
        raise InputError(what, place=str(source), fix="Join them first, or name fewer with a pattern.")
    unnamed = any(one.mtime_ns is None and one.etag is None for one in source.facts)
    return InputFacts(
        source.facts,
        text_sha256(source) if unnamed else None,  # standard input can be identified only by its content
        derived,
        copied=not (derived or source.seekable),
        template=template,
    )


def versions_here() -> dict[str, str]:
    """Return the versions of Python and this project, which affect grading on this machine."""
    from importlib.metadata import version

    return {"python": platform.python_version(), "rft-graders": version("rft-graders")}
