"""Selects gradings of a run by failure, disagreement, record, or a condition on their values."""

from __future__ import annotations

import math
import operator
import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from harness.errors import InputError
from harness.printable import named
from harness.replay.grading import ALL_WIRES
from harness.runs.facts import Bounds, middle_of
from harness.runs.labels import not_compared
from harness.runs.rows import Row
from harness.runs.store import Run
from harness.signal.groups import TOLERANCE

__all__ = ["ChosenRows", "Condition", "RowFilter", "choose_rows", "read_condition"]

_FIELDS = ("reward", "label", "length", "finish", "error")
_OPERATORS: Final[dict[str, Callable[[float, float], bool]]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_SIGN = re.compile(r"!=|<=|>=|=|<|>")
_METRICS = "metrics."
_NAMED = 20
"""Maximum number of metrics named in a message."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition on one value of a grading."""

    name: str
    """`reward`, `label`, `length`, `finish`, `error` (the kind of a failure), or `metrics.NAME`."""
    sign: str
    """`=`, `!=`, `<`, `<=`, `>` or `>=`."""
    text: str
    """The value to compare with, as the user wrote it."""
    number: float | None
    """The value to compare with as a number; None if the user wrote something else."""

    def value_in(self, row: Row) -> Any:
        """Return the value that this condition tests in a grading, or None if the grading has none."""
        if self.name == "error":
            error = row["error"]
            return None if error is None else error["kind"]
        if self.name.startswith(_METRICS):
            return row["metrics"].get(self.name.removeprefix(_METRICS))
        return row.get(self.name)

    def holds(self, value: Any) -> bool:
        """Return True if a value satisfies the condition. A missing value never does."""
        if value is None:
            return False
        if isinstance(value, bool):
            value = "true" if value else "false"
        if isinstance(value, int | float) and self.number is not None:
            try:
                gap = value - self.number
            except OverflowError:  # the integer is too large for a float
                gap = math.inf if value > 0 else -math.inf
            return _OPERATORS[self.sign](0.0 if abs(gap) <= TOLERANCE else gap, 0.0)
        same = str(value) == self.text or str(value).lower() == self.text.lower() in ("true", "false")
        return same if self.sign == "=" else not same if self.sign == "!=" else False


def read_condition(text: str) -> Condition:
    """Parse one condition of `--where`.

    Args:
        text: A name, an operator and a value, as in `reward<0.5` or `label=true`. A metric is given by its
            name, or as `metrics.NAME` if another value has the same name. If a metric's name contains
            operators, the last one followed by a number counts.

    Raises:
        InputError: The argument is not a condition, or orders a value that has no order.
    """
    found = _divided(text)
    if found is None:
        raise InputError(
            f"--where {text!r} is not a condition",
            fix="Write NAME=VALUE, NAME<VALUE or NAME>VALUE, as in --where 'reward<0.5'.",
        )
    name, sign, value = found
    number = _number(value)
    texts = name in ("label", "finish", "error")
    if number is None and (sign not in ("=", "!=") or not texts):
        raise InputError(
            f"--where {text!r} compares with {value!r}, which is not a number", fix="Write a number."
        )
    if sign not in ("=", "!=") and name in ("finish", "error"):
        raise InputError(f"--where {text!r}: {name} has no order", fix=f"Write {name}=VALUE.")
    return Condition(name, sign, value, number)


def _divided(text: str) -> tuple[str, str, str] | None:
    """Split a condition into its name, operator and value."""
    for name in _FIELDS:
        rest = text.removeprefix(name)
        sign = _SIGN.match(rest.lstrip())
        if rest != text and sign is not None and rest.lstrip()[sign.end() :].strip():
            return name, sign[0], rest.lstrip()[sign.end() :].strip()
    for sign in reversed(list(_SIGN.finditer(text))):
        name, value = text[: sign.start()].strip().removeprefix(_METRICS), text[sign.end() :].strip()
        if name and _number(value) is not None:
            return _METRICS + name, sign[0], value
    sign = _SIGN.search(text)
    if sign is None or not text[: sign.start()].strip() or not text[sign.end() :].strip():
        return None
    return _METRICS + text[: sign.start()].strip(), sign[0], text[sign.end() :].strip()


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


@dataclass(frozen=True, slots=True)
class RowFilter:
    """The conditions for selecting gradings; all of them must hold."""

    failed: bool = False
    """True to select only gradings without a reward."""
    disagree: bool = False
    """True to select only gradings whose reward contradicts the label or differs between wire formats."""
    group: str | None = None
    """Name of the record whose gradings to select, or the ID of one of its samples."""
    where: tuple[Condition, ...] = ()


@dataclass(slots=True)
class ChosenRows:
    """The gradings that a filter selects."""

    middle: float | None
    """Middle of the grader's range, above which a reward means yes; None if unknown."""
    gradings: int = 0
    """Number of all gradings, selected or not."""
    count: int = 0
    rewards: int = 0
    """Selected gradings with a reward."""
    total: float = 0.0
    """Sum of the selected gradings' rewards."""
    errors: dict[str, int] = field(default_factory=Counter)
    """Selected gradings without a reward, by kind."""
    rows: list[Row] = field(default_factory=list)
    """The first selected gradings."""

    @property
    def mean(self) -> float | None:
        """Mean reward of the selected gradings; None if none of them has a reward."""
        return self.total / self.rewards if self.rewards else None


def choose_rows(run: Run, asked: RowFilter, most: int, bounds: Bounds | None = None) -> ChosenRows:
    """Select the gradings of a run that pass a filter, in the order of its rollouts.

    Args:
        run: A completed run.
        asked: The filter to apply.
        most: Maximum number of rows to keep. All are counted.
        bounds: The grader's range, if the run has not recorded it.

    Raises:
        InputError: The run is not complete, its grader has another range, no grading has the value that
            a condition tests, or no reward can be compared with its label.
    """
    found, facts = ChosenRows(middle_of(run.bounds(bounds))), run.facts
    if asked.disagree and facts.label is None and facts.wire != ALL_WIRES:
        raise InputError(
            "the run was replayed without a label and in one wire format, so nothing can disagree",
            place=str(run.folder),
            fix="Replay again with --label FIELD or --wire all.",
        )
    middle, rule = found.middle, facts.label_rule
    group = None if asked.group is None else _group_named(run, asked.group)
    compared = 0
    seen: set[Condition] = set()
    metrics: dict[str, None] = {}
    for row in run.rows():
        found.gradings += 1
        values = [(condition, condition.value_in(row)) for condition in asked.where]
        seen.update(condition for condition, value in values if value is not None)
        if asked.where and len(metrics) <= _NAMED:
            metrics.update(dict.fromkeys(row["metrics"]))
        reward = row["reward"]
        agrees = rule.agreement(reward, row.get("label"), middle) if asked.disagree else None
        compared += agrees is not None
        if (asked.failed and reward is not None) or (group is not None and row["group"] != group):
            continue
        if asked.disagree and agrees is not False and "wires" not in row:
            continue
        if not all(condition.holds(value) for condition, value in values):
            continue
        found.count += 1
        if reward is None:
            kind = (row["error"] or {})["kind"]
            found.errors[kind] = found.errors.get(kind, 0) + 1
        else:
            found.rewards += 1
            found.total += reward
        if len(found.rows) < most:
            found.rows.append(row)
    if asked.disagree and not compared and facts.label is not None and facts.wire != ALL_WIRES:
        raise not_compared(facts.label, range_known=middle is not None, place=str(run.folder))
    _check_seen(run, [condition for condition in asked.where if condition not in seen], list(metrics))
    return found


def _group_named(run: Run, name: str) -> str:
    """Find a record by its name or by the ID of one of its samples.

    Raises:
        InputError: The run has no such record.
    """
    of_sample = None
    for row in run.rows():
        if row["group"] == name:
            return name
        if of_sample is None and name in (str(row["id"]), f"at-{row['at']}"):
            of_sample = row["group"]
    if of_sample is None:
        raise InputError(
            f"there is no record {name!r} in this run",
            place=str(run.folder),
            fix="Name a record, or the id of one of its samples.",
        )
    return of_sample


def _check_seen(run: Run, missing: Iterable[Condition], metrics: list[str]) -> None:
    """Reject a condition on a value that no grading has, because an empty result would be misleading.

    Raises:
        InputError: A condition compares a value that no grading has.
    """
    for condition in missing:
        name = condition.name.removeprefix(_METRICS)
        fix = {
            "label": "Replay again with --label FIELD.",
            "length": "An older version wrote this run: replay it again.",
            "finish": "Its rollouts have no finish_reason, or an older version wrote this run.",
            "reward": "No grading has a reward: look at --failed.",
            "error": "Every grading has a reward.",
        }.get(condition.name, f"It has {named(metrics, _NAMED)}." if metrics else "It has no metrics.")
        raise InputError(f"no grading of this run has a {name!r}", place=str(run.folder), fix=fix)
