"""What is known of a run: `run.json` as typed records, with one reader for every version that wrote one."""

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
    "known_bounds",
    "middle_of",
    "read_facts",
    "share_of",
]

SCHEMA = 3
"""Schema 1 (release 0.1.0) had empty options for a grader that nobody could ask; 2 had one input file."""

Bounds: TypeAlias = tuple[float, float]
"""The smallest and the largest reward of a grader."""

_MOST_EXTREME = 1e300

GraderOptions: TypeAlias = dict[str, bool | int | float | str | list[float] | None]
"""How a grader was declared."""


@dataclass(frozen=True, slots=True)
class GraderFacts:
    """Which grader a run used."""

    ref: str
    """`module:name`, `file.py:name`, or a function's name."""
    sha256: str | None
    """Hash of what runs: of files, packages and options, of the artifact, or Lambda's `CodeSha256`."""
    options: GraderOptions | None = None
    """How it was declared; None for a handler that is not ours, or that nobody could ask."""
    files: dict[str, str] = field(default_factory=dict)
    """SHA-256 by path of the user's own files that it imported or read, in this process or a worker."""
    packages: dict[str, str] = field(default_factory=dict)
    """Versions of the installed packages that it imports."""

    def __post_init__(self) -> None:
        """Refuse options whose range could not be one."""
        if self.options is not None:
            low, high = _pair(self.options.get("range"))
            check_bounds((low, high))

    @property
    def bounds(self) -> Bounds | None:
        """The range that the grader declares; None where its declaration is not known."""
        return None if self.options is None else _pair(self.options.get("range"))


@dataclass(frozen=True, slots=True)
class InputFacts:
    """Which files or S3 objects a run grades, as one text."""

    sources: tuple[SourceFacts, ...]
    sha256: str | None
    """Of the whole text, where all of it was read here: known for standard input from the start, for files
    only when they have been read. None for objects in S3, whose ETag and version tell their content."""
    derived: bool
    """Whether the input holds records, of which the run's own rollouts were made."""
    copied: bool = False
    """Whether the run keeps a copy of the text, since the input can be read only from its beginning."""
    template: str | None = None
    """How completions were written, for records whose reference is no text."""
    lengths: tuple[int, ...] = field(default=(), compare=False)
    """Of several sources: the bytes that each takes in the whole, with the newline that it may get. In S3,
    finding them out takes a request for each."""
    spoiled: bool = False
    """Whether it was changed while it was graded, so that nobody can tell which content was."""

    def __post_init__(self) -> None:
        """Refuse an input that is none."""
        if not self.sources:
            raise ValueError("has no sources")
        if self.lengths and (
            len(self.lengths) != len(self.sources)
            or any(
                length - one.bytes not in (0, 1)
                for length, one in zip(self.lengths, self.sources, strict=True)
            )
        ):
            raise ValueError("has lengths that are not those of its sources")

    @property
    def own(self) -> bool:
        """Whether the run's folder holds the text that is graded."""
        return self.derived or self.copied

    @property
    def name(self) -> str:
        """The input as people read it: the first of its files, and how many more there are."""
        first, more = self.sources[0].name, len(self.sources) - 1
        first = "standard input" if first == STANDARD_INPUT else first
        return f"{first} and {more:,} more" if more else first

    def like(self, other: InputFacts) -> bool:
        """Whether both are the same kind of input with as many bytes, whatever its files are called."""
        kinds = [(one.derived, one.copied, one.template, one.spoiled) for one in (self, other)]
        sizes = [[each.bytes for each in one.sources] for one in (self, other)]
        return kinds[0] == kinds[1] and sizes[0] == sizes[1]


@dataclass(frozen=True, slots=True)
class InProcessFacts:
    """Grading in this process."""

    grader: str
    kind: Literal["in-process"] = "in-process"


@dataclass(frozen=True, slots=True)
class LocalRuntimeFacts:
    """Grading in the built artifact, under the local Lambda runtime."""

    template: Path
    function: str
    """Its logical id in the template."""
    code_sha256: str
    note: str | None = None
    """How this differs from the deployed function, where it does."""
    passed: tuple[str, ...] = ()
    """Names of variables that the function gets from whoever replays."""
    profile: str | None = None
    """The profile whose AWS credentials it gets."""
    handler: str | None = None
    """`module.function` where `template` is no template but a folder or zip file with the code."""
    kind: Literal["lambda-runtime"] = "lambda-runtime"


@dataclass(frozen=True, slots=True)
class DeployedFacts:
    """Grading in a function in AWS."""

    arn: str
    """The version that was called: an alias is resolved when the run begins."""
    region: str | None = None
    asked: str | None = None
    """The function as the user named it."""
    version: str | None = None
    code_sha256: str | None = None
    kind: Literal["deployed"] = "deployed"


TargetFacts: TypeAlias = InProcessFacts | LocalRuntimeFacts | DeployedFacts

Ask: TypeAlias = Literal["never", "new", "all"]
"""Which of a grader's questions go to the service: none, those without a recorded answer, or all."""


@dataclass(frozen=True, slots=True)
class AnswersFacts:
    """Which recorded answers a grader's questions were answered with, or which were recorded."""

    path: Path
    ask: Ask = "never"
    sha256: str | None = None
    """Of the file when the run began; None where there was none."""
    recorded: str | None = None
    """SHA-256 of the answers that this run recorded; None before that, and where it asked nothing."""
    published: bool = False
    """Whether it was decided if what was recorded replaces the file."""

    @property
    def asks(self) -> bool:
        """Whether questions go to the service."""
        return self.ask != "never"

    def same_work(self, asked: AnswersFacts) -> bool:
        """Whether a run that began with these may go on with those."""
        alike = (self.path, self.ask) == (asked.path, asked.ask) if self.asks else not asked.asks
        # Asking everything anew does not depend on the file, which may have been replaced meanwhile.
        return alike and (self.ask == "all" or asked.sha256 in (self.sha256, self.recorded))


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFacts:
    """Everything that `run.json` holds."""

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
    """What the grader sees of the rollouts."""
    records: RecordFacts | None = None
    """The training records whose fields the grader sees, where they were named."""
    range: Bounds | None = None
    """What the user said the grader's range is; None where the grader itself says it, or nobody knows."""
    answers: AnswersFacts | None = None
    """Recorded answers to what the grader asks a service; None where it asks as it likes."""
    versions: dict[str, str] = field(default_factory=dict)
    fan_out: FanOutFacts | None = None
    """How workers in AWS grade the run; None for a run that is graded from here."""
    totals: Totals | None = None
    """None while the run is not done."""
    shards: tuple[tuple[int, int], ...] = ()
    """Byte ranges of the rollouts, one a shard."""

    def __post_init__(self) -> None:
        """Refuse facts that no run could have."""
        if self.range is not None:
            check_bounds(self.range)
        if self.repeats < 1 or (self.limit is not None and self.limit < 1):
            raise ValueError("counts repeats or a limit below 1")
        if any(not 0 <= start <= end for start, end in self.shards):
            raise ValueError("has shards that are no byte ranges")
        if self.state == "done" and self.totals is None:
            raise ValueError("is done and has no totals")
        if self.totals is not None and not self.totals.possible:
            raise ValueError("has totals that do not add up")

    @property
    def bounds(self) -> Bounds | None:
        """The grader's range; None where nobody knows it."""
        return self.grader.bounds or self.range


def answers_lines(answers: AnswersFacts) -> Iterator[str]:
    """Where the answers to a grader's questions came from, for people."""
    known = f"{os.path.relpath(answers.path)} (SHA-256 {(answers.sha256 or '')[:12]}...)"
    if answers.ask == "never":
        yield f"answered from {known}, not by the service"
    elif answers.ask == "new" and answers.sha256 is not None:
        yield f"answered from {known}, new questions by the service"


def read_facts(folder: Path) -> RunFacts | None:
    """Read `run.json`; None where there is none.

    Raises:
        InputError: It is damaged, or written by a version that this one does not know.
    """
    fix = "`rft runs` lists the runs."
    return read_typed(
        folder / "run.json", RunFacts, "run", schema=SCHEMA, older={1: _from_1, 2: _from_2}, fix=fix
    )


def check_bounds(bounds: Bounds) -> None:
    """Refuse a range that is none.

    Raises:
        InputError: The numbers are not finite, do not rise, or lie beyond what a reward can be.
    """
    low, high = bounds
    if not -_MOST_EXTREME < low < high < _MOST_EXTREME or high - low < 1 / _MOST_EXTREME:
        raise InputError(
            f"{low:g} to {high:g} is not a range", fix="Write --range LOW HIGH, such as --range 0 1."
        )


def known_bounds(declared: Bounds | None, given: Bounds | None) -> Bounds | None:
    """A grader's range from what the grader declares and what the user says; None where neither is there.

    Raises:
        InputError: The two contradict each other.
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


def middle_of(bounds: Bounds | None) -> float | None:
    """The middle of a range, above which a reward says yes; None where the range is not known."""
    return None if bounds is None else sum(bounds) / 2


def share_of(bounds: Bounds, reward: float) -> float:
    """Where a reward lies in a range: 0 at the floor, 1 at the top."""
    low, high = bounds
    return (reward - low) / (high - low)


def _pair(value: Any) -> Bounds:
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise InputError("the grader's options hold no range")
    return float(value[0]), float(value[1])


def _from_1(old: dict[str, Any]) -> dict[str, Any]:
    """Schema 1: options that nobody knew were empty, and one count had a British name."""
    grader, totals = old["grader"], old.get("totals")
    if isinstance(totals, dict):
        totals = {**totals, "unlabeled": totals["unlabelled"]}
    grader = {**grader, "options": grader["options"] or None}
    return _from_2({**old, "grader": grader, "totals": totals})


def _from_2(old: dict[str, Any]) -> dict[str, Any]:
    """Schema 2: the input was one file."""
    given = old["input"]
    file = {"name": given["path"], "bytes": given["bytes"], "mtime_ns": given["mtime_ns"]}
    return {**old, "schema": SCHEMA, "input": {**given, "sources": [file]}}
