"""The recorded completions that stand in for the model: rollouts files come in, groups of candidates go out.

A training file holds records only, so what "the model" can say to a record is what some model said to the
same prompt and reference before. Groups are found by prompt and reference for training, by prompt alone for
inference. Only the messages and the reference of a rollout are read; labels and other fields of the file
never reach a grader from here, since a graded sample takes its fields from the training record.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any

from harness.data.json_lines import LineError, lines, parse
from harness.errors import InputError
from harness.simulator.features import features, length_in_tokens
from harness.simulator.policy import Option

__all__ = ["Candidate", "Group", "Pool", "message_text", "load_pool", "record_key"]

_ASSISTANT_ROLES = ("assistant", "nova_assistant")


class Candidate:
    """One recorded completion.

    Args:
        message: The assistant's turn, as recorded.
        key: Names it within the pool; equal in every process.
        rollout: The rollout's `id`, for reports.
        model: What the rollout says produced it, for reports.
    """

    def __init__(self, message: dict[str, Any], key: str, rollout: str | None, model: str | None) -> None:
        self.message = {**message, "role": "assistant"}
        self.key = key
        self.rollout = rollout
        self.model = model

    @property
    def text(self) -> str:
        """The turn's text, or its tool calls as JSON where it has no text."""
        text = message_text(self.message)
        calls = self.message.get("tool_calls")
        return text if text or not calls else json.dumps(calls, sort_keys=True)

    @property
    def option(self) -> Option:
        """What the policy sees of it."""
        return Option(self.key, features(self.text), length_in_tokens(self.text))


class Group:
    """The recorded completions of one prompt and reference.

    Args:
        key: `record_key` of the two.
        record: The first rollout without its completion; may hold labels.
    """

    def __init__(self, key: str, record: dict[str, Any]) -> None:
        self.key = key
        self.record = record
        self.candidates: list[Candidate] = []

    @property
    def options(self) -> list[Option]:
        """The candidates as the policy sees them."""
        return [candidate.option for candidate in self.candidates]


class Pool:
    """All groups of some rollouts files.

    Args:
        rollouts: Objects with `messages` that end with the assistant's turn, and `reference_answer`.
    """

    def __init__(self, rollouts: Iterable[Mapping[str, Any]]) -> None:
        self.groups: dict[str, Group] = {}
        self._by_prompt: dict[str, list[Group]] = {}
        self._seen: Counter[str] = Counter()
        for rollout in rollouts:
            self._add(rollout)

    def of_record(self, record: Mapping[str, Any]) -> Group | None:
        """The group with this record's prompt and reference."""
        return self.groups.get(record_key(record["messages"], record.get("reference_answer")))

    def of_prompt(self, messages: Sequence[Mapping[str, Any]]) -> list[Candidate]:
        """All candidates recorded for a prompt, whatever the reference; empty when it is not in the pool.

        The whole conversation decides; where it is unknown, its last user turn alone, so that a bare prompt
        finds the record that was collected under a system message.
        """
        found = self._by_prompt.get(_digest(_plain(messages))) or self._by_prompt.get(
            _digest(_question(messages))
        )
        return [candidate for group in found or () for candidate in group.candidates]

    def _add(self, rollout: Mapping[str, Any]) -> None:
        *prompt, completion = rollout["messages"]
        key = record_key(prompt, rollout.get("reference_answer"))
        group = self.groups.get(key)
        if group is None:
            group = self.groups[key] = Group(key, {**rollout, "messages": prompt})
            for name in {_digest(_plain(prompt)), _digest(_question(prompt))}:
                self._by_prompt.setdefault(name, []).append(group)
        # Equal completions stay apart, as often as the model gave them: that is the base model's
        # distribution.
        text = json.dumps(completion, sort_keys=True)
        name = _digest([key, text])
        self._seen[name] += 1
        unique = name if self._seen[name] == 1 else f"{name}.{self._seen[name]}"
        labels = (
            str(rollout[label]) if rollout.get(label) is not None else None for label in ("id", "model")
        )
        group.candidates.append(Candidate(completion, unique, *labels))


def load_pool(paths: Sequence[Path]) -> Pool:
    """Read rollouts files.

    Raises:
        InputError: A file cannot be read, or a line is no rollout; names the line.
    """
    return Pool(rollout for path in paths for rollout in _rollouts(path))


def record_key(prompt: Sequence[Mapping[str, Any]], reference: Any) -> str:
    """What a record and its rollouts share: a hash of the prompt's roles and texts and of the reference.

    A reference that is a string equals its wrapped form `{"text": ...}`.
    """
    if isinstance(reference, dict) and set(reference) == {"text"}:
        reference = reference["text"]
    return _digest([_plain(prompt), reference])


def message_text(message: Mapping[str, Any]) -> str:
    """The text of a message whose content is a string, blocks of text, or null."""
    content = message.get("content")
    if isinstance(content, list):
        blocks = (block.get("text", "") if isinstance(block, dict) else block for block in content)
        return "".join(text for text in blocks if isinstance(text, str))
    return content if isinstance(content, str) else ""


def _rollouts(path: Path) -> Iterator[dict[str, Any]]:
    for number, (_, line) in enumerate(lines(path), 1):
        if not line.strip():
            continue
        place = f"{path}:{number}"
        try:
            rollout = parse(line)
        except LineError as error:
            raise InputError(
                str(error), place=place, fix="Each line holds one rollout as a JSON object."
            ) from error
        problem = _not_a_rollout(rollout)
        if problem:
            raise InputError(
                problem, place=place, fix="A rollout's `messages` end with the assistant's turn."
            )
        yield rollout


def _not_a_rollout(rollout: Any) -> str | None:
    """Why a line is no rollout; None when it is one."""
    messages = rollout.get("messages") if isinstance(rollout, dict) else None
    if not isinstance(messages, list) or not all(isinstance(message, dict) for message in messages):
        return "not a rollout: it has no list of `messages`"
    if len(messages) < 2 or messages[-1].get("role") not in _ASSISTANT_ROLES:
        return "not a rollout: its last message is not the assistant's"
    return None


def _plain(messages: Sequence[Mapping[str, Any]]) -> list[list[Any]]:
    return [[message.get("role"), message_text(message)] for message in messages]


def _question(messages: Sequence[Mapping[str, Any]]) -> str:
    """The text of the last user turn."""
    return next(
        (message_text(message) for message in reversed(messages) if message.get("role") == "user"), ""
    )


def _digest(value: Any) -> str:
    return blake2b(json.dumps(value, sort_keys=True).encode(), digest_size=12).hexdigest()
