"""A rehearsal's report on a text that an audit found paid."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["BredText"]


@dataclass(frozen=True, slots=True)
class BredText:
    """A text that the audit found paid, before and after training."""

    id: str
    """Id of the probe that found it."""
    text: str
    message: str
    """The audit's description of it."""
    reward: float | None
    """Its mean reward over the training records; None if the grader fails on it."""
    before: float
    """Its probability on the training records, where it is one of the completions."""
    after: float
    held_out: tuple[float, float] | None
    """Its probability on held-out records before and after training, from the shared weights only."""
    curve: list[float]
    """Its probability at each step."""

    @property
    def bred(self) -> bool:
        """Whether training makes it more likely, on held-out records if there are any."""
        before, after = self.held_out or (self.before, self.after)
        return after > before
