"""The facts about a run, as stored in `run.json`, with a reader for all schema versions."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias

from harness.data.record_fields import FieldChoice
from harness.data.record_file import RecordFacts
from harness.data.sources import STANDARD_INPUT, SourceFacts
from harness.data.typed_json import read_typed
from harness.errors import InputError
from harness.runs.fan_out_facts import FanOutFacts
from harness.runs.labels import PLAIN, LabelRule
from harness.runs.rows import Totals

__all__ = [
    "AnswersFacts",
    "Ask",
    "Bounds",
    "DeployedFacts",
    "GraderFacts",
    "InProcessFacts",
    "InputFacts",
    "LocalRuntimeFacts",
    "GraderOptions",
    "RunFacts",
    "TargetFacts",
    "answers_lines",
    "check_bounds",
    "check_within",
    "known_bounds",
    "middle_of",
    "read_facts",
    "share_of",
]

SCHEMA = 3
"""Schema 1 (release 0.1.0) had empty options if the grader's were unknown; schema 2 had one input file."""

Bounds: TypeAlias = tuple[float, float]
"""Smallest and largest reward of a grader."""

_MOST_EXTREME = 1e300
_SLACK = 1e-9
"""Part of a range by which a reward may be outside, because sums of floats are rounded."""

GraderOptions: TypeAlias = dict[str, bool | int | float | str | list[float] | None]
"""The range and other properties that a grader declares."""


@dataclass(frozen=True, slots=True)
class GraderFacts:
    """The grader of a run."""

    ref: str
    """`module:name`, `file.py:name`, or a function's name."""
    sha256: str | None
    """Hash of the grader's files, packages and options, hash of the artifact, or Lambda's `CodeSha256`."""
    options: GraderOptions | None = None
    """Options that the grader declares. None if unknown, or for a handler without this library."""
    files: dict[str, str] = field(default_factory=dict)
    """SHA-256, by path, of the user's files that the grader imported or read, in this process or a worker."""
    packages: dict[str, str] = field(default_factory=dict)
    """Versions of the installed packages that the grader imports."""

    def __post_init__(self) -> None:
        if self.options is not None:
            low, high = _pair(self.options.get("range"))
            check_bounds((low, high))

    @property
    def bounds(self) -> Bounds | None:
        """The range that the grader declares, or None if its declaration is unknown."""
        return None if self.options is None else _pair(self.options.get("range"))


@dataclass(frozen=True, slots=True)
class InputFacts:
    """The files or S3 objects that a run grades in order."""

    sources: tuple[SourceFacts, ...]
    sha256: str | None
    """SHA-256 of the whole content, if this process read all of it.

    The hash of standard input is known from the start, and the hash of files once they have been read. It is
    None for objects in S3, which are identified by their ETag and version.
    """
    derived: bool
    """True if the input consists of records, from which the run made its own rollouts."""
    copied: bool = False
    """True if the run has a copy of the content, because the input is not seekable."""
    template: str | None = None
    """Template for making completions from records whose reference is not a string."""
    lengths: tuple[int, ...] = field(default=(), compare=False)
    """Length in bytes of each source if there are several, including a newline added at its end.

    Each length of an object in S3 costs one request.
    """
    spoiled: bool = False
    """True if the input changed during grading, so that the graded content is unknown."""

    def __post_init__(self) -> None:
        if not self.sources:
            raise ValueError("has no sources")
        if self.lengths and (
            len(self.lengths) != len(self.sources)
            or any(
                length - one.bytes not in (0, 1)
                for length, one in zip(self.lengths, self.sources, strict=True)
            )
        ):
            raise ValueError("has lengths that do not match its sources")

    @property
    def own(self) -> bool:
        """True if the graded rollouts are stored in the run's folder."""
        return self.derived or self.copied

    @property
    def name(self) -> str:
        """Name of the input, for messages: its first file and the number of further files."""
        first, more = self.sources[0].name, len(self.sources) - 1
        first = "standard input" if first == STANDARD_INPUT else first
        return f"{first} and {more:,} more" if more else first

    def like(self, other: InputFacts) -> bool:
        """Return True if both are the same kind of input with the same sizes, whatever the file names."""
        kinds = [(one.derived, one.copied, one.template, one.spoiled) for one in (self, other)]
        sizes = [[each.bytes for each in one.sources] for one in (self, other)]
        return kinds[0] == kinds[1] and sizes[0] == sizes[1]


@dataclass(frozen=True, slots=True)
class InProcessFacts:
    """Target of a run that grades in this process."""

    grader: str
    kind: Literal["in-process"] = "in-process"


@dataclass(frozen=True, slots=True)
class LocalRuntimeFacts:
    """Target of a run that grades in the built artifact, in the local Lambda runtime."""

    template: Path
    function: str
    """Logical id of the function in the template."""
    code_sha256: str
    note: str | None = None
    """Differences between the local function and the deployed one."""
    passed: tuple[str, ...] = ()
    """Names of environment variables that the replay passes to the function."""
    profile: str | None = None
    """The AWS profile whose credentials the function gets."""
    handler: str | None = None
    """`module.function`, if `template` is not a template but a folder or zip file with the code."""
    kind: Literal["lambda-runtime"] = "lambda-runtime"


@dataclass(frozen=True, slots=True)
class DeployedFacts:
    """Target of a run that grades in a deployed function."""

    arn: str
    """ARN of the called version. An alias is resolved when the run starts."""
    region: str | None = None
    asked: str | None = None
    """Name of the function as the user gave it."""
    version: str | None = None
    code_sha256: str | None = None
    kind: Literal["deployed"] = "deployed"


TargetFacts: TypeAlias = InProcessFacts | LocalRuntimeFacts | DeployedFacts

Ask: TypeAlias = Literal["never", "new", "all"]
"""Requests of a grader that go to the service: none, those without a recorded answer, or all."""


@dataclass(frozen=True, slots=True)
class AnswersFacts:
    """The recorded answers that the grader received, or the answers that the run recorded."""

    path: Path
    ask: Ask = "never"
    sha256: str | None = None
    """SHA-256 of the file when the run started, or None if it did not exist."""
    recorded: str | None = None
    """SHA-256 of the answers that this run recorded, or None if it recorded none."""
    published: bool = False
    """True after `publish_answers`, even if failures kept the file from being replaced."""

    @property
    def asks(self) -> bool:
        """True if requests go to the service."""
        return self.ask != "never"

    def same_work(self, asked: AnswersFacts) -> bool:
        """Return True if a run that started with these answers may resume with the requested ones."""
        alike = (self.path, self.ask) == (asked.path, asked.ask) if self.asks else not asked.asks
        # A run that sends every request again does not depend on the file, which may have been replaced.
        return alike and (self.ask == "all" or asked.sha256 in (self.sha256, self.recorded))


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFacts:
    """Contents of `run.json`."""

    schema: int = SCHEMA
    id: str = ""
    state: Literal["new", "running", "done"] = "new"
    grader: GraderFacts
    input: InputFacts
    target: TargetFacts
    wire: str
    repeats: int = 1
    limit: int | None = None
    label: str | None = None
    label_rule: LabelRule = PLAIN
    fields: FieldChoice = FieldChoice()
    """Fields of the rollouts that the grader sees."""
    records: RecordFacts | None = None
    """Training file whose fields the grader sees, or None without a training file."""
    range: Bounds | None = None
    """The grader's range as given by the user. None if the grader declares it, or if it is unknown."""
    answers: AnswersFacts | None = None
    """Recorded answers to the grader's requests to a service, or None if they are not intercepted."""
    versions: dict[str, str] = field(default_factory=dict)
    fan_out: FanOutFacts | None = None
    """Settings and progress of grading by workers in AWS, or None if this machine grades the run."""
    totals: Totals | None = None
    """Totals of all rows, or None until the run is done."""
    shards: tuple[tuple[int, int], ...] = ()
    """Byte ranges of the rollouts, one per shard."""

    def __post_init__(self) -> None:
        if self.range is not None:
            check_bounds(self.range)
        if self.repeats < 1 or (self.limit is not None and self.limit < 1):
            raise ValueError("counts repeats or a limit below 1")
        if any(not 0 <= start <= end for start, end in self.shards):
            raise ValueError("has shards that are not byte ranges")
        if self.state == "done" and self.totals is None:
            raise ValueError("is done but has no totals")
        if self.totals is not None and not self.totals.possible:
            raise ValueError("has totals that do not add up")

    @property
    def bounds(self) -> Bounds | None:
        """The grader's range, or None if it is unknown."""
        return self.grader.bounds or self.range


def answers_lines(answers: AnswersFacts) -> Iterator[str]:
    """Yield lines of text that say where the answers to the grader's requests came from."""
    known = f"{os.path.relpath(answers.path)} (SHA-256 {(answers.sha256 or '')[:12]}...)"
    if answers.ask == "never":
        yield f"answered from {known}, not by the service"
    elif answers.ask == "new" and answers.sha256 is not None:
        yield f"answered from {known}, and new requests by the service"


def read_facts(folder: Path) -> RunFacts | None:
    """Read `run.json`, or return None if it does not exist.

    Raises:
        InputError: The file is damaged, or was written by an unknown version.
    """
    fix = "`rft runs` lists the runs."
    return read_typed(
        folder / "run.json", RunFacts, "run", schema=SCHEMA, older={1: _from_1, 2: _from_2}, fix=fix
    )


def check_bounds(bounds: Bounds) -> None:
    """Raise an error if a range is invalid.

    Raises:
        InputError: The numbers are not finite, not increasing, or not possible rewards.
    """
    low, high = bounds
    if not -_MOST_EXTREME < low < high < _MOST_EXTREME or high - low < 1 / _MOST_EXTREME:
        raise InputError(
            f"{low:g} to {high:g} is not a range", fix="Pass --range LOW HIGH, such as --range 0 1."
        )


def known_bounds(declared: Bounds | None, given: Bounds | None) -> Bounds | None:
    """Return the range that the grader declares or the user gave, or None if neither specifies one.

    Raises:
        InputError: The two ranges contradict each other.
    """
    if given is not None:
        check_bounds(given)
    if declared is not None and given is not None and declared != given:
        raise InputError(
            f"the grader declares a range from {declared[0]:g} to {declared[1]:g},"
            f" not from {given[0]:g} to {given[1]:g}",
            fix="Leave --range out.",
        )
    return declared or given


def check_within(
    bounds: Bounds | None, lowest: float | None, highest: float | None, *, place: str | None, fix: str
) -> None:
    """Raise an error if rewards are outside a range, which then cannot be the grader's.

    Args:
        bounds: The range, or None if it is unknown.
        lowest: The lowest reward, or None without rewards.
        highest: The highest reward, or None without rewards.
        place: The rewards' file or folder, for the message.
        fix: How to correct the range, for the message.

    Raises:
        InputError: A reward is outside the range.
    """
    if bounds is None or lowest is None or highest is None:
        return
    low, high = bounds
    slack = _SLACK * (high - low)
    if not low - slack <= lowest <= highest <= high + slack:
        what = f"the rewards go from {lowest:.10g} to {highest:.10g}, outside the range {low:g} to {high:g}"
        raise InputError(what, place=place, fix=fix)


def middle_of(bounds: Bounds | None) -> float | None:
    """Return the middle of a range, above which a reward means yes, or None if the range is unknown."""
    return None if bounds is None else sum(bounds) / 2


def share_of(bounds: Bounds, reward: float) -> float:
    """Return the position of a reward in a range: 0 at the bottom, 1 at the top."""
    low, high = bounds
    return (reward - low) / (high - low)


def _pair(value: Any) -> Bounds:
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise InputError("the grader's options have no range")
    return float(value[0]), float(value[1])


def _from_1(old: dict[str, Any]) -> dict[str, Any]:
    """Convert schema 1, in which unknown options were empty and one count had a British spelling."""
    grader, totals = old["grader"], old.get("totals")
    if isinstance(totals, dict):
        totals = {**totals, "unlabeled": totals["unlabelled"]}
    grader = {**grader, "options": grader["options"] or None}
    return _from_2({**old, "grader": grader, "totals": totals})


def _from_2(old: dict[str, Any]) -> dict[str, Any]:
    """Convert schema 2, in which the input was a single file."""
    given = old["input"]
    file = {"name": given["path"], "bytes": given["bytes"], "mtime_ns": given["mtime_ns"]}
    return {**old, "schema": SCHEMA, "input": {**given, "sources": [file]}}
