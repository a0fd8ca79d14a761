"""About how many gradings a run will have, by the length of its lines, which nobody counted before."""

from __future__ import annotations

from harness.runs.store import Run

_HEAD = 1 << 20


class ExpectedGradings:
    """Estimates the gradings of a run by its first lines, and then by those that were graded too.

    Args:
        run: The run, cut into shards.
    """

    def __init__(self, run: Run) -> None:
        self._bytes = run.facts.shards[-1][1]
        with run.rollouts.open() as file:
            head = file.read(min(self._bytes, _HEAD))
        self._head = len(head)
        self._head_gradings = (head.count(b"\n") + (not head.endswith(b"\n"))) * run.facts.repeats

    def total(self, gradings: int, done: int) -> int:
        """All gradings that there will be; exact at the end.

        Args:
            gradings: How many there are.
            done: Bytes of rollouts that they took.
        """
        each = (self._head_gradings + gradings) / max(1, self._head + done)
        return gradings + round((self._bytes - done) * each)
