"""Compares the rehearsal's predictions with the results of GRPO by rank correlation, sign and warning."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import fmean
from typing import Final

from benchmarks.grpo.graders_compared import KINDS, Kind
from benchmarks.grpo.results import Change, Point, RealRun, Rehearsed
from benchmarks.grpo.worlds import World
from harness.conclusions.length_pay import rank_correlation_of
from harness.conclusions.reward_warnings import RULES

CONSTANT: Final = "constant"
"""The grader that gives all answers the same reward, so that no style is amplified or ranked."""

_LEAST: Final = 0.005
"""Smaller shares are raised to this minimum, because a few answers out of 1,600 may be chance."""
_FALL: Final = 0.02
"""The smallest decrease in the share of right answers that counts as harm."""
_TREBLED: Final = 3.0
_FLAT: Final = {"reward": 0.02, "right": 0.02, "length": 2.0}
"""The smallest change that has a sign. For the reward, it is a fraction of the grader's range."""


@dataclass(frozen=True, slots=True)
class Case:
    """One grader in one world, with a GRPO run for each seed and the rehearsal's result."""

    world: World
    grader: str
    runs: Sequence[RealRun]
    said: Rehearsed

    @property
    def name(self) -> str:
        return f"{self.world.number}:{self.grader}"

    @property
    def kind(self) -> Kind:
        return KINDS[self.grader]

    @property
    def last(self) -> int:
        return self.runs[0].steps

    def real(self, step: int, figure: Callable[[Point], float]) -> Change:
        """Return a figure of the real models before training and after `step`, averaged over the seeds."""
        return Change(*(fmean(figure(run.points[str(at)]) for run in self.runs) for at in (0, step)))

    def bred(self, step: int, run: RealRun | None = None) -> list[float]:
        """Return how much GRPO amplified each style, in one run or from the mean shares of all runs."""
        runs = self.runs if run is None else [run]
        shares = (
            Change(*(fmean(one.points[str(at)].styles[style] for one in runs) for at in (0, step)))
            for style in self.world.styles
        )
        return [amplified(share) for share in shares]

    def foretold(self) -> list[float]:
        """Return how much the rehearsal amplified each style."""
        return [amplified(self.said.styles.get(style, Change(0.0, 0.0))) for style in self.world.styles]

    def advantages(self) -> list[float]:
        """Return the mean advantage of each style's recorded completions, independent of any policy."""
        return [self.said.advantages.get(style, 0.0) for style in self.world.styles]

    def harmed(self) -> bool:
        """Return True if the real models gave fewer right answers after training."""
        right = self.real(self.last, lambda point: point.right)
        return right.after - right.before <= -_FALL

    def lengthened(self) -> bool:
        """Return True if the real models' answers became at least three times as long."""
        length = self.real(self.last, lambda point: point.length)
        return length.after >= _TREBLED * length.before


def amplified(share: Change) -> float:
    """Return the log of the ratio between the share after training and the share before."""
    return math.log(max(share.after, _LEAST) / max(share.before, _LEAST))


# --- rank correlations --------------------------------------------------------------------------------------

REHEARSAL: Final = "rehearsal"
NO_POLICY: Final = "no policy: mean advantage by style"
NULL: Final = "null: another grader's outcome"
CEILING: Final = "ceiling: another seed of GRPO"


def correlations(cases: Sequence[Case], step: int) -> dict[str, list[float]]:
    """Return rank correlations with GRPO's amplification of styles, over all cases but the constant grader.

    Args:
        cases: The cases. Graders are only compared within a world.
        step: The GRPO step.
    """
    ranked = [case for case in cases if case.grader != CONSTANT]
    pairs: dict[str, Iterable[tuple[Sequence[float], Sequence[float]]]] = {
        REHEARSAL: ((case.foretold(), case.bred(step)) for case in ranked),
        NO_POLICY: ((case.advantages(), case.bred(step)) for case in ranked),
        NULL: (
            (case.foretold(), other.bred(step))
            for case in ranked
            for other in ranked
            if other is not case and other.world.number == case.world.number
        ),
        CEILING: (
            (case.bred(step, one), case.bred(step, other))
            for case in ranked
            for one, other in combinations(case.runs, 2)
        ),
    }
    found = {name: [rank_correlation_of(*pair) for pair in some] for name, some in pairs.items()}
    return {name: [one for one in some if one is not None] for name, some in found.items()}


# --- signs --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Signs:
    """Counts of the cases in which prediction and result have the same sign. Tiny changes have no sign."""

    same: int
    opposite: list[str]
    """Names of the cases with opposite signs."""
    of: int
    unmeasured: int
    """Cases with an unknown prediction or result."""


def changes(case: Case, step: int) -> Mapping[str, tuple[Change | None, Change | None]]:
    """Return the predicted and the real changes in reward, right answers and length at a step."""
    points = [run.points[str(at)] for run in case.runs for at in (0, step)]
    paid = all(point.reward is not None for point in points)
    return {
        "reward": (case.said.reward, case.real(step, lambda point: point.reward or 0.0) if paid else None),
        "right": (case.said.right, case.real(step, lambda point: point.right)),
        "length": (case.said.length, case.real(step, lambda point: point.length)),
    }


def signs(cases: Sequence[Case], step: int) -> dict[str, Signs]:
    """Compare the signs of the predicted and the real changes in all cases at a step."""
    found = {}
    for name, flat in _FLAT.items():
        same, opposite, unmeasured = 0, [], 0
        for case in cases:
            width = case.kind.high - case.kind.low if name == "reward" else 1.0
            said, real = (_sign(one, flat * width) for one in changes(case, step)[name])
            if said is None or real is None:
                unmeasured += 1
            elif said == real:
                same += 1
            elif said and real:
                opposite.append(case.name)
        found[name] = Signs(same, opposite, len(cases) - unmeasured, unmeasured)
    return found


def _sign(change: Change | None, flat: float) -> int | None:
    if change is None:
        return None
    moved = change.after - change.before
    return 0 if abs(moved) < flat else 1 if moved > 0 else -1


# --- warnings -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Warned:
    """Names of the cases in which the warnings were right or wrong."""

    warning: str
    caught: list[str]
    missed: list[str]
    alarms: list[str]
    """Cases with a warning but without harm."""
    spared: list[str]


def warned(cases: Sequence[Case], names: Sequence[str], harm: Callable[[Case], bool] = Case.harmed) -> Warned:
    """Compare warnings with the results of training.

    Args:
        cases: The cases.
        names: IDs of warnings. A case counts if it has at least one of them.
        harm: Decides whether the results of a case are harmful.
    """
    found = Warned(", ".join(names), [], [], [], [])
    for case in cases:
        if not set(names).isdisjoint(case.said.warnings):
            (found.caught if harm(case) else found.alarms).append(case.name)
        else:
            (found.missed if harm(case) else found.spared).append(case.name)
    return found


def warnings_of(cases: Sequence[Case], harm: Callable[[Case], bool] = Case.harmed) -> Iterator[Warned]:
    """Return the results for each warning alone, for the warnings that need labels, and for all warnings."""
    for name in RULES:
        yield warned(cases, [name], harm)
    yield warned(cases, [name for name in RULES if name != "B003"], harm)
    yield warned(cases, list(RULES), harm)
