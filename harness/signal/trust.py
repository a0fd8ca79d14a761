"""Decides whether a grader's verdicts can be trusted, and lists the limitations of this conclusion."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from harness.signal.advice import NOISY
from harness.signal.statistic import Statistic

__all__ = ["KAPPA", "LABELS", "Rater", "Trust", "TrustGrounds", "trust_in"]

KAPPA: Final = 0.7
"""A judge with at least this kappa is commonly accepted in place of a human. Landis and Koch (1977) call
0.61 to 0.80 substantial. The exact limit is our choice."""
LABELS: Final = 100
"""With fewer labels, the interval is too wide for a decision. This number is common practice."""
# The following two limits are our choice.
RARE: Final = 0.05
"""If the less frequent label has less than this share, kappa depends on very few rollouts."""
FAILED: Final = 0.05
"""If this share of gradings has no reward, those with a reward may be the easier ones."""


@dataclass(frozen=True, slots=True)
class Trust:
    """Verdict on a calibration."""

    verdict: Literal["trust", "do not trust", "undecided", "not measured"]
    why: str
    """The reason, as a clause."""
    warnings: tuple[str, ...] = ()
    """Limitations of the verdict, one sentence each."""

    @property
    def sentence(self) -> str:
        """The verdict in one sentence."""
        return f"{self.verdict.capitalize()}: {self.why}."


@dataclass(frozen=True, slots=True)
class Rater:
    """Agreement between another rater's labels and those of the first rater, and with the grader."""

    label: str
    """The label field."""
    with_first: Statistic
    """Kappa between this rater and the first."""
    with_grader: Statistic
    """Kappa between this rater and the grader."""


@dataclass(frozen=True, slots=True)
class TrustGrounds:
    """The statistics on which the verdict is based."""

    label: str | None
    """The label field; None without labels."""
    kappa: Statistic
    noise: Statistic
    """Noise as a share of the variance within records, or of the total variance."""
    noise_of: str
    position_bias: Statistic
    """Share of verdicts for the label listed first, minus the share expected if order had no effect."""
    labeled: int
    rarer: float | None
    """Share of the less frequent label, yes or no; None for numeric labels."""
    raters: Sequence[Rater]
    gradings: int
    failed: int
    """Number of gradings without a reward."""
    unlabeled: int
    """Number of rollouts without a usable label."""
    unmatched: int
    """Number of labels in a separate file that belong to no rollout with a reward."""
    seen: Sequence[str]
    """The label fields that the grader could see."""


def trust_in(grounds: TrustGrounds) -> Trust:
    """Decide whether to trust a grader, by its kappa first and then by its noise."""
    kappa, warnings = grounds.kappa, tuple(_warnings(grounds))
    if kappa.value is None or kappa.low is None or kappa.high is None:
        return Trust("not measured", f"agreement with labels: {kappa.why}", warnings)
    figure = f"kappa with {grounds.label} is {kappa.value:.2f}, between {kappa.low:.2f} and {kappa.high:.2f}"
    noise = grounds.noise.value
    if kappa.high < KAPPA:
        return Trust("do not trust", f"{figure}, below {KAPPA:g}", warnings)
    if noise is not None and noise >= NOISY:
        what = f"{noise:.0%} of the variance {grounds.noise_of} is the grader's own noise"
        return Trust("do not trust", f"{what}, though {figure}", warnings)
    if kappa.low < KAPPA:
        return Trust("undecided", f"{figure}, on both sides of {KAPPA:g}", warnings)
    return Trust("trust", figure, warnings)


def _warnings(grounds: TrustGrounds) -> Iterator[str]:
    if grounds.seen:
        fields = " and ".join(grounds.seen)
        yield f"the grader could see the label {fields}: replay with --label, which hides it"
    if grounds.label is not None:
        yield from _of_labels(grounds, grounds.label)
    yield from _of_noise(grounds)
    if grounds.failed > FAILED * grounds.gradings:
        failed = f"{grounds.failed:,} of {grounds.gradings:,} gradings have no reward"
        yield f"{failed}; the others may be the easier ones"


def _of_labels(grounds: TrustGrounds, label: str) -> Iterator[str]:
    if grounds.labeled < LABELS:
        yield f"{grounds.labeled:,} labels are few: below {LABELS} the intervals are too wide to decide much"
    if grounds.rarer is not None and 0.0 < grounds.rarer < RARE:
        yield f"only {grounds.rarer:.1%} of the labels say the rarer of yes and no: label more of those"
    if not grounds.raters:
        yield "labels of one rater: whether two people agree is unknown; --label OTHER names a second one"
    for rater in grounds.raters:
        if rater.with_first.value is not None and rater.with_first.value < KAPPA:
            people = f"{label} and {rater.label} agree with a kappa of only {rater.with_first.value:.2f}"
            yield f"{people}: no judge can do better than people do, and the question may be unclear"
    if grounds.kappa.value is not None and grounds.kappa.value < KAPPA:
        yield f"kappa is below {KAPPA:g}: look at the disagreements, and make the question or rubric clearer"
    if grounds.unmatched:
        yield f"labels in the file whose id belongs to no rollout with a reward: {grounds.unmatched:,}"
    if grounds.labeled and grounds.unlabeled:
        yield f"rollouts with a reward but no usable label, which do not count: {grounds.unlabeled:,}"


def _of_noise(grounds: TrustGrounds) -> Iterator[str]:
    noise, bias = grounds.noise, grounds.position_bias
    if noise.value is not None and noise.value >= NOISY:
        yield f"noise is at least as large as the real differences {grounds.noise_of}: add repeats"
    if bias.value is not None and bias.low is not None and bias.high is not None:
        if not bias.low <= 0.0 <= bias.high:
            much = f"{abs(bias.value):.1%} {'more' if bias.value > 0 else 'less'} often than it should"
            even = "as many repeats as labels, or twice as many, even it out"
            yield f"the judge chooses the label listed first {much}: {even}"
