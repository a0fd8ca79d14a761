"""Shows a graded rollout in the failure of a test: its reward, its texts, and where they differ."""

from __future__ import annotations

import json
from typing import Any

from graders import Sample
from graders.errors import RecordError
from harness.printable import printable, shortened, wrapped
from harness.replay.text_difference import text_difference
from harness.rollouts.read import Rollout
from harness.runs.rows import Row, failure_of, sample_name

__all__ = ["claim_text", "graded_text", "reward_text"]

WIDTH = 72
"""Columns of a line: pytest puts eight in front of an assertion's message, and a terminal has 80."""

_TEXT = 400
_REWARD = 300


def reward_text(row: Row) -> str:
    """A grading's reward, or why there is none."""
    if row["reward"] is not None:
        return f"reward {row['reward']}"
    return shortened("no reward ({}: {})".format(*failure_of(row)), _REWARD)


def claim_text(claim: str) -> str:
    """One line of a failure, without what steers a terminal, in as many lines as it needs."""
    return wrapped(printable(claim), WIDTH)


def graded_text(row: Row, rollout: Rollout, more: str = "") -> str:
    """A grading with all that one needs to see why.

    Args:
        row: The grading.
        rollout: What was graded.
        more: What to say beside the reward.
    """
    beside = f", {shortened(more, _REWARD)}" if more else ""
    return "\n".join(
        [
            claim_text(f"  {sample_name(row)}: {reward_text(row)}{beside}"),
            *sample_lines(row, rollout),
        ]
    )


def sample_lines(row: Row, rollout: Rollout) -> list[str]:
    """The texts and the metrics of a grading."""
    completion, reference = _texts(rollout)
    found = [
        claim_text(f"    completion: {_short(completion)}"),
        claim_text(f"    reference:  {_short(reference)}"),
    ]
    if isinstance(completion, str):
        found += [claim_text(f"    difference: {line}") for line in text_difference(reference, completion)]
    if row["metrics"]:
        found.append(claim_text(f"    metrics:    {_short(row['metrics'])}"))
    return found


def _texts(rollout: Rollout) -> tuple[Any, Any]:
    """Completion and reference as a grader reads them; as they stand where it cannot."""
    sent = rollout.sent or {}
    try:
        sample: Sample[Any] = Sample(sent)
        return sample.completion, sample.reference_answer
    except RecordError:
        return (sent.get("messages") or [{}])[-1].get("content"), sent.get("reference_answer")


def _short(value: Any) -> str:
    """A text in quotes, anything else as JSON, its middle left out where it is long."""
    return shortened(repr(value) if isinstance(value, str) else json.dumps(value, ensure_ascii=False), _TEXT)
