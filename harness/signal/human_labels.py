"""Interprets human labels of rollouts as yes or no, or as rewards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.errors import InputError
from harness.printable import named, shortened
from harness.runs.facts import Bounds, check_bounds
from harness.runs.labels import PLAIN, LabelRule
from harness.runs.rows import Row
from harness.signal.label_source import LabelSource

__all__ = ["HumanLabels", "LabelReading", "read_value"]

_NAMED = 3
_MOST = 1e100
"""Largest number allowed as a label, because the squares of larger numbers overflow."""


@dataclass(frozen=True, slots=True)
class LabelReading:
    """The rule for interpreting a human label as yes or no, or as a reward.

    Raises:
        InputError: Two settings contradict each other.
    """

    rule: LabelRule = PLAIN
    values: Mapping[str, float] = field(default_factory=dict)
    """The reward for each label that is a string."""
    range: Bounds | None = None
    """The ends of the human scale, which correspond to the ends of the grader's range; None if numeric labels
    are the expected rewards themselves."""

    def __post_init__(self) -> None:
        """Reject two interpretations of the same label."""
        if self.range is not None:
            low, high = self.range
            if low >= high:
                what = f"labels from {low:g} to {high:g} are not a scale"
                raise InputError(what, fix="Put the smaller end first, as in --label-range 1 5.")
            check_bounds(self.range)
            if self.rule.threshold is not None:
                raise InputError(
                    "a label threshold turns numbers into yes or no, so a label range has no effect",
                    fix="Leave one of them out.",
                )
        if self.values and (self.rule.true or self.rule.threshold is not None):
            raise InputError(
                "texts can mean numbers or yes and no, but not both",
                fix="Leave out --label-value, or --label-true and --label-threshold.",
            )

    def read(self, label: Any, bounds: Bounds | None) -> bool | float | None:
        """Interpret a label as yes or no or as a reward. Return None if it is neither.

        Args:
            label: The field's value.
            bounds: The grader's range, to which the labels' range is mapped.
        """
        if isinstance(label, str) and self.values:
            return self.values.get(label)
        said = self.rule.says(label)
        if not isinstance(said, bool) and said is not None and abs(said) > _MOST:
            return None
        if said is None or isinstance(said, bool) or self.range is None or bounds is None:
            return said
        low, high = self.range
        return bounds[0] + (said - low) / (high - low) * (bounds[1] - bounds[0])


def read_value(text: str) -> tuple[str, float]:
    """Parse one `--label-value` into a label and its reward.

    Args:
        text: `TEXT=REWARD`, as in `fair=0.5`.

    Raises:
        InputError: The argument does not have this form.
    """
    name, sign, number = text.rpartition("=")
    try:
        value = float(number)
    except ValueError:
        value = float("nan")
    if not (name and sign and abs(value) < _MOST):
        fix = "Write the label and its reward, as in --label-value fair=0.5."
        raise InputError(f"--label-value {text!r} is not a label with a reward", fix=fix)
    return name, value


class HumanLabels:
    """Interprets the labels of rollouts, one field per rater.

    Args:
        source: The labels.
        scale: The rule for interpreting them.
        bounds: The grader's range; None if unknown.

    Raises:
        InputError: The scale needs the grader's range, which is unknown.
    """

    def __init__(self, source: LabelSource, scale: LabelReading, bounds: Bounds | None) -> None:
        self.source, self.scale, self._bounds = source, scale, bounds
        if scale.range is not None and bounds is None:
            what = "a label range is mapped to the grader's range, which is not known"
            raise InputError(what, fix="Add --range LOW HIGH.")
        self._unread: list[Any] = []
        self._kinds: dict[type, str] = {}
        """Types of the labels seen so far, each with the first field that had it."""
        self._numbers: list[float] = []
        """Smallest and largest numeric label, as written in the file."""

    def of(self, row: Row) -> list[bool | float | None]:
        """Return each rater's label of a rollout."""
        values = zip(self.source.names, self.source.of(row), strict=True)
        return [self._read(name, label) for name, label in values]

    def _read(self, name: str, label: Any) -> bool | float | None:
        said = self.scale.read(label, self._bounds)
        if said is None:
            if label is not None and len(self._unread) < _NAMED and label not in self._unread:
                self._unread.append(label)
            return None
        self._kinds.setdefault(type(said), name)
        if not isinstance(said, bool):
            number = said if isinstance(label, str) else float(label)
            ends = [*self._numbers, number]
            self._numbers = [min(ends), max(ends)]
        return said

    @property
    def numeric(self) -> bool:
        """True if labels are numbers rather than yes or no."""
        return float in self._kinds

    def check(self) -> None:
        """Check, after all labels have been read, that they can be compared with rewards.

        Raises:
            InputError: No label is usable, labels have different types, or numbers are outside the scale.
        """
        name = self.source.names[0]
        if not self._kinds:
            labels = named([shortened(repr(label), 20) for label in self._unread])
            what = f"no rollout with a reward has a label in {name!r} that can be read"
            fix = "--label-true names strings that mean yes, --label-value the reward for a string."
            raise InputError(f"{what}: {labels}" if labels else what, fix=fix)
        if len(self._kinds) > 1:
            yes, numbers = self._kinds[bool], self._kinds[float]
            others = "others" if yes == numbers else f"those in {numbers!r}"
            what = f"labels in {yes!r} are yes or no, {others} are numbers"
            fix = "Use one kind, or --label-threshold X to read numbers as yes or no."
            raise InputError(what, fix=fix)
        ends = self.scale.range or self._bounds
        if not self._numbers or ends is None or ends[0] <= self._numbers[0] <= self._numbers[1] <= ends[1]:
            return
        where = "the scale of labels" if self.scale.range else "the grader's range"
        raise InputError(
            f"labels in {name!r} run from {self._numbers[0]:g} to {self._numbers[1]:g},"
            f" but {where} is from {ends[0]:g} to {ends[1]:g}",
            fix="Give the ends of their scale, as in --label-range 1 5, or use --label-threshold X.",
        )
