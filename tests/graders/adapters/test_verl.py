"""verl's scoring functions as scoring functions, and graders as verl's, in every form that verl supports."""

from __future__ import annotations

import asyncio
import inspect
import math
import sys
import threading

import numpy as np
import pytest
from hypothesis import given

from graders import (
    Abstain,
    DecorationError,
    ErrorBudgetExceeded,
    RecordError,
    Reward,
    SampleError,
    grader,
)
from graders.adapters import as_verl, from_verl
from graders.testing import make_sample
from support.any_sample import any_sample, measured


@grader(range=(-1, 1))
def right(sample):
    if sample.completion == "abstain":
        return Abstain("it said so")
    return Reward(sample.completion == sample.reference_text, metrics={"length": len(sample.completion)})


@grader
async def waits(sample):
    await asyncio.sleep(0)
    return sample.completion == sample.reference_text


def failure(scoring, sample=None):
    with pytest.raises(SampleError) as raised:
        grader(range=(-9, 9))(scoring).grade(sample or make_sample("72", "72"))
    return raised.value


def answering(answer):
    return from_verl(lambda data_source, solution_str, ground_truth, extra_info=None: answer)


def test_a_function_gets_what_verl_passes():
    seen = []

    def compute_score(data_source, solution_str, ground_truth, extra_info=None, strict=False):
        seen.append((data_source, solution_str, ground_truth, extra_info, strict))
        return 0.5

    text = "<think>six times twelve</think>72"
    sample = make_sample(text, "72", prompt="6 * 12?", data_source="sums", level=3, extra_info={"index": 7})
    assert from_verl(compute_score, strict=True)(sample) == Reward(0.5)
    [(source, solution, truth, extra, strict)] = seen
    assert (source, solution, truth, strict) == ("sums", text, "72", True)
    assert extra == {
        "prompt": [{"role": "user", "content": "6 * 12?"}],
        "level": 3,
        "index": 7,
        "num_turns": None,
        "rollout_reward_scores": {},
    }


def test_a_record_without_a_source_has_an_empty_one():
    assert from_verl(lambda data_source, **_: float(data_source == ""))(make_sample("72")) == Reward(1.0)


def test_a_scoring_function_of_verls_library_gets_the_two_that_it_takes():
    def compute_score(solution_str, ground_truth, method="strict", score=1.0):
        return score if method == "flexible" and solution_str == ground_truth else 0

    assert from_verl(compute_score, method="flexible")(make_sample("72", "72")) == Reward(1.0)


def test_a_function_of_batches_gets_a_batch_of_one():
    def compute_score(data_sources, solution_strs, ground_truths, extra_infos, scale=1.0):
        pairs = zip(solution_strs, ground_truths, strict=True)
        return [{"score": scale * (a == b), "length": len(a)} for a, b in pairs]

    scored = from_verl(compute_score, scale=0.5)(make_sample("72", "72"))
    assert scored == Reward(0.5, metrics={"length": 2.0})
    assert "returned 2 scores" in failure(from_verl(lambda solution_strs, **_: [1, 2])).message
    assert "returned a float" in failure(from_verl(lambda solution_strs, **_: 1.0)).message


@pytest.mark.parametrize(
    ("answer", "reward"),
    [
        (1, Reward(1.0)),
        (True, Reward(1.0)),
        (np.float32(0.5), Reward(0.5)),
        ((0.5, "because"), Reward(0.5)),
        ([np.int64(1), None], Reward(1.0)),
        (np.array([0.5, 1.0]), Reward(0.5)),
        (
            {"score": np.float64(0.5), "acc": True, "pred": "72", "none": None, "length": np.int64(2)},
            Reward(0.5, metrics={"acc": 1.0, "length": 2.0}),
        ),
        ({"score": 0.5, "lost": float("nan"), "much": float("inf")}, Reward(0.5)),
        ({"score": 0.5, "grader_error": 0.0}, Reward(0.5)),
    ],
)
def test_every_shape_that_verl_reads_is_read(answer, reward):
    assert answering(answer)(make_sample("72", "72")) == reward


@pytest.mark.parametrize(
    ("answer", "kind", "said"),
    [
        (None, "value", "the score: None is not a number"),
        (float("nan"), "value", "the score: nan is not finite"),
        ("1", "value", "a str is not a number"),
        ({"score": "1"}, "value", "a str is not a number"),
        ({"acc": 1.0}, "exception", "a dict without 'score'"),
        ([], "exception", "an empty list"),
        ({"score": 0.0, "grader_error": 1.0}, "exception", "reported grader_error"),
    ],
)
def test_a_result_that_is_not_a_score_is_a_failure(answer, kind, said):
    problem = failure(answering(answer))
    assert problem.kind == kind
    assert said in problem.message


def test_a_functions_error_has_its_line():
    def broken(data_source, solution_str, ground_truth, extra_info=None):
        return float(solution_str)

    problem = failure(from_verl(broken), make_sample("no number", "72"))
    assert problem.origin.startswith("ValueError at test_verl.py:")


def test_a_missing_argument_is_named():
    def compute_score(solution_str, ground_truth, url):
        return 1.0

    assert "needs url: pass it to from_verl" in failure(from_verl(compute_score)).message
    assert from_verl(compute_score, url="http://localhost")(make_sample("72", "72")) == Reward(1.0)


def test_an_option_that_it_does_not_take_is_an_error():
    assert (
        "unexpected keyword argument 'stict'"
        in failure(from_verl(lambda solution_str, ground_truth: 1.0, stict=True)).message
    )


def test_extra_info_is_an_object():
    with pytest.raises(RecordError, match="'extra_info' is not an object"):
        answering(1.0)(make_sample("72", extra_info="none"))


def test_a_missing_reference_is_not_passed_as_the_text_none():
    def compute_score(data_source, solution_str, ground_truth, extra_info=None):
        return float(str(ground_truth) in solution_str)

    def batch(solution_strs, ground_truths):
        return [0.0]

    with pytest.raises(RecordError, match="no reference_answer, and the function needs ground_truth"):
        from_verl(compute_score)(make_sample("None of these"))
    with pytest.raises(RecordError, match="the function needs ground_truths"):
        from_verl(batch)(make_sample("72"))


def test_async_functions_are_awaited():
    async def compute_score(data_source, solution_str, ground_truth, extra_info=None):
        await asyncio.sleep(0)
        return {"score": 0.5}

    assert grader(from_verl(compute_score)).grade(make_sample("72", "72")).value == 0.5


@pytest.mark.parametrize("given", [None, "compute_score", dict, right])
def test_an_object_that_is_not_a_function_is_refused(given):
    with pytest.raises(DecorationError, match="from_verl was given"):
        from_verl(given)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems shut nothing in")
def test_confined_functions_return_the_same_as_trusted_ones(rewards):
    text = (
        "def compute_score(data_source, solution_str, ground_truth, extra_info=None, scale=1):\n"
        "    return {'score': scale * (solution_str == ground_truth), 'parts': 1 / len(solution_str)}\n"
    )
    reward = grader(timeout_s=20)(from_verl(rewards(text, "compute_score"), scale=0.5))
    assert reward.grade(make_sample("72", "72")) == Reward(0.5, metrics={"parts": 0.5})
    problem = failure(reward.__wrapped__, make_sample("", "72"))
    assert (problem.kind, problem.origin) == ("exception", "ZeroDivisionError at rewards.py:2")


def test_verl_receives_a_score_and_always_the_same_keys(capsys):
    score = as_verl(right, metrics=["length"])
    assert score("sums", "72", "72") == {"score": 1.0, "grader_error": 0.0, "length": 2.0}
    failed = score(data_source="sums", solution_str="72", ground_truth=None, extra_info={})
    assert (failed["score"], failed["grader_error"]) == (-1.0, 1.0)
    assert math.isnan(failed["length"])
    assert score("sums", "abstain", "72")["grader_error"] == 1.0
    assert as_verl(right)("sums", "72", "72").keys() == {"score", "grader_error"}
    assert len(capsys.readouterr().err.splitlines()) == 2


def test_it_grades_the_sample_that_a_replay_grades():
    seen = []

    @grader
    def look(sample):
        seen.append((sample.prompt, sample.completion, sample.reference_answer, sample.fields))
        return 1.0

    extra = {
        "prompt": [{"role": "user", "content": "?"}],
        "level": np.int64(3),
        "num_turns": 2,
        "tags": np.array(["a"]),
    }
    as_verl(look)(
        "sums", "<think>hm</think>72", np.array(["72", "73"]), extra, reward_router_address="http://a"
    )
    as_verl(look)("", "72", "72", {"prompt": "?", "rollout_reward_scores": {}})
    as_verl(look)("", "72", "72")
    assert seen == [
        ("?", "72", ["72", "73"], {"level": 3, "tags": ["a"], "data_source": "sums"}),
        ("?", "72", "72", {}),
        ("", "72", "72", {}),
    ]


@pytest.mark.parametrize(
    "extra",
    [
        {"messages": [1]},
        {"metadata": "a text"},
        {"reference_answer": "5"},
        {"ground_truth": "5"},
        {"data_source": "other"},
    ],
)
def test_entries_that_a_sample_cannot_hold_are_refused(extra):
    with pytest.raises(ValueError, match="rename"):
        as_verl(right)("sums", "72", "72", extra)
    same = {"reference_answer": "72", "ground_truth": "72", "data_source": "sums", "messages": None}
    assert as_verl(right)("sums", "72", "72", same)["score"] == 1.0


@pytest.mark.parametrize("extra", ["none", [], 3])
def test_extra_info_from_verl_is_a_dict(extra):
    with pytest.raises(ValueError, match="pass a dict, or None"):
        as_verl(right)("sums", "72", "72", extra)


def test_on_error_raise_and_the_error_budget_end_the_training(capsys):
    @grader(on_error="raise")
    def strict(sample):
        return float(sample.completion)

    with pytest.raises(SampleError):
        as_verl(strict)("", "no number", None)
    score = as_verl(lambda sample: float(sample.completion))
    assert [score("", "no number", None)["score"] for _ in range(19)] == [0.0] * 19
    with pytest.raises(ErrorBudgetExceeded):
        score("", "no number", None)
    assert "(test_verl.py:" in capsys.readouterr().err


def test_it_grades_outside_the_main_thread_where_verl_calls_it(capsys):
    found = []
    thread = threading.Thread(target=lambda: found.append(as_verl(right)("", "72", "72")["score"]))
    thread.start()
    thread.join()
    assert found == [1.0]
    assert "timeout_s=5 is not enforced" in capsys.readouterr().err


def test_an_async_grader_stays_async_in_verl_with_its_limit():
    @grader(timeout_s=0.05)
    async def endless(sample):
        await asyncio.Event().wait()

    async def both():
        return await asyncio.gather(score("", "72", "72"), as_verl(endless)("", "72", "72"))

    score = as_verl(waits)
    assert inspect.iscoroutinefunction(score)
    kept, late = asyncio.run(both())
    assert (kept["score"], late["grader_error"]) == (1.0, 1.0)


@given(any_sample(text_alone=True))
def test_a_grader_converted_to_verl_and_back_is_the_same(sample):
    there_and_back = grader(range=(0, 1e9))(from_verl(as_verl(measured)))
    assert there_and_back.grade(sample).value == measured.grade(sample).value


def test_metrics_are_listed():
    with pytest.raises(DecorationError, match=r"give a list of names, such as \['unread'\]"):
        as_verl(right, metrics="unread")


@pytest.mark.parametrize("extra", [{"prompt": None}, {"prompt": ""}, {}])
def test_a_missing_prompt_leaves_the_users_turn_empty(extra):
    assert as_verl(right)("sums", "4", "4", extra) == as_verl(right)("sums", "4", "4")


def test_a_metric_that_no_number_can_hold_is_left_out():
    reward = from_verl(lambda solution_str: {"score": 1.0, "huge": 10**400, "words": 2})(make_sample("a b"))
    assert reward == Reward(1.0, metrics={"words": 2.0})
