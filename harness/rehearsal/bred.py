"""Measures whether training reinforces completions that an audit found wrongly rewarded.

The rollouts do not contain these completions. Therefore a separate job trains with each of them added to the
recorded completions of every record. This job does not change the main job's figures.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Final

from harness.findings import Severity
from harness.follow.curves import Series
from harness.rehearsal.bred_text import BredText
from harness.rehearsal.rewards import KeptRewards
from harness.runs.audits import AuditFacts, AuditFinding, audits_of
from harness.simulator.examples import Example
from harness.simulator.policy import Policy, initial, probabilities
from harness.simulator.pool import Candidate, Group
from harness.simulator.training import Schedule, take_step

__all__ = ["breed", "paid_texts"]

_TEXTS: Final = 3
_RECORDS: Final = 48
"""Maximum number of records over which a completion's probability is averaged."""
_INVARIANCE: Final = "B"


def paid_texts(runs: Path, sha256: str | None) -> list[AuditFinding]:
    """Return the findings of a grader's newest audit that show a rewarded completion, worst first.

    Args:
        runs: The folder of all runs.
        sha256: The grader's fingerprint.
    """
    audit = None if sha256 is None else next(audits_of(runs, sha256), None)
    return [] if audit is None else _paid(audit)


def _paid(audit: AuditFacts) -> list[AuditFinding]:
    found: dict[str, AuditFinding] = {}
    for one in audit.open:
        paid = one.text is not None and (one.share or 0.0) > 0.0 and not one.id.startswith(_INVARIANCE)
        if paid and one.severity >= Severity.WARNING:
            found.setdefault(str(one.text), one)
    return [*found.values()][:_TEXTS]


def breed(
    paid: Sequence[AuditFinding],
    training: Sequence[Example],
    held_out: Sequence[Example],
    schedule: Schedule,
    rewards: KeptRewards,
) -> list[BredText]:
    """Train with the wrongly rewarded texts as additional completions, and track their probabilities.

    Args:
        paid: The findings whose texts are added.
        training: The training records with their recorded completions.
        held_out: The held-out records with their recorded completions.
        schedule: The job's schedule.
        rewards: Grades the texts.

    Raises:
        JobFailure: The grader could not be called.
    """
    if not paid or not training:
        return []
    wider, apart = [_with(one, paid) for one in training], [_with(one, paid) for one in held_out]
    followed = wider[:: -(-len(wider) // _RECORDS)]
    policy, series = initial(), [Series() for _ in paid]
    for step in range(schedule.total_steps(len(wider))):
        policy = take_step(policy, step, schedule, wider, rewards).learned.policy
        for one, value in zip(series, _probability(policy, followed, len(paid)), strict=True):
            one.add(value)
    before, after = (_probability(each, wider, len(paid)) for each in (initial(), policy))
    apart_before, apart_after = (
        _probability(each, apart, len(paid), own=False) if apart else [] for each in (initial(), policy)
    )
    return [
        BredText(
            id=one.id,
            text=str(one.text),
            message=one.message,
            reward=_earned(wider, at - len(paid), rewards),
            before=before[at],
            after=after[at],
            held_out=(apart_before[at], apart_after[at]) if apart else None,
            curve=series[at].curve(),
        )
        for at, one in enumerate(paid)
    ]


def _with(example: Example, paid: Sequence[AuditFinding]) -> Example:
    """Return a copy of a record with the texts as its last completions."""
    group = Group(example.group.key, example.group.record)
    group.candidates = list(example.group.candidates)
    for one in paid:
        digest = blake2b(f"{group.key}\0{one.text}".encode("utf-8", "surrogatepass"), digest_size=12)
        message = {"role": "assistant", "content": one.text}
        group.candidates.append(Candidate(message, f"audit:{digest.hexdigest()}", None, None))
    return Example(example.record, group)


def _probability(policy: Policy, examples: Sequence[Example], texts: int, *, own: bool = True) -> list[float]:
    found = [probabilities(policy, one.group.options, own=own)[-texts:] for one in examples]
    return [sum(some) / len(found) for some in zip(*found, strict=True)]


def _earned(examples: Sequence[Example], place: int, rewards: KeptRewards) -> float | None:
    """Return a text's mean reward over the records for which a step drew the text."""
    known = [rewards.known(one.group.candidates[place].key) for one in examples]
    some = [reward for reward in known if reward is not None]
    return sum(some) / len(some) if some else None
