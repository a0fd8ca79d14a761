"""Asks a grader's judges about samples until each of its models has answered: what each takes is known then.

The first question with a schema is also what makes Bedrock compile it, which can take minutes and then holds
for a day. Asked before a job, no sample of the job waits for that.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from graders.configured import judge_models
from graders.wire import PROFILES
from harness.data.typed_json import typed
from harness.errors import InputError
from harness.localaws.function import FunctionSpec
from harness.replay.grading import grade_batch
from harness.rollouts.read import read_rollouts
from harness.targets.built import AskedModel, grader_of
from harness.targets.in_process import InProcessTarget

__all__ = ["AskedJudges", "ask_judges"]

_MOST = 50


@dataclass(frozen=True, slots=True)
class AskedJudges:
    """What asking showed."""

    models: tuple[AskedModel, ...]
    """Every model that the grader asks."""
    samples: int
    """How many samples were graded for it."""
    trouble: str | None = None
    """Why a sample got no reward; None where all did."""

    @property
    def silent(self) -> list[AskedModel]:
        """Those that did not answer."""
        return [model for model in self.models if model.parts is None]


def ask_judges(
    spec: FunctionSpec, folder: Path, judges: tuple[AskedModel, ...], rollouts: Path
) -> AskedJudges:
    """Grade samples in this process, one at a time, until each of the grader's models has answered.

    Args:
        spec: The function whose grader it is.
        folder: The project, which holds the grader.
        judges: The models that it asks.
        rollouts: Where the samples are; the first 50 at most are graded.

    Raises:
        InputError: The grader or the file cannot be read, or the file holds no rollout.
        ServiceError: The service cannot be reached.
    """
    target = InProcessTarget(grader_of(spec), folder)
    asked = AskedJudges(judges, 0)
    trouble = None
    for samples, rollout in enumerate(islice(read_rollouts(rollouts), _MOST), 1):
        [row] = grade_batch(target, [rollout], [PROFILES["open-weight"]], 1, False)
        if row["error"] is not None:
            trouble = row["error"]["message"]
        asked = AskedJudges(_answered(judges), samples, trouble)
        if not asked.silent or (row["error"] or {}).get("kind") == "call":  # nothing can be asked at all
            return asked
    if not asked.samples:
        raise InputError("holds no rollout", place=str(rollouts), fix="Name a file of rollouts.")
    return asked


def _answered(judges: tuple[AskedModel, ...]) -> tuple[AskedModel, ...]:
    """The models, with what those that have answered in this process take."""
    found = [typed(AskedModel, each.as_dict()) for each in judge_models() if each.parts is not None]
    known = {(each.service, each.model): each for each in found}
    return tuple(known.get((judge.service, judge.model), judge) for judge in judges)
