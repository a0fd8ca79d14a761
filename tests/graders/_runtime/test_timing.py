"""Timeouts end what runs too long, cost nobody else anything, and give the timer back."""

from __future__ import annotations

import re
import signal
import threading
import time

import pytest

from graders import Abstain, ConfigurationError, Failure, Reward, SampleError, grader
from graders._runtime import timing
from graders._runtime.timing import deadline_of
from graders.testing import Context, make_sample
from support.waiting import until

LIMIT = 0.06


def forever(_sample):
    while True:
        pass


def catastrophic_regex(_sample):
    return bool(re.match(r"(a+)+$", "a" * 40 + "b"))


def big_integers(_sample):
    number = 3
    while True:
        number = number * number % (1 << 200_000) | 1


def swallows_exception(_sample):
    while True:
        try:
            time.sleep(0.01)
        except Exception:
            pass


def swallows_everything_once(_sample):
    try:
        time.sleep(600)
    except BaseException:
        return 1.0
    return 1.0


def swallows_everything_and_goes_on(_sample):
    for _ in range(3):
        try:
            time.sleep(600)
        except BaseException:
            continue
    return 1.0


def swallows_everything_for_ever(_sample):
    while True:
        try:
            time.sleep(0.001)
        except BaseException:
            pass


def never_leaves_its_cleanup(_sample):
    try:
        time.sleep(600)
    finally:
        while True:
            pass


def raises_something_else(_sample):
    try:
        time.sleep(600)
    except BaseException as error:
        raise ValueError("wrapped") from error


SLOW = [v for v in list(globals().values()) if callable(v) and getattr(v, "__module__", "") == __name__]


@pytest.mark.parametrize("slow", SLOW, ids=lambda slow: slow.__name__)
def test_a_scoring_function_that_runs_too_long_is_interrupted_and_costs_itself_only(slow):
    @grader(timeout_s=LIMIT)
    def graded(sample):
        return slow(sample) if sample.completion == "slow" else 0.5

    good, slow_one, good_again = graded.grade_all([make_sample(text) for text in ("a", "slow", "b")])
    assert good == good_again == Reward(0.5)
    assert isinstance(slow_one, Failure)
    assert (slow_one.kind, slow_one.message) == ("timeout", "interrupted after 0.06 s")
    assert slow_one.origin == "timeout"


def test_what_ends_in_time_is_not_interrupted():
    @grader(timeout_s=LIMIT)
    def graded(sample):
        time.sleep(LIMIT / 2)
        return 1.0

    assert graded.grade_all([make_sample("x")] * 4) == [Reward(1.0)] * 4


def test_a_vectorized_function_has_the_time_of_all_its_samples_together():
    @grader(timeout_s=LIMIT, batch=True)
    def graded(samples):
        time.sleep(LIMIT * 2.5)
        return [1.0] * len(samples)

    assert graded.grade_all([make_sample("x")] * 4) == [Reward(1.0)] * 4


def test_answers_made_on_demand_are_made_within_the_time():
    @grader(timeout_s=LIMIT, batch=True)
    def graded(samples):
        return (forever(s) if s.completion == "slow" else 1.0 for s in samples)

    kinds = [getattr(o, "kind", "fine") for o in graded.grade_all([make_sample("a"), make_sample("slow")])]
    assert kinds == ["fine", "timeout"]


@pytest.mark.parametrize("timeout_s", [None, 5])
@pytest.mark.parametrize("batch", [False, True])
def test_the_batch_ends_before_lambdas_deadline(timeout_s, batch):
    def scoring(sample):
        if (sample[0] if batch else sample).completion == "slow":
            forever(sample)
        return [1.0] if batch else 1.0

    graded = grader(timeout_s=timeout_s, batch=batch, max_error_rate=1)(scoring)
    samples = [make_sample(text, id=text) for text in ("a", "slow", "b", "c")]
    event = [{"id": s.id, "messages": s.messages} for s in samples]
    started = (
        time.process_time()
    )  # which a scoring function that spins uses up as fast as the clock, or slower
    answer = graded(event, Context(400))
    assert time.process_time() - started < 0.4
    rewards = [entry["aggregate_reward_score"] for entry in answer]
    assert [entry["id"] for entry in answer] == ["a", "slow", "b", "c"]
    assert rewards[1:] == [0.0, 0.0, 0.0]
    late = answer[3]["metrics_list"]
    assert [metric["name"] for metric in late] == ["grader_error", "grader_error_timeout"]


def test_the_deadline_keeps_time_back_for_the_answer(monkeypatch):
    monkeypatch.setattr(timing, "perf_counter", lambda: 1000.0)
    assert deadline_of(None) is None
    assert deadline_of(object()) is None
    for milliseconds, kept in ((60_000, 3.0), (3_000, 0.2), (100, 0.05), (0, 0.0)):
        assert deadline_of(Context(milliseconds)) == pytest.approx(1000.0 + milliseconds / 1000 - kept)


def test_the_timer_is_given_back_with_the_time_that_it_had_left():
    @grader(timeout_s=1)
    def graded(_sample):
        time.sleep(0.1)
        return 1.0

    def mine(*_):
        pytest.fail("the timer had a minute left")

    before = signal.signal(signal.SIGALRM, mine)
    try:
        signal.setitimer(signal.ITIMER_REAL, 90)
        assert graded.grade(make_sample("x")) == Reward(1.0)
        assert signal.getsignal(signal.SIGALRM) is mine
        left, interval = signal.setitimer(signal.ITIMER_REAL, 0)
        assert 30 < left <= 90 - 0.1
        assert interval == 0
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_a_timer_that_ran_out_meanwhile_rings_afterwards():
    rang = threading.Event()

    @grader(timeout_s=1)
    def graded(_sample):
        time.sleep(0.1)
        return 1.0

    before = signal.signal(signal.SIGALRM, lambda *_: rang.set())
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        assert graded.grade(make_sample("x")) == Reward(1.0)
        until(rang.is_set)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("error", [ConfigurationError("no key"), KeyboardInterrupt()], ids=repr)
def test_the_timer_is_given_back_when_the_call_fails(error):
    before = signal.getsignal(signal.SIGALRM)

    @grader(timeout_s=LIMIT)
    def graded(_sample):
        raise error

    with pytest.raises(type(error)):
        graded.grade(make_sample("x"))
    assert signal.getsignal(signal.SIGALRM) is before
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


@pytest.mark.parametrize(("inner_s", "outer_s", "ended"), [(LIMIT, 5, "inner"), (5, LIMIT, "outer")])
def test_graders_inside_one_another_keep_each_to_its_own_time(inner_s, outer_s, ended):
    inner = grader(timeout_s=inner_s)(forever)
    before = signal.getsignal(signal.SIGALRM)

    @grader(timeout_s=outer_s)
    def outer(sample):
        try:
            return inner.grade(sample)
        except SampleError as error:
            return Abstain(error.kind)

    (outcome,) = outer.grade_all([make_sample("x")])
    assert isinstance(outcome, Failure)
    assert outcome.kind == ("abstain" if ended == "inner" else "timeout")
    assert signal.getsignal(signal.SIGALRM) is before
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def elsewhere(call):
    """What a call returns or raises off the main thread."""
    found: list = []

    def body():
        try:
            found.append(call())
        except BaseException as error:
            found.append(error)

    thread = threading.Thread(target=body)
    thread.start()
    thread.join()
    return found[0]


@pytest.mark.parametrize("batch", [False, True])
def test_off_the_main_thread_a_timeout_is_refused_and_none_is_allowed(batch):
    def scoring(sample):
        return [1.0] * len(sample) if batch else 1.0

    limited = grader(timeout_s=1, batch=batch)(scoring)
    error = elsewhere(lambda: limited.grade(make_sample("x")))
    assert isinstance(error, ConfigurationError)
    assert "timeout_s=None" in str(error)
    free = grader(timeout_s=None, batch=batch)(scoring)
    assert elsewhere(lambda: free.grade(make_sample("x"))) == Reward(1.0)
    assert len(elsewhere(lambda: free([{"id": 1, "messages": make_sample("x").messages}], Context()))) == 1
