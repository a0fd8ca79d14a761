"""Findings of an audit, each with a witness: a few rollouts that show the problem."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any, NamedTuple

from harness.findings import Finding
from harness.targets.recorded_answers import RecordedAnswers

__all__ = ["Found", "Witness"]


class Witness(NamedTuple):
    """Rollouts that show a finding, and the rewards that a replay of them should give."""

    rollouts: tuple[dict[str, Any], ...]
    """Lines of a rollouts file. Each has an id."""
    rewards: tuple[float | None, ...]
    """The reward of each rollout; None if the grader fails on it."""
    answers: RecordedAnswers | None = None
    """The replies of the judge's model, for `rft replay --answers`; None if the grader asks no model."""

    @property
    def digest(self) -> str:
        """Hash of the rollouts, by which a waiver refers to the witness."""
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
    """The completion that is rewarded or refused, as the headline shows it."""
    share: float | None = None
    """The reward of that completion, as a share of the right answer's reward."""
    headline: str | None = None
    """The finding in one short sentence, for the top of the output; None to use `text` and `share`."""
