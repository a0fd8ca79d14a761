from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from graders import Sample, grader
from harness.targets.in_process import InProcessTarget
from harness.targets.protocol import GraderFault
from support.rft_command import RIGHT, write_grader

ITEM = {
    "id": "a",
    "messages": [{"role": "assistant", "content": "72"}],
    "metadata": {"reference_answer": "72"},
}


pytestmark = pytest.mark.usefixtures("no_modules_left")


def by_hand(handler: Any) -> Any:
    return InProcessTarget(handler).grade([ITEM])


def entry(**changed: Any) -> dict[str, Any]:
    return {"id": "a", "aggregate_reward_score": 0.5, "metrics_list": [], **changed}


def test_a_file_and_a_name(tmp_path: Path) -> None:
    path = write_grader(tmp_path)
    target = InProcessTarget(f"{path}:right")
    assert target.fingerprint.files == {str(path): hashlib.sha256(path.read_bytes()).hexdigest()}
    assert target.options is not None
    assert target.options["range"] == [0.0, 1.0]
    assert target.bounds == (0.0, 1.0)
    answer = target.grade([ITEM])
    assert [item.reward for item in answer.items] == [1.0]
    assert answer.fault is None
    assert answer.items[0].ms is not None


def test_a_lone_grader_needs_no_name(tmp_path: Path) -> None:
    assert InProcessTarget(str(write_grader(tmp_path))).grade([ITEM]).items[0].reward == 1.0


def test_a_module_is_found_in_the_present_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "some_package").mkdir()
    write_grader(tmp_path / "some_package", name="exact.py")
    monkeypatch.chdir(tmp_path)
    assert InProcessTarget("some_package.exact:right").grade([ITEM]).items[0].reward == 1.0


def test_a_file_finds_its_neighbours(tmp_path: Path) -> None:
    (tmp_path / "its_neighbour.py").write_text("WORD = '72'\n")
    write_grader(
        tmp_path, "from its_neighbour import WORD\n" + RIGHT.replace("sample.reference_text", "WORD")
    )
    assert InProcessTarget(f"{tmp_path}/my_grader.py:right").grade([ITEM]).items[0].reward == 1.0


def test_a_failing_sample_costs_itself_alone_even_where_the_call_would_fail() -> None:
    @grader(on_error="raise", max_error_rate=0)
    def strict(sample: Sample) -> float:
        if sample.completion != "72":
            raise KeyError("units")
        return 1.0

    wrong = {**ITEM, "messages": [{"role": "assistant", "content": "no"}]}
    answer = InProcessTarget(strict).grade([wrong, ITEM] * 40)
    assert answer.fault is None
    assert [item.reward for item in answer.items] == [None, 1.0] * 40
    error = answer.items[0].error
    assert error is not None
    assert error["kind"] == "exception"
    assert error["message"].startswith("KeyError: 'units' (test_in_process.py:")


def test_an_async_grader_is_graded() -> None:
    import asyncio

    @grader
    async def patient(sample: Sample) -> float:
        await asyncio.sleep(0.001)
        return 0.25

    assert [item.reward for item in InProcessTarget(patient).grade([ITEM] * 3).items] == [0.25] * 3


def test_what_a_ready_check_lacks_is_said_without_a_place_in_the_library(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    check = 'checks.judge:judge_label(ask="Right?", labels={"a": 1, "b": 0}, model="m", service="openai")'
    fault = InProcessTarget(check).grade([ITEM]).fault
    assert isinstance(fault, GraderFault)
    assert fault.message.startswith("OPENAI_API_KEY is not set, so the judge m ")
    assert ".py" not in fault.message


def test_a_configuration_error_fails_the_call() -> None:
    from graders.errors import ConfigurationError

    @grader
    def keyless(sample: Sample) -> float:
        raise ConfigurationError("no key")

    answer = InProcessTarget(keyless).grade([ITEM])
    assert answer.items == []
    assert isinstance(answer.fault, GraderFault)
    assert answer.fault.error_type == "ConfigurationError"
    assert answer.fault.message.startswith("no key (test_in_process.py:")


def test_a_handler_by_hand_is_called_as_lambda_calls_it() -> None:
    seen: dict[str, Any] = {}

    def handler(event: Any, context: Any) -> Any:
        seen["left"] = context.get_remaining_time_in_millis()
        seen["event"] = event
        event[0]["messages"].clear()  # the handler's own copy, as in Lambda
        metrics = [{"name": "length", "value": 2, "type": "Metric"}]
        return {"statusCode": 200, "body": __import__("json").dumps([entry(metrics_list=metrics)])}

    answer = by_hand(handler)
    assert (answer.items[0].reward, answer.items[0].metrics) == (0.5, {"length": 2.0})
    assert seen["left"] > 0
    assert ITEM["messages"]
    assert InProcessTarget(handler).options is None


FAULTY = {
    "raises": (lambda event, context: 1 / 0, "division by zero (test_in_process.py:"),
    "nothing": (lambda event, context: None, "NoneType"),
    "too few": (lambda event, context: [], "1 sample was sent and 0 answers came back"),
    "another id": (lambda event, context: [entry(id="b")], "carries the id 'b'"),
    "a string": (lambda event, context: [entry(aggregate_reward_score="1")], "is not a number"),
    "a boolean": (lambda event, context: [entry(aggregate_reward_score=True)], "boolean"),
    "not JSON": (lambda event, context: [entry(aggregate_reward_score={1, 2})], "not JSON: Object"),
    "NaN": (lambda event, context: [entry(aggregate_reward_score=float("nan"))], "not JSON: Out of range"),
    "a plain-text body": (
        lambda event, context: {"statusCode": 500, "body": "sorry"},
        "the status 500: sorry",
    ),
    "metrics": (lambda event, context: [entry(metrics_list=7)], "answer 0"),
    "metric names": (
        lambda event, context: [entry(metrics_list=[{"name": [], "value": 1, "type": "Metric"}])],
        "answer 0",
    ),
}


@pytest.mark.parametrize("case", FAULTY)
def test_an_answer_that_no_job_could_use_is_the_graders_fault(case: str) -> None:
    handler, said = FAULTY[case]
    answer = by_hand(handler)
    assert answer.items == []
    assert said in answer.fault.message
