"""Probe that checks that a grader gives the same sample the same reward every time.

The probe runs before all others. If rewards depend on chance or on earlier samples, the results of other
probes are meaningless, so a finding of this probe explains theirs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from harness.audit.audit_finding import Found, Witness
from harness.audit.case import Case
from harness.audit.collector import BREAKS_CONTRACT, Collector
from harness.audit.mining import asks_a_service, mine_for
from harness.audit.proposals import likely_formats
from harness.audit.readings import answer_in
from harness.findings import Rule, Severity
from harness.targets.protocol import Graded

__all__ = ["PROBES", "STATEFUL", "UNSTEADY", "State"]

UNSTEADY = ("G01", "G02", "A11")
"""The possible ids of this probe's finding."""

_RECORDS = 8
_ROUND_MS = 400.0
"""The time that one round of grading should take. There are up to nine rounds."""
_FEWEST = 4
_FORMATS = 6
_FEW = 24
_WHOLE = 64
_PART = 5
_DAYS = 100
_SEEDS = (1, 2, 3)
_ALIKE = 1e-6

_RANDOM = Rule(
    "G01",
    Severity.CRITICAL,
    "the same sample gets different rewards",
    "Remove sources of randomness: random choices, clocks, ids, the order of sets.",
)
STATEFUL = Rule(
    "G02",
    Severity.ERROR,
    "the reward depends on what the process graded before",
    "Keep no state between calls that changes a reward.",
)
"""The rule that is violated if a sample gets a different reward when it is graded again later."""
_NEIGHBORS = Rule(
    "A11",
    Severity.ERROR,
    "the reward depends on the other samples of the call",
    "Grade each sample alone: the service decides which samples share a call.",
)


@dataclass(frozen=True, slots=True)
class _Cause:
    """The cause of differing rewards, with a witness if a replay can reproduce the problem."""

    rule: Rule
    message: str
    witness: Witness | None = None


class State:
    """Probe for samples that get different rewards at different times."""

    rule = _RANDOM
    controlled = False

    def why_not(self, case: Case) -> str | None:
        """The probe applies to every grader."""
        return None

    def run(self, case: Case) -> Iterator[Found]:
        """Grade the same samples again in different orders, in different batches and in fresh processes."""
        samples = _samples(case)
        _grade(case.collector, samples[:_FEWEST])
        room = _ROUND_MS / case.collector.pace
        if room < len(samples) or not case.opener.here:
            few = max(_FEWEST, min(int(room), _FEW, len(samples)))
            samples = case.random("state few").sample(samples, few)
        first = _grade(case.collector, samples)
        here, elsewhere = _differing_here(case, samples, first), set[int]()
        if case.opener.here:
            mined = mine_for(case.subject.sources, case.opener.grader_name)
            hashes = mined.hashes or not case.subject.sources
            for seed in _SEEDS if hashes and not case.opener.slow else _SEEDS[:1]:
                with closing(case.opener.open(hash_seed=seed, clock_ahead_s=_DAYS * 86_400.0)) as fresh:
                    # In reverse order, a grader that caches its first answer caches a different one.
                    elsewhere |= _differing(first, _grade(fresh, samples[::-1])[::-1])
        worst = sorted(here | elsewhere)
        if not worst:
            return
        cause = _cause(case, samples, worst, bool(elsewhere))
        severity = cause.rule.severity
        if cause.rule is _RANDOM and asks_a_service(case.subject.sources):
            severity = Severity.WARNING  # a judge varies; its own family reports how much
        yield Found(
            cause.rule.id,
            severity,
            cause.message,
            fix=cause.rule.fix,
            witness=cause.witness,
            records=len(worst),
            tried=len(samples),
            headline=cause.message,
        )


PROBES = (State(),)
"""The only probe of this family."""


def _samples(case: Case) -> list[dict[str, Any]]:
    """Return right, wrong and empty completions of a few records, in the most likely formats."""
    subject = case.subject
    chosen = case.some(_RECORDS, "state", among=range(len(subject.records)))
    control = case.control
    completions: list[tuple[int, Any]] = []
    formats = list(control.formats) if control else likely_formats(subject, chosen, _FORMATS)
    for at, other in zip(chosen, chosen[1:] + chosen[:1], strict=True):
        for number, one in enumerate(formats):
            answer = answer_in(one.reading, subject.records[at])
            if answer:
                completions.append((at, one.fill(answer)))
            wrong = answer_in(one.reading, subject.records[other])
            if wrong and number == 0:
                completions.append((at, one.fill(wrong)))
        completions.append((at, ""))
    completions += [(one.record, one.message) for one in subject.recorded if one.record in chosen][:_FEW]
    return [case.collector.rollout(*each) for each in completions]


def _grade(collector: Collector, samples: Sequence[dict[str, Any]], batch: int = _WHOLE) -> list[Graded]:
    return collector.grade(samples, batch)


def _differing(one: Sequence[Graded], other: Sequence[Graded]) -> set[int]:
    """Return the positions at which the results of two rounds differ."""
    return {at for at, pair in enumerate(zip(one, other, strict=True)) if not _alike(*pair)}


def _alike(one: Graded, other: Graded) -> bool:
    if _breaks_contract(one) or _breaks_contract(other):
        return True  # This has its own finding, and a divided call's results depend on its parts.
    if one.reward is None or other.reward is None:
        return one.reward is other.reward
    return abs(one.reward - other.reward) <= _ALIKE or one.reward == other.reward


def _breaks_contract(one: Graded) -> bool:
    kind = one.error["message"].partition(":")[0] if one.error and one.error["kind"] == "call" else ""
    return kind in BREAKS_CONTRACT


def _differing_here(case: Case, samples: list[dict[str, Any]], first: Sequence[Graded]) -> set[int]:
    """Return the positions of samples whose rewards change with repetition, order or batch size."""
    differing = _differing(first, _grade(case.collector, samples)) if case.opener.here else set()
    order = list(range(len(samples)))
    case.random("state order").shuffle(order)
    for batch, places in ((_PART, order), (1, order[: _FEW // 2]), (_WHOLE, order[::-1])):
        if not case.opener.here and batch != _PART:
            continue  # each call of a deployed function costs money
        again = _grade(case.collector, [_renamed(samples[at], at) for at in places], batch)
        differing |= {at for at, one in zip(places, again, strict=True) if not _alike(first[at], one)}
    if case.opener.here:
        differing |= _differing(first, _grade(case.collector, _swapped(samples)))
    return differing


def _renamed(sample: dict[str, Any], number: int) -> dict[str, Any]:
    """Return the same sample with an id of a different length."""
    return {**sample, "id": f"other-{number * 7919}-{sample['id']}"}


def _swapped(samples: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the same samples with their ids swapped."""
    others = [*samples[1:], *samples[:1]]
    return [{**one, "id": other["id"]} for one, other in zip(samples, others, strict=True)]


def _cause(case: Case, samples: list[dict[str, Any]], differing: list[int], elsewhere: bool) -> _Cause:
    """Find the cause of differing rewards by starting fresh processes that each differ in one setting.

    Args:
        case: The audit.
        samples: The graded samples.
        differing: Indices of samples whose rewards differ.
        elsewhere: Whether rewards also differ in another process.
    """
    if not case.opener.here:
        return _Cause(
            _NEIGHBORS,
            f"{len(differing)} of {len(samples)} samples get another reward in another order or batch: the"
            " reward depends on chance",
        )

    def fresh(given: Sequence[dict[str, Any]] = samples, batch: int = _WHOLE, **how: Any) -> list[Graded]:
        with closing(case.opener.open(**{"hash_seed": 0, **how})) as collector:
            return _grade(collector, given, batch)

    base = fresh()
    if _differing(base, fresh()):
        return _Cause(_RANDOM, _said(len(differing), len(samples), "at random"))
    hashes = elsewhere and (
        mine_for(case.subject.sources, case.opener.grader_name).hashes or not case.subject.sources
    )
    if hashes and any(_differing(base, fresh(hash_seed=seed)) for seed in range(1, 8)):
        return _Cause(_RANDOM, _said(len(differing), len(samples), "by the order of Python's sets"))
    if elsewhere and _differing(base, fresh(clock_ahead_s=_DAYS * 86_400.0)):
        return _Cause(_RANDOM, _said(len(differing), len(samples), f"when the clock is {_DAYS} days ahead"))
    renamed = fresh([_renamed(one, at) for at, one in enumerate(samples)])
    if _differing(base, renamed):
        return _Cause(_RANDOM, _said(len(differing), len(samples), "under another id"))
    return _by_company(case, samples, differing, fresh)


def _said(count: int, tried: int, how: str) -> str:
    return f"{count} of {tried} samples are rewarded differently {how}: a policy learns from chance"


def _by_company(case: Case, samples: list[dict[str, Any]], differing: list[int], fresh: Any) -> _Cause:
    """Check if earlier samples or other samples in the same call change the reward."""
    again = [_renamed(one, at) for at, one in enumerate(samples)]
    alone, later = _halves(fresh([*samples, *again], 1))
    backward = fresh(samples[::-1], 1)[::-1]
    if _differing(alone, later) or _differing(alone, backward):
        return _stateful(samples, differing, fresh)
    with closing(case.opener.open(hash_seed=0)) as collector:
        _grade(collector, samples, 1)
        if _differing(alone, _grade(collector, _swapped(samples), 1)):
            # This cannot have a witness, because the ids in a rollouts file must differ.
            return _Cause(STATEFUL, _said_stateful("under an id that another sample had before"))
    return _among_neighbors(samples, differing, alone, fresh)


def _stateful(samples: list[dict[str, Any]], differing: list[int], fresh: Any) -> _Cause:
    """Find a few samples which show that rewards depend on earlier samples."""
    for at in _spread(differing, 2):
        pair = _pair(samples[at], samples[at])
        rewards = fresh(pair)
        if not _alike(*rewards):
            return _Cause(STATEFUL, _said_stateful("a second time"), _witness(pair, rewards))
    again = [at for at in differing if at and _prompt(samples[at]) == _prompt(samples[at - 1])]
    for at in _spread(again, 2):  # a grader may keep the reward of a record's first completion
        pair = [samples[at - 1], samples[at]]
        rewards = fresh(pair, 1)
        if not _alike(rewards[1], fresh(pair[1:])[0]):
            return _Cause(STATEFUL, _said_stateful("after another one"), _witness(pair, rewards))
    everything = [*samples, *(_renamed(one, at) for at, one in enumerate(samples))]
    return _Cause(STATEFUL, _said_stateful("after others"), _witness(everything, fresh(everything)))


def _among_neighbors(
    samples: list[dict[str, Any]], differing: list[int], alone: list[Graded], fresh: Any
) -> _Cause:
    """Find a pair of samples or a whole call which shows that rewards depend on the other samples."""
    message = "a sample is rewarded differently next to others: the reward depends on its neighbors"
    at = differing[0]
    others = [samples[each] for each in _spread([*range(len(samples))], 12) if each != at]
    pairs = [_pair(samples[at], other) for other in (samples[at], *others)]
    beside = fresh([each for pair in pairs for each in pair], 2)
    for number, pair in enumerate(pairs):
        rewards = beside[2 * number : 2 * number + 2]
        if not _alike(rewards[0], alone[at]):
            return _Cause(_NEIGHBORS, message, _witness(pair, rewards))
    call = samples[:_WHOLE]
    return _Cause(_NEIGHBORS, message, _witness(call, fresh(call)))


def _prompt(sample: dict[str, Any]) -> Any:
    return sample["messages"][:-1]


def _halves(graded: list[Graded]) -> tuple[list[Graded], list[Graded]]:
    return graded[: len(graded) // 2], graded[len(graded) // 2 :]


def _pair(one: dict[str, Any], other: dict[str, Any]) -> list[dict[str, Any]]:
    return [one, {**other, "id": f"{one['id']}-2"}]


def _said_stateful(when: str) -> str:
    return f"the same sample is rewarded differently {when}: the reward depends on earlier samples"


def _spread(values: Sequence[int], count: int) -> list[int]:
    """Return evenly spaced values from a list."""
    return [values[len(values) * each // count] for each in range(min(count, len(values)))]


def _witness(samples: Sequence[dict[str, Any]], rewards: Sequence[Graded]) -> Witness:
    named = tuple({**one, "id": f"witness-{number}"} for number, one in enumerate(samples, 1))
    return Witness(named, tuple(one.reward for one in rewards))
