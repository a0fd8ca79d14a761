"""The effect of training on a completion that an audit found wrongly rewarded."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["BredText"]


@dataclass(frozen=True, slots=True)
class BredText:
    """A text that the audit found wrongly rewarded, with its probability before and after training."""

    id: str
    """Id of the probe that found the text."""
    text: str
    message: str
    """The audit's description of the text."""
    reward: float | None
    """Mean reward of the text over the training records; None if no step drew and graded the text."""
    before: float
    """The text's probability on the training records, where it is one of the completions."""
    after: float
    held_out: tuple[float, float] | None
    """The text's probability on held-out records before and after, from the shared weights only."""
    curve: list[float]
    """The text's probability at each step."""

    @property
    def bred(self) -> bool:
        """True if training makes the text more likely, on held-out records if there are any."""
        before, after = self.held_out or (self.before, self.after)
        return after > before
