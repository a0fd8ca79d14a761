"""Timeouts end samples that run too long, do not affect others, and restore the timer."""

from __future__ import annotations

import gc
import os
import re
import signal
import subprocess
import sys
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
def test_a_scoring_function_that_runs_too_long_is_interrupted_and_affects_only_itself(slow):
    @grader(timeout_s=LIMIT)
    def graded(sample):
        return slow(sample) if sample.completion == "slow" else 0.5

    good, slow_one, good_again = graded.grade_all([make_sample(text) for text in ("a", "slow", "b")])
    assert good == good_again == Reward(0.5)
    assert isinstance(slow_one, Failure)
    assert (slow_one.kind, slow_one.message) == ("timeout", "interrupted after 0.06 s")
    assert slow_one.origin == "timeout"


def test_a_sample_that_ends_in_time_is_not_interrupted():
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


def test_lazy_answers_are_computed_within_the_time_limit():
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
    started = time.process_time()  # a busy loop uses processor time no faster than the clock
    answer = graded(event, Context(400))
    assert time.process_time() - started < 0.4
    rewards = [entry["aggregate_reward_score"] for entry in answer]
    assert [entry["id"] for entry in answer] == ["a", "slow", "b", "c"]
    assert rewards[1:] == [0.0, 0.0, 0.0]
    late = answer[3]["metrics_list"]
    assert [metric["name"] for metric in late] == ["grader_error", "grader_error_timeout"]


def test_the_deadline_leaves_time_for_the_answer(monkeypatch):
    monkeypatch.setattr(timing, "perf_counter", lambda: 1000.0)
    assert deadline_of(None) is None
    assert deadline_of(object()) is None
    for milliseconds, kept in ((60_000, 3.0), (3_000, 0.2), (100, 0.05), (0, 0.0)):
        assert deadline_of(Context(milliseconds)) == pytest.approx(1000.0 + milliseconds / 1000 - kept)


def test_the_timer_is_restored_with_its_remaining_time():
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


def test_a_timer_that_expired_meanwhile_fires_afterwards():
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
def test_the_timer_is_restored_when_the_call_fails(error):
    before = signal.getsignal(signal.SIGALRM)

    @grader(timeout_s=LIMIT)
    def graded(_sample):
        raise error

    with pytest.raises(type(error)):
        graded.grade(make_sample("x"))
    assert signal.getsignal(signal.SIGALRM) is before
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


@pytest.mark.parametrize(("inner_s", "outer_s", "ended"), [(LIMIT, 5, "inner"), (5, LIMIT, "outer")])
def test_nested_graders_each_keep_their_own_limit(inner_s, outer_s, ended):
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
    """Return the result of a call in another thread, or the exception that it raises."""
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


# Uses of SIGALRM found in libraries, and some that no library should have. None restores the handler.


def raises_late(*_):
    raise TimeoutError("an alarm of its own")


def as_math_verify(do=lambda: None):
    before = signal.getsignal(signal.SIGALRM)
    signal.signal(signal.SIGALRM, raises_late)
    signal.alarm(60)
    try:
        return do()
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def stops_the_alarm():
    signal.alarm(0)


def stops_the_timer():
    signal.setitimer(signal.ITIMER_REAL, 0)


def ignores_the_signal():
    signal.signal(signal.SIGALRM, signal.SIG_IGN)


def resets_the_signal():
    signal.signal(signal.SIGALRM, signal.SIG_DFL)


def blocks_the_signal():
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM})


def leaves_an_alarm_nobody_handles():
    signal.setitimer(signal.ITIMER_REAL, 0.03)


def leaves_a_repeating_timer_nobody_handles():
    signal.setitimer(signal.ITIMER_REAL, 0.005, 0.005)


def leaves_a_far_alarm_and_its_handler():
    signal.signal(signal.SIGALRM, raises_late)
    signal.alarm(60)


def leaves_a_handler_that_does_nothing():
    signal.signal(signal.SIGALRM, lambda *_: None)


DISTURBANCES = (
    *(as_math_verify, stops_the_alarm, stops_the_timer, ignores_the_signal, resets_the_signal),
    *(blocks_the_signal, leaves_an_alarm_nobody_handles, leaves_a_repeating_timer_nobody_handles),
    *(leaves_a_far_alarm_and_its_handler, leaves_a_handler_that_does_nothing),
)


def sleeps(_sample):
    time.sleep(600)


@pytest.fixture(autouse=True)
def _signals_are_left_as_they_were_found():
    before = signal.getsignal(signal.SIGALRM)
    yield
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    assert signal.getsignal(signal.SIGALRM) is before
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGALRM})


def disturbed(disturb, slow, wrap):
    """Return a grader that disturbs the timer and is slow if its sample says so."""

    def scoring(sample):
        if "disturb" in sample.completion:
            disturb()
        return slow(sample) if "slow" in sample.completion else 0.5

    return wrap(scoring)


def each(scoring):
    return grader(timeout_s=LIMIT, max_error_rate=1)(scoring)


def together(scoring):
    return grader(timeout_s=LIMIT, batch=True, max_error_rate=1)(lambda samples: [*map(scoring, samples)])


def coroutine(scoring):
    async def waits(sample):
        return scoring(sample)

    return grader(timeout_s=LIMIT, concurrency=1, max_error_rate=1)(waits)


ON_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="SIGALRM's timer is the only one")


# Each combination takes as long as its time limit, so the last four are slow tests.
WAYS = [
    *((each, slow) for slow in (forever, catastrophic_regex, sleeps)),
    *((wrap, forever) for wrap in (together, coroutine)),
    *(
        pytest.param(wrap, slow, marks=pytest.mark.slow)
        for wrap in (together, coroutine)
        for slow in (catastrophic_regex, sleeps)
    ),
]


@ON_LINUX
@pytest.mark.parametrize(("wrap", "slow"), WAYS, ids=lambda function: function.__name__)
@pytest.mark.parametrize("disturb", DISTURBANCES, ids=lambda disturb: disturb.__name__)
def test_nothing_that_a_sample_does_to_sigalrm_affects_its_limit_or_its_neighbors(disturb, slow, wrap):
    graded = disturbed(disturb, slow, wrap)
    texts = ("a", "disturb", "slow", "disturb, slow", "b")
    found = graded.grade_all([make_sample(text) for text in texts])
    assert [getattr(one, "kind", "fine") for one in found] == ["fine", "fine", "timeout", "timeout", "fine"]


@ON_LINUX
@pytest.mark.parametrize("disturb", DISTURBANCES, ids=lambda disturb: disturb.__name__)
def test_whatever_a_sample_does_to_sigalrm_the_deadline_holds(disturb):
    graded = disturbed(disturb, sleeps, lambda scoring: grader(timeout_s=None, max_error_rate=1)(scoring))
    samples = [make_sample(text, id=text) for text in ("disturb", "disturb, slow")]
    answer = graded([{"id": s.id, "messages": s.messages} for s in samples], Context(400))
    assert [entry["aggregate_reward_score"] for entry in answer] == [0.5, 0.0]


MOST_LOST = 10


def test_an_interrupt_is_not_lost_in_a_callback_of_the_garbage_collector(monkeypatch):
    lost: list = []
    monkeypatch.setattr(sys, "unraisablehook", lost.append)

    def takes_its_time(*_):
        for _round in range(2_000):
            pass

    def collects(_sample):
        while True:
            gc.collect(0)

    gc.collect()  # so that no garbage from other tests is collected below
    gc.callbacks.append(takes_its_time)
    try:
        found = grader(timeout_s=LIMIT, max_error_rate=1)(collects).grade_all([make_sample("x")] * 5)
    finally:
        gc.callbacks.remove(takes_its_time)
    assert [getattr(one, "kind", "fine") for one in found] == ["timeout"] * 5
    # An interrupt at the first step of a callback is lost, because Python passes its caller's frame to the
    # handler. The number depends on the machine's load: 37 were lost on a busy machine.
    assert len(lost) <= 5 * MOST_LOST


def test_a_scoring_functions_own_alarm_reaches_its_own_handler():
    def scoring(sample):
        try:
            signal.signal(signal.SIGALRM, raises_late)
            signal.setitimer(signal.ITIMER_REAL, 0.03)
            time.sleep(600)
        except TimeoutError:
            return 0.5

    found = grader(timeout_s=5)(scoring).grade_all([make_sample("x")] * 2)
    assert found == [Reward(0.5)] * 2


@pytest.mark.parametrize("ended", ["returns", "raises", "is interrupted"])
def test_an_alarm_left_behind_does_not_end_a_neighbor(ended):
    def scoring(sample):
        if sample.completion == "leaves":
            signal.signal(signal.SIGALRM, raises_late)
            signal.setitimer(signal.ITIMER_REAL, 2 * LIMIT)
            if ended == "raises":
                raise ValueError("gives up")
            if ended == "is interrupted":
                time.sleep(600)
        elif sample.completion == "waits":
            end = (
                time.process_time() + 3 * LIMIT
            )  # busy, not asleep, so that an alarm has every chance to fire
            while time.process_time() < end:
                pass
        return 0.5

    graded = grader(timeout_s=LIMIT if ended == "is interrupted" else 60)(scoring)
    first = graded.grade_all([make_sample("leaves"), make_sample("a")])
    assert first[1] == Reward(0.5)
    assert grader(timeout_s=60)(scoring).grade_all([make_sample(t) for t in ("a", "waits")])[1] == Reward(0.5)


def test_an_owners_timer_survives_a_sample_that_stops_it():
    def scoring(_sample):
        as_math_verify()
        return 0.5

    def mine(*_):
        pytest.fail("the timer had a minute left")

    before = signal.signal(signal.SIGALRM, mine)
    try:
        signal.setitimer(signal.ITIMER_REAL, 90, 45)
        assert grader(scoring).grade_all([make_sample("x")] * 3) == [Reward(0.5)] * 3
        assert signal.getsignal(signal.SIGALRM) is mine
        left, interval = signal.setitimer(signal.ITIMER_REAL, 0)
        assert 30 < left <= 90
        assert interval == 45
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_an_alarm_around_an_inner_grader_keeps_running():
    inner = grader(timeout_s=60)(lambda _sample: 0.5)

    def scoring(sample):
        return (
            as_math_verify(lambda: inner.grade_all([sample] * 2) and signal.getitimer(signal.ITIMER_REAL))[0]
            / 60
        )

    (found,) = grader(scoring).grade_all([make_sample("x")])
    assert isinstance(found, Reward)
    assert 0.3 < found.value <= 1


@ON_LINUX
def test_a_scoring_function_that_uses_every_signal_affects_only_itself():
    kept = {number: signal.getsignal(number) for number in signal.valid_signals()}
    free = [
        n for n, handler in kept.items() if n not in (signal.SIGKILL, signal.SIGSTOP, signal.SIGINT, 32, 33)
    ]

    def scoring(sample):
        if sample.completion == "takes":
            for number in free:
                signal.signal(number, lambda *_: None)
        return forever(sample) if sample.completion == "slow" else 0.5

    try:
        found = each(scoring).grade_all([make_sample(text) for text in ("takes", "slow", "b")])
        assert [getattr(one, "kind", "fine") for one in found] == ["fine", "timeout", "fine"]
        assert each(scoring).grade_all([make_sample("slow")])[0].kind == "timeout"
    finally:
        for number in free:
            signal.signal(number, kept[number])


class TestWithSigalrmsTimerAlone:
    """Simulate macOS, where a process has no other timer."""

    @pytest.fixture(autouse=True)
    def _no_timers(self, monkeypatch):
        monkeypatch.setattr(timing, "_alarm", timing._Alarm())
        monkeypatch.setattr(timing, "_UNLIKELY", ())

    @pytest.mark.parametrize("slow", SLOW, ids=lambda slow: slow.__name__)
    def test_a_scoring_function_that_runs_too_long_is_interrupted(self, slow):
        graded = each(lambda sample: slow(sample) if sample.completion == "slow" else 0.5)
        found = graded.grade_all([make_sample(text) for text in ("a", "slow", "b")])
        assert [getattr(one, "kind", "fine") for one in found] == ["fine", "timeout", "fine"]

    @pytest.mark.parametrize("wrap", [each, coroutine], ids=lambda wrap: wrap.__name__)
    @pytest.mark.parametrize("disturb", DISTURBANCES, ids=lambda disturb: disturb.__name__)
    def test_the_limit_of_a_sample_holds_whatever_the_one_before_did(self, disturb, wrap):
        if disturb is blocks_the_signal:
            pytest.skip("nothing is left to interrupt with")
        graded = disturbed(disturb, forever, wrap)
        found = graded.grade_all([make_sample(text) for text in ("disturb", "slow", "b")])
        assert [getattr(one, "kind", "fine") for one in found] == ["fine", "timeout", "fine"]

    def test_a_timer_is_restored_with_its_remaining_time(self):
        before = signal.signal(signal.SIGALRM, raises_late)
        try:
            signal.setitimer(signal.ITIMER_REAL, 90)
            assert grader(lambda _sample: 0.5).grade(make_sample("x")) == Reward(0.5)
            assert signal.getsignal(signal.SIGALRM) is raises_late
            assert 30 < signal.setitimer(signal.ITIMER_REAL, 0)[0] <= 90
        finally:
            signal.signal(signal.SIGALRM, before)


PROCESS = """
import asyncio, os, signal, sys
from graders import grader
from graders.testing import make_sample

@grader(timeout_s={limit})
def graded(sample):
    {inside}
    return 0.5

@grader(timeout_s=60)
async def waits(sample):
    await asyncio.sleep(600)

found = graded.grade_all([make_sample("x")] * 2)
print([getattr(one, "kind", "fine") for one in found])
{after}
"""


@ON_LINUX
@pytest.mark.parametrize(
    ("inside", "after", "printed"),
    [
        ("signal.alarm(1)", "import time; time.sleep(1.2)", "['fine', 'fine']\n"),
        ("while True: pass", "", "['timeout', 'timeout']\n"),
        (
            "signal.alarm(0)",
            "loop = asyncio.new_event_loop(); task = loop.create_task(waits(make_sample('x')))\n"
            "loop.run_until_complete(asyncio.sleep(0.1))",
            None,
        ),
        (
            "pid = os.fork()\n    if pid == 0: os._exit(0)\n    assert os.waitpid(pid, 0)[1] == 0",
            "",
            "['fine', 'fine']\n",
        ),
        ("sys.exit(3)", "sys.exit(0)", "['exception', 'exception']\n"),
    ],
    ids=["alarm left", "interrupted", "coroutine abandoned", "forked", "exit"],
)
def test_the_process_ends_cleanly(inside, after, printed):
    limit = 0.05 if "True" in inside else 60  # a busy machine needs time to fork
    program = PROCESS.format(inside=inside, after=after, limit=limit)
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    if printed is not None:
        assert (done.stdout, done.stderr) == (printed, "")


@ON_LINUX
def test_a_forked_child_keeps_its_own_time():
    @grader(timeout_s=LIMIT)
    def graded(sample):
        if sample.completion == "fork":
            pid = os.fork()
            if pid == 0:
                (found,) = graded.grade_all([make_sample("slow")])
                os._exit(getattr(found, "kind", "") != "timeout")
            return 0.5 if os.waitpid(pid, 0)[1] == 0 else 0.0
        return forever(sample)

    outer = grader(timeout_s=60)(graded.__wrapped__)
    assert outer.grade_all([make_sample("fork")]) == [Reward(0.5)]


def test_math_verify_does_not_disable_limits():
    math_verify = pytest.importorskip("math_verify")

    @grader(timeout_s=1)
    def graded(sample):
        right = math_verify.verify(math_verify.parse("1"), math_verify.parse("1"))
        return forever(sample) if sample.completion == "slow" else bool(right)

    found = graded.grade_all([make_sample(text) for text in ("a", "slow", "b")])
    assert [getattr(one, "kind", "fine") for one in found] == ["fine", "timeout", "fine"]
