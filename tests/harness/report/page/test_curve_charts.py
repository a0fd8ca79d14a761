from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness.api.types import ENTROPY, REWARD_MEAN
from harness.errors import InputError
from harness.report.page.curve_charts import job_charts, rehearsal_charts


def write_events(folder: Path, steps: int, tail: str = "") -> None:
    events: list[dict[str, Any]] = [
        {
            "id": f"e{step}",
            "type": "metrics",
            "data": {"step": step, "total_steps": steps, REWARD_MEAN: step / 2},
        }
        for step in range(1, steps + 1)
    ]
    events.insert(1, {"id": "m", "type": "message"})
    events[-1]["data"][ENTROPY] = 1.5
    text = "".join(json.dumps(event) + "\n" for event in events) + tail
    (folder / "events.jsonl").write_text(text, encoding="utf-8")


def test_every_metric_has_its_values_at_their_steps(tmp_path: Path) -> None:
    write_events(tmp_path, 4, tail='{"half a line')
    reward, entropy = job_charts("first", tmp_path)
    assert (reward.metric, reward.steps, reward.values) == (REWARD_MEAN, [1, 2, 3, 4], [0.5, 1, 1.5, 2])
    assert (entropy.metric, entropy.steps, entropy.values) == (ENTROPY, [4], [1.5])
    assert reward.said == "0.5 at step 1, 2 at step 4"


def test_a_long_job_is_thinned(tmp_path: Path) -> None:
    write_events(tmp_path, 2_500)
    reward = job_charts("first", tmp_path)[0]
    assert len(reward.steps) == len(reward.values) == 834
    assert (reward.steps[0], reward.values[0]) == (3, 1.0)
    assert reward.steps[-1] == 2_500


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no events of first are stored here.*rft watch first"):
        job_charts("first", tmp_path)
    with pytest.raises(InputError, match="there is no finished rehearsal here"):
        rehearsal_charts(tmp_path)
