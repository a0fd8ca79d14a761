"""The same job with every kind of `--bind` target, which must not change what the job learns."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from harness.emulator.functions import open_spec
from harness.errors import InputError
from harness.localaws.function import FunctionSpec
from harness.localaws.invoke import LambdaServer

# Has no imports, so that the artifact needs no other file.
HANDLER = """
def handler(event, context):
    return [
        {
            "id": item["id"],
            "aggregate_reward_score": float(
                item["messages"][-1]["content"].rsplit("#### ")[-1]
                == item["metadata"]["reference_answer"].rsplit("#### ")[-1]
            ),
            "metrics_list": [],
        }
        for item in event
    ]
"""


@pytest.fixture
def artifact(folder: Path) -> Path:
    """Write a folder like one that `sam build` makes."""
    place = folder / "build" / "MyGrader"
    place.mkdir(parents=True)
    (place / "by_hand.py").write_text(HANDLER)
    return place


def rewards(service: Any, data: Any) -> list[float]:
    name = service.submit(service.upload(data.records_of(data.rollouts())[:16]))
    service.finish()
    assert service.job(name)["error"] is None
    events = service.events(name)
    return [event["data"]["critic_rewards_mean"] for event in events if event["type"] == "metrics"]


def test_an_artifact_and_the_invoke_api_teach_what_the_process_teaches(
    serve, data, artifact: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_process = rewards(serve(), data)
    built = serve(functions={"my-grader": f"{artifact}:by_hand.handler"}, state=folder / "built")
    assert rewards(built, data) == in_process

    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with LambdaServer() as local:
        local.add(FunctionSpec(name="my-grader", artifact=artifact, handler="by_hand.handler", timeout_s=30))
        invoked = serve(functions={"my-grader": local.url}, state=folder / "invoked")
        assert rewards(invoked, data) == in_process
        invoked.stop()


def test_a_built_folder_takes_its_handler_from_the_template_beside_it(artifact: Path) -> None:
    (artifact.parent / "template.yaml").write_text(
        "Resources:\n"
        "  MyGrader:\n"
        "    Type: AWS::Serverless::Function\n"
        "    Properties:\n"
        "      CodeUri: MyGrader\n"
        "      Handler: by_hand.handler\n"
        f"      Runtime: python{sys.version_info.major}.{sys.version_info.minor}\n"
        "      Timeout: 30\n"
    )
    target = open_spec(str(artifact), "my-grader", None)
    event = [
        {
            "id": "1",
            "messages": [{"role": "assistant", "content": "#### 3"}],
            "metadata": {"reference_answer": "#### 3"},
        }
    ]
    try:
        assert [item.reward for item in target.grade(event).items] == [1.0]
    finally:
        target.close()


def test_a_folder_without_a_handler_is_refused_with_what_to_write(artifact: Path) -> None:
    with pytest.raises(InputError, match=r"Use --bind NAME=.*:module\.function"):
        open_spec(str(artifact), "my-grader", None)
