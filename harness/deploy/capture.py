"""Compares captured events with the known wire formats.

A function with `GRADER_CAPTURE` set logs the shape of its events. AWS publishes no real event, and its
documents contradict each other. The log of an account's first job shows which wire the service uses, how its
events differ from that wire, and other facts that AWS does not document.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from graders._runtime import captured_in, shape
from graders.wire import PROFILES, write_events
from harness.aws import AwsError, client, explained
from harness.errors import InputError

__all__ = ["Captured", "Likeness", "log_lines", "read_captures"]

_ROLLOUT = {
    "id": "a",
    "messages": [{"role": "user", "content": "a question"}, {"role": "assistant", "content": "an answer"}],
    "reference_answer": "a reference",
    "unit": "a field",
}
_TEXT = "text "
_PATTERN = '"captured an event"'


@dataclass(frozen=True, slots=True)
class Likeness:
    """A comparison of a captured event with one wire."""

    wire: str
    evidence: str
    differences: dict[str, tuple[str, str]] = field(default_factory=dict)
    """The traits that differ, each with the value of the wire and that of the captured event."""


@dataclass(frozen=True, slots=True)
class Captured:
    """The shape of one captured event, with counts of its samples."""

    event: Any
    """Keys and nesting of the event as received, with placeholders for strings and numbers."""
    samples: int | None = None
    distinct_ids: int | None = None
    distinct_prompts: int | None = None
    remaining_ms: int | None = None

    @property
    def sample(self) -> dict[str, Any]:
        """The shape of the event's first sample, or an empty value if no sample is recognized."""
        return _first_sample(self.event)[1]

    def likenesses(self) -> list[Likeness]:
        """Return comparisons with all wires, closest match first. On a tie, documented wires come first."""
        here = _traits(self.event)
        found = []
        for profile in PROFILES.values():
            there = _traits(shape(next(write_events([_ROLLOUT], profile))))
            differences = {
                trait: (there[trait], here[trait])
                for trait in there
                if trait in here and here[trait] != there[trait]
            }
            found.append(Likeness(profile.name, profile.evidence, differences))
        return sorted(found, key=lambda one: len(one.differences))

    def matches(self) -> list[Likeness]:
        """Return the wires whose traits all match the event's."""
        return [one for one in self.likenesses() if not one.differences]

    def tells(self) -> dict[str, str]:
        """Return facts shown by this event that AWS does not document."""
        sample = self.sample
        message = _last_message(sample)
        told = {
            "samples per call": self._counted(self.samples),
            "distinct prompts in the call": self._counted(self.distinct_prompts),
            "distinct ids in the call": self._counted(self.distinct_ids),
            "time left on arrival": "unknown" if self.remaining_ms is None else f"{self.remaining_ms:,} ms",
            "id": _said(sample.get("id", sample.get("my_key"))),
            "completion": _said(message.get("content")),
            "reasoning": _reasoning(message),
            "keys next to the message's text": _names(set(message) - {"role", "content"}),
        }
        if "metadata" in sample:
            told["keys next to the metadata"] = _names(set(sample) - {"id", "messages", "metadata"})
        return told

    @staticmethod
    def _counted(number: int | None) -> str:
        return "unknown" if number is None else f"{number:,}"

    def to_json(self) -> dict[str, Any]:
        """Return the event and the comparisons as JSON."""
        return {
            "event": self.event,
            "matches": [one.wire for one in self.matches()],
            "likenesses": [asdict(one) for one in self.likenesses()],
            "tells": self.tells(),
        }


def read_captures(lines: Iterable[str], limit: int | None = None) -> list[Captured]:
    """Read the captured events from the lines of a log.

    Args:
        lines: The log's lines. Lines without a captured event are skipped.
        limit: Maximum number of events to read, or None for all.
    """
    found: list[Captured] = []
    for line in lines:
        said = captured_in(line)
        if said is not None:
            counts = (
                said.get(name) for name in ("samples", "distinct_ids", "distinct_prompts", "remaining_ms")
            )
            found.append(Captured(said["event"], *(one if type(one) is int else None for one in counts)))
            if len(found) == limit:
                break
    return found


def log_lines(function: str, region: str | None, since_ms: int) -> Iterator[str]:
    """Return the lines of a function's log that may contain a captured event, oldest first.

    Args:
        function: The function's ARN or name.
        region: The function's Region. If None, it is taken from the ARN, AWS_REGION or boto3's configuration.
        since_ms: Start of the search, in milliseconds since 1970.

    Raises:
        InputError: The log does not exist, or no Region or credentials are configured.
        ServiceError: AWS cannot be reached or refuses the request.
    """
    parts = function.split(":")
    name = parts[6] if function.startswith("arn:") and len(parts) > 6 else parts[0]
    region = parts[3] if region is None and function.startswith("arn:") and len(parts) > 6 else region
    group = _log_group(function, name, region)
    logs = client("logs", region)
    with explained(f"log group {group}"):
        pages = logs.get_paginator("filter_log_events").paginate(
            logGroupName=group, filterPattern=_PATTERN, startTime=since_ms
        )
        for page in pages:
            for event in page["events"]:
                yield event["message"]


def _log_group(function: str, name: str, region: str | None) -> str:
    """Return the function's log group, or the default name if the credentials do not allow looking it up."""
    try:
        with explained(function):
            found = client("lambda", region).get_function_configuration(FunctionName=function)
    except AwsError as error:
        if isinstance(error, InputError) and error.code in (
            "NoRegionError",
            "NoCredentialsError",
            "ProfileNotFound",
        ):
            raise
        return f"/aws/lambda/{name}"
    group = found.get("LoggingConfig", {}).get("LogGroup")
    return str(group) if group else f"/aws/lambda/{name}"


def _first_sample(event: Any, depth: int = 0) -> tuple[str, dict[str, Any]]:
    """Return a description of the event's nesting and the first sample."""
    if isinstance(event, dict) and depth < 4:
        if "messages" in event or isinstance(event.get("prompt"), list):
            return "one sample", event
        for name in ("trajectories", "batch", "input", "body", "as JSON text"):
            if name in event:
                inner, sample = _first_sample(event[name], depth + 1)
                return f"{name}: {inner}", sample
    if isinstance(event, list):
        return "a list", next((one for one in event if isinstance(one, dict)), {})
    return "unknown", {}


def _last_message(sample: dict[str, Any]) -> dict[str, Any]:
    messages = sample.get("messages", sample.get("prompt"))
    found = messages[-1] if isinstance(messages, list) and messages else None
    return found if isinstance(found, dict) else {}


def _traits(event: Any) -> dict[str, str]:
    """Return the traits that distinguish wires, omitting those that the event does not show."""
    container, sample = _first_sample(event)
    traits = {"event": container}
    if not sample:
        return traits
    message = _last_message(sample)
    traits["messages"] = next((name for name in ("messages", "prompt") if name in sample), "missing")
    traits["id"] = next((name for name in ("id", "my_key") if name in sample), "missing")
    if isinstance(message.get("role"), str):
        traits["role of the completion"] = message["role"]
    content = message.get("content")
    if content is not None:
        traits["content"] = "text" if isinstance(content, str) else "blocks"
    place, reference = _reference(sample)
    if place:
        traits["reference in"] = place
        if isinstance(reference, str):
            traits["a string as reference"] = "as it is"
        elif isinstance(reference, dict) and list(reference) == ["text"]:
            traits["a string as reference"] = 'in {"text": ...}'
    return traits


def _reference(sample: dict[str, Any]) -> tuple[str, Any]:
    """Return the name of the reference's location and the reference. Without one, the name is empty."""
    for place, holder in (("the sample", sample), ("metadata", sample.get("metadata"))):
        if isinstance(holder, dict) and holder.get("reference_answer") is not None:
            return place, holder["reference_answer"]
    for name, key in (("reward_model", "ground_truth"), ("extra_info", "answer")):
        inner = sample.get(name)
        if isinstance(inner, dict) and key in inner:
            return f"{name}.{key}", inner[key]
    return "", None


def _reasoning(message: dict[str, Any]) -> str:
    found: list[str] = [name for name in ("reasoning_content", "reasoning") if name in message]
    content = message.get("content")
    blocks = content if isinstance(content, list) else [content]
    for block in blocks:
        if isinstance(block, dict):
            kind = block.get("type")
            if kind in ("reasoning", "thinking") or "reasoningContent" in block:
                found.append("a block")
            block = block.get("text")
        if isinstance(block, str) and "with reasoning" in block:
            found.append("in the text")
    return ", ".join(dict.fromkeys(found)) or "none seen"


def _said(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        kinds = Counter(
            _said(one.get("text", one.get("type"))) if isinstance(one, dict) else _said(one) for one in value
        )
        return "blocks: " + ", ".join(f"{count} x {kind}" for kind, count in kinds.items())
    return "null" if value is None else "an object"


def _names(keys: set[str]) -> str:
    return ", ".join(sorted(keys)) or "none"
