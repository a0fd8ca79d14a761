"""Collects the parts that workers stored for a run, and finds the missing ones."""

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
"""Number of shards collected in parallel, each with one part in memory."""

_FIX: Final = "Remove the object, and run the same command again: the part is graded again."


@dataclass(frozen=True, slots=True)
class CollectedShards:
    """Totals of a run's complete shards, and orders for the missing parts of the other shards."""

    totals: dict[int, Totals]
    missing: tuple[PartOrder, ...]


class Collecting:
    """Writes complete shards to a run's folder.

    Args:
        store: The store to which workers write parts.
        folder: The run's `shards` folder.
        middle: Middle of the grader's range, or None if unknown.
        rule: The rule for interpreting labels.
    """

    def __init__(
        self, store: PartStore, folder: Path, middle: float | None = None, rule: LabelRule = PLAIN
    ) -> None:
        self._store = store
        self._folder = folder
        self._middle = middle
        self._rule = rule

    def collect(self, orders: Sequence[PartOrder]) -> CollectedShards:
        """Collect every complete shard.

        Args:
            orders: One order per shard, from its first byte.

        Raises:
            InputError: A part contradicts itself, or belongs to other work.
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
        """Write a complete shard and return its totals, or return the offset of its first missing part."""
        path = self._folder / f"{order.shard}.jsonl"
        if path.exists():  # an earlier call wrote the file, which is complete
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
        """Yield the parts of a shard in order.

        Raises:
            _BrokenOff: A part is missing.
            InputError: A part contradicts itself.
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
    """Raised when a part is missing, so that the shard's chain of parts is incomplete."""

    def __init__(self, at: int) -> None:
        super().__init__(at)
        self.at = at


def rows_of_part(order: PartOrder, facts: PartFacts, body: bytes, place: str) -> Iterator[Row]:
    """Yield the rows of a part, and check them against the part's metadata.

    Args:
        order: The order that the part fulfills.
        facts: The part's metadata.
        body: Content of the part.
        place: Location of the part, for messages.

    Raises:
        InputError: A row is invalid, out of order or missing. Missing rows are found only after the last row.
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
        # A rollout's repeats are adjacent, and rollouts are in input order.
        in_order = at == last if repeat else at > last
        if not (in_order and at < after and row["repeat"] == repeat):
            raise InputError("the rows of this part are out of order", place=place, fix=_FIX)
        count, errors, last = count + 1, errors + (row["error"] is not None), at
        yield row
    if (count, errors) != (facts.rows, facts.errors) or count % order.repeats:
        held, said = f"{count:,} rows with {errors:,} errors", f"{facts.rows:,} with {facts.errors:,}"
        raise InputError(f"this part has {held}, but claims {said}", place=place, fix=_FIX)
