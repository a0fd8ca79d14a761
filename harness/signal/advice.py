"""Advises, based on a run's statistics, whether to train now or to fix a problem first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from harness.api.cost import GROUP_SIZE
from harness.printable import named
from harness.runs.facts import Bounds, share_of
from harness.signal.statistic import Statistic
from harness.signal.zero_std import SizeForecast

__all__ = ["SATURATED", "SPARSE", "Action", "Advice", "Grounds", "advise"]

# AWS's blog on reinforcement fine-tuning: below 5 % rewards are sparse; above 95 % little is left to learn.
SPARSE, SATURATED = 0.05, 0.95
"""AWS advises against training if the mean reward is outside these fractions of the range."""
# The following thresholds are our choice.
FAILED: Final = 0.1
"""If this share of rollouts has no reward, the rewarded ones may not be representative."""
HARDLY: Final = 0.1
"""Below this share of groups that teach something, most of a job's cost is wasted."""
AGREES: Final = 0.9
"""Below this share of agreement, the grader and the labels are taken to measure different things."""
NOISY: Final = 0.5
"""Above this share of noise in the variance within groups, chance decides the advantages."""
UNREAD: Final = 0.5
"""At or above this share of unreadable answers, the reward measures the format."""
CUT: Final = 0.2
"""At or above this share of truncated completions, rewards depend mostly on the token limit."""
LONG: Final = 0.8
"""Smallest within-group correlation with length that is worth mentioning."""

Action = Literal["train", "fix the data", "fix the grader", "fine-tune first", "not measured"]


@dataclass(frozen=True, slots=True)
class Advice:
    """The advice for a run."""

    action: Action
    why: str
    """The reason, as a clause."""
    also: tuple[str, ...] = ()
    """Other observations worth checking, one clause each."""

    @property
    def sentence(self) -> str:
        """The advice in one sentence."""
        start = "Not measured" if self.action == "not measured" else self.action.capitalize()
        return f"{start}: {self.why}."


@dataclass(frozen=True, slots=True)
class Grounds:
    """The statistics on which the advice is based."""

    graded: int
    """Number of rollouts, including lines that could not be used."""
    errors: Mapping[str, int]
    bounds: Bounds | None
    mean: Statistic
    zero_std: Statistic
    all_highest: Statistic
    all_lowest: Statistic
    forecast: list[SizeForecast]
    noise: Statistic
    agreement: Statistic
    length: Statistic
    truncated: Statistic
    unread: Mapping[str, Statistic]
    wires: int
    """Number of gradings whose reward differs between wire formats."""
    fields: Mapping[str, int]
    """Number of gradings in which the grader saw a field that differs within a record, by field."""


def advise(grounds: Grounds) -> Advice:
    """Choose the advice. The most serious problem becomes the reason, and other problems are listed too.

    Args:
        grounds: The statistics.
    """
    found, cautions = list(_reasons(grounds)), tuple(_cautions(grounds))
    if grounds.zero_std.value is None and not _mostly_failed(grounds):
        why = f"{grounds.zero_std.why}; `rft rollout -n 8` samples completions"
        return Advice("not measured", why, tuple(why for _, why in found) + cautions)
    if found:
        (action, why), *others = found
        return Advice(action, why, tuple(more for _, more in others) + cautions)
    return Advice("train", _hope(grounds), cautions)


def _hope(grounds: Grounds) -> str:
    zero = grounds.zero_std
    assert zero.value is not None
    return f"the rewards differ within {1 - zero.value:.0%} of the {zero.n:,} groups"


def _mostly_failed(grounds: Grounds) -> bool:
    return sum(grounds.errors.values()) > FAILED * grounds.graded


def _reasons(grounds: Grounds) -> Iterator[tuple[Action, str]]:
    """Yield reasons not to train yet, most serious first."""
    yield from _of_failures(grounds)
    yield from _of_the_grader(grounds)
    yield from _of_the_spread(grounds)


def _of_failures(grounds: Grounds) -> Iterator[tuple[Action, str]]:
    if _mostly_failed(grounds):
        failed = sum(grounds.errors.values())
        kinds = ", ".join(f"{count:,} {kind}" for kind, count in sorted(grounds.errors.items()))
        own = {"input", "record"}  # these errors are caused by the input file
        blame: Action = "fix the data" if own.issuperset(grounds.errors) else "fix the grader"
        yield blame, f"{failed:,} of {grounds.graded:,} rollouts have no reward ({kinds})"


def _of_the_grader(grounds: Grounds) -> Iterator[tuple[Action, str]]:
    if grounds.wires:
        yield "fix the grader", f"{grounds.wires:,} rewards depend on the wire format"
    noise, cut, agreement = grounds.noise, grounds.truncated, grounds.agreement
    if agreement.value is not None and agreement.value < AGREES:
        yield "fix the grader", f"it agrees with {agreement.value:.0%} of the {agreement.n:,} labels"
    if noise.value is not None and noise.value >= NOISY:
        yield "fix the grader", f"{noise.value:.0%} of the spread within groups is the grader's noise"
    for name, share in grounds.unread.items():
        if share.value is not None and share.value >= UNREAD:
            which = "" if name == "unread" else f" ({name})"
            yield "fix the grader", f"{share.value:.0%} of the answers could not be read{which}"
    if cut.value is not None and cut.value >= CUT:
        yield "fix the data", f"{cut.value:.0%} of the completions were cut off: raise the token limit"


def _cautions(grounds: Grounds) -> Iterator[str]:
    """Yield observations that may be problems, for the user to judge."""
    if 1.0 in (grounds.all_lowest.value, grounds.all_highest.value):
        yield "every reward is the same: `rft replay TRAINING_FILE` shows what the references earn"
    if grounds.fields:
        yield f"the grader saw fields that training will not have: {named(sorted(grounds.fields))}"
    if grounds.bounds is None:
        what = "whether rewards are sparse, or leave nothing to learn, was not checked"
        yield f"{what}: the grader's range is not known; add --range LOW HIGH"
    length = grounds.length
    if length.value is not None and length.low is not None and length.high is not None:
        if length.low >= LONG or length.high <= -LONG:
            which = "longer" if length.value > 0 else "shorter"
            what = f"{which} completions of a record earn more ({length.value:+.2f})"
            yield f"{what}; check whether they are right"


def _of_the_spread(grounds: Grounds) -> Iterator[tuple[Action, str]]:
    zero, mean = grounds.zero_std, grounds.mean
    if zero.value is None:
        return
    if zero.value == 1.0:
        yield _flat(grounds), "all groups are zero-std: rewards within each are equal, so nothing is learned"
    elif (teaching := _teaching(grounds)) is not None and teaching < HARDLY:
        yield _flat(grounds), f"at most {teaching:.0%} of the groups are expected to teach something"
    if grounds.bounds is None or mean.value is None:
        return
    level = share_of(grounds.bounds, mean.value)
    if level < SPARSE:
        yield "fine-tune first", f"the mean reward is under {SPARSE:.0%} of the range: rewards are sparse"
    elif level > SATURATED:
        yield "fix the data", f"the mean reward is over {SATURATED:.0%} of the range: use harder records"


def _flat(grounds: Grounds) -> Action:
    """Choose the action, depending on where in the range most zero-std groups lie."""
    low, high, zero = grounds.all_lowest.value, grounds.all_highest.value, grounds.zero_std.value
    if low is None or high is None or zero is None:
        return "fix the grader"
    if low >= zero / 2:
        return "fine-tune first"
    return "fix the data" if high >= zero / 2 else "fix the grader"


def _teaching(grounds: Grounds) -> float | None:
    """Return the upper limit of the share of groups that teach something, at the service's group size."""
    for one in grounds.forecast:
        if one.group_size == GROUP_SIZE and one.zero_std.low is not None:
            return 1 - one.zero_std.low
    return None
