"""Random judges with known noise, bias and agreement, to test estimates of them.

Records differ in difficulty, so the rollouts of one record are similar, as in real data.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np

__all__ = ["Graded", "NumberJudge", "YesNoJudge"]


@dataclass(frozen=True)
class Graded:
    """A judge's gradings of one rollout, and a person's label."""

    record: str
    rewards: list[float]
    label: float


@dataclass(frozen=True)
class YesNoJudge:
    """A judge that answers 0 or 1, and a person who makes random errors.

    Each rollout is right or wrong, and the judge may misread it. A misread rollout is judged wrongly in
    nearly every grading, so not all disagreement is noise.
    """

    hard: tuple[float, float] = (0.3, 0.8)
    """Share of right rollouts in each of the two kinds of records."""
    person: float = 0.05
    """Probability that the person errs."""
    misread: float = 0.05
    """Probability that the judge misreads a rollout."""
    too_kind: float = 0.15
    """Probability that the judge says yes to a wrong rollout."""
    too_strict: float = 0.08
    """Probability that the judge says no to a right rollout."""

    def draw(self, seed: int, records: int, rollouts: int, repeats: int) -> list[Graded]:
        """Draw rollouts for each record, each graded several times."""
        random = np.random.default_rng(seed)
        found = []
        for record in range(records):
            share = self.hard[random.integers(2)]
            for _ in range(rollouts):
                truth, misread = random.random() < share, random.random() < self.misread
                label = float(truth ^ (random.random() < self.person))
                said = random.random(repeats) < self._yes(truth, misread)
                found.append(Graded(f"p{record}", [float(one) for one in said], label))
        return found

    def _yes(self, truth: bool, misread: bool) -> float:
        return 1 - self.too_strict if truth ^ misread else self.too_kind

    def _cells(self) -> list[tuple[float, float, float, float]]:
        """Return each case's probability, the judge's and the person's chances of a yes, and the share of
        right rollouts.
        """
        cells = []
        for share, truth, misread in product(self.hard, (False, True), (False, True)):
            chance = 0.5 * (share if truth else 1 - share) * (self.misread if misread else 1 - self.misread)
            person = 1 - self.person if truth else self.person
            cells.append((chance, self._yes(truth, misread), person, share))
        return cells

    @property
    def kappa(self) -> float:
        """Cohen's kappa between one grading and the label."""
        cells = self._cells()
        judge, person = (sum(cell[0] * cell[side] for cell in cells) for side in (1, 2))
        agreed = sum(chance * (yes * other + (1 - yes) * (1 - other)) for chance, yes, other, _ in cells)
        by_chance = judge * person + (1 - judge) * (1 - person)
        return (agreed - by_chance) / (1 - by_chance)

    @property
    def flips(self) -> float:
        """Probability that two gradings of a rollout differ."""
        return sum(chance * 2 * yes * (1 - yes) for chance, yes, *_ in self._cells())

    @property
    def noise_of_total(self) -> float:
        """Variance between repeats as a share of the variance of all gradings."""
        judge = sum(chance * yes for chance, yes, *_ in self._cells())
        return self.flips / 2 / (judge * (1 - judge))

    @property
    def noise_within(self) -> float:
        """Variance between repeats as a share of the variance within records."""
        within = 0.0
        for share in self.hard:
            cells = [cell for cell in self._cells() if cell[3] == share]
            judge = 2 * sum(chance * yes for chance, yes, *_ in cells)
            within += 0.5 * judge * (1 - judge)
        return self.flips / 2 / within


@dataclass(frozen=True)
class NumberJudge:
    """A judge and a person who both see the truth with normally distributed noise."""

    of_record: float = 1.0
    """Standard deviation of the truth between records."""
    of_rollout: float = 1.0
    """Standard deviation of the truth between the rollouts of a record."""
    person: float = 0.4
    noise: float = 0.6
    bias: float = 0.3

    def draw(self, seed: int, records: int, rollouts: int, repeats: int) -> list[Graded]:
        """Draw rollouts for each record, each graded several times."""
        random = np.random.default_rng(seed)
        found = []
        for record in range(records):
            middle = random.normal(0, self.of_record)
            for _ in range(rollouts):
                truth = middle + random.normal(0, self.of_rollout)
                rewards = truth + self.bias + random.normal(0, self.noise, repeats)
                found.append(Graded(f"p{record}", rewards.tolist(), truth + random.normal(0, self.person)))
        return found

    @property
    def kappa(self) -> float:
        """Lin's concordance correlation between one grading and the label."""
        truth = self.of_record**2 + self.of_rollout**2
        return 2 * truth / (2 * truth + self.noise**2 + self.person**2 + self.bias**2)

    @property
    def noise_of_total(self) -> float:
        """Variance between repeats as a share of the variance of all gradings."""
        return self.noise**2 / (self.of_record**2 + self.of_rollout**2 + self.noise**2)

    @property
    def noise_within(self) -> float:
        """Variance between repeats as a share of the variance within records."""
        return self.noise**2 / (self.of_rollout**2 + self.noise**2)
