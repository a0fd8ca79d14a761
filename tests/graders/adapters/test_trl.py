"""TRL's reward functions as scoring functions, and graders as TRL's reward functions."""

from __future__ import annotations

import asyncio
import functools
import itertools
import sys
import threading
from collections import deque

import pytest
from hypothesis import given

from graders import (
    Abstain,
    DecorationError,
    ErrorBudgetExceeded,
    RecordError,
    Reward,
    Sample,
    SampleError,
    grader,
)
from graders.adapters import as_trl, from_trl
from graders.testing import make_sample
from support.any_sample import any_sample, measured


@grader
def right(sample):
    return Reward(sample.completion == sample.reference_text, metrics={"length": len(sample.completion)})


@grader(range=(-5, 5))
def mixed(sample):
    if sample.completion == "abstain":
        return Abstain("it said so")
    return Reward(float(sample.completion), components={"half": float(sample.completion) / 2})


@grader
async def waits(sample):
    await asyncio.sleep(0)
    return sample.completion == sample.reference_text


def wrapped(sample):
    return waits(sample)


def failure(scoring, sample=None):
    with pytest.raises(SampleError) as raised:
        grader(range=(-9, 9))(scoring).grade(sample or make_sample("72", "72"))
    return raised.value


def test_a_function_gets_what_trl_passes():
    seen: dict[str, object] = {}

    def look(**given):
        seen.update(given)
        return [0.5]

    text = "<think>six times twelve</think>72 is 72"
    assert from_trl(look)(make_sample(text, "72", prompt="6 * 12?", unit="clips")) == Reward(0.5)
    assert seen["prompts"] == [[{"role": "user", "content": "6 * 12?"}]]
    assert seen["completions"] == [[{"role": "assistant", "content": text}]]
    assert seen["completion_ids"] == [[0, 1, 2, 3, 4]]  # one per word
    assert (seen["unit"], seen["reference_answer"]) == (["clips"], ["72"])
    assert seen.keys() >= {"trainer_state", "log_extra", "log_metric"}


def test_equal_words_have_equal_numbers():
    def repeats(completion_ids, **_):
        return [len(set(ids)) / len(ids) for ids in completion_ids]

    assert from_trl(repeats)(make_sample("on and on and")) == Reward(0.5)


def test_texts_are_passed_if_the_data_set_has_texts():
    def look(prompts, completions, **_):
        return [float((prompts, completions) == (["6 * 12?"], ["72"]))]

    assert from_trl(look, conversational=False)(make_sample("72", prompt="6 * 12?")) == Reward(1.0)


def test_blocks_of_text_are_one_text_and_the_role_is_trls():
    def look(prompts, completions, **_):
        return [float(prompts[0][0]["content"] == "6 * 12?" and completions[0][-1]["role"] == "assistant")]

    blocks = [{"type": "text", "text": "6 * "}, {"type": "text", "text": "12?"}]
    answer = {"role": "nova_assistant", "content": [{"type": "text", "text": "72"}]}
    assert from_trl(look)(Sample({"messages": [{"role": "user", "content": blocks}, answer]})) == Reward(1.0)


def test_the_reference_comes_in_the_column_that_the_function_reads():
    def accuracy(completions, solution, **_):
        return [float(c[0]["content"] == s) for c, s in zip(completions, solution, strict=True)]

    assert from_trl(accuracy, reference="solution")(make_sample("72", "72")) == Reward(1.0)
    with pytest.raises(RecordError, match="accuracy needs solution, and the record has no such field"):
        from_trl(accuracy)(make_sample("72", "72"))
    with pytest.raises(RecordError, match="accuracy needs solution"):
        from_trl(accuracy, reference="solution")(make_sample("", solution=None))
    assert from_trl(accuracy, reference="solution")(make_sample("72", "8 * 9", solution="72")) == Reward(1.0)


def test_a_function_without_kwargs_gets_only_the_arguments_that_it_accepts():
    assert from_trl(lambda completions: [0.25])(make_sample("72", unit="clips")) == Reward(0.25)


def test_several_functions_are_summed_by_weight_and_none_is_left_out():
    def half(completions, **_):
        return [0.5]

    def none(completions, **_):
        return [None]

    both = from_trl([half, none, half], weights=[1, 5, -0.5])
    assert both(make_sample("72")) == Reward(0.25, components={"half": 0.5, "half#2": 0.5})
    assert from_trl([half, half])(make_sample("72")).value == 1.0
    assert from_trl([none, none])(make_sample("72")) == Abstain(
        "none and none#2 returned None: this sample is not one of theirs"
    )


def test_a_logged_number_is_a_metric():
    def logs(completions, log_metric, log_extra, **_):
        log_metric("seen", 1)
        log_metric("seen", 2)
        log_extra("text", ["72"])
        log_extra("length", [2])
        return [1.0]

    assert from_trl(logs)(make_sample("72")) == Reward(1.0, metrics={"seen": 1.5, "length": 2.0})


def test_a_metric_with_a_functions_name_is_kept():
    def one(completions, log_metric, **_):
        log_metric("one", 0.25)
        return [1.0]

    scored = grader(range=(0, 2))(from_trl([one, lambda completions, **_: [0.5]])).grade(make_sample("72"))
    assert scored.metrics == {"one_logged": 0.25}
    assert scored.components == {"one": 1.0, "<lambda>": 0.5}


class Scalar:
    """Stands in for a number of numpy or torch."""

    def __init__(self, value):
        self.value = value

    def item(self):
        return self.value


class Array(list):
    def tolist(self):
        return list(self)


@pytest.mark.parametrize(
    "answer", [(1.0,), [True], [1], [Scalar(1.0)], Array([1.0]), map(float, "1"), deque([1])]
)
def test_any_container_of_one_number_is_read_as_in_trl(answer):
    assert from_trl(lambda completions, **_: answer)(make_sample("72")) == Reward(1.0)


@pytest.mark.parametrize(
    ("answer", "kind", "said"),
    [
        ([float("nan")], "value", "<lambda>: nan is not finite"),
        (["1"], "value", "a str is not a number"),
        ([{"score": 1}], "value", "a dict is not a number"),
        ([], "exception", "given 1 completion and returned none"),
        ([1.0, 1.0], "exception", "returned more than one value"),
        (1.0, "exception", "returned a float: return a list"),
        (None, "exception", "returned a NoneType"),
        ({"a": 1}, "exception", "returned a dict"),
        ("1", "exception", "returned a str"),
        ({1.0}, "exception", "returned a set"),
        (itertools.repeat(1.0), "exception", "returned more than one value"),
    ],
)
def test_a_value_that_trl_could_not_train_on_is_a_failure(answer, kind, said):
    problem = failure(from_trl(lambda completions, **_: answer))
    assert problem.kind == kind
    assert said in problem.message


def test_a_functions_error_has_its_line():
    def broken(completions, **columns):
        return [columns["no such column"]]

    problem = failure(from_trl(broken))
    assert problem.origin.startswith("KeyError at test_trl.py:")


def test_state_that_exists_only_in_training_is_an_error():
    def late(completions, trainer_state, **_):
        return [trainer_state.global_step / trainer_state.max_steps]

    assert "trainer_state.max_steps is not available here" in failure(from_trl(late)).message


def test_a_field_with_one_of_trls_names_is_a_fault_of_the_record():
    with pytest.raises(RecordError, match="'prompts' has the name of an argument"):
        from_trl(lambda completions, **_: [1.0])(make_sample("72", prompts=["a"]))


def test_async_functions_and_objects_are_called_too():
    async def later(completions, **_):
        await asyncio.sleep(0)
        return [0.5]

    class Penalty:
        def __call__(self, completion_ids, **_):
            return [-len(ids) / 10 for ids in completion_ids]

    both = grader(range=(-1, 1))(from_trl([later, functools.partial(Penalty()), Penalty()]))
    assert both.grade(make_sample("a b")).components == {"later": 0.5, "Penalty": -0.2, "Penalty#2": -0.2}


@pytest.mark.parametrize("given", [None, [], "rewards.py", dict, [None], right])
def test_an_object_that_is_not_a_function_is_refused(given):
    with pytest.raises(DecorationError, match="give it a reward function"):
        from_trl(given)


@pytest.mark.parametrize("weights", [[1, 2], [], ["a"], [float("inf")], 1])
def test_weights_are_one_finite_number_for_each(weights):
    with pytest.raises(DecorationError, match="weights="):
        from_trl(lambda completions, **_: [1.0], weights=weights)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems shut nothing in")
def test_confined_functions_return_the_same_as_trusted_ones(rewards):
    text = (
        "def brief(completions, solution, log_metric=None, **kwargs):\n"
        "    log_metric('asked', len(solution))\n"
        "    texts = [completion[0]['content'] for completion in completions]\n"
        "    return [None if text == 'skip' else 1.0 / len(text) for text in texts]\n"
    )
    function = rewards(text, "brief")
    reward = grader(timeout_s=20)(from_trl([function, function], weights=[0.5, 0.5], reference="solution"))
    scored = reward.grade(make_sample("72", "72"))
    assert scored == Reward(0.5, metrics={"asked": 1.0}, components={"brief": 0.5, "brief#2": 0.5})
    assert failure(reward.__wrapped__, make_sample("skip", "72")).kind == "abstain"
    problem = failure(reward.__wrapped__, make_sample("", "72"))
    assert (problem.kind, problem.origin) == ("exception", "ZeroDivisionError at rewards.py:4")
    assert failure(reward.__wrapped__, make_sample("72")).kind == "record"


def test_a_grader_returns_a_reward_for_each_completion():
    rewards = as_trl(right)(
        prompts=["2 + 2?"] * 2 + ["2 + 3?"],
        completions=["4", "5", "5"],
        completion_ids=[[1], [2], [2]],
        reference_answer=["4", "4", "5"],
        trainer_state=None,
    )
    assert rewards == [1.0, 0.0, 1.0]
    assert as_trl(right).__name__ == "right"
    assert as_trl(right, name="correct").__name__ == "correct"


def test_it_grades_the_sample_that_a_replay_grades():
    seen = []

    @grader
    def look(sample):
        seen.append((sample.prompt, sample.completion, sample.reference_answer, sample.fields))
        return 1.0

    as_trl(look, reference="solution")(
        prompts=[[{"role": "system", "content": "Be brief."}, {"role": "user", "content": "2 + 2?"}]],
        completions=[[{"role": "assistant", "content": "<think>add</think>4"}]],
        solution=["4"],
        unit=["none"],
    )
    assert seen == [("2 + 2?", "4", "4", {"unit": "none"})]


def test_a_sample_without_a_reward_is_none_counted_and_reported_once(capsys):
    logged = []
    rewards = as_trl(mixed)
    for _ in range(2):
        found = rewards(
            prompts=["?"] * 4,
            completions=["abstain", "no number", "1", "2"],
            log_metric=lambda name, value: logged.append((name, value)),
        )
        assert found == [None, None, 1.0, 2.0]
    assert logged[:3] == [("mixed/grader_error", 0.5), ("mixed/half", 0.75), ("mixed/grader_error", 0.5)]
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 2
    assert said[0] == "mixed: a sample has no reward, abstain: it said so"
    assert said[1].startswith("mixed: a sample has no reward, exception: ValueError: could not convert")
    assert "(test_trl.py:" in said[1]


def test_several_processes_log_the_same_names(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    logged = []
    as_trl(right)(
        prompts=["?"],
        completions=["4"],
        reference_answer=["4"],
        log_metric=lambda name, value: logged.append(name),
    )
    assert logged == ["right/grader_error"]


@pytest.mark.parametrize(
    "columns",
    [
        {"messages": ["hello"]},
        {"metadata": ["a text"]},
        {"metadata": [{"messages": []}]},
        {"reference_answer": ["5"], "solution": ["4"]},
        {"reference_answer": ["5"], "solution": [None]},
    ],
)
def test_columns_with_the_names_of_a_samples_own_parts_are_refused(columns):
    with pytest.raises(ValueError, match="the data set's '(messages|metadata|reference_answer)' .*: rename"):
        as_trl(right, reference="solution")(prompts=["?"], completions=["4"], **columns)


def test_each_kind_of_failure_is_reported_once_up_to_a_limit(capsys):
    asked = [{"role": "user", "content": "?"}]
    called = [{"role": "assistant", "content": "4"}, {"role": "tool", "content": "4"}]
    rewards = as_trl(grader(max_error_rate=1)(right.__wrapped__))
    assert rewards(prompts=[asked] * 3, completions=["4", called, called], x=[1, 2, 3]) == [None] * 3
    said = capsys.readouterr().err.splitlines()
    assert "the record has no reference_answer" in said[0]
    assert "the final message is not the assistant's (its role is 'tool')" in said[1]
    assert len(said) == 3
    each = as_trl(lambda sample: Abstain(sample.completion))
    assert each(prompts=["?"] * 99, completions=[str(at) for at in range(99)]) == [None] * 99
    assert len(capsys.readouterr().err.splitlines()) == 51


def test_a_data_set_without_the_reference_s_column_is_named(capsys):
    assert as_trl(right)(prompts=["?"], completions=["4"], solution=["4"]) == [None]
    said = capsys.readouterr().err.splitlines()
    assert said == [
        "right: a sample has no reward, record: the record has no reference_answer",
        "right: the data set has no column 'reference_answer': "
        "as_trl(..., reference=) names the column that holds the reference",
    ]


def test_a_grader_that_fails_too_often_ends_the_training():
    rewards = as_trl(mixed)
    assert rewards(prompts=["?"] * 8, completions=["no number"] * 8) == [None] * 8
    with pytest.raises(ErrorBudgetExceeded, match="16 of the last 24 samples failed"):
        rewards(prompts=["?"] * 16, completions=["no number"] * 8 + ["1"] * 8)


def test_on_error_raise_applies():
    @grader(on_error="raise")
    def strict(sample):
        return float(sample.completion)

    with pytest.raises(SampleError, match="sample '0'"):
        as_trl(strict)(prompts=["?"], completions=["no number"])


def in_a_thread(call):
    found = []
    thread = threading.Thread(target=lambda: found.append(call()))
    thread.start()
    thread.join()
    return found[0]


async def under_a_loop(call):
    await asyncio.sleep(0)
    return call()


@pytest.mark.parametrize("reward", [right, waits, wrapped])
def test_it_grades_in_any_thread_and_where_a_loop_runs(reward, capsys):
    def call():
        return as_trl(reward)(prompts=["?"] * 2, completions=["4", "5"], reference_answer=["4"] * 2)

    assert call() == in_a_thread(call) == [1.0, 0.0]
    assert (
        asyncio.run(under_a_loop(call)) == in_a_thread(lambda: asyncio.run(under_a_loop(call))) == [1.0, 0.0]
    )
    said = capsys.readouterr().err
    assert ("timeout_s=5 is not enforced" in said) == (reward is not waits)


def test_a_time_limit_is_enforced_in_the_main_thread():
    @grader(timeout_s=0.05)
    def endless(sample):
        while sample.completion == "loop":
            pass
        return 1.0

    assert as_trl(endless)(prompts=["?"] * 2, completions=["loop", "4"]) == [None, 1.0]


def test_the_trainers_own_arguments_are_not_fields(capsys):
    seen = []

    @grader
    def look(sample):
        seen.append(sample.fields)
        return 1.0

    reward = as_trl(look)
    for _ in range(2):
        reward(prompts=["?"], completions=["4"], unit=["none"], step=7, more=["a", "b"], run="a")
    assert seen == [{"unit": "none"}] * 2
    assert [line.split(" ")[1] for line in capsys.readouterr().err.splitlines()] == ["step", "more", "run"]


@pytest.mark.parametrize(("prompt", "completion"), [(None, "4"), ("?", 4), ({"role": "user"}, "4")])
def test_prompts_and_completions_are_texts_or_messages(prompt, completion):
    with pytest.raises(ValueError, match="'s turn is a .*: pass a string or a list of messages"):
        as_trl(right)(prompts=[prompt], completions=[completion])


def test_prompts_and_completions_come_in_pairs():
    with pytest.raises(ValueError, match="2 prompts came with 1 completions"):
        as_trl(right)(prompts=["?", "?"], completions=["4"])


@given(any_sample())
def test_a_grader_converted_to_trl_and_back_is_the_same(sample):
    there_and_back = grader(range=(0, 1e9))(from_trl(as_trl(measured)))
    assert there_and_back.grade(sample).value == measured.grade(sample).value


def test_a_logged_value_that_is_not_a_number_is_not_a_metric():
    def paid(completions, log_metric, **columns):
        log_metric("loss", float("nan"))
        log_metric("length", 2.0)
        return [1.0]

    assert from_trl(paid)(make_sample("72")) == Reward(1.0, metrics={"length": 2.0})


def test_a_list_with_something_other_than_functions_is_refused():
    with pytest.raises(DecorationError, match="from_trl was given 5: give it a reward function"):
        from_trl(5)  # type: ignore[arg-type]
