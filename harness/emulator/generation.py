"""Models that can be asked: they answer with recorded completions, chosen by the model's policy.

The base model is the policy before training, a tuned model or checkpoint the policy it was saved with. A
prompt that was never recorded is answered with one fixed text, which evaluation leaves out. Nothing is
generated.
"""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from harness.api.types import MODELS, NOT_RECORDED
from harness.emulator.api_errors import invalid, not_found
from harness.emulator.requests import DOCUMENTED_PLACEHOLDER, number_field
from harness.emulator.state import Store
from harness.simulator.features import length_in_tokens
from harness.simulator.policy import Policy, generator, initial, probabilities
from harness.simulator.pool import Candidate, Pool, message_text

__all__ = ["InferenceAnswer", "InferenceRequest", "Inference", "prompt_tokens", "read_ask"]

_CHARACTERS_PER_TOKEN: Final = 4
_KEPT: Final = 8


class InferenceRequest(NamedTuple):
    """What a request asks for, whichever route it came by."""

    model: str
    messages: Sequence[Mapping[str, Any]]
    choices: int = 1
    temperature: float = 1.0
    seed: int | None = None
    max_tokens: int | None = None
    stop: Sequence[str] = ()


class InferenceAnswer(NamedTuple):
    """One choice."""

    text: str
    tool_calls: list[Any] | None
    finish_reason: str
    """`stop`, `length` (cut at the most tokens asked for) or `tool_calls`."""

    @property
    def tokens(self) -> int:
        """Estimated tokens of the text."""
        return round(length_in_tokens(self.text))


class Inference:
    """Answers for all models of an emulator.

    Args:
        store: Where tuned models live.
        pool: The recorded completions.
        extra_models: Base models accepted beside the known ones.
        seed: Decides the answers to requests without a seed, in the order in which they come.
    """

    def __init__(self, store: Store, pool: Pool, extra_models: Sequence[str], seed: int) -> None:
        self._store = store
        self._pool = pool
        self.base_models = (*(model.id for model in MODELS), DOCUMENTED_PLACEHOLDER, *extra_models)
        self._seed = seed
        self._asked = 0
        self._lock = threading.Lock()
        self._policies: OrderedDict[str, Policy] = OrderedDict()

    def answer(self, ask: InferenceRequest) -> list[InferenceAnswer]:
        """Choose as many completions as were asked for.

        Raises:
            ApiError: There is no such model.
        """
        policy = self._policy(ask.model)
        candidates = self._pool.of_prompt(ask.messages)
        if not candidates:
            return [InferenceAnswer(NOT_RECORDED, None, "stop")] * ask.choices
        options = [candidate.option for candidate in candidates]
        if ask.temperature == 0.0:
            weights = probabilities(policy, options)
            picks = [weights.index(max(weights))] * ask.choices
        else:
            with self._lock:
                self._asked += 1
                source = ("seed", ask.seed) if ask.seed is not None else ("unseeded", self._seed, self._asked)
            weights = probabilities(policy, options, temperature=ask.temperature)
            picks = generator("answer", *source).choices(range(len(options)), weights=weights, k=ask.choices)
        return [_answer(candidates[pick], ask) for pick in picks]

    def forget(self) -> None:
        """Drop what is kept in memory, after the store was cleared."""
        with self._lock:
            self._policies.clear()
            self._asked = 0

    def _policy(self, name: str) -> Policy:
        if name in self.base_models:
            return initial()
        with self._lock:
            name = self._store.resolve(name)
            if name not in self._policies:
                model = self._store.model(name)
                if model is None:
                    raise not_found("model", name, "model")
                self._policies[name] = model.policy
                if len(self._policies) > _KEPT:
                    self._policies.popitem(last=False)
            self._policies.move_to_end(name)
            return self._policies[name]


def read_ask(body: Any, messages: Sequence[Mapping[str, Any]], limit: str) -> InferenceRequest:
    """Read the fields that the inference routes share.

    Args:
        body: The request's JSON.
        messages: The conversation, as the route reads it.
        limit: Name of the field that holds the most tokens.

    Raises:
        ApiError: A field cannot be used.
    """
    model = body.get("model")
    if not isinstance(model, str) or not model:
        raise invalid("model is required and must be a string.", "model")
    if not messages or not all(isinstance(message, dict) and message.get("role") for message in messages):
        raise invalid("The conversation must hold at least one message, each with a role.", "messages")
    stop = body.get("stop")
    stops = [stop] if isinstance(stop, str) else stop or []
    if not isinstance(stops, list) or not all(isinstance(text, str) for text in stops):
        raise invalid("stop must be a string or a list of strings.", "stop")
    temperature = number_field(body, "temperature", 0, 2)
    return InferenceRequest(
        model=model,
        messages=messages,
        choices=number_field(body, "n", 1, 128, whole=True) or 1,
        temperature=1.0 if temperature is None else float(temperature),
        seed=number_field(body, "seed", whole=True),
        max_tokens=number_field(body, limit, 1, whole=True),
        stop=[text for text in stops if text],
    )


def prompt_tokens(messages: Sequence[Mapping[str, Any]]) -> int:
    """Estimated tokens of a conversation."""
    return round(sum(length_in_tokens(message_text(message)) for message in messages))


def _answer(candidate: Candidate, ask: InferenceRequest) -> InferenceAnswer:
    text, reason = message_text(candidate.message), "stop"
    calls = candidate.message.get("tool_calls") or None
    if calls:
        return InferenceAnswer(text, json.loads(json.dumps(calls)), "tool_calls")
    ends = [at for at in (text.find(stop) for stop in ask.stop) if at >= 0]
    if ends:
        text = text[: min(ends)]
    if ask.max_tokens is not None and len(text) > ask.max_tokens * _CHARACTERS_PER_TOKEN:
        text, reason = text[: ask.max_tokens * _CHARACTERS_PER_TOKEN], "length"
    return InferenceAnswer(text, None, reason)
