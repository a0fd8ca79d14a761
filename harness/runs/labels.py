"""Interprets labels, which are known verdicts on rollouts, and compares rewards with them.

All counts here need one pass and little memory. Ranks need all pairs, so they are counted in
`harness.runs.rank_correlation`.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite, sqrt
from typing import Any

from harness.errors import InputError

TOLERANCE = 1e-9
VERDICTS = "A label is true, false or a number; --label-true names the strings that mean yes."
_MOST = 1e100
"""Larger numbers are not correlated, because the sum of their squares would overflow a float."""


@dataclass(frozen=True, slots=True)
class LabelRule:
    """The rule for interpreting labels.

    Raises:
        InputError: The numbers are not finite, or contradict each other.
    """

    tolerance: float = TOLERANCE
    """Allowed difference between a reward and a numeric label."""
    threshold: float | None = None
    """Smallest number that means yes. Lower numbers mean no. None if a number is the expected reward."""
    true: tuple[str, ...] = ()
    """Strings that mean yes. Any other string means no. If empty, only "true" and "false" are labels."""

    def __post_init__(self) -> None:
        if not (isfinite(self.tolerance) and self.tolerance >= 0):
            raise InputError(f"a label tolerance cannot be {self.tolerance:g}", fix="Use 0 or more.")
        if self.threshold is None:
            return
        if not isfinite(self.threshold):
            raise InputError(f"a label threshold cannot be {self.threshold:g}")
        if self.tolerance != TOLERANCE:
            raise InputError(
                "a label threshold turns a number into yes or no, so a tolerance has no effect",
                fix="Leave the tolerance or the threshold out.",
            )

    def says(self, label: Any) -> bool | float | None:
        """Return True or False, the expected reward, or None if the label is not a verdict."""
        if isinstance(label, bool):
            return label
        if isinstance(label, str):
            if self.true:
                return label in self.true
            return {"true": True, "false": False}.get(label.strip().lower())
        if not isinstance(label, int | float):
            return None
        try:
            number = float(label)
        except OverflowError:  # an integer too large for a float: no reward equals it
            number = 1.7e308 if label > 0 else -1.7e308
        if not isfinite(number):
            return None
        return number if self.threshold is None else number >= self.threshold

    def number(self, reward: float, label: Any) -> float | None:
        """Return a numeric label to correlate with rewards, ignoring the threshold, or None."""
        if isinstance(label, bool | str) or self.says(label) is None:
            return None
        return None if abs(label) > _MOST or abs(reward) > _MOST else float(label)

    def agreement(self, reward: float | None, label: Any, middle: float | None) -> bool | None:
        """Return True if a reward agrees with a label, or None if they cannot be compared.

        A yes label agrees with a reward above the middle of the range, a no label with a reward at or below
        the middle, and a numeric label with an equal reward.
        """
        said = self.says(label)
        if reward is None or said is None:
            return None
        if isinstance(said, bool):
            return None if middle is None else (reward > middle) == said
        return abs(reward - said) <= self.tolerance


PLAIN = LabelRule()


def label_rule(
    label: str | None, threshold: float | None, tolerance: float | None, true: tuple[str, ...]
) -> LabelRule:
    """Return the rule that a user chose.

    Raises:
        InputError: No label field is named, or the parts of the rule contradict each other.
    """
    if label is None and (threshold is not None or tolerance is not None or true):
        raise InputError(
            "there is a rule for reading a label, but no label", fix="Name the label's field with --label."
        )
    return LabelRule(TOLERANCE if tolerance is None else tolerance, threshold, true)


def not_compared(label: str, *, range_known: bool, place: str, options: str = "") -> InputError:
    """Return the error for a run in which no reward could be compared with a label.

    Args:
        label: The label field.
        range_known: True if the grader's range is known.
        place: Position of the rewards, for the message.
        options: Options to add to the command together with `--range`.
    """
    what = f"no rollout with a reward has a verdict in the field {label!r}"
    if range_known:
        fix = VERDICTS
    else:
        what += " that can be compared: the grader's range is not known"
        fix = f"Add {options}--range LOW HIGH: true and false are compared with the middle of the range."
    return InputError(what, place=place, fix=fix)


@dataclass(slots=True)
class LabelCounts:
    """Comparison of rewards and labels: a confusion table for yes and no, and the sums for a correlation."""

    true_above: int = 0
    """Number of yes labels whose reward is above the middle of the range."""
    true_below: int = 0
    """Number of yes labels whose reward is at the middle of the range or below."""
    false_above: int = 0
    false_below: int = 0
    numbers: int = 0
    """Number of numeric labels with a reward."""
    reward_mean: float = 0.0
    label_mean: float = 0.0
    reward_spread: float = 0.0
    """Sum of squared distances from the mean."""
    label_spread: float = 0.0
    joint_spread: float = 0.0

    @property
    def told(self) -> int:
        """Number of rewards in the confusion table."""
        return self.true_above + self.true_below + self.false_above + self.false_below

    @property
    def pearson(self) -> float | None:
        """Pearson correlation of rewards and numeric labels, or None if either is constant."""
        scale = sqrt(self.reward_spread) * sqrt(self.label_spread)
        return max(-1.0, min(1.0, self.joint_spread / scale)) if scale else None

    @property
    def possible(self) -> bool:
        """False if the numbers cannot occur, as in a damaged file."""
        counts = (self.true_above, self.true_below, self.false_above, self.false_below, self.numbers)
        return min(*counts, self.reward_spread, self.label_spread) >= 0

    def add(self, reward: float, label: Any, rule: LabelRule, middle: float | None) -> None:
        """Count one reward and its label."""
        said = rule.says(label)
        if isinstance(said, bool) and middle is not None:
            above = reward > middle
            self.true_above += said and above
            self.true_below += said and not above
            self.false_above += not said and above
            self.false_below += not said and not above
        number = rule.number(reward, label)
        if number is not None:
            self.merge(LabelCounts(numbers=1, reward_mean=reward, label_mean=number))

    def merge(self, other: LabelCounts) -> None:
        """Add another comparison's counts."""
        self.true_above += other.true_above
        self.true_below += other.true_below
        self.false_above += other.false_above
        self.false_below += other.false_below
        if not other.numbers:
            return
        n = self.numbers + other.numbers
        rewards, labels = other.reward_mean - self.reward_mean, other.label_mean - self.label_mean
        weight = self.numbers * other.numbers / n
        self.reward_spread += other.reward_spread + rewards * rewards * weight
        self.label_spread += other.label_spread + labels * labels * weight
        self.joint_spread += other.joint_spread + rewards * labels * weight
        self.reward_mean += rewards * other.numbers / n
        self.label_mean += labels * other.numbers / n
        self.numbers = n

    def to_json(self) -> dict[str, int | float | None]:
        """Return the content of `lines` as JSON."""
        return {
            "true_above": self.true_above,
            "true_below": self.true_below,
            "false_above": self.false_above,
            "false_below": self.false_below,
            "n": self.told,
            "pearson": self.pearson,
            "pearson_n": self.numbers,
        }

    def lines(self) -> list[str]:
        """Return the table and the correlation as lines of text, without parts that were not counted."""
        said = []
        if self.told:
            said += [
                f"label true:  {self.true_above:,} above the middle of the range, {self.true_below:,} not",
                f"label false: {self.false_above:,} above the middle of the range, {self.false_below:,} not",
            ]
        if self.numbers:
            known = "unknown: one of the two never changes" if self.pearson is None else f"{self.pearson:.3f}"
            said.append(f"Pearson correlation with the label: {known}  n {self.numbers:,}")
        return said
