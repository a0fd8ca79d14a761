"""Generates completions that a longer job could learn to write, based on recorded completions.

A grader may reward lists of guesses, padding or empty answers more than any recorded completion. A policy
that chooses among recorded completions cannot show this. The generated completions do not use the reference.
"""

from __future__ import annotations

import math
import os
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from harness.signal.intervals import Interval, interval
from harness.simulator.examples import Example
from harness.simulator.failure import JobFailure
from harness.simulator.grader_calls import Grading, Turn
from harness.simulator.pool import Candidate, message_text

__all__ = ["KINDS", "RECORDS", "Made", "MadeGradings", "MadePay", "grade_made", "made_of"]

RECORDS: Final = 50
"""Maximum number of records, each with six generated completions. Limits the cost of slow graders."""

KINDS: Final[Mapping[str, str]] = {
    "joined": 'all answers of a record joined by "or"',
    "lines": 'the last lines of a record\'s completions joined by "or"',
    "listed": "the last lines of a record's completions, one below the other",
    "repeated": "the longest completion's body, six times",
    "stuffed": "all words and numbers of a record's completions before the shortest one",
    "empty": "an empty answer",
}
"""Descriptions of the kinds of generated completions."""

_TIMES: Final = 6
# The pattern does not match inside a number, and does not match the minus sign of a subtraction.
_LAST_NUMBER = re.compile(r"(?<![\d.,])(?:(?<!\w)-)?\d+(?:[.,]\d+)*(?=\D*\Z)")
_WORD_OR_NUMBER = re.compile(r"[^\W\d_]+|\d+(?:[.,]\d+)*")
_WORD_AT_END = re.compile(r"\w+\Z")


class Made(NamedTuple):
    """A generated completion."""

    kind: str
    text: str
    source: int | None
    """Index of the recorded completion that the text was made from, or None."""


@dataclass(frozen=True, slots=True)
class MadePay:
    """Rewards of one kind of generated completion, compared with the learned policy on the same records."""

    kind: str
    reward: float
    """Mean reward over the records."""
    source: float | None
    """Mean reward of the recorded completions that the texts were made from, or None."""
    policy: float
    """Expected reward of the learned policy, which was not trained on the records."""
    more: Interval
    """The mean reward of the texts minus the policy's expected reward."""
    record: str
    """The record of the witness."""
    witness: dict[str, Any]
    """The rollout with the largest gain over the policy. Its `model` is `made`."""


class MadeGradings(NamedTuple):
    """The results of grading generated completions."""

    pays: list[MadePay]
    """Rewards of each kind, largest gain over the learned policy first. Kinds without rewards are omitted."""
    unrewarded: int
    """Number of generated completions that were omitted because they have no reward."""
    failed: dict[str, str]
    """Kinds for which the grader could not be called, with the reasons."""


class _Row(NamedTuple):
    reward: float
    source: float | None
    policy: float
    example: Example
    turn: Turn


def made_of(texts: Sequence[str | None]) -> list[Made]:
    """Generate completions from the recorded completions of a record.

    Args:
        texts: The recorded completions. A completion with only tool calls is None.

    Returns:
        At most one completion of each kind, excluding any that equal a recorded one.
    """
    written = {at: text for at, text in enumerate(texts) if text is not None and text.strip()}
    found = [Made("empty", "", None)]
    if written:
        longest, shortest = (choose(written, key=lambda at: len(written[at])) for choose in (max, min))
        words = dict.fromkeys(word for text in written.values() for word in _WORD_OR_NUMBER.findall(text))
        found += [
            *_joined(written),
            Made("repeated", _repeated(written[longest]), longest),
            Made("stuffed", f"{' '.join(words)} {written[shortest]}", shortest),
        ]
    distinct = {one.text: one for one in reversed(found) if one.text not in texts}
    return list(distinct.values())


def grade_made(
    examples: Sequence[Example],
    expected: Mapping[str, float],
    known: Mapping[str, float | None],
    rewards: Grading,
    seed: int,
) -> MadeGradings:
    """Grade generated completions for a sample of the records, each once.

    Args:
        examples: All records, each once.
        expected: The expected reward, by record, of a policy that was not trained on the record.
        known: The known rewards of recorded completions.
        rewards: Grades completions.
        seed: Seed for the choice of records.

    Returns:
        The rewards of each kind and the number of completions without a reward. If the grader cannot be
        called for one kind, the others are still graded.
    """
    judged = [one for one in examples if one.group.key in expected]
    chosen = random.Random(seed).sample(judged, min(RECORDS, len(judged)))
    made = [(example, one, turn) for example in chosen for one, turn in _turns(example)]
    pays: list[MadePay] = []
    unrewarded, failed = 0, {}
    for kind in KINDS:
        some = [row for row in made if row[1].kind == kind]
        try:
            graded = rewards.grade([turn for *_, turn in some])
        except JobFailure as failure:  # a job would also fail if a model wrote such a text
            failed[kind] = failure.message
            continue
        rows = []
        for (example, one, turn), outcome in zip(some, graded, strict=True):
            if outcome.reward is not None:
                source = None if one.source is None else known.get(example.group.candidates[one.source].key)
                rows.append(_Row(outcome.reward, source, expected[example.group.key], example, turn))
        unrewarded += len(some) - len(rows)
        pays += [_pay(kind, rows)] if rows else []
    return MadeGradings(sorted(pays, key=lambda pay: -pay.more.mean), unrewarded, failed)


def _turns(example: Example) -> Iterator[tuple[Made, Turn]]:
    said = [(candidate.text, message_text(candidate.message)) for candidate in example.group.candidates]
    for one in made_of([text or None if whole else "" for whole, text in said]):
        name = f"made:{one.kind}:{example.group.key}"
        candidate = Candidate({"role": "assistant", "content": one.text}, name, None, "made")
        yield one, Turn(example.record, candidate, name)


def _pay(kind: str, rows: Sequence[_Row]) -> MadePay:
    more = interval([row.reward - row.policy for row in rows])
    assert more is not None
    best = max(rows, key=lambda row: row.reward - row.policy)
    sources = [row.source for row in rows if row.source is not None]
    return MadePay(
        kind=kind,
        reward=math.fsum(row.reward for row in rows) / len(rows),
        source=math.fsum(sources) / len(sources) if sources else None,
        policy=math.fsum(row.policy for row in rows) / len(rows),
        more=more,
        record=best.example.group.key,
        witness={**best.turn.sample, "model": "made"},
    )


def _repeated(text: str) -> str:
    *body, last = text.splitlines() or [text]
    return "\n".join([*body * _TIMES, last]) if body else " ".join([text] * _TIMES)


def _joined(written: Mapping[int, str]) -> Iterator[Made]:
    """Yield lists of the answers: the last numbers (if most completions have one) and the last lines."""
    found = {at: number for at, text in written.items() if (number := _LAST_NUMBER.search(text))}
    if 2 * len(found) > len(written):
        answers = dict.fromkeys(number.group() for number in found.values())
        dress = min(found, key=lambda at: len(written[at]) - found[at].end())
        chain = " or ".join(answers)
        if len(answers) > 1:
            start, end = found[dress].span()
            yield Made("joined", f"{written[dress][:start]}{chain}{written[dress][end:]}", dress)
    at_end = sum(len(written[at][one.start() :].strip().splitlines()) == 1 for at, one in found.items())
    lines = list(dict.fromkeys(text.strip().splitlines()[-1].strip() for text in written.values()))
    if len(lines) > 1:
        yield Made("listed", "\n".join(lines), None)
        if 2 * at_end <= len(written):
            yield Made("lines", _chained(lines), None)


def _chained(lines: Sequence[str]) -> str:
    """Join lines with "or", keeping their common prefix and suffix, which belong to the format."""
    start = _shared_start(lines)
    rest = [line[len(start) :] for line in lines]
    end = _shared_start([line[::-1] for line in rest])[::-1]
    return start + " or ".join(line[: len(line) - len(end)] for line in rest) + end


def _shared_start(lines: Sequence[str]) -> str:
    """Return the common prefix of all lines, without a partial word at the end."""
    return _WORD_AT_END.sub("", os.path.commonprefix(lines))
