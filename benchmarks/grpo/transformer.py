"""Implements a decoder-only transformer in JAX: likelihood, a cached sampler, and two training steps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import jax
import jax.numpy as jnp
import numpy as np
import optax

from benchmarks.grpo.worlds import END, MOST_TOKENS, PAD, PROMPT_TOKENS, VOCABULARY, text_of

WIDTH: Final = 64
HEADS: Final = 4
LAYERS: Final = 2
CONTEXT: Final = PROMPT_TOKENS + MOST_TOKENS
IMITATION_STEPS: Final = 1000
BATCH: Final = 96

Parameters = dict[str, Any]
Step = Callable[[Parameters, Any, Any, Any], tuple[Parameters, Any]]

_PER_HEAD: Final = WIDTH // HEADS
_RULE: Final = optax.adam(optax.warmup_cosine_decay_schedule(0.0, 3e-3, 100, IMITATION_STEPS, 1e-4))


def initial(seed: int) -> Parameters:
    """Return random parameters."""
    keys = iter(jax.random.split(jax.random.PRNGKey(seed), 3 + 4 * LAYERS))

    def normal(rows: int, columns: int, scale: float) -> Any:
        return scale * jax.random.normal(next(keys), (rows, columns))

    layers = [
        {
            "qkv": normal(WIDTH, 3 * WIDTH, WIDTH**-0.5),
            "mix": normal(WIDTH, WIDTH, 0.5 * WIDTH**-0.5),
            "up": normal(WIDTH, 4 * WIDTH, WIDTH**-0.5),
            "down": normal(4 * WIDTH, WIDTH, 0.25 * WIDTH**-0.5),
            "before_mix": jnp.ones(WIDTH),
            "before_up": jnp.ones(WIDTH),
        }
        for _ in range(LAYERS)
    ]
    size = len(VOCABULARY)
    return {
        "tokens": normal(size, WIDTH, 0.02),
        "places": normal(CONTEXT, WIDTH, 0.02),
        "out": normal(WIDTH, size, 0.02),
        "layers": layers,
        "before_out": jnp.ones(WIDTH),
    }


def _normed(x: Any, scale: Any) -> Any:
    return scale * x * jax.lax.rsqrt(jnp.mean(x * x, -1, keepdims=True) + 1e-6)


def _feed(layer: Parameters, x: Any) -> Any:
    return x + jax.nn.gelu(_normed(x, layer["before_up"]) @ layer["up"]) @ layer["down"]


def log_likelihood(parameters: Parameters, tokens: Any) -> tuple[Any, Any]:
    """Return the log probability of each token after the prompt, and a mask that excludes the padding."""
    rows, length = tokens.shape[0], tokens.shape[1] - 1
    x = parameters["tokens"][tokens[:, :-1]] + parameters["places"][:length]
    earlier = jnp.tril(jnp.ones((length, length), bool))
    for layer in parameters["layers"]:
        joint = _normed(x, layer["before_mix"]) @ layer["qkv"]
        q, k, v = jnp.moveaxis(joint.reshape(rows, length, 3, HEADS, _PER_HEAD), (2, 3), (0, 2))
        scores = jnp.where(earlier, q @ jnp.swapaxes(k, -1, -2) * _PER_HEAD**-0.5, -jnp.inf)
        mixed = jnp.swapaxes(jax.nn.softmax(scores, -1) @ v, 1, 2).reshape(rows, length, WIDTH)
        x = _feed(layer, x + mixed @ layer["mix"])
    logits = _normed(x, parameters["before_out"])[:, PROMPT_TOKENS - 1 :] @ parameters["out"]
    told = tokens[:, PROMPT_TOKENS:]
    chosen = jnp.take_along_axis(jax.nn.log_softmax(logits), told[..., None], -1)[..., 0]
    return chosen, (told != PAD).astype(jnp.float32)


def _next(parameters: Parameters, cache: Any, token: Any, place: Any) -> tuple[Any, Any]:
    """Return the updated cache, and the logits of the token after the one at `place`."""
    rows = token.shape[0]
    x = parameters["tokens"][token] + parameters["places"][place]
    for number, layer in enumerate(parameters["layers"]):
        joint = (_normed(x, layer["before_mix"]) @ layer["qkv"]).reshape(rows, 3, HEADS, _PER_HEAD)
        cache = cache.at[number, :, :, :, place].set(jnp.moveaxis(joint[:, 1:], 1, 0))
        keys, values = cache[number]
        scores = jnp.einsum("bhd,bhtd->bht", joint[:, 0], keys) * _PER_HEAD**-0.5
        weights = jax.nn.softmax(jnp.where(jnp.arange(CONTEXT) <= place, scores, -jnp.inf), -1)
        x = _feed(layer, x + jnp.einsum("bht,bhtd->bhd", weights, values).reshape(rows, WIDTH) @ layer["mix"])
    return cache, _normed(x, parameters["before_out"]) @ parameters["out"]


@jax.jit
def sample(parameters: Parameters, prompts: Any, key: Any) -> Any:
    """Return prompts with one answer each, which is drawn from the model and padded after its end."""
    rows = prompts.shape[0]
    cache = jnp.zeros((LAYERS, 2, rows, HEADS, CONTEXT, _PER_HEAD))
    for place in range(PROMPT_TOKENS):
        cache, logits = _next(parameters, cache, prompts[:, place], place)

    def write(state: Any, drawn: Any) -> Any:
        cache, logits, done = state
        place, key = drawn
        token = jax.random.categorical(key, logits.at[:, PAD].set(-jnp.inf))
        token = jnp.where(done, PAD, token)
        cache, logits = _next(parameters, cache, token, place)
        return (cache, logits, done | (token == END)), token

    places = jnp.arange(PROMPT_TOKENS, CONTEXT)
    keys = jax.random.split(key, MOST_TOKENS)
    _, tokens = jax.lax.scan(write, (cache, logits, jnp.zeros(rows, bool)), (places, keys))
    return jnp.concatenate([prompts, tokens.T], 1)


def texts(tokens: Any) -> list[str]:
    """Return the answers in the given rows of tokens."""
    return [text_of(row) for row in np.asarray(tokens)[:, PROMPT_TOKENS:].tolist()]


def start_imitation(parameters: Parameters) -> Any:
    """Return the optimizer's initial state for imitation."""
    return _RULE.init(parameters)


@jax.jit
def imitate(parameters: Parameters, state: Any, tokens: Any) -> tuple[Parameters, Any, Any]:
    """Run one step of supervised training, and return the loss as the last result."""

    def loss(parameters: Parameters) -> Any:
        chosen, counts = log_likelihood(parameters, tokens)
        return -(chosen * counts).sum() / counts.sum()

    value, slope = jax.value_and_grad(loss)(parameters)
    updates, state = _RULE.update(slope, state)
    return optax.apply_updates(parameters, updates), state, value


def group_relative(rate: float) -> tuple[Callable[[Parameters], Any], Step]:
    """Return GRPO's plain on-policy step, without a KL term: advantage x log p, summed over an answer's
    tokens.

    Returns:
        A function that creates the optimizer's state, and the step.
    """
    rule = optax.chain(optax.clip_by_global_norm(1.0), optax.adam(rate, b1=0.9, b2=0.99))

    @jax.jit
    def step(parameters: Parameters, state: Any, tokens: Any, gains: Any) -> tuple[Parameters, Any]:
        def loss(parameters: Parameters) -> Any:
            chosen, counts = log_likelihood(parameters, tokens)
            return -(gains[:, None] * chosen * counts).sum(1).mean()

        updates, state = rule.update(jax.grad(loss)(parameters), state)
        return optax.apply_updates(parameters, updates), state

    return rule.init, step
