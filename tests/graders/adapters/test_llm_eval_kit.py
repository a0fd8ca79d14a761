"""Graders for llm-eval-kit run unchanged, without the library."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from graders import Abstain, DecorationError, RecordError, Reward, Sample, SampleError, grader
from graders.adapters import ConfinedFunction, from_llm_eval_kit, stand_in
from graders.testing import make_sample

linux = pytest.mark.skipif(sys.platform != "linux", reason="other systems shut nothing in")
Rewards = Callable[..., ConfinedFunction]


@pytest.fixture
def stood_in(modules_as_before: None) -> None:
    stand_in("llm_eval_kit", "nova_custom_evaluation_sdk")


def loaded(text: str, name: str) -> Any:
    """Define a grader from source code, in this process."""
    module: dict[str, Any] = {"__name__": "rewards"}
    exec(compile(text, "rewards.py", "exec"), module)
    return module[name]


KIT = """
from llm_eval_kit.graders.base import Grader
from llm_eval_kit.graders.decorator import grader
from llm_eval_kit.models.messages import Message
from llm_eval_kit.models.results import EvaluateResult, MetricResult

@grader
def bare(messages, ground_truth, **kwargs):
    assert isinstance(messages[-1], Message)
    right = messages[-1].content.strip() == str(ground_truth)
    metrics = {"exact": MetricResult(score=1, reason="compared")}
    return EvaluateResult(score=float(right), reason="compared", metrics=metrics)

@grader(name="named", description="With a name.")
def named(messages, ground_truth, *, unit="none", **kwargs):
    assert named.name == "named" and messages[0].to_openai_format() == {"role": "user", "content": "a prompt"}
    return EvaluateResult(score=float(unit == ground_truth))

class Whole(Grader):
    name, description = "whole", "A class."

    def grade(self, messages, ground_truth=None, **kwargs):
        if ground_truth:
            return bare.grade(messages, ground_truth)
        return EvaluateResult(score=0.0, is_valid=False)

whole = Whole()

@grader
def unfit(messages, ground_truth, **kwargs):
    return EvaluateResult(score=1.5)
"""


def test_a_decorated_function_grades(stood_in: None) -> None:
    assert from_llm_eval_kit(loaded(KIT, "bare"))(make_sample("72", "72")) == Reward(
        1.0, metrics={"exact": 1.0}
    )
    assert from_llm_eval_kit(loaded(KIT, "named"))(make_sample("72", "clips", unit="clips")) == Reward(1.0)


@pytest.mark.parametrize("name", ["Whole", "whole"])
def test_a_class_and_an_instance_grade(name: str, stood_in: None) -> None:
    reward = from_llm_eval_kit(loaded(KIT, name))
    assert reward(make_sample("73", "72")) == Reward(0.0, metrics={"exact": 1.0})
    assert isinstance(reward(make_sample("72")), Abstain)


@linux
def test_confined_functions_grade_the_same(rewards: Rewards) -> None:
    for name in ("bare", "whole", "Whole"):
        reward = grader(timeout_s=30)(from_llm_eval_kit(rewards(KIT, name)))
        assert reward.grade(make_sample("72", "72")) == Reward(1.0, metrics={"exact": 1.0})
    unfit = grader(timeout_s=30)(from_llm_eval_kit(rewards(KIT, "unfit")))
    with pytest.raises(SampleError, match=r"score=1.5 is not between 0 and 1 \(rewards.py:\d+\)$"):
        unfit.grade(make_sample("72", "72"))


def test_a_missing_reference_never_equals_an_empty_answer() -> None:
    def same(messages: Any, ground_truth: Any, **kwargs: Any) -> Any:
        return {"score": float(messages[-1].content == (ground_truth or ""))}

    with pytest.raises(RecordError, match="no reference_answer, and same needs ground_truth"):
        from_llm_eval_kit(same)(make_sample(""))


@pytest.mark.parametrize(
    "line",
    [
        "from llm_eval_kit.processors.decorators import preprocess, postprocess",
        "from llm_eval_kit.lambda_handler import build_lambda_handler",
        "from nova_custom_evaluation_sdk.processors.decorators import preprocess",
        "from nova_custom_evaluation_sdk import lambda_handler",
    ],
)
def test_processors_are_refused_with_an_explanation(line: str, stood_in: None) -> None:
    with pytest.raises(
        ImportError, match="not supported: its preprocess and postprocess serve .* write a function"
    ):
        loaded(f"{line}\nf = 1\n", "f")


def test_a_processor_is_not_a_grader() -> None:
    class PreProcessor:
        def __call__(self) -> None: ...

    with pytest.raises(DecorationError, match="gives no reward: write a function of messages"):
        from_llm_eval_kit(PreProcessor())


def test_a_grader_is_not_one_of_the_librarys_functions() -> None:
    @grader
    def right(sample: Sample) -> bool:
        return True

    with pytest.raises(DecorationError, match="from_llm_eval_kit was given <grader"):
        from_llm_eval_kit(right)


def test_a_partial_has_its_functions_name() -> None:
    def rates(messages: Any, ground_truth: str, bonus: float) -> Any:
        return {"score": bonus}

    with pytest.raises(RecordError, match="rates needs ground_truth"):
        from_llm_eval_kit(partial(rates, bonus=1.0))(make_sample("72"))
