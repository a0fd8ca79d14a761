"""Probes of recorded rollouts: the distribution of rewards and their correlations (family F).

Each statistic is reported with its sample size and requires a minimum number of groups.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import NamedTuple

from graders.extract import choice_letter, same_number
from harness.audit.answer_kinds import same
from harness.audit.audit_finding import Found
from harness.audit.case import Case, NotRun
from harness.data.records import text_of
from harness.findings import Rule, Severity
from harness.signal.correlation import within_groups
from harness.signal.reward_groups import RewardGroups, is_flat
from harness.signal.statistic import Statistic, share

__all__ = ["PROBES"]

_MOST = 2_000
_TINY = 0.06
_LENGTH = 0.3
_LENGTHENED, _NOTICED = 12, 0.01
_NOTHING = "We go through the question once more and look at each of its parts in turn. "
_SPARSE, _SATURATED = 0.05, 0.95


class _Paid(NamedTuple):
    """A recorded rollout and its reward."""

    record: int
    text: str
    length: int
    reward: float


class _OfRecorded:
    """Base class of this family's probes."""

    controlled = False

    def why_not(self, case: Case) -> str | None:
        """The probe applies if rollouts are recorded."""
        return None if case.subject.recorded else "no rollouts are recorded: give some with --rollouts"

    def paid(self, case: Case) -> list[_Paid]:
        """Grade the recorded rollouts and return those that have a reward.

        Raises:
            NotRun: The grader uses a judge, whose model the audit does not call.
        """
        if case.verdicts is not None:
            raise NotRun("a judge decides it, and the audit does not ask the judge's model")
        recorded = case.subject.recorded[:_MOST]
        replies = case.collector.ask([(one.record, one.message) for one in recorded])
        found = []
        for one, reply in zip(recorded, replies, strict=True):
            text = text_of(one.message.get("content")) or ""
            if reply.reward is not None:
                found.append(_Paid(one.record, text, one.length or len(text), reply.reward))
        return found

    def groups(self, case: Case) -> dict[int, list[_Paid]]:
        """Return the recorded rollouts by record."""
        found: dict[int, list[_Paid]] = defaultdict(list)
        for one in self.paid(case):
            found[one.record].append(one)
        return dict(found)


def _measured(found: Statistic) -> float:
    """Return the value of a statistic.

    Raises:
        NotRun: There is not enough data for the statistic.
    """
    if found.value is None:
        raise NotRun(f"too few rollouts are recorded: {found.why}")
    return found.value


def _said(found: Statistic) -> str:
    """Format a share with its confidence interval and sample size."""
    return f"{found.value:.0%} ({found.low:.0%} to {found.high:.0%}, {found.n} {found.of})"


class ZeroStd(_OfRecorded):
    """Probe for groups whose rewards are all equal, from which training learns nothing."""

    rule = Rule(
        "F01",
        Severity.ERROR,
        "most groups have equal rewards",
        "Use records that the model sometimes solves, or give nearly right answers partial credit.",
    )

    def run(self, case: Case) -> Iterator[Found]:
        """Count the groups with equal rewards."""
        rewards = [[one.reward for one in group] for group in self.groups(case).values()]
        found = RewardGroups(rewards, case.subject.bounds).zero_std()
        value = _measured(found)
        steps = ((0.75, Severity.CRITICAL), (0.5, Severity.ERROR), (0.3, Severity.INFO))
        for least, severity in steps:
            if found.low is not None and found.low >= least:
                said = f"{_said(found)} of the recorded groups have equal rewards, so they teach nothing"
                yield Found(
                    self.rule.id,
                    severity,
                    said,
                    fix=self.rule.fix,
                    headline=f"{value:.0%} of your recorded groups teach nothing.",
                )
                return


class Sparse(_OfRecorded):
    """Probe for rewards that are nearly always the lowest or nearly always the highest."""

    rule = Rule(
        "F05",
        Severity.WARNING,
        "nearly all recorded rollouts earn the lowest or the highest reward",
        "Below 5%, begin with supervised fine-tuning; above 95%, there is nothing to learn.",
    )

    def run(self, case: Case) -> Iterator[Found]:
        """Compare the mean reward with the limits that AWS recommends for a first run."""
        paid = self.paid(case)
        low, high = case.subject.bounds or (0.0, 1.0)
        values = [(one.reward - low) / ((high - low) or 1.0) for one in paid]
        of_all = share(round(sum(values)), len(values), "rollouts")
        _measured(of_all)
        mean = sum(values) / len(values)
        if mean < _SPARSE or mean > _SATURATED:
            said = f"the mean reward of {len(values)} recorded rollouts is {mean:.1%} of the range"
            yield Found(self.rule.id, self.rule.severity, said, fix=self.rule.fix, headline=f"{said}.")


class TinySteps(_OfRecorded):
    """Probe for groups whose rewards differ by very little.

    Because advantages are normalized, even a tiny difference in reward has the full effect on training.
    """

    rule = Rule(
        "F04",
        Severity.ERROR,
        "small differences of rewards become full advantages",
        "Give equal answers equal rewards: round the reward, or drop the small part.",
    )

    def run(self, case: Case) -> Iterator[Found]:
        """Count the groups whose rewards differ only by a tiny part of the range."""
        groups = [sorted(one.reward for one in group) for group in self.groups(case).values()]
        groups = [group for group in groups if len(group) > 1]
        low, high = case.subject.bounds or (0.0, 1.0)
        tiny = [
            group
            for group in groups
            if not is_flat(tuple(group)) and group[-1] - group[0] <= _TINY * (high - low)
        ]
        found = share(len(tiny), len(groups))
        _measured(found)
        if found.low is None or found.low < 0.2:
            return
        steps = [after - before for group in tiny for before, after in pairwise(group) if after > before]
        said = f"in {_said(found)} of the recorded groups rewards differ by at most {max(steps):.2g}: "
        said += "training divides by the group's spread, so the policy learns it like right and wrong"
        yield Found(self.rule.id, self.rule.severity, said, fix=self.rule.fix)


class PaidLength(_OfRecorded):
    """Probe for rewards that grow with length among completions above the lowest reward."""

    rule = Rule(
        "F06",
        Severity.ERROR,
        "longer completions earn more",
        "Remove length from the reward, or cap its share once the answer is right.",
    )

    def run(self, case: Case) -> Iterator[Found]:
        """Correlate reward and length within groups, among completions above the lowest reward.

        A longer completion may earn more because more of it is right. Therefore, the probe adds empty words
        to some completions and reports a finding only if the added words raise the reward.
        """
        groups = self.groups(case)
        least = min((one.reward for group in groups.values() for one in group), default=0.0)
        paid = [[one for one in group if one.reward > least] for group in groups.values()]
        numbers = [
            ([float(one.length) for one in each], [one.reward for one in each]) for each in paid if each
        ]
        found = within_groups(numbers)
        value = _measured(found)
        if found.low is None or found.low <= _LENGTH:
            return
        shown = self._lengthened(case, [one for each in paid for one in each])
        if shown is not None:
            said = f"among paid completions of one record, reward and length correlate by {value:.2f} "
            said += f"({found.low:.2f} to {found.high:.2f}, {found.n} groups): a policy learns to write more"
            yield Found(
                self.rule.id,
                self.rule.severity,
                said,
                fix=self.rule.fix,
                witness=case.witness(*shown),
                headline=f"Longer completions earn more (correlation {value:.2f} within records).",
            )

    def _lengthened(self, case: Case, paid: list[_Paid]) -> tuple[tuple[int, str], tuple[int, str]] | None:
        """Return a completion with and without added words, or None unless they raise half of the rewards."""
        best = max(one.reward for one in paid)
        step = _NOTICED * (best - min(one.reward for one in paid))
        below = [one for one in paid if one.reward < best - step]
        below = case.random("F06").sample(below, min(_LENGTHENED, len(below)))
        asked = [(one, text) for one in below for text in _longer(one.text)]
        replies = case.collector.ask([(one.record, text) for one, text in asked])
        raised = {
            one: text
            for (one, text), reply in zip(asked, replies, strict=True)
            if reply.reward is not None and reply.reward > one.reward + step
        }
        if not raised or len(raised) < len(below) / 2:
            return None
        one = min(raised, key=lambda each: len(raised[each]))
        return (one.record, one.text), (one.record, raised[one])


def _longer(text: str) -> tuple[str, ...]:
    """Return longer versions of a completion, with words before or after it or with repeated reasoning."""
    working = text.rpartition("\n")[0] or text.rpartition(". ")[0]
    return (f"{_NOTHING}\n{text}", f"{_NOTHING * 6}\n{text}", f"{text}\n{_NOTHING}", f"{working}\n{text}")


class SecondOpinion(_OfRecorded):
    """Probe for recorded completions whose reward contradicts the audit's own extraction of the answer."""

    rule = Rule(
        "F08",
        Severity.WARNING,
        "the grader and a second reading of the answers disagree",
        "Look at the completions with `rft show`, and fix how the grader reads the answer.",
    )
    _READINGS: dict[str, Callable[[str, str], bool]] = {
        "number": same_number,
        "choice": lambda text, gold: bool(found := choice_letter(text)) and same("choice", str(found), gold),
    }

    def why_not(self, case: Case) -> str | None:
        """The probe applies to the kinds of answers that the audit can extract without the grader."""
        if why := super().why_not(case):
            return why
        if case.control is None or case.control.kind not in self._READINGS:
            return "there is no second reading for this kind of answer"
        return None

    def run(self, case: Case) -> Iterator[Found]:
        """Compare the grader's rewards with the results of an independent extraction."""
        reads = self._READINGS[case.known.kind]
        hits: dict[tuple[bool, bool], int] = defaultdict(int)
        paid_wrong: _Paid | None = None
        for one in self.paid(case):
            gold = case.known.golds.get(one.record)
            if not gold:
                continue
            right, paid = bool(reads(one.text, gold)), case.known.pays(one.reward, one.record)
            hits[right, paid] += 1
            if paid and not right and (paid_wrong is None or len(one.text) < len(paid_wrong.text)):
                paid_wrong = one
        rights = share(hits[True, True], hits[True, True] + hits[True, False], "rollouts")
        wrongs = share(hits[False, True], hits[False, True] + hits[False, False], "rollouts")
        if rights.value is None or wrongs.value is None:
            raise NotRun("too few right and wrong rollouts are recorded")
        if rights.value - wrongs.value <= 0:
            said = (
                f"the grader pays {_said(rights)} of what a second reading calls right, and {_said(wrongs)} "
            )
            said += "of what it calls wrong: it teaches nothing, or the opposite"
            yield Found(self.rule.id, Severity.CRITICAL, said, fix=self.rule.fix, headline=f"{said}.")
        elif wrongs.low is not None and wrongs.low > 0.05 and paid_wrong is not None:
            said = f"{_said(wrongs)} of the recorded completions that a second reading calls wrong are paid"
            witness = case.witness((paid_wrong.record, paid_wrong.text))
            yield Found(self.rule.id, self.rule.severity, said, fix=self.rule.fix, witness=witness)
        elif rights.high is not None and rights.high < 0.95:
            said = f"{_said(rights)} of the recorded completions that a second reading calls right are paid; "
            said += "the others are refused, perhaps for their format"
            yield Found(self.rule.id, Severity.NOTE, said, fix=self.rule.fix)


PROBES = (ZeroStd(), TinySteps(), Sparse(), PaidLength(), SecondOpinion())
"""The probes of this family, in the order in which they run."""
