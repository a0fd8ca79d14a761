"""A text that an audit found paid, as a rehearsal reports it."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["BredText"]


@dataclass(frozen=True, slots=True)
class BredText:
    """A text that the audit found paid, before and after training."""

    id: str
    """The probe that found it."""
    text: str
    message: str
    """What the audit says of it."""
    reward: float | None
    """Its mean reward over the training records; None where the grader fails on it."""
    before: float
    """Its probability on a training record, as one more of the recorded completions."""
    after: float
    held_out: tuple[float, float] | None
    """Its probability on held-out records, before and after, by what was learned for all records alone."""
    curve: list[float]
    """Its probability over the steps."""

    @property
    def bred(self) -> bool:
        """Whether training makes it likelier, on held-out records where there are some."""
        before, after = self.held_out or (self.before, self.after)
        return after > before
