"""The JSON that a Lambda grader reads and writes, in every known dialect.

`read_event` and `write_answer` are the grader's side; `write_events` and `read_answer` are the service's, for
replay and tests. The services' spellings (`aggregate_reward_score`, `metrics_list`) live in this file alone.
It never looks at a completion.

Sources: the Bedrock user guide's pages on reward functions for open-weight models and for Nova, SageMaker's
page on the same, and AWS's own samples. They contradict each other (`docs/contract.md`): what only one of
them says is read as well, and marked *unverified* in its profile.
"""

from __future__ import annotations

import json

from .errors import EventError
from .reward import KINDS, RESERVED, Failure, Reward, number

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
        "sagemaker-oss",
        "trajectories",
    ]


_MOST_BITS = 14_000
"""Python refuses to write longer integers out."""


class Profile:
    """One dialect of the contract.

    Args:
        name: What `--wire` calls it.
        source: Who documents it.
        placement: Where the reference and the record's fields stand: `metadata` or `root`.
        wrapped: Whether a reference that is a string comes as `{"text": ...}`.
        role: The role of the completion.
        blocks: Whether a message's content comes as a list of text blocks.
        container: `list`, `trajectories` (a list in an object) or `single` (one sample an event).
        envelope: Whether the answer goes back as `{"statusCode", "body"}`.
    """

    __slots__ = ("blocks", "container", "envelope", "name", "placement", "role", "source", "wrapped")

    def __init__(
        self,
        name: str,
        source: str,
        placement: str = "metadata",
        *,
        wrapped: bool = False,
        role: str = "assistant",
        blocks: bool = False,
        container: str = "list",
        envelope: bool = False,
    ) -> None:
        self.name = name
        self.source = source
        self.placement = placement
        self.wrapped = wrapped
        self.role = role
        self.blocks = blocks
        self.container = container
        self.envelope = envelope


PROFILES = {
    profile.name: profile
    for profile in (
        Profile("open-weight", "Bedrock user guide, open-weight models"),
        Profile(
            "open-weight-text", "the guide's placement, the samples' wrapping (unverified)", wrapped=True
        ),
        Profile("open-weight-root", "AWS's gpt-oss sample and walkthrough", "root", wrapped=True),
        Profile("open-weight-plain", "the walkthrough's data as it stands (unverified)", "root"),
        Profile("nova", "Bedrock user guide, Nova", role="nova_assistant"),
        Profile("nova-blocks", "AWS's Nova samples", "root", role="nova_assistant", blocks=True),
        Profile("sagemaker", "SageMaker guide, Nova", "root"),
        Profile("sagemaker-single", "SageMaker guide, judge sample (unverified)", "root", container="single"),
        Profile("sagemaker-oss", "sagemaker-train, open-weight models", "root", envelope=True),
        Profile(
            "trajectories", "tolerated by AWS's gpt-oss sample (unverified)", "root", container="trajectories"
        ),
    )
}
"""Every dialect by name; `open-weight` is what Bedrock documents for the jobs this project submits."""


def read_event(event: object) -> list[Any]:
    """The samples of an event, each as it came.

    Raises:
        EventError: It is in no known shape; nothing in it can be answered.
    """
    if isinstance(event, list):
        return event
    if isinstance(event, dict):
        inner = event.get("trajectories")
        if isinstance(inner, list):
            return inner
        if "messages" in event:
            return [event]
        shape = f"an object with the keys {sorted(str(key)[:40] for key in event)[:8]}"
    else:
        shape = f"a {type(event).__name__}"
    raise EventError(f"the event is {shape}: it should be a list of samples, as Bedrock sends it")


def write_events(rollouts: Iterable[dict[str, Any]], profile: Profile) -> Iterator[Any]:
    """The events in which a service of this profile would send some rollouts: one, or one for each.

    Args:
        rollouts: Objects with `messages`, and `id`, `reference_answer` and the record's fields beside them.
        profile: The dialect to write.
    """
    items = [_write_item(rollout, profile) for rollout in rollouts]
    if profile.container == "single":
        yield from items
    else:
        yield {"trajectories": items} if profile.container == "trajectories" else items


def _write_item(rollout: dict[str, Any], profile: Profile) -> dict[str, Any]:
    """One element of an event."""
    rest = dict(rollout)
    item = {"id": rest.pop("id", None), "messages": rest.pop("messages", None)}
    if profile.wrapped and isinstance(rest.get("reference_answer"), str):
        rest["reference_answer"] = {"text": rest["reference_answer"]}
    if profile.blocks or profile.role != "assistant":
        messages = item["messages"]
        if isinstance(messages, list):
            last = len(messages) - 1
            item["messages"] = [_write_message(m, profile, at == last) for at, m in enumerate(messages)]
    if profile.placement == "root":
        item.update(rest)
    else:
        item["metadata"] = rest
    return item


def _write_message(message: Any, profile: Profile, last: bool) -> Any:
    """One message in the profile's role and content; what is no message stays as it is."""
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
    """The answer to an event: as many entries as samples, in their order, each with a finite number.

    A failure has no number, and the wire takes nothing else: it goes out as the floor of the range with the
    metric `grader_error`, so that it can be counted where the reward is looked at.

    Args:
        items: The event's samples, whose ids go back as they came.
        outcomes: What became of each.
        floor: The smallest reward of the grader's range.
        profile: The dialect; of it only the envelope matters here.

    Returns:
        The answer, and how many strings and numbers in it had to be replaced to make it strict JSON.
    """
    replaced = 0
    entries = []
    for item, outcome in zip(items, outcomes, strict=True):
        key = item.get("id") if isinstance(item, dict) else None
        if type(key) is not str or not key.isascii():
            try:
                key, changed = strict(key)
            except RecursionError:  # an id nested so deeply cannot be written either
                key, changed = None, 1
            replaced += changed
        metrics: list[dict[str, Any]] = []
        if type(outcome) is float:
            value = outcome
        elif isinstance(outcome, Reward):
            value = outcome.value  # settled, so a float
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
    """Append named numbers as the wire lists them; return how many names had to be replaced."""
    replaced = 0
    for name, value in numbers.items():
        if not name.isascii():
            name, changed = strict(name)
            replaced += changed
            while changed and (name in numbers or any(name == metric["name"] for metric in into)):
                name += "_"  # two names that differed only in what was replaced
        into.append({"name": name, "value": value, "type": kind})
    return replaced


def _metric(name: str) -> dict[str, Any]:
    return {"name": name, "value": 1.0, "type": "Metric"}


def strict(value: Any) -> tuple[Any, int]:
    """A JSON value without lone surrogates and without NaN, and how many places that changed.

    The Lambda runtime's own client dies of a lone surrogate on Python 3.12 and later, and sends NaN as it is.
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
    """What a grader answered to an event, in the samples' order.

    Args:
        answer: The JSON that came back, in an envelope or without.
        event: The event that was sent.

    Returns:
        A Reward each, or the Failure that the grader reported through its error metric.

    Raises:
        EventError: The answer is not one that a training job could use; the message says why.
    """
    if isinstance(answer, dict) and "body" in answer:
        body = answer["body"]
        try:
            answer = json.loads(body) if isinstance(body, str) else body
        except ValueError as error:
            raise EventError(f"the body of the answer is no JSON: {error}") from None
    items = read_event(event)
    if not isinstance(answer, list):
        raise EventError(f"the answer is a {type(answer).__name__}, not a list")
    if len(answer) != len(items):
        raise EventError(f"{len(items)} samples were sent and {len(answer)} answers came back")
    return [_read_entry(entry, item, at) for at, (entry, item) in enumerate(zip(answer, items, strict=True))]


def _read_entry(entry: Any, item: Any, at: int) -> Reward | Failure:
    """One entry of an answer."""
    if not isinstance(entry, dict):
        raise EventError(f"answer {at} is a {type(entry).__name__}, not an object")
    sent = strict(item.get("id") if isinstance(item, dict) else None)[0]
    back = entry.get("id")
    if back != sent or type(back) is not type(sent):
        raise EventError(f"answer {at} carries the id {back!r}; the sample in that place is {sent!r}")
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
        raise EventError(f"answer {at}: {error}") from None
    if metrics.get(RESERVED):
        kind = next((kind for kind in KINDS if metrics.get(f"{RESERVED}_{kind}")), "exception")
        return Failure(kind, f"the grader reported an error of kind {kind}; its log says more")
    return Reward(value, metrics=metrics, components=components)


__all__ = ["PROFILES", "Profile", "read_answer", "read_event", "write_answer", "write_events"]
