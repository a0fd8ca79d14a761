"""Compares the rewards of several models on the same records, with the same grader.

Each model's completions are saved in a rollouts file, so a second call requests only the missing ones. Every
call grades all completions again. A completion without a reward is counted separately, never as a low reward.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, fields
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, TypeGuard

from graders.sample import Sample
from harness.api.types import NOT_RECORDED
from harness.data.turn_text import WHOLE_ENDINGS, kind_without_text
from harness.evaluation.exposure import Exposure
from harness.replay.grading import grade_batch, in_batches, profiles_of
from harness.rollouts.asking import Ask, Asking, Generated, GenerationRequest
from harness.rollouts.generate import generate
from harness.rollouts.read import Rollout, read_rollouts
from harness.runs.rows import failure_of
from harness.signal.intervals import Interval, Pair, compare, interval
from harness.targets.own_process import OwnProcessTarget
from harness.targets.protocol import Target

__all__ = ["Evaluation", "Named", "EvaluationRequest", "Standing", "evaluate"]


class Named(NamedTuple):
    """A model, with the name that the user gave it."""

    label: str
    model: str
    exposure: Exposure
    """The model's exposure to the records during training."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationRequest(Asking):
    """The options of an evaluation."""

    grader: str
    models: tuple[Named, ...]
    """The models, of which the first is the baseline for the others."""
    into: Path
    """Folder in which completions are saved."""
    n: int = 4


@dataclass(frozen=True, slots=True)
class Standing:
    """One model's result."""

    label: str
    model: str
    exposure: Exposure
    rollouts: str
    """The file with the model's completions."""
    reward: Interval | None
    """Mean reward with its interval; None if no completion got a reward."""
    completions: int
    kept: int
    """Number of the completions that an earlier call requested."""
    rewarded: int
    failures: dict[str, int]
    """Completions without a reward by kind, one of which is `abstain`."""
    not_recorded: int
    """Completions that the emulator had not recorded, which are excluded."""
    refused: int
    """Completions that the model refused to give."""
    textless: dict[str, int]
    """Graded completions without text, by kind of content: a refusal, a tool call or reasoning."""
    cut: dict[str, int]
    """Graded completions that were cut off, by their `finish_reason`."""
    length: float | None
    """Mean length of the graded completions in characters."""
    tokens: dict[str, int]
    by_record: dict[str, float]
    """Mean reward of each record."""
    by_completion: dict[str, float]
    """Reward of each completion by ID."""

    def to_json(self) -> dict[str, Any]:
        """Return the result as JSON, without the rewards of single completions."""
        value = asdict(self)
        del value["by_completion"]
        return value


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The result of an evaluation of several models."""

    records: int
    n: int
    grader: str
    grader_sha256: str | None
    """Hash of the grader's files, packages and options; None if it has no file."""
    standings: list[Standing]
    pairs: list[Pair | None]
    """Comparison of every other model with the baseline, in order."""

    @property
    def baseline(self) -> Standing:
        """The first model, with which the others are compared."""
        return self.standings[0]

    @property
    def measured(self) -> bool:
        """True if every model got at least one reward."""
        return all(standing.reward is not None for standing in self.standings)

    def to_json(self) -> dict[str, Any]:
        """Return the evaluation as JSON."""
        first = self.baseline.label
        return {
            "baseline": first,
            "records": self.records,
            "n": self.n,
            "grader": self.grader,
            "grader_sha256": self.grader_sha256,
            "models": [standing.to_json() for standing in self.standings],
            "pairs": [
                {"model": standing.label, "against": first, **(pair.to_json() if pair else {})}
                for standing, pair in zip(self.standings[1:], self.pairs, strict=True)
            ],
        }


def evaluate(
    request: EvaluationRequest,
    ask: Ask,
    progress: Callable[[str, Generated], None] = lambda label, state: None,
) -> Evaluation:
    """Request completions from every model, grade them, and compare the rewards.

    Args:
        request: The options.
        ask: Sends one request to a model.
        progress: Called with a model's label and the progress of its completions.

    Raises:
        InputError: The records or the grader cannot be used.
        ServiceError: The service stayed busy or unreachable. The same call resumes.
    """
    way = {one.name: getattr(request, one.name) for one in fields(Asking)}
    standings = []
    count = 0
    with closing(OwnProcessTarget(request.grader)) as target:  # fails before a request costs money
        for named in request.models:
            path = request.into / file_name(named.model)
            asked = GenerationRequest(out=path, model=named.model, **way)
            state = generate(asked, ask, partial(progress, named.label))
            count = state.wanted // request.n
            standings.append(_standing(named, path, state, target, request.n))
        sha256 = target.sha256
    baseline = standings[0]
    pairs = [compare(baseline.by_record, other.by_record) for other in standings[1:]]
    return Evaluation(count, request.n, request.grader, sha256, standings, pairs)


def file_name(model: str) -> str:
    """Return a readable name for a model's rollouts file that is unique to the model."""
    mark = hashlib.blake2b(model.encode("utf-8", "surrogatepass"), digest_size=4).hexdigest()
    return f"{re.sub(r'[^A-Za-z0-9._-]+', '-', model).strip('-.')[:60]}-{mark}.jsonl"


def _standing(named: Named, path: Path, state: Generated, target: Target, n: int) -> Standing:
    found = [rollout for rollout in read_rollouts(path) if _number(rollout) < n]
    graded = [rollout for rollout in found if _content(rollout) != NOT_RECORDED]
    failures: Counter[str] = Counter()
    rewards: dict[str, list[float]] = {}
    by_completion: dict[str, float] = {}
    for batch in in_batches(graded):
        for row in grade_batch(target, batch, profiles_of("open-weight"), 1, keep_label=False):
            if row["reward"] is None:
                failures[failure_of(row)[0]] += 1
            else:
                rewards.setdefault(str(row["group"]), []).append(row["reward"])
                by_completion[str(row["id"])] = row["reward"]
    by_record = {name: math.fsum(some) / len(some) for name, some in rewards.items()}
    return Standing(
        label=named.label,
        model=named.model,
        exposure=named.exposure,
        rollouts=str(path),
        reward=interval(list(by_record.values())),
        completions=len(found),
        kept=state.there,
        rewarded=sum(map(len, rewards.values())),
        failures=dict(sorted(failures.items())),
        not_recorded=len(found) - len(graded),
        refused=len(state.refused),
        textless=dict(sorted(_textless(graded).items())),
        cut=dict(sorted(Counter(one.finish for one in graded if _is_cut(one.finish)).items())),
        length=_mean([len(_text(rollout)) for rollout in graded]),
        tokens=state.tokens,
        by_record=by_record,
        by_completion=by_completion,
    )


def _number(rollout: Rollout) -> int:
    """Return a completion's number within its record. Earlier calls may have requested more of them."""
    return int(str(rollout.id).rpartition("/")[2])


def _textless(rollouts: list[Rollout]) -> Counter[str]:
    kinds = (
        kind_without_text(rollout.sent["messages"][-1], rollout.finish)
        for rollout in rollouts
        if rollout.sent
    )
    return Counter(kind for kind in kinds if kind)


def _is_cut(finish: str | None) -> TypeGuard[str]:
    return finish is not None and finish not in WHOLE_ENDINGS


def _content(rollout: Rollout) -> Any:
    return rollout.sent["messages"][-1].get("content") if rollout.sent else None


def _text(rollout: Rollout) -> str:
    return Sample(rollout.sent).completion if rollout.sent else ""


def _mean(values: Sequence[float]) -> float | None:
    return math.fsum(values) / len(values) if values else None
