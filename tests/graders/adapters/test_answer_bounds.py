"""Parts of a model's answer that exceed a limit are removed, so that its size never fails the sample."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders import Reward, Sample, SampleError, grader
from graders.adapters import from_eval_protocol, from_lambda, from_trl, from_verl
from graders.adapters._answer_bounds import LEVELS, LONGEST, MOST_VALUES, bounded, is_bounded
from graders.checks._code_values import DEEPEST, packed
from graders.testing import make_sample


def nested(levels: int, kind: str = "list") -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value] if kind == "list" else {"a": value}
    return value


@pytest.mark.parametrize("kind", ["list", "dict"])
def test_a_value_has_limits_of_depth_number_and_length(kind):
    assert is_bounded(nested(LEVELS - 1, kind))
    assert not is_bounded(nested(LEVELS, kind))
    assert not is_bounded(nested(100_000, kind))
    assert is_bounded([0] * MOST_VALUES)
    assert not is_bounded([[0] * (MOST_VALUES // 2)] * 2)
    assert is_bounded("x" * LONGEST)
    assert not is_bounded(["x" * LONGEST, "y"])
    assert not is_bounded({"x" * LONGEST: "y"})


def test_a_value_that_contains_itself_exceeds_the_limits():
    value: list[Any] = []
    value += [value, value]
    assert not is_bounded(value)


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=10,
)


@given(PLAIN, st.integers(0, 2 * DEEPEST), st.sampled_from(["content", "tool_calls", "reasoning_content"]))
def test_a_limited_sample_can_be_sent_whatever_the_model_answers(value, levels, name):
    for _ in range(levels):
        value = {"a": [value]}
    answer = {"role": "assistant", "content": "72", name: value}
    item = {"id": "1", "messages": [{"role": "user", "content": "q"}, answer], "reference_answer": "72"}
    sample = bounded(Sample(item))
    kept = sample.messages[-1]
    assert packed([[[[[[[[sample.messages]]]]]]]])
    assert sample.reference_answer == "72"
    assert item["messages"][-1] is answer
    if is_bounded(value):
        assert kept is answer
    else:
        assert kept.get(name, "") == ""
        assert name == "content" or kept["content"] == "72"


def test_the_records_content_is_never_left_out():
    deep, long = nested(200), "x" * (LONGEST + 1)
    messages = [{"role": "user", "content": long}, {"role": "assistant", "content": "72"}]
    sample = Sample({"id": "1", "messages": messages, "reference_answer": deep})
    assert bounded(sample) is sample


def test_a_sample_with_the_names_of_verl_keeps_them():
    turns = [
        {"role": "user", "content": "q"},
        {"role": "assistant", "content": "72", "tool_calls": nested(99)},
    ]
    sample = bounded(Sample({"my_key": "7", "prompt": turns}))
    assert (sample.id, sample.completion, sample.tool_calls) == ("7", "72", [])


FUNCTIONS = {
    from_trl: """
def f(completions, **_):
    return [float(one[0]['content'] == '72') for one in completions]
""",
    from_verl: """
def f(data_source, solution_str, ground_truth, extra_info=None):
    return float(solution_str == ground_truth)
""",
    from_lambda: """
def f(event, context):
    [one] = event
    return [{'id': one['id'], 'aggregate_reward_score': float(one['messages'][-1]['content'] == '72')}]
""",
    from_eval_protocol: """
from eval_protocol import EvaluateResult, reward_function

@reward_function
def f(messages, ground_truth=None, **_):
    return EvaluateResult(score=float(messages[-1].content == ground_truth), reason="compared")
""",
}


@pytest.mark.parametrize("adapter", FUNCTIONS)
def test_deeply_nested_tool_calls_fail_no_sample_of_a_confined_function(rewards, adapter):
    reward = grader(timeout_s=10)(adapter(rewards(FUNCTIONS[adapter])))
    for content, calls, paid in [
        ("72", nested(300), 1),
        ("73", nested(300), 0),
        ("72", [{"function": {"name": "f", "arguments": nested(300, "dict")}}], 1),
    ]:
        sample = make_sample(content, "72")
        sample.messages[-1]["tool_calls"] = calls
        assert reward.grade(sample).value == paid


def test_a_record_that_cannot_be_copied_still_fails(rewards):
    reward = grader(timeout_s=10)(from_verl(rewards(FUNCTIONS[from_verl])))
    with pytest.raises(SampleError, match="cannot be copied: it is nested more than 100 levels deep"):
        reward.grade(make_sample("72", nested(200)))
    assert reward.grade(make_sample(json.dumps(nested(200)), "72")) == Reward(0.0)
