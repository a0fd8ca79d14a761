"""Selects the samples for a page, and reads their full texts unless the page would become too large.

If there are more than 25 million characters of text, the page contains excerpts, and only the lowest, failed
and disagreeing samples are complete. If there are more than 50,000 gradings, the page leaves some samples
out. Omissions are counted so that the page can report them.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias, TypeVar

from harness.data.json_lines import Line, numbered_lines
from harness.data.sources import DataFile
from harness.report.shown_texts import Shown, excerpt, length_of, texts_of_line
from harness.runs.rows import Row

__all__ = [
    "MOST_CHARACTERS",
    "MOST_SAMPLES",
    "HeldRows",
    "HeldTexts",
    "Judge",
    "Pair",
    "hold_rows",
    "read_texts",
]

MOST_SAMPLES = 50_000
MOST_CHARACTERS = 25_000_000
_WORTH = 300
"""Maximum number of complete samples in a page with excerpts."""
_LONGEST = 200_000
"""Maximum number of characters per text in a page with full texts."""
_LONGEST_AMONG_EXCERPTS = 20_000

Value = TypeVar("Value")

Pair: TypeAlias = tuple[Row, Row | None]
"""A grading with the other run's grading of the same sample."""

Judge = Callable[[Row, Row | None], bool]
"""Returns True for a grading worth reading, which has no reward or disagrees with something."""


@dataclass(frozen=True, slots=True)
class HeldRows:
    """The gradings in a page, in input order."""

    rows: list[Row]
    others: list[Row | None]
    """The other run's gradings of the same samples."""
    of: int
    """Number of gradings in the run."""
    worth: frozenset[int]
    """Indexes in `rows` of the gradings whose texts are not shortened."""


@dataclass(slots=True)
class HeldTexts:
    """The texts of a page's rollouts. Equal prompts and references are stored only once."""

    prompts: dict[tuple[tuple[str, Shown], ...], int] = field(default_factory=dict)
    references: dict[Shown, int] = field(default_factory=dict)
    prompt: list[int] = field(default_factory=list)
    reference: list[int] = field(default_factory=list)
    """Index in `references`; -1 for a rollout without a reference."""
    completion: list[Shown] = field(default_factory=list)
    reasoning: list[Shown] = field(default_factory=list)
    model: list[str | None] = field(default_factory=list)
    length: list[int] = field(default_factory=list)
    """Number of characters in the full completion."""
    line: list[int] = field(default_factory=list)
    """Line number in the rollouts file."""
    file: list[str] = field(default_factory=list)
    of_at: dict[int, int] = field(default_factory=dict)
    """Index in these lists by the byte offset of the rollout's line."""
    characters: int = 0
    shortened: int = 0
    """Number of texts that are excerpts."""
    excerpts: bool = False
    """True if the full texts would be too large and most texts are therefore excerpts."""

    def add(self, line: Line, most: int) -> None:
        """Add one rollout.

        Args:
            line: The rollout's line.
            most: Maximum number of characters of a complete text.
        """
        texts = texts_of_line(line.text)
        self.of_at[line.at] = len(self.line)
        self.line.append(line.number)
        self.file.append(line.source)
        self.model.append(texts.model)
        self.length.append(len(texts.completion))
        self.completion.append(self._cut(texts.completion, most))
        self.reasoning.append(self._cut(texts.reasoning, most))
        turns = tuple((role[:100], excerpt(text, most)) for role, text in texts.prompt)
        self.prompt.append(self._stored(self.prompts, turns, [text for _, text in turns]))
        if texts.reference is None:
            self.reference.append(-1)
        else:
            reference = excerpt(texts.reference, most)
            self.reference.append(self._stored(self.references, reference, [reference]))

    def _cut(self, text: str, most: int) -> Shown:
        shown = excerpt(text, most)
        self._count([shown])
        return shown

    def _stored(self, there: dict[Value, int], value: Value, texts: Iterable[Shown]) -> int:
        found = there.get(value)
        if found is None:
            found = there[value] = len(there)
            self._count(texts)
        return found

    def _count(self, texts: Iterable[Shown]) -> None:
        for text in texts:
            self.characters += length_of(text)
            self.shortened += not isinstance(text, str)


def hold_rows(pairs: Iterable[Pair], of: int, judge: Judge, most: int = MOST_SAMPLES) -> HeldRows:
    """Select the gradings for a page.

    Args:
        pairs: All gradings of the run.
        of: Number of gradings.
        judge: Decides which gradings are worth reading.
        most: Maximum number of gradings. If there are more, those with the lowest rewards and those worth
            reading are kept, and the others are sampled evenly.
    """
    step = 1 if of <= most else -(-of // max(1, most - _WORTH))
    kept: dict[int, Pair] = {}
    worth: dict[int, Pair] = {}
    lowest: list[tuple[float, int, Pair]] = []
    for number, pair in enumerate(pairs):
        if number % step == 0:
            kept[number] = pair
        if len(worth) < _WORTH // 2 and judge(*pair):
            worth[number] = pair
        reward = pair[0]["reward"]
        if reward is not None:
            _keep_lowest(lowest, (-reward, -number, pair))
    worth |= {-number: pair for _, number, pair in lowest}
    kept |= worth
    order = sorted(kept)
    return HeldRows(
        [kept[number][0] for number in order],
        [kept[number][1] for number in order],
        of,
        frozenset(at for at, number in enumerate(order) if number in worth),
    )


def read_texts(
    rollouts: DataFile, rows: Sequence[Row], worth: Collection[int], most: int = MOST_CHARACTERS
) -> HeldTexts:
    """Read the texts of gradings, in full if the page has room for them.

    Args:
        rollouts: The rollouts.
        rows: The gradings.
        worth: Indexes of the gradings whose texts must stay complete.
        most: Maximum number of characters for full texts.

    Raises:
        InputError: The rollouts cannot be read.
    """
    whole = _read(rollouts, rows, most, lambda at: _LONGEST)
    if whole is not None:
        return whole
    # Each rollout has its own completion and reasoning; prompts and references are shared, and fewer.
    short = max(100, min(2_000, most // (3 * max(1, len(rows)))))
    full = {rows[at]["at"] for at in worth}
    found = _read(rollouts, rows, None, lambda at: _LONGEST_AMONG_EXCERPTS if at in full else short)
    assert found is not None
    found.excerpts = True
    return found


def _read(
    rollouts: DataFile, rows: Sequence[Row], most: int | None, longest: Callable[[int], int]
) -> HeldTexts | None:
    """Read the texts, up to `longest` characters of each. Return None if the total exceeds the limit."""
    wanted = {row["at"] for row in rows}
    found = HeldTexts()
    for line in numbered_lines(rollouts):
        if line.at in wanted:
            found.add(line, longest(line.at))
            if most is not None and found.characters > most:
                return None
    return found


def _keep_lowest(heap: list[tuple[float, int, Pair]], one: tuple[float, int, Pair]) -> None:
    if len(heap) < _WORTH // 2:
        heapq.heappush(heap, one)
    elif one[:2] > heap[0][:2]:
        heapq.heapreplace(heap, one)
