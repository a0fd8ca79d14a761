"""Makes up records and rollouts for an imported grader, and keeps those that it can grade on this machine.

The records for which a function was written are unknown. Several forms of a reference and several spellings
of an answer are therefore tried, and those with which the grader distinguishes answers best are kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.clock import Clock
from harness.errors import InputError
from harness.projects.grading_here import OUT_OF_TIME, GradingHere, grading_here
from harness.projects.imported import ImportNote
from harness.projects.read_keys import ReadKeys
from harness.projects.written_numbers import written_number, written_range

__all__ = ["MadeUp", "made_up", "make_up", "shortfall_notes", "widened_by"]

_QUESTIONS = (
    ("What is 6 times 7?", "42", "41"),
    ("What is 9 plus 8?", "17", "18"),
    ("What is 50 divided by 10?", "5", "6"),
)
_FAILURES = 4
"""Number of spellings that may fail to be graded before another form of the reference is tried."""
_THOUGHT = "I check it twice."
# Spellings of an answer, each with a string in the source that makes the spelling likely.
_SPELLINGS = (
    ("{}", ""),
    ("#### {}", "####"),
    (r"\boxed{{{}}}", "boxed"),
    ("<answer>{}</answer>", "<answer>"),
    ("ANSWER: {}", "ANSWER"),
    ("The answer is {}.", ""),
    ('{{"answer": "{}"}}', "json"),
    (f"<think>{_THOUGHT}</think>\n{{}}", "think>"),
    (f"<think>\n{_THOUGHT}\n</think>\n<answer>\n{{}}\n</answer>", "think>"),
)


@dataclass(frozen=True, slots=True)
class MadeUp:
    """Made-up samples."""

    records: tuple[Mapping[str, Any], ...] = ()
    rollouts: tuple[Mapping[str, Any], ...] = ()
    """The rollouts that the grader graded."""
    problem: str | None = None
    """Error message for rollouts that could not be graded; None if there were none."""
    told_apart: bool = False
    """True if the grader rewards right answers more than wrong ones."""
    rewards: tuple[float, ...] = ()
    """The rewards of the rollouts."""
    left_out: int = 0
    """Number of rollouts that were left out because the grader could not grade them."""
    ended_early: bool = False
    """True if time ran out before everything was tried."""

    @property
    def shows_nothing(self) -> bool:
        """True if the grader gives every made-up completion the same reward."""
        return bool(self.rewards) and len({*self.rewards}) == 1

    def shortfalls(self) -> Iterator[str]:
        """Yield sentences on the properties of the grader that the graded samples do not reveal."""
        if self.shows_nothing:
            yield (
                "no made-up completion earned more than another: the samples show nothing about the grader "
                f"(all of them earn {written_number(self.rewards[0])})"
            )
        elif self.rewards and not self.told_apart:
            yield (
                "no made-up right answer earned more than a wrong one: the samples show only what else "
                "the grader rewards"
            )
        if self.rewards and self.left_out:
            why = f": {self.problem}" if self.problem else ""
            yield f"{self.left_out} more made-up completions got no reward, and were left out{why}"
        if self.ended_early:
            yield OUT_OF_TIME


@dataclass(frozen=True, slots=True)
class _Shape:
    """The form in which a record stores its right answer."""

    reference: str
    keys: tuple[str, ...] = ()

    def of(self, answer: str) -> Any:
        text = self.reference.format(answer)
        return {key: text for key in self.keys} if self.keys else text


@dataclass(slots=True)
class _Found:
    shape: _Shape
    rewards: dict[str, float] = field(default_factory=dict)
    """The rewards by completion."""
    told_apart: str | None = None
    """The spelling in which a right answer gets a higher reward than a wrong one."""

    @property
    def spread(self) -> float:
        return max(self.rewards.values()) - min(self.rewards.values()) if self.rewards else 0.0


def _likely(texts: Sequence[str]) -> list[str]:
    """Return the spellings of an answer to try, starting with those that the source suggests."""
    hinted = [spelling for spelling, hint in _SPELLINGS if hint and any(hint in text for text in texts)]
    return [*hinted, *(spelling for spelling, _ in _SPELLINGS if spelling not in hinted)]


def _shapes(keys: ReadKeys, texts: Sequence[str]) -> list[_Shape]:
    written = ["{}"]
    written += [spelling for spelling in ("#### {}", r"\boxed{{{}}}") if spelling in _likely(texts)[:3]]
    in_keys = [_Shape(each, keys.reference_keys) for each in written] if keys.reference_keys else []
    return in_keys + [_Shape(each) for each in written]


def make_up(
    write: Callable[[Path], Path], keys: ReadKeys, texts: Sequence[str], clock: Clock | None = None
) -> MadeUp:
    """Make up samples, and keep those that a grader can grade on this machine.

    Args:
        write: Writes the grader into a folder under the name `reward`, and returns its file.
        keys: The fields of a record that the grader uses.
        texts: The strings in the grader's source.
        clock: The clock for the time limit.
    """
    try:
        with grading_here(write, clock) as here:
            return _Trial(here, keys).samples(_shapes(keys, texts), _likely(texts))
    except InputError as error:
        return MadeUp(problem=error.message)


class _Trial:
    def __init__(self, here: GradingHere, keys: ReadKeys) -> None:
        self._here, self._keys = here, keys
        self._problem: str | None = None

    def samples(self, shapes: list[_Shape], spellings: list[str]) -> MadeUp:
        """Return samples in the first form whose answers the grader distinguishes, or in the best form."""
        found = []
        for shape in shapes:
            found.append(self._try(shape, spellings))
            if found[-1].told_apart is not None:
                break
        best = max(found, key=lambda each: (each.told_apart is not None, each.spread, len(each.rewards)))
        if not best.rewards:
            return MadeUp(
                tuple(record for record, _ in made_up(self._keys, best.shape)),
                (),
                self._problem or OUT_OF_TIME,
            )
        spelled = best.told_apart
        highest = max(best.rewards, key=lambda text: best.rewards[text])
        lowest = min(best.rewards, key=lambda text: best.rewards[text])
        records, rollouts, rewards, tried = [], [], [], 0
        for number, (record, (right, wrong)) in enumerate(made_up(self._keys, best.shape), 1):
            texts = [highest, lowest] if spelled is None else [spelled.format(right), spelled.format(wrong)]
            graded = 0
            for at, text in enumerate(dict.fromkeys([*texts, ""])):
                tried += 1
                rollout = _rollout(record, f"made-up-{number}", at, text)
                if (reward := self._reward(rollout)) is not None:
                    rollouts.append(rollout)
                    rewards.append(reward)
                    graded += 1
            if graded:
                records.append(record)
        return MadeUp(
            tuple(records),
            tuple(rollouts),
            self._problem if tried > len(rollouts) else None,
            told_apart=spelled is not None,
            rewards=tuple(rewards),
            left_out=tried - len(rollouts),
            ended_early=spelled is None and not self._here.goes_on(),
        )

    def _try(self, shape: _Shape, spellings: list[str]) -> _Found:
        """Grade several completions of one record."""
        found = _Found(shape)
        record, answers = next(made_up(self._keys, shape))
        for number, spelling in enumerate(spellings):
            if not self._here.goes_on() or (number == _FAILURES and not found.rewards):
                break
            texts = [spelling.format(answer) for answer in answers]
            rewards = [self._reward(_rollout(record, "made-up-1", 0, text)) for text in texts]
            found.rewards |= {
                text: paid for text, paid in zip(texts, rewards, strict=True) if paid is not None
            }
            right, wrong = rewards
            if right is not None and wrong is not None and right > wrong:
                found.told_apart = spelling
                break
        return found

    def _reward(self, rollout: Mapping[str, Any]) -> float | None:
        reward, problem = self._here.grade(rollout)
        self._problem = self._problem or problem
        return reward


def shortfall_notes(place: str, samples: MadeUp) -> Iterator[ImportNote]:
    """Report the properties of a grader that the made-up samples do not reveal.

    Args:
        place: The grader's source.
        samples: The samples.
    """
    step = (
        "Put a right completion into rollouts.jsonl: every made-up one earns the same."
        if samples.shows_nothing
        else None
    )
    for what in samples.shortfalls():
        yield ImportNote(place, "approximated", what, step)


def widened_by(paid: float, wider: tuple[float, float]) -> str:
    """Explain why a range is wider than the source shows.

    Args:
        paid: A made-up sample's reward.
        wider: The range that includes this reward.
    """
    paid_, range_ = written_number(paid), written_range(wider)
    return f"a made-up sample earned {paid_}, so the range is {range_}; --range sets another"


def made_up(keys: ReadKeys, shape: _Shape | None = None) -> Iterator[tuple[dict[str, Any], tuple[str, str]]]:
    """Make up records, each with a right and a wrong answer.

    Args:
        keys: The fields of a record that a grader uses.
        shape: The form in which a record stores its right answer; None for a string.
    """
    shape = shape or _Shape("{}", keys.reference_keys)
    for question, right, wrong in _QUESTIONS:
        fields: dict[str, Any] = {name: _value(kind, right) for name, kind in keys.fields}
        if keys.extra:
            fields["extra_info"] = {name: right for name in keys.extra}
        record = {
            "messages": [{"role": "user", "content": question}],
            "reference_answer": shape.of(right),
            **fields,
        }
        yield record, (right, wrong)


def _value(kind: str, answer: str) -> Any:
    """Return a value for a field, which has the right type if the source shows the type."""
    kind = kind.lower().replace("typing.", "")
    kind = kind.removeprefix("optional[")
    one = kind.removeprefix("list[").removeprefix("sequence[")
    if one.startswith(("float", "int")):
        return int(answer)
    if one.startswith("bool"):
        return True
    if one.startswith("dict"):
        return {}
    return [answer] if one.startswith("list") else answer


def _rollout(record: Mapping[str, Any], name: str, at: int, text: str) -> dict[str, Any]:
    turns = [*record["messages"], {"role": "assistant", "content": text}]
    return {"id": f"{name}/{at}", "record": name, **record, "messages": turns}
