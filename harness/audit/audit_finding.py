"""Audit findings, each with the smallest set of rollouts that shows it and the rewards of these rollouts."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any, NamedTuple

from harness.findings import Finding
from harness.targets.recorded_answers import RecordedAnswers

__all__ = ["Found", "Witness"]


class Witness(NamedTuple):
    """Rollouts that show a finding, and the rewards that the grader is expected to give them in a replay."""

    rollouts: tuple[dict[str, Any], ...]
    """Lines of a rollouts file, each with its own id."""
    rewards: tuple[float | None, ...]
    """The reward of each rollout; None where the grader fails."""
    answers: RecordedAnswers | None = None
    """The replies of the judge's model, for `rft replay --answers`; None if the grader asks no model."""

    @property
    def digest(self) -> str:
        """Hash of the rollouts. A waiver names the witness by this hash."""
        text = json.dumps(self.rollouts, sort_keys=True, ensure_ascii=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Found(Finding):
    """A finding of the audit.

    `witness` is a `Witness`, or None if `rft replay` cannot show the finding.
    """

    records: int | None = None
    """Number of records that show the finding."""
    tried: int | None = None
    """Number of records tried."""
    text: str | None = None
    """The completion that is paid or refused, as the headline shows it."""
    share: float | None = None
    """The reward of that completion, as a share of the right answer's reward."""
    headline: str | None = None
    """The finding in one short sentence, for the top of the output; None to use `text` and `share`."""
