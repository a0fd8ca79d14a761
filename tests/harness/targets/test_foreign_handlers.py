"""Handlers like AWS's published samples, without Lambda and in the local Lambda runtime."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from harness.replay.grading import grade_batch, profiles_of
from harness.rollouts.read import Rollout
from harness.runs.rows import Row, failure_of
from harness.targets.built import bare_function
from harness.targets.lambda_runtime import LocalRuntimeTarget
from harness.targets.own_process import OwnProcessTarget
from support.rollout_files import rollout

HANDLERS = """
import json

def reward(sample, index=0):
    messages = sample.get("messages", sample.get("prompt", []))
    said = [one["content"] for one in messages if one["role"] in ("assistant", "nova_assistant")][-1]
    if said == "raises":
        raise KeyError("no such answer")
    if isinstance(said, list):
        said = said[0]["text"]
    given = sample.get("metadata", sample).get("reference_answer", sample.get("reward_model"))
    if isinstance(given, dict):
        given = given.get("text", given.get("ground_truth"))
    return {
        "id": sample.get("id") or sample.get("my_key", "unknown"),
        "aggregate_reward_score": float(said == given),
        "metrics_list": [{"name": "right", "value": float(said == given), "type": "Reward"}],
    }

def list_in_list_out(event, context):
    return [reward(sample) for sample in event]

def extra_fields_and_no_metrics(event, context):
    found = []
    for sample in event:
        score = reward(sample)["aggregate_reward_score"]
        found.append({"id": sample["id"], "aggregate_reward_score": score, "score": score, "answer": "72"})
    return found

def trajectories_or_list(event, context):
    samples = event if isinstance(event, list) else event.get("trajectories", [])
    return [reward(sample) for sample in samples]

def one_dict_in(event, context):
    return [reward(event)]

def starter_template(event, context):
    # Names a sample by its place, and answers for the whole batch with what one of them raised.
    batch = event.get("input", event) if isinstance(event, dict) else event
    if "batch" in event:
        batch = event["batch"]
    elif "body" in event:
        batch = json.loads(event["body"])["batch"]
    results = []
    for at, sample in enumerate(batch):
        try:
            results.append({**reward(sample), "id": str(sample.get("my_key", f"sample-{at:03d}"))})
        except Exception as error:
            return {"error": str(error)}
    return {"statusCode": 200, "headers": {"Content-Type": "application/json"}, "body": json.dumps(results)}

def first_sample_only(event, context):
    return {"statusCode": 200, "body": json.dumps([reward(event[0])])}

def camel_case(event, context):
    return [{"id": one["id"], "aggregateRewardScore": 1.0, "metricsList": []} for one in event]
"""

SHAPES = [
    ("list_in_list_out", "open-weight"),
    ("list_in_list_out", "nova"),
    ("extra_fields_and_no_metrics", "open-weight-root"),
    ("trajectories_or_list", "trajectories"),
    ("one_dict_in", "sagemaker-single"),
    ("starter_template", "sagemaker-oss"),
    ("starter_template", "sagemaker-oss-text"),
    ("starter_template", "sagemaker-oss-batch"),
    ("starter_template", "sagemaker-oss-input"),
    ("starter_template", "sagemaker-oss-body"),
    ("starter_template", "sagemaker-oss-ground-truth"),
    ("starter_template", "sagemaker-oss-verl"),
]


@pytest.fixture(scope="module")
def code(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("foreign") / "code"
    folder.mkdir()
    (folder / "reward.py").write_text(HANDLERS)
    shutil.make_archive(str(folder), "zip", folder)
    return folder


@pytest.fixture
def graded(code: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[Row]]:
    """Grade completions in another process and return their rows."""
    monkeypatch.chdir(code)

    def grade(name: str, wire: str, *completions: str) -> list[Row]:
        with closing(OwnProcessTarget(f"reward:{name}")) as target:
            return grade_batch(target, batch(*completions), profiles_of(wire), 1, keep_label=False)

    return grade


def batch(*completions: str) -> list[Rollout]:
    return [Rollout(at, at, "g", rollout(f"r{at}", text, "72")) for at, text in enumerate(completions)]


@pytest.mark.parametrize(("name", "wire"), SHAPES)
def test_a_handler_in_the_shape_of_a_sample_of_aws_replays_unchanged(
    graded: Callable[..., list[Row]], name: str, wire: str
) -> None:
    rows = graded(name, wire, "72", "73", "72")
    assert [row["reward"] for row in rows] == [1.0, 0.0, 1.0]


@pytest.mark.parametrize("packed", [False, True])
def test_the_same_files_run_under_the_local_runtime_from_a_folder_and_a_zip_file(
    code: Path, packed: bool
) -> None:
    where = code.with_suffix(".zip") if packed else code
    for name, wire in (("list_in_list_out", "open-weight"), ("starter_template", "sagemaker-oss-body")):
        spec = bare_function(where, f"reward.{name}")
        with closing(LocalRuntimeTarget(spec, concurrency=1)) as target:
            rows = grade_batch(target, batch("72", "73", "raises"), profiles_of(wire), 1, keep_label=False)
        assert [row["reward"] for row in rows] == [1.0, 0.0, None]
        assert "no such answer" in failure_of(rows[2])[1]


@pytest.mark.parametrize("name", ["list_in_list_out", "starter_template"])
def test_the_sample_on_which_a_handler_fails_is_found_and_the_others_keep_their_rewards(
    graded: Callable[..., list[Row]], name: str
) -> None:
    rows = graded(name, "sagemaker-oss", *["72"] * 20, "raises", *["73"] * 11)
    assert [row["reward"] for row in rows] == [*[1.0] * 20, None, *[0.0] * 11]
    assert "no such answer" in failure_of(rows[20])[1]


def test_a_handler_of_one_sample_a_call_is_said_to_fail_the_batch(graded: Callable[..., list[Row]]) -> None:
    rows = graded("first_sample_only", "sagemaker-oss", *["72"] * 8)
    assert {row["reward"] for row in rows} == {None}
    said = failure_of(rows[0])[1]
    assert "2 samples were sent and 1 answer came back" in said
    assert "a call of 2 samples; none of them fails in smaller calls" in said


def test_keys_in_camel_case_are_no_reward(graded: Callable[..., list[Row]]) -> None:
    rows = graded("camel_case", "open-weight", "72", "73")
    assert [row["reward"] for row in rows] == [None, None]
    assert "answer 0" in failure_of(rows[0])[1]


def test_the_place_of_a_sample_is_its_id_in_an_envelope_alone(graded: Callable[..., list[Row]]) -> None:
    rows = graded("starter_template", "sagemaker-oss-text", "72")
    assert rows[0]["id"] == 0
    assert json.dumps(rows[0]["metrics"]) == '{"right": 1.0}'
