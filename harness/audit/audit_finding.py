"""What a probe finds: a finding with the smallest rollouts that show it and the rewards that they get."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any, NamedTuple

from harness.findings import Finding
from harness.targets.recorded_answers import RecordedAnswers

__all__ = ["Found", "Witness"]


class Witness(NamedTuple):
    """Rollouts that show a finding, and what the grader answers to each when they are replayed."""

    rollouts: tuple[dict[str, Any], ...]
    """Lines of a rollouts file, each with an id of its own."""
    rewards: tuple[float | None, ...]
    """The reward of each; None where the grader fails."""
    answers: RecordedAnswers | None = None
    """What a judge's model replied, for `rft replay --answers`; None where nobody is asked."""

    @property
    def digest(self) -> str:
        """Hash of the rollouts, by which a waiver names this witness."""
        text = json.dumps(self.rollouts, sort_keys=True, ensure_ascii=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Found(Finding):
    """A finding of the audit.

    `witness` is a `Witness`, or None where nothing that `rft replay` takes can show it.
    """

    records: int | None = None
    """How many of the records that were tried show it."""
    tried: int | None = None
    """How many records were tried."""
    text: str | None = None
    """The completion that is paid, or refused, as the headline shows it."""
    share: float | None = None
    """What that completion earns, as a share of what the right answer earns."""
    headline: str | None = None
    """The finding as one short sentence for the top of the output; made of `text` and `share` when None."""
