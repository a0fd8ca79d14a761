"""Finds the formats that a grader accepts, by contrast.

A format is accepted where the right answer in it is paid more than another record's answer in it. To choose
by what the right answer earns alone picks the very hole: a format that pays whatever stands in it.
"""

from __future__ import annotations

from harness.audit.case import DELTA, Case, Control
from harness.audit.formats import Format, answer_of, candidates
from harness.audit.kinds import kind_of, value

__all__ = ["find_control"]

_TRIED = 24
_WORKS = 0.8
_MOST = 3


def find_control(case: Case) -> Control | None:
    """The control; None where nothing is ever paid by contrast.

    Args:
        case: The audit.
    """
    subject = case.subject
    tried = case.some(_TRIED, "control")
    formats: dict[Format, None] = {}
    for at in tried:
        formats |= dict.fromkeys(candidates(subject.reference(at)))
    scored = []
    for place, one in enumerate(formats):
        control = _measure(case, one, tried)
        if control is None:
            continue
        apart = [at for at in control.right if control.pays(control.right[at], at)]
        if len(apart) >= _WORKS * len(tried):
            scored.append((-sum(control.right.values()), place, one))
    if not scored:
        return None
    chosen = tuple(one for _, _, one in sorted(scored, key=lambda each: each[:2])[:_MOST])
    control = _measure(case, chosen[0], list(range(len(subject.records))))
    if control is None:
        return None
    return Control(
        control.kind, chosen, control.right, control.wrong, control.other, control.low, control.high
    )


def _measure(case: Case, one: Format, records: list[int]) -> Control | None:
    """What right answers and those of others earn in one format."""
    answers = {at: answer_of(one.reading, case.subject.reference(at)) for at in records}
    known = {at: text for at, text in answers.items() if text}
    kind = case.subject.kind or kind_of([*known.values()])
    other = _others(kind, known)
    if not other:
        return None
    asked = [(at, one.fill(known[at])) for at in other]
    asked += [(at, one.fill(known[there])) for at, there in other.items()]
    replies = case.collector.ask(asked)
    half = len(other)
    right = {at: reply.reward for at, reply in zip(other, replies[:half], strict=True)}
    wrong = {at: reply.reward for at, reply in zip(other, replies[half:], strict=True)}
    rewards = [reward for reward in (*right.values(), *wrong.values()) if reward is not None]
    if not rewards:
        return None
    low, high = case.subject.bounds or (min(0.0, *rewards), max(*rewards, DELTA))
    return Control(
        kind,
        (one,),
        {at: reward for at, reward in right.items() if reward is not None},
        {at: reward for at, reward in wrong.items() if reward is not None},
        other,
        low,
        high,
    )


def _others(kind: str, known: dict[int, str]) -> dict[int, int]:
    """For each record the next one whose answer differs by value."""
    order = list(known)
    found = {}
    for place, at in enumerate(order):
        mine = value(kind, known[at])
        for there in order[place + 1 :] + order[:place]:
            if value(kind, known[there]) != mine:
                found[at] = there
                break
    return found
