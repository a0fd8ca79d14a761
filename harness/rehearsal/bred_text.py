"""The effect of training on a completion that an audit found wrongly rewarded."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["BredText"]


@dataclass(frozen=True, slots=True)
class BredText:
    """A completion that the audit found wrongly rewarded, with its probability before and after training."""

    id: str
    """ID of the probe that found the completion."""
    text: str
    message: str
    """The audit's description of the completion."""
    reward: float | None
    """Mean reward of the completion over the training records; None if no step drew and graded it."""
    before: float
    """Its probability on the training records, where it is one of the completions."""
    after: float
    held_out: tuple[float, float] | None
    """Its probability on held-out records before and after training, using only the shared weights."""
    curve: list[float]
    """Its probability at each step."""

    @property
    def bred(self) -> bool:
        """True if training makes the completion more likely, on held-out records if there are any."""
        before, after = self.held_out or (self.before, self.after)
        return after > before
