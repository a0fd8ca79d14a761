"""Audit findings, each with a witness: a few rollouts that demonstrate the problem."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any, NamedTuple

from harness.findings import Finding
from harness.targets.recorded_answers import RecordedAnswers

__all__ = ["Found", "Witness"]


class Witness(NamedTuple):
    """Rollouts that demonstrate a finding, and the rewards that a replay should produce for them."""

    rollouts: tuple[dict[str, Any], ...]
    """Lines of a rollouts file, each with an id."""
    rewards: tuple[float | None, ...]
    """The reward of each rollout, or None if the grader fails on the rollout."""
    answers: RecordedAnswers | None = None
    """The judge's replies, for `rft replay --answers`, or None if the grader has no judge."""

    @property
    def digest(self) -> str:
        """Hash of the rollouts. Waivers use it to refer to the witness."""
        text = json.dumps(self.rollouts, sort_keys=True, ensure_ascii=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Found(Finding):
    """A finding of an audit.

    `witness` is a `Witness`, or None if `rft replay` cannot reproduce the finding.
    """

    records: int | None = None
    """Number of records on which the problem occurs."""
    tried: int | None = None
    """Number of records tried."""
    text: str | None = None
    """The rewarded or refused completion, as shown in the headline."""
    share: float | None = None
    """The reward of that completion, as a share of the right answer's reward."""
    headline: str | None = None
    """A short sentence for the top of the output, or None to build one from `text` and `share`."""
