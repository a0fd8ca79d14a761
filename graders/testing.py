"""Make samples and call graders as Lambda would, for use in your graders' tests."""

from __future__ import annotations

import json

from ._runtime.timing import Context
from .sample import Sample
from .wire import PROFILES, read_answer, write_events

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from .reward import Failure, Reward


def make_sample(
    completion: str | None,
    reference_answer: Any = None,
    *,
    prompt: str = "a prompt",
    id: str = "sample-1",  # the spelling in the event
    **fields: Any,
) -> Sample[Any]:
    """Return a sample in the form in which a grader receives it.

    Args:
        completion: The model's answer.
        reference_answer: The record's reference, or None for a record without one.
        prompt: Text of the user's turn.
        id: Id of the sample.
        **fields: The record's other fields.

    Example:
        >>> make_sample("#### 72", "#### 72", unit="clips").fields
        {'unit': 'clips'}
    """
    rollout = {
        "id": id,
        "messages": [{"role": "user", "content": prompt}, {"role": "assistant", "content": completion}],
        **fields,
    }
    if reference_answer is not None:
        rollout["reference_answer"] = reference_answer
    return Sample(next(iter(write_events([rollout], PROFILES["open-weight"])))[0])


def invoke(
    handler: Callable[[Any, Any], Any],
    samples: Sequence[Sample[Any] | dict[str, Any]],
    wire: str = "open-weight",
    context: Any = None,
) -> list[Reward | Failure]:
    """Call a handler as a training service does, with strict JSON in both directions.

    Args:
        handler: A grader, or any function that takes an event and a context.
        samples: Samples, or rollouts with `id`, `messages`, `reference_answer` and the record's other fields.
        wire: The dialect of the events, one of `graders.wire.PROFILES`.
        context: A Lambda context. Defaults to `Context()`.

    Returns:
        For each sample, a Reward or the Failure that the grader reported.

    Raises:
        EventError: A training job could not use the response.
        ValueError: The response is not strict JSON.
    """
    found: list[Reward | Failure] = []
    for event in write_events([_rollout(sample) for sample in samples], PROFILES[wire]):
        sent = json.loads(json.dumps(event))
        answer = handler(sent, context or Context())
        # Lambda's client writes JSON like this on Python 3.12 and later, and crashes on a lone surrogate.
        answer = json.loads(json.dumps(answer, allow_nan=False, ensure_ascii=False).encode())
        found += read_answer(answer, sent)
    return found


def _rollout(sample: Sample[Any] | dict[str, Any]) -> dict[str, Any]:
    if not isinstance(sample, Sample):
        return sample
    rollout: dict[str, Any] = {"id": sample.id, "messages": sample.messages, **sample.fields}
    if sample.reference_answer is not None:
        rollout["reference_answer"] = sample.reference_answer
    return rollout


__all__ = ["Context", "invoke", "make_sample"]
