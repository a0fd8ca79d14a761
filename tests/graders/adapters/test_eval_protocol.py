"""Reward functions for eval-protocol and reward-kit run unchanged, without the library."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders import Abstain, DecorationError, Failure, RecordError, Reward, Sample, SampleError, grader
from graders.adapters import ConfinedFunction, from_eval_protocol, stand_in
from graders.adapters import _evaluators_inside as inside
from graders.testing import invoke, make_sample

linux = pytest.mark.skipif(sys.platform != "linux", reason="other systems shut nothing in")
Rewards = Callable[..., ConfinedFunction]


@pytest.fixture
def stood_in(modules_as_before: None) -> None:
    stand_in("eval_protocol", "reward_kit")


def loaded(text: str, name: str = "f") -> Any:
    """Define a function from source code, in this process."""
    module: dict[str, Any] = {"__name__": "rewards"}
    exec(compile(text, "rewards.py", "exec"), module)
    return module[name]


POINTWISE = """
from typing import Any, Dict, List, Optional
from eval_protocol import EvaluateResult, Message, MetricResult, reward_function
from eval_protocol.models import ChatCompletionContentPartTextParam

@reward_function
def f(messages: List[Message], ground_truth: Optional[str] = None, **kwargs: Any) -> EvaluateResult:
    last = messages[-1]
    assert isinstance(last, Message) and last.role == last["role"] == last.get("role") == "assistant"
    assert last.tool_calls is None and "tool_calls" not in last.model_dump(exclude_none=True)
    right = last.content == ground_truth
    metrics = {
        "exact": MetricResult(score=float(right), reason="compared", is_score_valid=True),
        "unknown": MetricResult(score=0.0, reason="not measured", is_score_valid=False),
        "length": {"score": len(last.content), "reason": "counted"},
    }
    reason = f"unit {kwargs['unit']}"
    return EvaluateResult(score=float(right), reason=reason, metrics=metrics, step_outputs=[])
"""
GRADED = Reward(1.0, metrics={"exact": 1.0, "length": 2.0})


def test_a_pointwise_function_grades(stood_in: None) -> None:
    reward = from_eval_protocol(loaded(POINTWISE))(make_sample("72", "72", unit="clips"))
    assert reward == GRADED
    assert reward.reason == "unit clips"


@linux
@pytest.mark.parametrize("package", ["eval_protocol", "reward_kit"])
def test_a_confined_function_grades_the_same(rewards: Rewards, package: str) -> None:
    function = rewards(POINTWISE.replace("eval_protocol", package))
    reward = grader(timeout_s=30)(from_eval_protocol(function))
    assert reward.grade(make_sample("72", "72", unit="clips")) == GRADED
    with pytest.raises(SampleError, match=r"^exception: KeyError: 'unit' \(rewards.py:17\)$"):
        reward.grade(make_sample("72", "72"))


FORMS = {
    "batch": """
from eval_protocol import EvaluateResult, reward_function
@reward_function(mode="batch", requirements=["x"], concurrency=2)
def f(rollouts_messages, ground_truth=None, **kwargs):
    return [EvaluateResult(score=float(one[-1].content == ground_truth)) for one in rollouts_messages]
""",
    "async": """
from eval_protocol.typed_interface import reward_function
@reward_function
async def f(messages, ground_truth=None, **kwargs):
    return {"score": float(messages[-1].content == ground_truth)}
""",
    "plain": """
def f(messages, ground_truth):
    return {"score": float(messages[-1]["content"] == ground_truth)}
""",
    "row": """
from eval_protocol.models import EvaluateResult, EvaluationRow
from eval_protocol.pytest import SingleTurnRolloutProcessor, evaluation_test
@evaluation_test(completion_params=[{"model": "x"}], rollout_processor=SingleTurnRolloutProcessor())
def f(row: EvaluationRow) -> EvaluationRow:
    last = row.last_assistant_message()
    assert row.get_user_messages()[0].content == row.messages[0].content == "a prompt"
    assert row.input_metadata.dataset_info == {"unit": "clips"} and row.rollout_status.is_finished()
    row.evaluation_result = EvaluateResult(score=float(last.content == row.ground_truth))
    return row
""",
    "rows": """
from eval_protocol.models import EvaluateResult
from eval_protocol.pytest import evaluation_test
@evaluation_test(mode="all")
async def f(rows):
    for row in rows:
        row.evaluation_result = EvaluateResult(score=float(row.messages[-1].content == row.ground_truth))
    return rows
""",
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_a_reward_function_grades(form: str, stood_in: None) -> None:
    reward = grader(from_eval_protocol(loaded(FORMS[form])))
    unit = {} if form == "plain" else {"unit": "clips"}
    assert reward.grade(make_sample("72", "72", **unit)).value == 1.0
    assert reward.grade(make_sample("73", "72", **unit)).value == 0.0


def test_a_reference_becomes_a_list_of_messages_on_request(stood_in: None) -> None:
    text = """
from typing import List
from eval_protocol import Message, reward_function
@reward_function
def f(messages: List[Message], ground_truth: List[Message], **kwargs):
    (reference,) = ground_truth
    assert reference.role == "assistant"
    return {"score": float(messages[-1].content == reference.content)}
"""
    reward = from_eval_protocol(loaded(text))
    for reference in ("72", [{"role": "assistant", "content": "72"}], {"role": "assistant", "content": "72"}):
        assert reward(make_sample("72", reference)) == Reward(1.0)


def test_tool_calls_are_read_by_attribute_and_by_item(stood_in: None) -> None:
    def f(messages: Any, **kwargs: Any) -> Any:
        (call,) = messages[-1].tool_calls
        return {
            "score": float(
                call.function.name == call["function"]["name"] == json.loads("0") or call.id == "1"
            )
        }

    calls = [{"id": "1", "type": "function", "function": {"name": "add", "arguments": "{}"}}]
    item = {"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "tool_calls": calls}]}
    assert grader(from_eval_protocol(f)).grade(item).value == 1.0


def test_messages_are_texts_on_every_wire() -> None:
    seen = []

    def f(messages: Any, **kwargs: Any) -> Any:
        seen.append([(one.role, one.content) for one in messages])
        return {"score": 1.0}

    reward = grader(from_eval_protocol(f))
    for wire in ("open-weight", "nova-blocks", "sagemaker-oss-verl"):
        assert invoke(reward, [make_sample("<think>x</think>72", "72")], wire) == [Reward(1.0)]
    assert seen == [[("user", "a prompt"), ("assistant", "<think>x</think>72")]] * 3


RESULTS: dict[str, tuple[Any, Any]] = {
    "abstains": (
        {"score": 1.0, "is_score_valid": False, "reason": "no boxed answer"},
        Abstain("no boxed answer"),
    ),
    "silent": ({"score": 1.0, "is_score_valid": False}, Abstain("f says that its score is not valid")),
    "error": ({"score": 1.0, "error": "judge down"}, "f reports an error: judge down"),
    "nan": ({"score": float("nan")}, "f: nan is not finite"),
    "text": ({"score": "1"}, "f: a str is not a number"),
    "metric": ({"score": 1.0, "metrics": {"m": {"score": float("inf")}}}, "f, metric 'm': inf is not finite"),
    "number": (1.0, "the function returned a float: return an EvaluateResult with a score"),
    "nothing": (None, "the function returned a NoneType"),
    "two": ([{"score": 1.0}, {"score": 1.0}], "the function returned a list"),
    "no score": ({"reason": "x"}, "the function returned a dict"),
}


@pytest.mark.parametrize("name", RESULTS)
def test_no_failure_of_a_function_is_a_reward(name: str) -> None:
    result, expected = RESULTS[name]

    def f(messages: Any, **kwargs: Any) -> Any:
        return result

    scoring = from_eval_protocol(f)
    if isinstance(expected, Abstain):
        assert scoring(make_sample("72")) == expected
        return
    with pytest.raises(SampleError) as raised:
        grader(scoring).grade(make_sample("72"))
    assert expected in str(raised.value)


def test_a_record_without_a_reference_fails_where_the_function_needs_one() -> None:
    def f(messages: Any, ground_truth: Any, unit: str, **kwargs: Any) -> Any:
        return {"score": float(messages[-1].content == (ground_truth or ""))}

    reward = from_eval_protocol(f)
    with pytest.raises(
        RecordError, match="no reference_answer, and f needs ground_truth: .* ground_truth=None"
    ):
        reward(make_sample("", unit="clips"))
    with pytest.raises(RecordError, match="f needs unit, and the record has no such field"):
        reward(make_sample("", "72"))
    assert reward(make_sample("72", ground_truth="72", unit="clips")) == Reward(1.0)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (
            "from eval_protocol.rewards.math import math_reward",
            "lacks eval_protocol.rewards: copy what you need",
        ),
        ("from eval_protocol import create_llm_resource", "lacks eval_protocol.create_llm_resource"),
        ("import reward_kit.agent.tools", "lacks reward_kit.agent"),
        (
            "import eval_protocol\n@eval_protocol.reward_function(resources={'llms': [1]})\ndef g(): ...",
            "has no resources=",
        ),
    ],
)
def test_importing_a_name_that_a_stand_in_lacks_is_an_error_that_says_so(
    line: str, said: str, stood_in: None
) -> None:
    with pytest.raises(ImportError, match=said):
        loaded(f"{line}\ndef f(messages, **kwargs): ...\n")


@linux
def test_a_confined_file_that_imports_more_of_the_library_fails_with_its_line(rewards: Rewards) -> None:
    text = "import json\nfrom eval_protocol.rewards.math import math_reward\ndef f(messages, **kwargs): ...\n"
    reward = grader(timeout_s=30)(from_eval_protocol(rewards(text)))
    with pytest.raises(SampleError, match=r"lacks eval_protocol.rewards: .* \(rewards.py:2\)$"):
        reward.grade(make_sample("72"))


def test_records_that_the_library_would_refuse_are_refused() -> None:
    for made, said in (
        (lambda: inside.ProtocolResult(reason="x"), "EvaluateResult needs score="),
        (lambda: inside.ProtocolMetric(score=1.0), "MetricResult needs reason="),
        (lambda: inside.ProtocolResult(score="high"), "EvaluateResult: score is a str, not a number"),
        (lambda: inside.ChatMessage(content="x"), "Message needs role="),
    ):
        with pytest.raises(ValueError, match=said):
            made()
    with pytest.raises(AttributeError, match="Message has no 'text' here"):
        inside.ChatMessage(role="user").text  # noqa: B018


def test_a_stand_in_never_takes_the_place_of_a_package_that_is_installed() -> None:
    class Installed:
        pass

    sys.modules["reward_kit"] = Installed()  # type: ignore[assignment]
    try:
        inside.prepare(["reward_kit"])
        assert isinstance(sys.modules["reward_kit"], Installed)
        assert "reward_kit.models" not in sys.modules
    finally:
        del sys.modules["reward_kit"]


def test_stand_ins_may_be_requested_again(stood_in: None) -> None:
    before = sys.modules["eval_protocol"]
    stand_in("eval_protocol")
    stand_in()
    assert sys.modules["eval_protocol"] is before


def test_only_known_packages_have_a_stand_in() -> None:
    with pytest.raises(DecorationError, match="no stand-in for 'numpy': there is one for eval_protocol"):
        stand_in("numpy")


def test_the_argument_must_be_a_function() -> None:
    with pytest.raises(
        DecorationError, match="from_eval_protocol was given 'rewards.py': give it a function"
    ):
        from_eval_protocol("rewards.py")  # type: ignore[arg-type]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=5,
)
FIELDS = {name: JSON for name in ("score", "reason", "error", "is_score_valid", "metrics", "step_outputs")}


@given(result=JSON | st.fixed_dictionaries({}, optional={**FIELDS, "score": st.floats() | JSON}))
def test_a_result_is_a_reward_only_if_its_score_is_finite_and_valid(result: Any) -> None:
    def f(messages: Any, **kwargs: Any) -> Any:
        return result

    outcome = grader(range=(-1e308, 1e308))(from_eval_protocol(f)).grade_all([make_sample("72")])[0]
    if isinstance(outcome, Reward):
        found = result[0] if isinstance(result, list) else result
        assert outcome.value == found["score"]
        assert not found.get("error")
        assert found.get("is_score_valid") is not False


def test_an_error_in_this_process_has_the_line_of_the_function() -> None:
    def f(messages: Any, **kwargs: Any) -> Any:
        return inside.ProtocolMetric(score=1.0)

    outcome = grader(from_eval_protocol(f)).grade_all([make_sample("72")])[0]
    assert isinstance(outcome, Failure)
    assert outcome.place.startswith("test_eval_protocol.py:")


def test_a_grader_is_not_one_of_the_librarys_functions() -> None:
    @grader
    def right(sample: Sample) -> bool:
        return True

    with pytest.raises(DecorationError, match="from_eval_protocol was given <grader"):
        from_eval_protocol(right)


def test_a_partial_has_its_functions_name() -> None:
    def rates(messages: Any, ground_truth: str, bonus: float) -> Any:
        return {"score": bonus}

    with pytest.raises(RecordError, match="rates needs ground_truth"):
        from_eval_protocol(partial(rates, bonus=1.0))(make_sample("72"))
