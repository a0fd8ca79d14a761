"""The pace of asking: never quicker than told; everybody waits when told to; patience has an end."""

from __future__ import annotations

import threading
import time

from harness.rollouts.pace import Pace


def test_requests_are_spaced_whoever_sends_them() -> None:
    pace = Pace(50.0, 10.0)
    times: list[float] = []

    def ask() -> None:
        for _ in range(5):
            assert pace.wait()
            times.append(time.monotonic())

    threads = [threading.Thread(target=ask) for _ in range(4)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert time.monotonic() - began >= 19 / 50 - 0.001


def test_everybody_waits_as_long_as_the_service_asked() -> None:
    pace = Pace(None, 10.0)
    assert pace.busy(0.2, everybody=True)
    began = time.monotonic()
    assert pace.wait()
    assert time.monotonic() - began >= 0.15


def test_one_broken_answer_makes_nobody_else_wait() -> None:
    pace = Pace(None, 10.0)
    waiting = threading.Thread(target=pace.busy, args=(0.5,))
    waiting.start()
    began = time.monotonic()
    assert pace.wait()
    assert time.monotonic() - began < 0.3
    pace.stopped.set()
    waiting.join()


def test_patience_ends_and_a_success_renews_it() -> None:
    pace = Pace(None, 0.05)
    assert pace.busy(0.06)
    assert not pace.busy(0.0)
    pace.succeeded()
    assert pace.busy(0.0)


def test_stopping_ends_every_wait_at_once() -> None:
    pace = Pace(None, 1000.0)
    pace.busy(500.0, everybody=True)
    threading.Timer(0.05, pace.stopped.set).start()
    began = time.monotonic()
    assert not pace.wait()
    assert time.monotonic() - began < 2.0
