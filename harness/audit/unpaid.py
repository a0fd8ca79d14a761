"""Explains why no format is accepted: answers are missing or right completions are not rewarded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from harness.audit.case import DELTA, Case, Sought
from harness.audit.formats import SLOT, Format
from harness.audit.proposals import SampledAnswers
from harness.audit.readings import Reading
from harness.audit.seen_formats import text_of, whole_template

__all__ = ["explain"]

_RECORDED = 200
_ENOUGH = 5
_SUPPLY = "Give a completion that should be paid with --accepted, or record rollouts with `rft rollout`."


def explain(case: Case, answers: Mapping[Reading, SampledAnswers], tried: Sequence[Format]) -> Sought:
    """Explain why there is no control.

    Args:
        case: The audit.
        answers: The answers of the sampled records, by reading.
        tried: The formats that were tried.
    """
    formats = tuple(tried)
    if not answers:
        return Sought(None, _no_answers(case), case.opener.wire)
    unpaid = _accepted(case, answers) or _recorded(case, answers)
    if unpaid:
        why = "nothing is paid, although the completions tried include right answers in the right format"
        return Sought(None, why, case.opener.wire, unpaid=tuple(unpaid), tried=formats)
    failed = _failed(case, answers, formats)
    if failed is not None:
        why = f"the grader fails on every completion: {failed.rstrip('.')}. Give records that it can grade"
        return Sought(None, why, case.opener.wire, tried=formats)
    why = f"right answers earn no more than wrong ones in any of {len(formats)} formats. {_SUPPLY}"
    return Sought(None, why, case.opener.wire, tried=formats)


def _no_answers(case: Case) -> str:
    """Explain why the records have no comparable answers."""
    if len(case.subject.records) < 2:
        return "an audit needs at least two records with different answers"
    if all(case.subject.reference(at) is None for at in range(len(case.subject.records))):
        return "the records have no reference_answer. If the reward is for form alone, use `--kind format`."
    return "all records have the same answer, so right and wrong cannot be told apart: use more records"


def _accepted(case: Case, answers: Mapping[Reading, SampledAnswers]) -> list[tuple[int, Any]]:
    """Return the completions that the user says should be rewarded, if none of them is."""
    asked: list[tuple[int, Any]] = []
    for text in case.subject.accepted:
        for known in list(answers.values())[:1]:
            for at, answer in list(known.known.items())[:4]:
                if SLOT in text or answer in text:
                    asked.append((at, text.replace(SLOT, answer)))
    return _all_unpaid(case, asked)


def _recorded(case: Case, answers: Mapping[Reading, SampledAnswers]) -> list[tuple[int, Any]]:
    """Return recorded completions that end with the right answer, if no recorded completion is rewarded."""
    first = next(iter(answers))
    right: list[tuple[int, Any]] = []
    every = [(one.record, one.message) for one in case.subject.recorded[:_RECORDED]]
    for at, message in every:
        gold = case.gold(Format(SLOT, first), at)
        ending = text_of(message).strip().rpartition("\n")[2]
        if gold and whole_template(ending, gold) is not None:
            right.append((at, message))
    if len({at for at, _ in right}) < _ENOUGH or not _all_unpaid(case, every):
        return []
    return right[:_ENOUGH]


def _all_unpaid(case: Case, asked: Sequence[tuple[int, Any]]) -> list[tuple[int, Any]]:
    """Return the given completions if all of them earn the lowest reward, or an empty list."""
    if not asked:
        return []
    low, high = case.subject.bounds or (0.0, 1.0)
    rewards = [reply.reward for reply in case.collector.ask(asked)]
    unpaid = all(reward is None or reward <= low + DELTA * (high - low) for reward in rewards)
    return list(asked) if unpaid else []


def _failed(case: Case, answers: Mapping[Reading, SampledAnswers], formats: Sequence[Format]) -> str | None:
    """Return the grader's error if it fails on all completions tried, or None."""
    asked: list[tuple[int, Any]] = []
    for one in formats[:_ENOUGH]:
        at, answer = next(iter(answers[one.reading].known.items()))
        asked.append((at, one.fill(answer)))
    replies = case.collector.ask(asked)
    if not replies or any(reply.error is None for reply in replies):
        return None
    return str((replies[0].error or {}).get("message", ""))[:200]
