"""The rows of a run's `rewards.jsonl`, one per grading, and their totals.

A row is identified by its input, `at` and `repeat`.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from math import isfinite
from pathlib import Path
from typing import Any, NotRequired, TypedDict

import orjson

from harness.data.json_lines import LineError, parse
from harness.disk import no_link
from harness.errors import InputError
from harness.printable import shortened
from harness.runs.labels import PLAIN, LabelCounts, LabelRule

_LONGEST_NAME = 200
QUESTIONS = "judge_calls"
"""Name of the metric that counts the questions to a judge about a sample."""


class Row(TypedDict):
    """One grading. A row is a plain dict, because there may be millions of rows."""

    at: int
    """Byte offset of the rollout's line in the input."""
    repeat: int
    id: Any
    group: str | None
    """The rollout's record, or None for an unusable line, which has no reward."""
    reward: float | None
    metrics: dict[str, float]
    error: dict[str, str] | None
    """The reason why the row has no reward: `kind` and `message`."""
    ms: float
    reason: NotRequired[str]
    """The grader's explanation of the reward, if it gave one in this process."""
    length: NotRequired[int]
    """Length of the whole completion in characters, including reasoning. Older runs lack it."""
    finish: NotRequired[str]
    """Finish reason of the completion, if the rollout has a `finish_reason`."""
    label: NotRequired[Any]
    """The rollout's label, if the run has a label field."""
    wires: NotRequired[dict[str, Any]]
    """Reward from each wire format, if the formats disagree."""
    fields: NotRequired[list[str]]
    """Fields with a different value in another rollout of the record."""


def dump(row: Row) -> bytes:
    """Encode one row as a line of JSONL."""
    try:
        return orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE)
    except TypeError:  # a lone surrogate or an integer beyond 64 bits, in an id or a metric's name
        return json.dumps(row).encode() + b"\n"


def read_rows(path: Path, gradings: int | None = None) -> Iterator[Row]:
    """Stream the rows of a rewards file.

    Args:
        path: The file.
        gradings: The number of rows that the file must have, or None if it is unknown.

    Raises:
        InputError: The file does not exist, a line is not a row, or rows are missing.
    """
    fix = "Replay again under another name: this file was damaged after it was written."
    try:
        with open(path, "rb", buffering=1 << 20, opener=no_link) as file:
            number = 0
            for number, line in enumerate(file, 1):
                try:
                    yield parse_row(line)
                except LineError:
                    what = "this line is not a reward of a run"
                    raise InputError(what, place=f"{path}:{number}", fix=fix) from None
        if gradings not in (None, number):
            what = f"the file has {number:,} gradings, but the run had {gradings:,}"
            raise InputError(what, place=str(path), fix=fix)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", place=str(path)) from error


def parse_row(line: bytes) -> Row:
    """Parse one line of a rewards file.

    Raises:
        LineError: The line is not a row.
    """
    row = parse(line)
    try:
        if row["reward"] is None:
            good = type(row["error"]["kind"]) is type(row["error"]["message"]) is str
        else:
            good = isfinite(row["reward"])
        good &= type(row["at"]) is type(row["repeat"]) is int and row["at"] >= 0 and isfinite(row["ms"])
        # A line without a record could not be used, so it was not graded.
        good &= row["reward"] is None if row["group"] is None else type(row["group"]) is str
        good &= "id" in row and type(row.get("wires", {})) is dict
        good &= type(row.get("length", 0)) is int and type(row.get("finish", "")) is str
        good &= type(row.get("reason", "")) is str
        good &= all(type(name) is str for name in row.get("fields", ()))
        for value in row["metrics"].values():
            good &= isfinite(value)
    except (KeyError, TypeError, AttributeError, OverflowError):
        good = False
    if not good:
        raise LineError("not a row", 0)
    found: Row = row
    return found


@dataclass(slots=True)
class Totals:
    """Totals of many rows."""

    gradings: int = 0
    """Number of rows, with and without a reward."""
    rewards: int = 0
    """Number of rows with a reward."""
    total: float = 0.0
    """Sum of the rewards."""
    lowest: float | None = None
    highest: float | None = None
    errors: dict[str, int] = field(default_factory=dict)
    """Number of rows without a reward, by kind."""
    wires: int = 0
    """Number of rows on which the wire formats disagreed."""
    agreed: int = 0
    """Number of rows whose reward agrees with their label."""
    disagreed: int = 0
    unlabeled: int = 0
    """Number of rows that could not be compared, because the label, the reward or the range is missing."""
    labels: LabelCounts = field(default_factory=LabelCounts)
    fields: dict[str, int] = field(default_factory=dict)
    """For each field, the number of rows whose value differs from another rollout of the same record."""

    questions: int = 0
    """Number of questions that judges answered, if they count them."""

    @property
    def mean(self) -> float | None:
        """Mean reward, or None without any reward."""
        return self.total / self.rewards if self.rewards else None

    @property
    def possible(self) -> bool:
        """False if these totals cannot occur, as in a damaged file."""
        counts = (
            self.wires,
            self.agreed,
            self.disagreed,
            self.unlabeled,
            self.questions,
            *self.errors.values(),
            *self.fields.values(),
        )
        known = {bound is not None for bound in (self.lowest, self.highest)}
        return (
            0 <= self.rewards <= self.gradings
            and min(counts) >= 0
            and known == {self.rewards > 0}
            and self.labels.possible
        )

    def add(self, row: Row, middle: float | None = None, rule: LabelRule = PLAIN) -> None:
        """Count one row.

        Args:
            row: The row; its label is counted if it has one.
            middle: The middle of the grader's range, above which a reward means yes, or None if unknown.
            rule: The rule for interpreting labels.
        """
        self.gradings += 1
        reward = row["reward"]
        if reward is None:
            kind, _ = failure_of(row)
            self.errors[kind] = self.errors.get(kind, 0) + 1
        else:
            self.rewards += 1
            self.total += reward
            if self.lowest is None or reward < self.lowest:
                self.lowest = reward
            if self.highest is None or reward > self.highest:
                self.highest = reward
        if "wires" in row:
            self.wires += 1
        if metrics := row["metrics"]:
            self.questions += judge_questions(metrics)
        if "fields" in row:
            for name in row["fields"]:
                self.fields[name] = self.fields.get(name, 0) + 1
        if "label" in row:
            self._add_label(row, middle, rule)

    def add_all(self, rows: Iterable[Row], middle: float | None = None, rule: LabelRule = PLAIN) -> None:
        """Count several rows. The other arguments are those of `add`."""
        for row in rows:
            self.add(row, middle, rule)

    def _add_label(self, row: Row, middle: float | None, rule: LabelRule) -> None:
        reward = row["reward"]
        if reward is not None:
            self.labels.add(reward, row["label"], rule, middle)
        verdict = rule.agreement(reward, row["label"], middle)
        if verdict is None:
            self.unlabeled += 1
        elif verdict:
            self.agreed += 1
        else:
            self.disagreed += 1

    def merge(self, other: Totals) -> None:
        """Add other totals."""
        for name in (
            "gradings",
            "rewards",
            "total",
            "wires",
            "agreed",
            "disagreed",
            "unlabeled",
            "questions",
        ):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.labels.merge(other.labels)
        lows = [low for low in (self.lowest, other.lowest) if low is not None]
        highs = [high for high in (self.highest, other.highest) if high is not None]
        self.lowest, self.highest = min(lows, default=None), max(highs, default=None)
        self.errors = dict(Counter(self.errors) + Counter(other.errors))
        self.fields = dict(Counter(self.fields) + Counter(other.fields))

    def to_json(self) -> dict[str, Any]:
        """Return the totals as JSON, with the mean."""
        return {**asdict(self), "mean": self.mean}


def total_of(shards: Mapping[int, Totals]) -> Totals:
    """Return the totals of a whole run.

    Shards are added in order, so that a resumed run gets exactly the same sum.

    Args:
        shards: The totals of each shard, by its number.
    """
    whole = Totals()
    for _, totals in sorted(shards.items()):
        whole.merge(totals)
    return whole


def judge_questions(metrics: Mapping[str, float]) -> int:
    """Return the number of questions that judges answered for a sample, also in a combined grader."""
    return sum(int(metrics[name]) for name in metrics_named(QUESTIONS, metrics))


def metrics_named(name: str, metrics: Iterable[str]) -> list[str]:
    """Return the metrics with this name, which a combined grader prefixes with the name of its part.

    Args:
        name: Name of the metric in the part itself.
        metrics: Names of a grading's metrics.
    """
    return [metric for metric in metrics if metric == name or metric.endswith(f".{name}")]


def failure_of(row: Row) -> tuple[str, str]:
    """Return the kind and message of a row without a reward."""
    error = row["error"]
    assert error is not None  # `parse_row` and `grade_batch` ensure it
    return error["kind"], error["message"]


def no_rewards(rewards: Path, errors: Mapping[str, int]) -> InputError:
    """Return the error for a run without any reward.

    Args:
        rewards: The file with the run's rows.
        errors: Number of rows without a reward, by kind.
    """
    fix = f"`rft show {rewards.parent}` lists the failures. Replay again once the cause is fixed."
    what, place = "no rollout of this run has a reward", str(rewards.parent)
    if not errors:
        return InputError(what, place=place, fix=fix)
    kind = max(errors, key=lambda name: errors[name])
    first = next(failure_of(row) for row in read_rows(rewards) if (row["error"] or {}).get("kind") == kind)
    count, total = errors[kind], sum(errors.values())
    said = f"{what}: {count:,} of {total:,} gradings failed with {kind}: {shortened(first[1])}"
    return InputError(said, place=place, fix=fix)


def sample_name(row: Row) -> str:
    """Return the name by which `rft show RUN` finds a sample: its id, or its offset if the id is long."""
    name = str(row["id"])
    return f"at-{row['at']}" if row["id"] is None or len(name) > _LONGEST_NAME else name
