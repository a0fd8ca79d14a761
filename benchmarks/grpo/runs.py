"""Runs real GRPO in one world, with a base model, its recorded rollouts, and a result per grader and seed.

Each result is one JSON file that is written at the end of its run, so a killed benchmark can resume.
"""

from __future__ import annotations

import json
import random
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.grpo import graders_compared, transformer
from benchmarks.grpo.results import LIKE_BUDGET, Point, RealRun, read_result, real_file, write_result
from benchmarks.grpo.worlds import BROKEN, Problem, World, is_right, problems, style_of, write
from graders.errors import SampleError
from graders.testing import make_sample
from harness.disk import replaced
from harness.simulator.policy import advantages

PROMPTS: Final = 8
GROUP: Final = 8
"""Number of answers per prompt in a training step, in the recorded rollouts and in a measurement."""
RATE: Final = 5e-4
_AT_ONCE: Final = 400
"""Number of answers drawn in one call."""


class Answer(NamedTuple):
    """A model's answer."""

    problem: Problem
    text: str


class Recorded(NamedTuple):
    """Largest length and largest count of numbers among the recorded completions."""

    longest: int
    most_numbers: int


@dataclass
class Trainer:
    """Trains models in one world.

    Args:
        world: The world.
        folder: The folder of the world's base model, rollouts and results.
    """

    world: World
    folder: Path

    def __post_init__(self) -> None:
        self._recorded, self._measuring = problems(self.world.operation)
        self._base = self._base_model()
        self._start, self._step = transformer.group_relative(RATE)
        self._first: dict[int, list[Answer]] = {}

    @property
    def rollouts(self) -> Path:
        """The base model's recorded completions with labels. Their `model` is the style."""
        path = self.folder / "rollouts.jsonl"
        if not path.exists():
            answers = self._answers(self._base, self._recorded, seed=1)
            with replaced(path) as file:
                file.writelines(json.dumps(_rollout(*one)).encode() + b"\n" for one in enumerate(answers))
        return path

    def run(self, grader: str, seed: int, steps: int) -> RealRun:
        """Train the base model with a grader, or load an existing result.

        Args:
            grader: Name of the grader.
            seed: Seed for the order of the prompts and the draws.
            steps: Number of training steps.
        """
        path = real_file(self.folder, grader, seed, steps)
        done = read_result(path, RealRun)
        if done is None:
            done = self._train(grader, seed, steps)
            write_result(path, done)
        return done

    def _train(self, grader: str, seed: int, steps: int) -> RealRun:
        began = time.perf_counter()
        parameters, rng, key = self._base, random.Random(seed), jax.random.PRNGKey(100 + seed)
        state, queue, points = self._start(parameters), list[Problem](), {}
        if seed not in self._first:
            self._first[seed] = self._answers(parameters, self._measuring, 1000 + seed)
        for step in range(steps + 1):
            if step in (0, LIKE_BUDGET, steps):
                answers = (
                    self._answers(parameters, self._measuring, 1000 + seed) if step else self._first[seed]
                )
                points[str(step)] = self._point(grader, answers)
            if step == steps:
                break
            if len(queue) < PROMPTS:
                queue = rng.sample(self._recorded, len(self._recorded))
            asked = [problem for problem in (queue.pop() for _ in range(PROMPTS)) for _ in range(GROUP)]
            key, draw = jax.random.split(key)
            tokens = transformer.sample(parameters, _prompts(asked), draw)
            answers = _answered(asked, tokens)
            rewards = rewards_of(grader, answers, f"{seed}-{step}")
            groups = (rewards[at : at + GROUP] for at in range(0, len(rewards), GROUP))
            gains = [gain for group in groups for gain in advantages(group)]
            if any(gains):
                parameters, state = self._step(parameters, state, tokens, jnp.array(gains))
        took = time.perf_counter() - began
        return RealRun(self.world.number, grader, seed, steps, round(took, 1), points)

    def _point(self, grader: str, answers: Sequence[Answer]) -> Point:
        rewards = [reward for reward in rewards_of(grader, answers, "point") if reward is not None]
        limits = self._limits()
        styles = [style_of(one.text) for one in answers]
        beyond = [
            len(one.text) > limits.longest or len(re.findall(r"\d+", one.text)) > limits.most_numbers
            for one in answers
        ]
        return Point(
            reward=float(np.mean(rewards)) if rewards else None,
            unrewarded=len(answers) - len(rewards),
            right=float(np.mean([is_right(one.text, one.problem) for one in answers])),
            length=float(np.mean([len(one.text) for one in answers])),
            beyond=float(np.mean(beyond)),
            styles={name: styles.count(name) / len(styles) for name in (*self.world.styles, BROKEN)},
        )

    def _limits(self) -> Recorded:
        with self.rollouts.open("rb") as file:
            texts = [json.loads(line)["messages"][-1]["content"] for line in file]
        return Recorded(max(map(len, texts)), max(len(re.findall(r"\d+", text)) for text in texts))

    def _answers(
        self, parameters: transformer.Parameters, some: Sequence[Problem], seed: int
    ) -> list[Answer]:
        asked = [problem for problem in some for _ in range(GROUP)]
        keys = jax.random.split(jax.random.PRNGKey(seed), -(-len(asked) // _AT_ONCE))
        found: list[Answer] = []
        for number, key in enumerate(keys):
            part = asked[number * _AT_ONCE : (number + 1) * _AT_ONCE]
            found += _answered(part, transformer.sample(parameters, _prompts(part), key))
        return found

    def _base_model(self) -> transformer.Parameters:
        path = self.folder / "base.npz"
        parameters = transformer.initial(0)
        leaves, shape = jax.tree.flatten(parameters)
        if path.exists():
            with np.load(path) as kept:
                return jax.tree.unflatten(shape, [jnp.array(kept[f"arr_{at}"]) for at in range(len(leaves))])
        state, rng = transformer.start_imitation(parameters), random.Random(1)
        every = [*self._recorded, *self._measuring]
        for step in range(transformer.IMITATION_STEPS):
            batch = np.zeros((transformer.BATCH, transformer.CONTEXT), np.int32)
            for row in batch:
                problem = rng.choice(every)
                tokens = [*problem.tokens, *write(self.world, problem, rng)][: transformer.CONTEXT]
                row[: len(tokens)] = tokens
            parameters, state, loss = transformer.imitate(parameters, state, jnp.array(batch))
            if step % 200 == 0:
                print(
                    f"  base model: step {step} of {transformer.IMITATION_STEPS}, loss {float(loss):.2f}",
                    flush=True,
                )
        with replaced(path) as file:
            np.savez(file, *jax.tree.leaves(parameters))
        return parameters


def rewards_of(grader: str, answers: Sequence[Answer], name: str) -> list[float | None]:
    """Return the reward of each answer, or None where the grader failed or abstained."""
    graded: Any = getattr(graders_compared, grader)
    found: list[float | None] = []
    for number, one in enumerate(answers):
        made = make_sample(
            one.text, f"#### {one.problem.truth}", prompt=one.problem.text, id=f"{name}-{number}"
        )
        try:
            found.append(graded(made).value)
        except SampleError:
            found.append(None)
    return found


def _prompts(asked: Sequence[Problem]) -> Any:
    return jnp.array([problem.tokens for problem in asked])


def _answered(asked: Sequence[Problem], tokens: Any) -> list[Answer]:
    return [Answer(*one) for one in zip(asked, transformer.texts(tokens), strict=True)]


def _rollout(number: int, one: Answer) -> dict[str, Any]:
    name = one.problem.name
    return {
        "id": f"{name}/{number % GROUP}",
        "record": name,
        "messages": [
            {"role": "user", "content": one.problem.text},
            {"role": "assistant", "content": one.text},
        ],
        "reference_answer": f"#### {one.problem.truth}",
        "model": style_of(one.text),
        "is_right": is_right(one.text, one.problem),
    }
