"""Formats a graded rollout for a test failure, with its reward, completion and reference."""

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
"""Maximum line length: a terminal has 80 columns, and pytest indents assertion messages by eight."""

_TEXT = 400
_REWARD = 300


def reward_text(row: Row) -> str:
    """Return a grading's reward, or the reason why it has none."""
    if row["reward"] is not None:
        return f"reward {row['reward']}"
    return shortened("no reward ({}: {})".format(*failure_of(row)), _REWARD)


def claim_text(claim: str) -> str:
    """Wrap a paragraph of a failure message, and remove terminal control characters from it."""
    return wrapped(printable(claim), WIDTH)


def graded_text(row: Row, rollout: Rollout, more: str = "") -> str:
    """Format a grading with its reward, completion, reference and metrics.

    Args:
        row: The grading.
        rollout: The graded rollout.
        more: Text to append to the reward.
    """
    beside = f", {shortened(more, _REWARD)}" if more else ""
    return "\n".join(
        [
            claim_text(f"  {sample_name(row)}: {reward_text(row)}{beside}"),
            *sample_lines(row, rollout),
        ]
    )


def sample_lines(row: Row, rollout: Rollout) -> list[str]:
    """Format the completion, reference and metrics of a grading."""
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
    """Return the completion and reference as a grader sees them, or as stored if it cannot parse them."""
    sent = rollout.sent or {}
    try:
        sample: Sample[Any] = Sample(sent)
        return sample.completion, sample.reference_answer
    except RecordError:
        return (sent.get("messages") or [{}])[-1].get("content"), sent.get("reference_answer")


def _short(value: Any) -> str:
    """Format a string in quotes, or another value as JSON, and leave out the middle if it is long."""
    return shortened(repr(value) if isinstance(value, str) else json.dumps(value, ensure_ascii=False), _TEXT)
