"""The JSON that a Lambda grader reads and writes, in every known dialect.

`read_event` and `write_answer` are used by the grader. `write_events` and `read_answer` play the part of the
service, for replay and tests. The services' spellings (`aggregate_reward_score`, `metrics_list`) appear only
in this file. This module never looks at a completion.

Sources: the Bedrock user guide's pages on reward functions for open-weight models and for Nova, SageMaker's
page on the same subject, its starter template for open-weight models (awslabs/agent-plugins), and AWS's
samples. These sources contradict each other (`docs/contract.md`), so each profile names its evidence.
"""

from __future__ import annotations

import json

from .errors import AnswerIdError, AnswerRewardError, AnswerShapeError, EventError
from .reward import KINDS, RESERVED, Failure, Reward, number
from .sample import REFERENCES, item_id

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import Any, Literal, TypeAlias

    from .reward import Outcome

    Wire: TypeAlias = Literal[
        "open-weight",
        "open-weight-text",
        "open-weight-root",
        "open-weight-plain",
        "nova",
        "nova-blocks",
        "sagemaker",
        "sagemaker-single",
        "trajectories",
        "sagemaker-oss",
        "sagemaker-oss-text",
        "sagemaker-oss-batch",
        "sagemaker-oss-input",
        "sagemaker-oss-body",
        "sagemaker-oss-ground-truth",
        "sagemaker-oss-verl",
        "sagemaker-oss-extra",
    ]


_MOST_BITS = 14_000
"""Integers with more bits may be too long for Python to convert to a string."""


EVIDENCE = ("documented", "sampled", "unverified")
"""Kinds of evidence for a dialect: AWS documents it, AWS code handles it, or neither is known."""

CONTAINERS = ("list", "single", "trajectories", "batch", "input", "body")
"""The ways in which an event can contain samples.

The event may be a list of samples, a single sample, an object with the list under a key, or an object whose
JSON body is `{"batch": ...}`.
"""


class Profile:
    """One dialect of the contract.

    Args:
        name: Name for `--wire`.
        evidence: One of `EVIDENCE`.
        source: The document or code that shows this dialect.
        placement: The location of the reference and the record's fields in the event: `metadata` or `root`.
        wrapped: True if a string reference is sent as `{"text": ...}`.
        role: Role of the message that contains the completion.
        blocks: True if a message's content is a list of text blocks.
        container: One of `CONTAINERS`.
        envelope: True if the response is returned as `{"statusCode", "body"}`.
        reference: The key of the reference: `reference_answer`, or one of `REFERENCES`.
        turns: The key of the messages: `messages` or verl's `prompt`.
        id: The key of the id: `id`, or `my_key`, which SageMaker's starter template uses.
    """

    __slots__ = (
        *("blocks", "container", "envelope", "evidence", "id", "name", "placement", "reference", "role"),
        *("source", "turns", "wrapped"),
    )

    def __init__(
        self,
        name: str,
        evidence: str,
        source: str,
        placement: str = "metadata",
        *,
        wrapped: bool = False,
        role: str = "assistant",
        blocks: bool = False,
        container: str = "list",
        envelope: bool = False,
        reference: str = "reference_answer",
        turns: str = "messages",
        id: str = "id",  # the spelling in the event
    ) -> None:
        self.name = name
        self.evidence = evidence
        self.source = source
        self.placement = placement
        self.wrapped = wrapped
        self.role = role
        self.blocks = blocks
        self.container = container
        self.envelope = envelope
        self.reference = reference
        self.turns = turns
        self.id = id


_TEMPLATE = "SageMaker's starter template, open-weight models"


def _open_model(name: str, evidence: str = "sampled", source: str = _TEMPLATE, **how: Any) -> Profile:
    return Profile(f"sagemaker-oss{name}", evidence, source, "root", envelope=True, **how)


PROFILES = {
    profile.name: profile
    for profile in (
        Profile("open-weight", "documented", "Bedrock user guide, open-weight models"),
        Profile(
            "open-weight-text", "unverified", "the guide's placement, the samples' wrapping", wrapped=True
        ),
        Profile("open-weight-root", "sampled", "AWS's gpt-oss sample and walkthrough", "root", wrapped=True),
        Profile("open-weight-plain", "unverified", "the walkthrough's data, unchanged", "root"),
        Profile("nova", "documented", "Bedrock user guide, Nova", role="nova_assistant"),
        Profile("nova-blocks", "sampled", "AWS's Nova samples", "root", role="nova_assistant", blocks=True),
        Profile("sagemaker", "documented", "SageMaker guide, Nova", "root"),
        Profile("sagemaker-single", "sampled", "SageMaker guide, judge sample", "root", container="single"),
        Profile("trajectories", "sampled", "AWS's gpt-oss sample", "root", container="trajectories"),
        _open_model("", source="sagemaker-train's check of reward functions"),
        _open_model("-text", wrapped=True),
        _open_model("-batch", container="batch", wrapped=True),
        _open_model("-input", container="input", wrapped=True),
        _open_model("-body", container="body", wrapped=True),
        _open_model("-ground-truth", reference="reward_model"),
        _open_model("-verl", reference="reward_model", turns="prompt", id="my_key"),
        _open_model("-extra", "unverified", "verl's data, unchanged", reference="extra_info"),
    )
}
"""All dialects by name. Bedrock documents `open-weight` for the jobs that this project submits."""

PROVEN = tuple(name for name, profile in PROFILES.items() if profile.evidence != "unverified")
"""Dialects that AWS documents or AWS code handles. `--wire all` selects these."""


def read_event(event: object) -> list[Any]:
    """Return an event's samples, unchanged.

    Raises:
        EventError: The event has an unknown shape, so none of its samples can be graded.
    """
    if isinstance(event, list):
        return event
    if isinstance(event, dict):
        # A sample may have a field with a container's name, but only a sample has messages.
        if "messages" in event or isinstance(event.get("prompt"), list):
            return [event]
        for name in ("trajectories", "batch", "input"):
            inner = event.get(name)
            if isinstance(inner, list):
                return inner
        if "body" in event:
            return _read_body(event["body"])
        if "evaluationInput" in event:
            raise EventError(
                "the event comes from an AgentCore evaluator: write `handler = as_agentcore(your_grader)` "
                "(from graders.adapters), and make that the function's handler"
            )
        shape = f"an object with the keys {sorted(str(key)[:40] for key in event)[:8]}"
    else:
        shape = f"a {type(event).__name__}"
    raise EventError(f"the event is {shape}: send a list of samples, as Bedrock does")


def _read_body(body: object) -> list[Any]:
    try:
        inner = json.loads(body) if isinstance(body, str) else body
    except (ValueError, RecursionError):
        raise EventError("the event's body is not JSON: send an object with a list `batch`") from None
    if isinstance(inner, dict) and "body" in inner:
        raise EventError("the event's body is an object with another body inside, not a list of samples")
    return read_event(inner)


def write_events(rollouts: Iterable[dict[str, Any]], profile: Profile) -> Iterator[Any]:
    """Yield the events that a service with this profile would send: one for all rollouts, or one per rollout.

    Args:
        rollouts: Objects with `messages`, `id`, `reference_answer` and the record's fields.
        profile: The dialect to write.
    """
    plain = profile.placement == "metadata" and not (profile.wrapped or profile.blocks)
    if plain and profile.role == "assistant" and profile.reference == "reference_answer":
        items = [_write_plain(rollout, profile.id, profile.turns) for rollout in rollouts]
    else:
        items = [_write_item(rollout, profile) for rollout in rollouts]
    container = profile.container
    if container == "single":
        yield from items
    elif container == "list":
        yield items
    else:
        yield {"body": json.dumps({"batch": items})} if container == "body" else {container: items}


def _write_plain(rollout: dict[str, Any], id: str, turns: str) -> dict[str, Any]:
    """Write an event element for the most common dialects. This is faster than `_write_item`."""
    rest = rollout.copy()
    return {id: rest.pop("id", None), turns: rest.pop("messages", None), "metadata": rest}


def _write_item(rollout: dict[str, Any], profile: Profile) -> dict[str, Any]:
    rest = dict(rollout)
    item = {profile.id: rest.pop("id", None), profile.turns: rest.pop("messages", None)}
    if profile.wrapped and isinstance(rest.get("reference_answer"), str):
        rest["reference_answer"] = {"text": rest["reference_answer"]}
    if profile.blocks or profile.role != "assistant":
        messages = item["messages"]
        if isinstance(messages, list):
            last = len(messages) - 1
            item["messages"] = [_write_message(m, profile, at == last) for at, m in enumerate(messages)]
    if profile.reference != "reference_answer" and "reference_answer" in rest:
        rest[profile.reference] = {dict(REFERENCES)[profile.reference]: rest.pop("reference_answer")}
    if profile.placement == "root":
        return {**item, **{name: value for name, value in rest.items() if name not in item}}
    item["metadata"] = rest
    return item


def _write_message(message: Any, profile: Profile, last: bool) -> Any:
    """Write one message with the profile's role and content. Any other value is returned unchanged."""
    if not isinstance(message, dict):
        return message
    message = dict(message)
    if last and message.get("role") == "assistant":
        message["role"] = profile.role
    if profile.blocks and isinstance(message.get("content"), str):
        message["content"] = [{"type": "text", "text": message["content"]}]
    return message


def write_answer(
    items: Sequence[Any], outcomes: Sequence[Outcome], floor: float, profile: Profile
) -> tuple[Any, int]:
    """Write the response to an event: one entry per sample, in order, each with a finite number.

    The contract accepts only numbers, so a failure is sent as the lowest value in the range. The metric
    `grader_error` allows failures to be counted separately.

    Args:
        items: The event's samples, whose ids are returned unchanged.
        outcomes: The outcome of each sample.
        floor: The smallest reward of the grader's range.
        profile: The dialect, which determines if the response is put in an envelope.

    Returns:
        The response, and the number of strings and numbers that were replaced to make it strict JSON.
    """
    replaced = 0
    entries = []
    for item, outcome in zip(items, outcomes, strict=True):
        key = item.get("id") if isinstance(item, dict) else None
        if key is None:
            key = item_id(item)
        if type(key) is not str or not key.isascii():
            try:
                key, changed = strict(key)
            except RecursionError:  # a deeply nested id cannot be written either
                key, changed = None, 1
            replaced += changed
        metrics: list[dict[str, Any]] = []
        if type(outcome) is float:
            value = outcome
        elif isinstance(outcome, Reward):
            value = outcome.value  # `settle` has made it a float
            if outcome.components:
                replaced += _list(outcome.components, "Reward", metrics)
            if outcome.metrics:
                replaced += _list(outcome.metrics, "Metric", metrics)
        else:
            value = floor
            metrics += _metric(RESERVED), _metric(f"{RESERVED}_{outcome.kind}")  # type: ignore[union-attr]
        entries.append({"id": key, "aggregate_reward_score": value, "metrics_list": metrics})
    if profile.envelope:
        return {"statusCode": 200, "body": json.dumps(entries)}, replaced
    return entries, replaced


def _list(numbers: Mapping[str, Any], kind: str, into: list[dict[str, Any]]) -> int:
    """Append named numbers in the contract's format and return how many names had to be changed."""
    replaced = 0
    for name, value in numbers.items():
        if not name.isascii():
            name, changed = strict(name)
            replaced += changed
            while changed and (name in numbers or any(name == metric["name"] for metric in into)):
                name += "_"  # these two names differed only in replaced characters
        into.append({"name": name, "value": value, "type": kind})
    return replaced


def _metric(name: str) -> dict[str, Any]:
    return {"name": name, "value": 1.0, "type": "Metric"}


def strict(value: Any) -> tuple[Any, int]:
    """Replace lone surrogates and NaN in a JSON value. Return the result and the number of replacements.

    On Python 3.12 and later, the client of the Lambda runtime crashes on a lone surrogate, and it sends NaN
    unchanged.
    """
    if isinstance(value, str):
        clean = value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        return clean, int(clean != value)
    if isinstance(value, float):
        return (value, 0) if value - value == 0 else (None, 1)
    if isinstance(value, int) and value.bit_length() > _MOST_BITS:
        return None, 1
    if isinstance(value, (list, tuple)):
        pairs = [strict(part) for part in value]
        return [part for part, _ in pairs], sum(changed for _, changed in pairs)
    if isinstance(value, dict):
        total, clean_dict = 0, {}
        for key, part in value.items():
            key, in_key = strict(key)
            clean_dict[key], in_part = strict(part)
            total += in_key + in_part
        return clean_dict, total
    return value, 0


def read_answer(answer: Any, event: Any) -> list[Reward | Failure]:
    """Parse a grader's response to an event.

    Args:
        answer: The JSON that the grader returned, with or without an envelope.
        event: The event that was sent.

    Returns:
        For each sample, in order, a Reward or the Failure that the grader reported in its error metric.

    Raises:
        EventError: A training job could not use the response.
    """
    enveloped = isinstance(answer, dict) and "body" in answer
    if enveloped:
        status = answer.get("statusCode", 200)
        if isinstance(status, bool) or not isinstance(status, int) or not 200 <= status < 300:
            raise AnswerShapeError(
                f"the grader answered with the status {status!r}: {str(answer['body'])[:200]}"
            )
        body = answer["body"]
        try:
            answer = json.loads(body) if isinstance(body, str) else body
        except ValueError as error:
            raise AnswerShapeError(f"the answer's body is not JSON: {error}") from None
    items = read_event(event)
    if isinstance(answer, dict) and "error" in answer:  # from SageMaker's starter template
        raise AnswerShapeError(f"the grader answered with an error: {str(answer['error'])[:200]}")
    if not isinstance(answer, list):
        raise AnswerShapeError(f"the answer is a {type(answer).__name__}, not a list")
    if len(answer) != len(items):
        sent = "1 sample was" if len(items) == 1 else f"{len(items)} samples were"
        back = "1 answer" if len(answer) == 1 else f"{len(answer)} answers"
        raise AnswerIdError(f"{sent} sent and {back} came back")
    pairs = enumerate(zip(answer, items, strict=True))
    return [_read_entry(entry, item, at, enveloped) for at, (entry, item) in pairs]


def _read_entry(entry: Any, item: Any, at: int, enveloped: bool) -> Reward | Failure:
    if not isinstance(entry, dict):
        raise AnswerShapeError(f"answer {at} is a {type(entry).__name__}, not an object")
    sent = strict(item_id(item))[0]
    back = entry.get("id")
    # In an envelope, SageMaker's starter template names a sample without `my_key` by its position.
    by_place = enveloped and back == f"sample-{at:03d}"
    if (back != sent or type(back) is not type(sent)) and not by_place:
        raise AnswerIdError(f"answer {at} carries the id {back!r}; the sample at that position is {sent!r}")
    try:
        if isinstance(entry.get("aggregate_reward_score"), bool):
            raise ValueError("a boolean")
        value = number(entry.get("aggregate_reward_score"))
        listed = entry.get("metrics_list") or []
        metrics = {m["name"]: number(m["value"]) for m in listed if m["type"] == "Metric"}
        components = {m["name"]: number(m["value"]) for m in listed if m["type"] == "Reward"}
        if len(metrics) + len(components) != len(listed):
            raise ValueError("a metric is given twice, or its type is neither Metric nor Reward")
    except (ValueError, TypeError, KeyError) as error:
        raise AnswerRewardError(f"answer {at}: {error}") from None
    if metrics.get(RESERVED):
        kind = next((kind for kind in KINDS if metrics.get(f"{RESERVED}_{kind}")), "exception")
        return Failure(kind, f"the grader reported an error of kind {kind}; its log has the details")
    return Reward(value, metrics=metrics, components=components)


__all__ = ["PROFILES", "PROVEN", "Profile", "read_answer", "read_event", "write_answer", "write_events"]
