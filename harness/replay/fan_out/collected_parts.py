"""Collects the parts of a run from where workers left them, and decides from them alone what is missing."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from harness.data.json_lines import LineError
from harness.disk import replaced
from harness.errors import InputError
from harness.replay.fan_out.part import PartFacts, PartOrder, read_part_facts
from harness.replay.fan_out.part_store import PartStore
from harness.runs.labels import PLAIN, LabelRule
from harness.runs.rows import Row, Totals, parse_row, read_rows

__all__ = ["Collecting", "CollectedShards", "rows_of_part"]

_AT_ONCE: Final = 4
"""Shards that are collected at once; each holds one part in memory."""

_FIX: Final = "Remove the object, and run the same command again: the part is graded anew."


@dataclass(frozen=True, slots=True)
class CollectedShards:
    """What there is of a run: the totals of whole shards, and orders for what the others lack."""

    totals: dict[int, Totals]
    missing: tuple[PartOrder, ...]


class Collecting:
    """Brings whole shards into a run's folder.

    Args:
        store: Where workers left parts.
        folder: The run's `shards`.
        middle: The middle of the grader's range; None if it is not known.
        rule: How labels are read.
    """

    def __init__(
        self, store: PartStore, folder: Path, middle: float | None = None, rule: LabelRule = PLAIN
    ) -> None:
        self._store = store
        self._folder = folder
        self._middle = middle
        self._rule = rule

    def collect(self, orders: Sequence[PartOrder]) -> CollectedShards:
        """Bring in every shard that is complete.

        Args:
            orders: One for each shard, from its first byte.

        Raises:
            InputError: A part contradicts itself, or is of other work.
            ServiceError: AWS cannot be reached.
        """
        begun = {key.split("/")[1] for key in self._store.keys("shards/")}
        totals: dict[int, Totals] = {}
        missing: list[PartOrder] = []
        with ThreadPoolExecutor(_AT_ONCE) as threads:
            shards = threads.map(lambda one: self._shard(one, begun), orders)
            for order, found in zip(orders, shards, strict=True):
                if isinstance(found, Totals):
                    totals[order.shard] = found
                else:
                    missing.append(replace(order, start=found))
        return CollectedShards(totals, tuple(missing))

    def _shard(self, order: PartOrder, begun: set[str]) -> Totals | int:
        """A complete shard is brought into the folder; of any other, the byte where its chain ends."""
        path = self._folder / f"{order.shard}.jsonl"
        if path.exists():  # it appeared as a whole, by an earlier call
            totals = Totals()
            totals.add_all(read_rows(path), self._middle, self._rule)
            return totals
        if f"{order.shard:06d}" not in begun:
            return order.start
        totals = Totals()
        try:
            with replaced(path) as whole:
                for body, rows in self._chain(order):
                    totals.add_all(rows, self._middle, self._rule)
                    whole.write(body)
        except _BrokenOff as hole:
            return hole.at
        return totals

    def _chain(self, order: PartOrder) -> Iterator[tuple[bytes, Iterator[Row]]]:
        """The parts of a shard, from its first byte to its last.

        Raises:
            _BrokenOff: One is missing.
            InputError: One contradicts itself.
        """
        while True:
            found = self._store.get(order.key)
            if found is None:
                raise _BrokenOff(order.start)
            body, metadata = found
            place = f"{self._store.place}/{order.key}"
            facts = read_part_facts(order, metadata, place)
            yield body, rows_of_part(order, facts, body, place)
            if facts.done:
                return
            order = replace(order, start=facts.next)


class _BrokenOff(Exception):
    """A shard's chain of parts has no further one."""

    def __init__(self, at: int) -> None:
        super().__init__(at)
        self.at = at


def rows_of_part(order: PartOrder, facts: PartFacts, body: bytes, place: str) -> Iterator[Row]:
    """Read the rows of a part one by one, and check them against what it says of itself.

    Args:
        order: What the part was asked for.
        facts: What it says.
        body: Its content.
        place: Where it is, for messages.

    Raises:
        InputError: A row is none, stands in the wrong place or is missing; the last row may come before that
            shows.
    """
    first, after = order.base + order.start, order.base + facts.next
    count = errors = 0
    last = first - 1
    for line in io.BytesIO(body):
        try:
            row = parse_row(line)
        except LineError:
            raise InputError("a line of this part is not a reward", place=place, fix=_FIX) from None
        at, repeat = row["at"], count % order.repeats
        # The repeats of a rollout stand together, and the next rollout behind them.
        in_order = at == last if repeat else at > last
        if not (in_order and at < after and row["repeat"] == repeat):
            raise InputError("the rows of this part are out of order", place=place, fix=_FIX)
        count, errors, last = count + 1, errors + (row["error"] is not None), at
        yield row
    if (count, errors) != (facts.rows, facts.errors) or count % order.repeats:
        held, said = f"{count:,} rows with {errors:,} errors", f"{facts.rows:,} with {facts.errors:,}"
        raise InputError(f"this part holds {held}, and says {said}", place=place, fix=_FIX)
