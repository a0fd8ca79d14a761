"""Parts in memory, and a minimal state machine that calls a worker until a shard is done."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from harness.replay.fan_out.part import PartFacts, PartOrder


class MemoryParts:
    """A `PartStore` in memory that counts its calls."""

    place = "memory:parts"

    def __init__(self) -> None:
        self.objects: dict[str, tuple[bytes, dict[str, str]]] = {}
        self.calls: Counter[str] = Counter()
        self._lock = threading.Lock()

    def metadata(self, key: str) -> Mapping[str, str] | None:
        found = self.get(key)
        return None if found is None else found[1]

    def put_once(self, key: str, body: bytes, metadata: Mapping[str, str]) -> bool:
        with self._lock:
            self.calls["put_once"] += 1
            if key in self.objects:
                return False
            self.objects[key] = (body, dict(metadata))
            return True

    def put(self, key: str, body: bytes) -> None:
        self.objects[key] = (body, {})

    def get(self, key: str) -> tuple[bytes, Mapping[str, str]] | None:
        return self.objects.get(key)

    def keys(self, folder: str) -> Iterator[str]:
        yield from sorted(key for key in self.objects if key.startswith(folder))


def until_done(
    order: PartOrder, work: Callable[[PartOrder], PartFacts], most: int = 10_000
) -> list[PartFacts]:
    """Process a shard as the state machine does: call the worker until the shard is done."""
    answers: list[PartFacts] = []
    while len(answers) < most:
        answers.append(work(order))
        if answers[-1].done:
            return answers
        order = replace(order, start=answers[-1].next)
    raise AssertionError("the shard never ends")
