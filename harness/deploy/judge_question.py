"""Calls a grader's judges until each model has responded, to learn which parameters the models accept.

The first request with a schema also makes Bedrock compile the schema, which can take minutes. The result is
cached for a day. If the judges are called before a job, none of the job's samples has to wait for the
compilation.
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
    """The result of calling a grader's judges."""

    models: tuple[AskedModel, ...]
    """Every model that the grader calls."""
    samples: int
    """The number of samples that were graded."""
    trouble: str | None = None
    """The reason a sample got no reward, or None if all samples got one."""

    @property
    def silent(self) -> list[AskedModel]:
        """The models that did not respond."""
        return [model for model in self.models if model.parts is None]


def ask_judges(
    spec: FunctionSpec, folder: Path, judges: tuple[AskedModel, ...], rollouts: Path
) -> AskedJudges:
    """Grade samples in this process, one at a time, until each of the grader's models has responded.

    Args:
        spec: The grader's function.
        folder: The project's folder.
        judges: The models that the grader calls.
        rollouts: The file of samples. At most the first 50 are graded.

    Raises:
        InputError: The grader or the file cannot be read, or the file contains no rollouts.
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
        if not asked.silent or (row["error"] or {}).get("kind") == "call":  # another sample would not help
            return asked
    if not asked.samples:
        raise InputError("has no rollout", place=str(rollouts), fix="Name a file of rollouts.")
    return asked


def _answered(judges: tuple[AskedModel, ...]) -> tuple[AskedModel, ...]:
    """Return the models, with the parameters accepted by those that have responded in this process."""
    found = [typed(AskedModel, each.as_dict()) for each in judge_models() if each.parts is not None]
    known = {(each.service, each.model): each for each in found}
    return tuple(known.get((judge.service, judge.model), judge) for judge in judges)
