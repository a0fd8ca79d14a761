"""The reference that third-party functions receive never equals an empty answer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders import RecordError, Sample
from graders.adapters import from_eval_protocol, from_lambda, from_llm_eval_kit, from_trl, from_verl
from graders.testing import make_sample
from graders.wire import PROFILES, write_events


def trl(completions, solution, **columns):
    return [1.0]


def verl(data_source, solution_str, ground_truth, extra_info=None):
    return 1.0


def evaluator(messages, ground_truth, **fields):
    return {"score": 1.0, "reason": "paid"}


def handler(event, context):
    return [{"id": item["id"], "aggregate_reward_score": 1.0} for item in event]


ADAPTED = {
    "trl": from_trl(trl, reference="solution"),
    "verl": from_verl(verl),
    "eval-protocol": from_eval_protocol(evaluator),
    "llm-eval-kit": from_llm_eval_kit(evaluator),
    "lambda": from_lambda(handler),
    "lambda, root": from_lambda(handler, wire="open-weight-root"),
}
_NOTHING = st.none() | st.text(" \t\n\u00a0\u200b\u2060\u3164", max_size=4) | st.just(float("nan"))
BLANK = st.recursive(
    _NOTHING,
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["target", "text", "a"]), inner, max_size=2)
        | st.fixed_dictionaries({"role": st.just("assistant"), "content": inner})
    ),
    max_leaves=4,
).filter(lambda value: value is not None)
SAYS = st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text("7a.$", min_size=1, max_size=3)
REFERENCE = st.recursive(
    SAYS,
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3) | st.fixed_dictionaries({"a": inner, "b": _NOTHING})
    ),
)


@given(reference=BLANK)
def test_a_blank_reference_is_never_passed_to_a_function(reference):
    for score in ADAPTED.values():
        with pytest.raises(RecordError, match="is blank"):
            score(make_sample("", reference))


@given(reference=REFERENCE)
def test_a_reference_with_content_is_passed(reference):
    for score in ADAPTED.values():
        assert score(make_sample("", reference)).value == 1.0


@pytest.mark.parametrize("score", ADAPTED.values(), ids=ADAPTED)
@pytest.mark.parametrize(
    "reference",
    [["72", ""], {"target": ["72", None]}, ["", 72], ["", ["72"]], {"target": ["", 72]}, [" ", None, 72]],
)
def test_one_blank_answer_among_right_ones_is_a_fault_of_the_record(score, reference):
    with pytest.raises(RecordError, match="lists a blank text"):
        score(make_sample("", reference))


@pytest.mark.parametrize("name", ["trl", "verl", "eval-protocol", "llm-eval-kit"])
def test_a_missing_reference_is_a_fault_where_the_function_needs_one(name):
    with pytest.raises(RecordError, match="needs (solution|ground_truth)"):
        ADAPTED[name](make_sample(""))


@pytest.mark.parametrize("adapt", [from_eval_protocol, from_llm_eval_kit, from_trl, from_verl])
def test_a_missing_reference_is_not_passed(adapt):
    seen = []

    def look(**given):
        seen.append(given.keys() & {"ground_truth", "reference_answer"})
        return {"score": 1.0} if "completions" not in given else [1.0]

    assert adapt(look)(make_sample("")).value == 1.0
    assert seen == [set()]


@pytest.mark.parametrize("name", ["trl", "eval-protocol"])
def test_the_platforms_own_reference_field_is_used(name):
    column = "solution" if name == "trl" else "ground_truth"
    assert ADAPTED[name](make_sample("", **{column: "72"})).value == 1.0
    for both in ({"reference_answer": "72", column: " "}, {"reference_answer": " ", column: "72"}):
        with pytest.raises(RecordError, match="is blank"):
            ADAPTED[name](make_sample("", **both))
    with pytest.raises(RecordError, match=f"the record's {column} is blank"):
        ADAPTED[name](make_sample("", **{column: " "}))


def test_it_takes_precedence_over_the_reference_answer_which_is_passed_too():
    seen = []

    def look(ground_truth, reference_answer, **given):
        seen.append((ground_truth, reference_answer))
        return {"score": 1.0} if "messages" in given else [1.0]

    sample = make_sample("", "8 * 9 = 72", ground_truth="72")
    from_trl(look, reference="ground_truth")(sample)
    from_eval_protocol(look)(sample)
    assert seen == [(["72"], ["8 * 9 = 72"]), ("72", "8 * 9 = 72")]


@pytest.mark.parametrize("wire", [name for name, profile in PROFILES.items() if profile.container == "list"])
def test_a_blank_reference_is_found_wherever_a_service_puts_it(wire):
    messages = [{"role": "user", "content": "?"}, {"role": "assistant", "content": ""}]
    [[item]] = write_events([{"id": "a", "messages": messages, "reference_answer": " "}], PROFILES[wire])
    with pytest.raises(RecordError, match="is blank"):
        ADAPTED["lambda"](Sample(item))
