"""Estimates the number of gradings of a run from the length of its first lines."""

from __future__ import annotations

from harness.runs.store import Run

_HEAD = 1 << 20


class ExpectedGradings:
    """Estimates a run's number of gradings from its first lines and from the lines graded so far.

    Args:
        run: The run, already cut into shards.
    """

    def __init__(self, run: Run) -> None:
        self._bytes = run.facts.shards[-1][1]
        with run.rollouts.open() as file:
            head = file.read(min(self._bytes, _HEAD))
        self._head = len(head)
        self._head_gradings = (head.count(b"\n") + (not head.endswith(b"\n"))) * run.facts.repeats

    def total(self, gradings: int, done: int) -> int:
        """Return the expected number of gradings, which is exact at the end.

        Args:
            gradings: Number of gradings so far.
            done: Number of bytes of rollouts graded so far.
        """
        each = (self._head_gradings + gradings) / max(1, self._head + done)
        return gradings + round((self._bytes - done) * each)
