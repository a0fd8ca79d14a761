"""Holds the recorded completions that stand in for the model, grouped by record.

A training file has only records, so the simulated model answers with completions that were recorded earlier
for the same prompt and reference. Groups are found by prompt and reference for training, and by prompt alone
for inference. Only a rollout's messages and reference are used. Its labels and other fields never reach a
grader, because a graded sample gets its fields from the training record.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from hashlib import blake2b
from typing import Any

from harness.data.identity import content_key, leak_key, record_key
from harness.data.json_lines import LineError, numbered_lines, parse
from harness.data.sources import DataFile
from harness.errors import InputError
from harness.simulator.features import features, length_in_tokens
from harness.simulator.policy import Option

__all__ = ["Candidate", "Group", "Pool", "load_pool", "message_text"]

_ASSISTANT_ROLES = ("assistant", "nova_assistant")


class Candidate:
    """One recorded completion.

    Args:
        message: The assistant's turn as recorded.
        key: Identifies the completion within the pool. It is the same in every process.
        rollout: The rollout's `id`, used in reports.
        model: The rollout's `model`, used in reports.
    """

    def __init__(self, message: dict[str, Any], key: str, rollout: str | None, model: str | None) -> None:
        self.message = {**message, "role": "assistant"}
        self.key = key
        self.rollout = rollout
        self.model = model

    @cached_property
    def text(self) -> str:
        """The turn's text, or its tool calls as JSON if it has no text."""
        text = message_text(self.message)
        calls = self.message.get("tool_calls")
        return text if text or not calls else json.dumps(calls, sort_keys=True)

    @property
    def option(self) -> Option:
        """The completion as an option of the policy."""
        return Option(self.key, features(self.text), length_in_tokens(self.text))


class Group:
    """The recorded completions of one record.

    Args:
        key: The record's key.
        record: The record's first rollout without its completion. It may contain labels.
    """

    def __init__(self, key: str, record: dict[str, Any]) -> None:
        self.key = key
        self.record = record
        self.candidates: list[Candidate] = []
        self.leaks: set[str] = set()
        """Leak keys of the group's prompts. A split must not separate groups that share a leak key."""

    @property
    def options(self) -> list[Option]:
        """The completions as options of the policy."""
        return [candidate.option for candidate in self.candidates]


class Pool:
    """All groups in one or more rollouts files.

    Args:
        rollouts: Objects with `messages` that end with the assistant's turn, and `reference_answer`.
    """

    def __init__(self, rollouts: Iterable[Mapping[str, Any]]) -> None:
        self.groups: dict[str, Group] = {}
        self._by_content: dict[str, Group] = {}
        self._by_prompt: dict[str, list[Group]] = {}
        self._seen: Counter[str] = Counter()
        for rollout in rollouts:
            self._add(rollout)

    def of_record(self, record: Mapping[str, Any]) -> Group | None:
        """Return the group with a record's key, or else the first group with its prompt and reference."""
        return self.groups.get(record_key(record)) or self._by_content.get(content_key(record))

    def of_prompt(self, messages: Sequence[Mapping[str, Any]]) -> list[Candidate]:
        """Return all completions recorded for a prompt with any reference, or none for an unknown prompt.

        The whole conversation is looked up first. If it is unknown, only its last user turn is looked up, so
        that a bare prompt finds a record that was collected with a system message.
        """
        found = self._by_prompt.get(leak_key({"messages": messages})) or self._by_prompt.get(
            _question(messages)
        )
        return [candidate for group in found or () for candidate in group.candidates]

    def _add(self, rollout: Mapping[str, Any]) -> None:
        *prompt, completion = rollout["messages"]
        key, leak = record_key(rollout), leak_key(rollout)
        group = self.groups.get(key)
        if group is None:
            group = self.groups[key] = Group(key, {**rollout, "messages": prompt})
        self._by_content.setdefault(content_key(rollout), group)
        if leak not in group.leaks:
            group.leaks.add(leak)
            for name in (leak, _question(prompt)):
                groups = self._by_prompt.setdefault(name, [])
                if group not in groups:
                    groups.append(group)
        # Duplicate completions are kept, and each counts as one sample, because they form the base model's
        # distribution.
        text = json.dumps(completion, sort_keys=True)
        name = _digest([key, text])
        self._seen[name] += 1
        unique = name if self._seen[name] == 1 else f"{name}.{self._seen[name]}"
        labels = (
            str(rollout[label]) if rollout.get(label) is not None else None for label in ("id", "model")
        )
        group.candidates.append(Candidate(completion, unique, *labels))


def load_pool(
    paths: Sequence[DataFile],
    each: Callable[[str, dict[str, Any], str], None] = lambda key, rollout, place: None,
) -> Pool:
    """Read rollouts files.

    Args:
        paths: The files.
        each: Called for every rollout in order, with the record key, the rollout and its place.

    Raises:
        InputError: A file cannot be read, or a line is not a rollout. The message names the line.
    """
    return Pool(rollout for path in paths for rollout in _rollouts(path, each))


def message_text(message: Mapping[str, Any]) -> str:
    """Return the text of a message whose content is a string, blocks of text, or null."""
    content = message.get("content")
    if isinstance(content, list):
        blocks = (block.get("text", "") if isinstance(block, dict) else block for block in content)
        return "".join(text for text in blocks if isinstance(text, str))
    return content if isinstance(content, str) else ""


def _rollouts(path: DataFile, each: Callable[[str, dict[str, Any], str], None]) -> Iterator[dict[str, Any]]:
    for line in numbered_lines(path):
        if not line.text.strip():
            continue
        place = line.place
        try:
            rollout = parse(line.text)
            problem = _not_a_rollout(rollout)
            if not problem:
                each(record_key(rollout), rollout, place)
        except LineError as error:
            raise InputError(
                str(error), place=place, fix="Write one rollout per line, as a JSON object."
            ) from error
        if problem:
            raise InputError(
                problem, place=place, fix="A rollout's `messages` must end with the assistant's turn."
            )
        yield rollout


def _not_a_rollout(rollout: Any) -> str | None:
    """Return the reason why a line is not a rollout, or None if it is one."""
    messages = rollout.get("messages") if isinstance(rollout, dict) else None
    if not isinstance(messages, list) or not all(isinstance(message, dict) for message in messages):
        return "not a rollout: it has no list of `messages`"
    if len(messages) < 2 or messages[-1].get("role") not in _ASSISTANT_ROLES:
        return "not a rollout: its last message is not the assistant's"
    return None


def _question(messages: Sequence[Mapping[str, Any]]) -> str:
    """Return the leak key of the last user turn alone."""
    return leak_key({"messages": [message for message in messages if message.get("role") == "user"][-1:]})


def _digest(value: Any) -> str:
    return blake2b(json.dumps(value, sort_keys=True).encode(), digest_size=12).hexdigest()
