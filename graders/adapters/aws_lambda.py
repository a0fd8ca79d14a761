"""Makes scoring functions from existing Lambda handlers.

A reward function for Bedrock or SageMaker takes batches. The adapter passes it one sample at a time, so that
a sample it cannot grade does not affect the rewards of other samples. Its response is checked strictly.
"""

from __future__ import annotations

import json
from time import perf_counter

from .._runtime.timing import around, until
from ..errors import DecorationError, EventError, SampleError
from ..reward import Failure
from ..sample import item_of
from ..wire import PROFILES, read_answer, write_events
from . import _lambda_inside
from ._given_reference import given_reference
from ._placed import placed
from ._scoring_function import scoring_function

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from typing import Any

    from ..reward import Reward
    from ..sample import Sample
    from ..wire import Wire
    from ._confined import ConfinedFunction

_SECONDS = 60.0
"""Remaining time that the context reports if the grader has no time limit, in seconds."""


def from_lambda(
    handler: Callable[[Any, Any], Any] | ConfinedFunction, *, wire: Wire | None = None
) -> Callable[[Sample[Any]], Any]:
    """Make a scoring function from a Lambda handler, such as one of AWS's examples.

    The handler is called with one sample at a time, in the event that the service would send for a batch of
    one. The context has a request id and the remaining time, which is based on the grader's limit, not on the
    `seconds` of a confined handler. The response may be a list with one entry, the entry itself, or an
    envelope (`statusCode` and `body`) that contains either. The reward is `aggregate_reward_score`. The
    entries of `metrics_list` become metrics or components, depending on their type. Other keys of an entry
    are ignored, since no service is known to use them.

    Some handlers return 0 for a sample that they could not grade. If the returned id differs from the
    sample's (AWS's FinQA example returns the id `"0"`), the sample fails. If the id is right, the 0 cannot be
    distinguished from the score of a wrong answer.

    A record with a blank reference fails without a call to the handler, because many handlers would reward an
    empty answer for it. A record without a reference is sent, since the adapter cannot know whether the
    handler needs one. Anything that a handler prints goes to the function's log, including prompts and
    completions (AWS's examples print whole events). The output of a confined handler is dropped.

    Args:
        handler: The handler, which may be `confined`.
        wire: The dialect that the handler expects, one of `graders.wire.PROFILES`. By default, each sample is
            sent unchanged.

    Raises:
        DecorationError: The value is not a handler or the dialect does not exist.

    Example:
        >>> from graders.testing import make_sample
        >>> def handler(event, context):
        ...     right = [item["messages"][-1]["content"] == "72" for item in event]
        ...     return [{"id": i["id"], "aggregate_reward_score": float(r)} for i, r in zip(event, right)]
        >>> from_lambda(handler)(make_sample("72"))
        Reward(1.0)
    """
    if isinstance(handler, type) or not callable(handler):
        raise DecorationError(
            f"from_lambda was given {handler!r}: give it a handler, def lambda_handler(event, context)"
        )
    if wire is not None and wire not in PROFILES:
        raise DecorationError(f"wire={wire!r}: write one of {', '.join(PROFILES)}")
    inside = placed(handler, _lambda_inside)

    def steps(sample: Sample[Any]) -> Generator[Any, Any, Reward]:
        given_reference(sample, "reference_answer")
        event = _event(sample, wire)
        given = sample.id if isinstance(sample.id, str) else "sample"
        answer = yield inside(json.dumps(event), given, _seconds_left())
        return _read(json.loads(answer), event)

    return scoring_function(steps, [handler])


def _event(sample: Sample[Any], wire: Wire | None) -> Any:
    if wire is None:
        return [item_of(sample)]
    rollout = {**sample.fields, "id": sample.id, "messages": sample.messages}
    if sample.reference_answer is not None:
        rollout["reference_answer"] = sample.reference_answer
    return next(iter(write_events([rollout], PROFILES[wire])))


def _seconds_left() -> float:
    tick, now = around.get(), perf_counter()
    ends = until.get()
    if ends is None and tick is not None:
        limit = _SECONDS if tick.limit is None else tick.limit
        known = ((tick.since or now) + limit, tick.deadline)
        ends = min(end for end in known if end is not None)
    return _SECONDS if ends is None else ends - now


def _read(answer: Any, event: Any) -> Reward:
    """Extract the reward from a handler's response.

    Raises:
        SampleError: The response does not contain a reward that a training job could use.
    """
    try:
        [outcome] = read_answer(_listed(answer), event)
    except EventError as error:
        raise SampleError("value", f"the handler's answer is not usable: {error}") from None
    if isinstance(outcome, Failure):
        raise SampleError(outcome.kind, outcome.message, outcome.origin)
    return outcome


def _listed(answer: Any) -> Any:
    """Wrap a single entry in a list, because a handler may respond to one sample without a list."""
    if isinstance(answer, dict) and "body" in answer:
        body = answer["body"]
        if isinstance(body, str):
            try:
                body = json.loads(body)
            except ValueError:
                return answer  # the function that reads the answer reports the fault
        return {**answer, "body": _listed(body)}
    return [answer] if isinstance(answer, dict) and "aggregate_reward_score" in answer else answer


__all__ = ["from_lambda"]
