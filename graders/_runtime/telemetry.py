"""Writes one structured log line and one set of CloudWatch metrics per batch.

Powertools writes the metrics in the embedded metric format. It is imported the first time a handler runs in
Lambda, never on a laptop. `log_content` decides which content a log line may quote.
"""

from __future__ import annotations

import os
import sys

from ..reward import KINDS, Failure
from .log_content import may_log_content, short_id, writable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from ..reward import Outcome

NAMESPACE = "RftGraders"
"""Default CloudWatch namespace. `POWERTOOLS_METRICS_NAMESPACE` overrides it."""

_MOST_IDS = 20

_send: Callable[[dict[str, Any]], None] | None = None


def report(
    items: Sequence[Any],
    outcomes: Sequence[Outcome],
    milliseconds: float,
    replaced: int,
    left: float | None = None,
) -> None:
    """Report one batch if running in Lambda.

    Args:
        items: The samples. The log line names failed samples by id.
        outcomes: The outcome of each sample.
        milliseconds: The time that the batch took.
        replaced: The number of strings in the response that JSON could not represent.
        left: Milliseconds remaining until the function's timeout, or None if unknown.
    """
    global _send
    if "AWS_LAMBDA_FUNCTION_NAME" not in os.environ:
        return
    try:
        if _send is None:
            _send = _powertools() or _plain
        _send(summary(items, outcomes, milliseconds, replaced, left))
    except Exception as error:  # the rewards matter more than the log line
        sys.stderr.write(f"graders: a batch could not be reported: {type(error).__name__}\n")


def summary(
    items: Sequence[Any],
    outcomes: Sequence[Outcome],
    milliseconds: float,
    replaced: int,
    left: float | None = None,
) -> dict[str, Any]:
    """Return the fields for a batch's log line."""
    rewards = [float(outcome) for outcome in outcomes if not isinstance(outcome, Failure)]
    failed = [
        (item, outcome) for item, outcome in zip(items, outcomes, strict=True) if isinstance(outcome, Failure)
    ]
    kinds = [outcome.kind for _, outcome in failed]
    line: dict[str, Any] = {
        "samples": len(outcomes),
        "errors": {kind: kinds.count(kind) for kind in KINDS if kind != "abstain" and kind in kinds},
        "abstentions": kinds.count("abstain"),
        "batch_ms": round(milliseconds, 3),
    }
    if left is not None:
        # A percentage of the function's timeout, so that an alarm does not have to know the timeout.
        line["timeout_used"] = round(100 * milliseconds / max(milliseconds + left, 0.001), 3)
    if rewards:
        # An alarm looks for zero spread, which equal rewards have. A rounded mean would give equal rewards a
        # small spread.
        same = min(rewards) == max(rewards)
        mean = rewards[0] if same else sum(rewards) / len(rewards)
        line["reward_mean"] = mean
        line["reward_spread"] = (sum((reward - mean) ** 2 for reward in rewards) / len(rewards)) ** 0.5
    if replaced:
        line["replaced"] = replaced
    if failed:
        line["failed_ids"] = [short_id(item) for item, _ in failed[:_MOST_IDS]]
        line["origins"] = sorted({outcome.origin for _, outcome in failed})[:_MOST_IDS]
        if may_log_content():
            line["failed"] = [
                {"sample": writable(item), "error": writable(outcome.message)}
                for item, outcome in failed[:_MOST_IDS]
            ]
    return line


def _powertools() -> Callable[[dict[str, Any]], None] | None:
    """Return a function that reports a batch through Powertools, or None if Powertools is missing."""
    try:
        from aws_lambda_powertools import Logger
        from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit
    except ImportError:
        return None
    service = os.environ.get("POWERTOOLS_SERVICE_NAME") or os.environ["AWS_LAMBDA_FUNCTION_NAME"]
    # Neither the metrics nor the logger is shared with the scoring function: `Metrics` has one set for the
    # whole process, and loggers with the same name share their keys, which may be content.
    logger = Logger(service=f"{service} (graders)")
    logger.append_keys(service=service)
    namespace = os.environ.get("POWERTOOLS_METRICS_NAMESPACE") or NAMESPACE
    metrics = EphemeralMetrics(namespace=namespace, service=service)
    count, none, time = MetricUnit.Count, MetricUnit.NoUnit, MetricUnit.Milliseconds

    def send(line: dict[str, Any]) -> None:
        errors = line["errors"]
        (logger.warning if errors else logger.info)("graded a batch", extra=line)
        metrics.add_metric("Samples", count, line["samples"])
        metrics.add_metric("Errors", count, sum(errors.values()))
        metrics.add_metric("Abstentions", count, line["abstentions"])
        metrics.add_metric("BatchMilliseconds", time, line["batch_ms"])
        if "timeout_used" in line:
            metrics.add_metric("TimeoutUsed", MetricUnit.Percent, line["timeout_used"])
        for kind, errors_of_kind in errors.items():
            metrics.add_metric(f"Errors{kind.capitalize()}", count, errors_of_kind)
        if "reward_mean" in line:
            metrics.add_metric("RewardMean", none, line["reward_mean"])
            metrics.add_metric("RewardSpread", none, line["reward_spread"])
        metrics.flush_metrics()

    return send


def _plain(line: dict[str, Any]) -> None:
    """Write the log line without Powertools, noting that no metrics were sent."""
    import json

    line = {
        "message": "graded a batch",
        "metrics": "not sent: the artifact does not include aws-lambda-powertools",
        **line,
    }
    sys.stdout.write(json.dumps(line) + "\n")
