"""Compares the rewards given during an audit with those of a new grader process.

Some graders change their behavior only after many samples, for example because a table fills up.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Any

from harness.audit.audit_finding import Found
from harness.audit.case import Case
from harness.audit.steadiness import STATEFUL
from harness.printable import printable, shortened
from harness.targets.protocol import Graded

__all__ = ["changed_later"]

_MOST = 100
_SLOW_MS = 5.0
_ALIKE = 1e-6


def changed_later(case: Case) -> Iterator[Found]:
    """Find completions whose reward in a new process differs from their reward earlier in the audit.

    The finding has no witness because a replay would have to grade all earlier samples first.

    Args:
        case: The audit, after all other probes have run.
    """
    if not case.opener.here or case.verdicts is not None or case.collector.mean_pace > _SLOW_MS:
        return  # The time limits of a slow grader may change its rewards.
    asked = case.collector.remembered()
    chosen = case.random("later").sample(asked, min(_MOST, len(asked)))
    samples = [case.collector.rollout(at, json.loads(text)) for at, text in chosen]
    now, again = case.collector.grade(samples), case.collector.grade(samples)
    new = _anew(case, samples)
    moved = [
        at for at in range(len(samples)) if _differ(new[at], now[at]) and not _differ(now[at], again[at])
    ]
    if not moved or any(_differ(*pair) for pair in zip(new, _anew(case, samples), strict=True)):
        return
    first = moved[0]
    text = shortened(printable(chosen[first][1]), 60)
    message = (
        f"the same sample is rewarded differently after many others: {text} earns {new[first].reward:g} in a"
        f" new process and {now[first].reward:g} at the end of the audit, so the reward depends on"
        " earlier samples"
    )
    yield Found(
        STATEFUL.id,
        STATEFUL.severity,
        message,
        fix=STATEFUL.fix,
        records=len(moved),
        tried=len(chosen),
        headline=message,
    )


def _anew(case: Case, samples: Sequence[dict[str, Any]]) -> list[Graded]:
    with closing(case.opener.open()) as fresh:
        return fresh.grade(samples)


def _differ(one: Graded, other: Graded) -> bool:
    """Return True if both results have a reward and the two rewards differ."""
    return one.reward is not None and other.reward is not None and abs(one.reward - other.reward) > _ALIKE
