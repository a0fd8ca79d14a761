from __future__ import annotations

import signal
import sys
from pathlib import Path

import pytest

from graders import Reward, grader
from graders._runtime import timing
from graders.testing import make_sample
from support.waiting import until

if sys.platform != "linux":
    pytest.skip("timers of one's own are Linux's here", allow_module_level=True)

from graders._runtime import posix_timer
from graders._runtime.posix_timer import PosixTimer

NUMBER = signal.SIGRTMIN + 3


def timers():
    return Path("/proc/self/timers").read_text().count("ClockID:")


@pytest.fixture
def rang():
    heard: list = []
    before = signal.signal(NUMBER, lambda *_: heard.append(1))
    yield heard
    signal.signal(NUMBER, before)


def test_it_fires_repeatedly_until_it_is_stopped(rang):
    there = timers()
    timer = PosixTimer(NUMBER)
    try:
        assert timers() == there + 1
        timer.set(0.001, 0.001)
        until(lambda: len(rang) > 3)
        timer.stop()
        heard = len(rang)
        timer.set(0.001, 60)
        until(lambda: len(rang) > heard)
        assert len(rang) == heard + 1
    finally:
        timer.delete()
    assert timers() == there


def test_a_timer_that_the_kernel_refuses_is_an_error():
    with pytest.raises(OSError, match="refused a timer"):
        PosixTimer(5000)
    timer = PosixTimer(NUMBER)
    timer.delete()
    with pytest.raises(OSError, match="refused a timer"):
        timer.set(1, 1)


@pytest.mark.parametrize("first", [5e-6, 0.0999999999, 1.0, 3.25, 1e6])
@pytest.mark.usefixtures("rang")
def test_times_are_passed_in_seconds_and_nanoseconds(first):
    timer = PosixTimer(NUMBER)
    try:
        timer.set(first, 1e6)
        timer.set(1e6, first)
    finally:
        timer.delete()


def test_without_a_posix_timer_sigalrms_timer_is_used(monkeypatch):
    def refused(_number):
        raise OSError("no timer")

    monkeypatch.setattr(timing, "_alarm", timing._Alarm())
    monkeypatch.setattr(posix_timer, "PosixTimer", refused)

    @grader(timeout_s=0.05)
    def graded(sample):
        while sample.completion == "slow":
            pass
        return 1.0

    found = graded.grade_all([make_sample("slow"), make_sample("a")])
    assert [getattr(one, "kind", "fine") for one in found] == ["timeout", "fine"]
    assert signal.getsignal(60) == signal.SIG_DFL or timing._ring is signal.getsignal(60)
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_the_timer_sleeps_between_batches():
    graded = grader(timeout_s=5)(lambda sample: 1.0)
    graded.grade_all([make_sample("a")])
    assert timing._alarm.timer is not None
    there = timers()
    graded.grade_all([make_sample("a")])
    assert timers() == there
    timing._alarm.delete()
    assert timers() == there - 1
    assert graded.grade_all([make_sample("a")]) == [Reward(1.0)]
