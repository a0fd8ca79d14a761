"""Answers inference requests with recorded completions, chosen by the model's policy.

The base model uses the untrained policy. A tuned model or checkpoint uses its saved policy. A prompt without
recorded completions gets the fixed answer `NOT_RECORDED`, which evaluations ignore. The prompts in Amazon's
examples get handwritten answers (`harness.emulator.handmade`).
"""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from harness.api.types import MODELS, NOT_RECORDED
from harness.emulator.api_errors import invalid, not_found
from harness.emulator.handmade import handmade_answer
from harness.emulator.requests import DOCUMENTED_PLACEHOLDER
from harness.emulator.state import Store
from harness.simulator.features import length_in_tokens
from harness.simulator.policy import Policy, generator, initial, probabilities
from harness.simulator.pool import Candidate, Pool, message_text

__all__ = ["InferenceAnswer", "InferenceRequest", "Inference", "prompt_tokens", "read_ask"]

_CHARACTERS_PER_TOKEN: Final = 4
_KEPT: Final = 8
_NOT_STREAMED: Final = "qwen."
"""Prefix of the models that cannot stream, according to AWS's notebook for Qwen."""


class InferenceRequest(NamedTuple):
    """Request fields that all inference routes share."""

    model: str
    messages: Sequence[Mapping[str, Any]]
    choices: int = 1
    temperature: float = 1.0
    seed: int | None = None
    max_tokens: int | None = None
    stop: Sequence[str] = ()
    stream: bool = False


class InferenceAnswer(NamedTuple):
    """One of the choices in a response."""

    text: str
    tool_calls: list[Any] | None
    finish_reason: str
    """`stop`, `length` (cut at the token limit) or `tool_calls`."""

    @property
    def tokens(self) -> int:
        """The estimated number of tokens in the text."""
        return round(length_in_tokens(self.text))


class Inference:
    """Answers inference requests for all models of an emulator.

    Args:
        store: The store of the tuned models.
        pool: The recorded completions.
        extra_models: Base models to accept in addition to the known ones.
        seed: Determines the answers to requests without a seed, by their order of arrival.
    """

    def __init__(self, store: Store, pool: Pool, extra_models: Sequence[str], seed: int) -> None:
        self._store = store
        self._pool = pool
        self.base_models = (*(model.id for model in MODELS), DOCUMENTED_PLACEHOLDER, *extra_models)
        self._seed = seed
        self._asked = 0
        self._lock = threading.Lock()
        self._models: OrderedDict[str, tuple[str, Policy]] = OrderedDict()

    def answer(self, ask: InferenceRequest) -> list[InferenceAnswer]:
        """Choose the requested number of completions.

        Raises:
            ApiError: The model does not exist or cannot stream.
        """
        base, policy = self._model(ask.model)
        if ask.stream and base.startswith(_NOT_STREAMED):
            message = f"{ask.model} does not support streaming, like Qwen models in Amazon's examples."
            raise invalid(message, "stream", code="unsupported_value")
        candidates = self._pool.of_prompt(ask.messages)
        if not candidates:
            text = handmade_answer(ask.messages)
            answer = InferenceAnswer(NOT_RECORDED, None, "stop") if text is None else _cut(text, ask)
            return [answer] * ask.choices
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
        """Clear the cache. To be called after the store was cleared."""
        with self._lock:
            self._models.clear()
            self._asked = 0

    def _model(self, name: str) -> tuple[str, Policy]:
        if name in self.base_models:
            return name, initial()
        with self._lock:
            name = self._store.resolve(name)
            if name not in self._models:
                model = self._store.model(name)
                if model is None:
                    raise not_found("model", name, "model")
                self._models[name] = (model.base, model.policy)
                if len(self._models) > _KEPT:
                    self._models.popitem(last=False)
            self._models.move_to_end(name)
            return self._models[name]


def read_ask(
    fields: Mapping[str, Any], messages: Sequence[Mapping[str, Any]], max_tokens: int | None
) -> InferenceRequest:
    """Build an inference request from a route's fields.

    Args:
        fields: The request's fields, parsed with the route's table.
        messages: The conversation that the route parsed from the request.
        max_tokens: Maximum number of tokens in an answer.
    """
    stop = fields.get("stop") or ()
    return InferenceRequest(
        model=fields["model"],
        messages=messages,
        choices=fields.get("n") or 1,
        temperature=float(fields["temperature"]),
        seed=fields.get("seed"),
        max_tokens=max_tokens,
        stop=[text for text in ([stop] if isinstance(stop, str) else stop) if text],
        stream=fields["stream"],
    )


def prompt_tokens(messages: Sequence[Mapping[str, Any]]) -> int:
    """Return the estimated number of tokens in a conversation."""
    return round(sum(length_in_tokens(message_text(message)) for message in messages))


def _answer(candidate: Candidate, ask: InferenceRequest) -> InferenceAnswer:
    text = message_text(candidate.message)
    if calls := candidate.message.get("tool_calls"):
        return InferenceAnswer(text, json.loads(json.dumps(calls)), "tool_calls")
    return _cut(text, ask)


def _cut(text: str, ask: InferenceRequest) -> InferenceAnswer:
    """Cut a completion at the request's stop strings or token limit."""
    ends = [at for at in (text.find(stop) for stop in ask.stop) if at >= 0]
    if ends:
        text = text[: min(ends)]
    if ask.max_tokens is not None and len(text) > ask.max_tokens * _CHARACTERS_PER_TOKEN:
        return InferenceAnswer(text[: ask.max_tokens * _CHARACTERS_PER_TOKEN], None, "length")
    return InferenceAnswer(text, None, "stop")
