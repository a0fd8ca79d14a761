from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.clock import ManualClock
from harness.rollouts.pace import Pace


class Waits(ManualClock):
    """A clock that records all waits. Without `passing`, a wait does not advance the time."""

    def __init__(self, *, passing: bool = True) -> None:
        super().__init__()
        self.passing = passing
        self.waited: list[float] = []
        self.meanwhile: Callable[[], object] | None = None

    def sleep(self, seconds: float) -> None:
        self.waited.append(seconds)
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile is not None:
            meanwhile()
        if self.passing:
            super().sleep(seconds)

    def pass_by(self, seconds: float) -> None:
        super().sleep(seconds)


def paced(per_second: float | None, patience_s: float, *, passing: bool = True) -> tuple[Pace, Waits]:
    waits = Waits(passing=passing)
    return Pace(per_second, patience_s, waits), waits


def test_requests_are_spaced_whoever_sends_them() -> None:
    pace, waits = paced(50.0, 10.0, passing=False)

    def ask() -> None:
        for _ in range(5):
            assert pace.wait()

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(waits.waited) == pytest.approx([turn / 50 for turn in range(1, 20)])


def test_time_that_has_already_passed_is_not_waited_for_again() -> None:
    pace, waits = paced(2.0, 10.0)
    assert pace.wait()
    waits.pass_by(0.2)
    assert pace.wait()
    waits.pass_by(5)
    assert pace.wait()
    assert waits.waited == pytest.approx([0.3])


def test_all_threads_wait_as_long_as_the_service_asked() -> None:
    pace, waits = paced(None, 10.0)
    assert pace.busy(4.0, everybody=True)
    assert waits.waited == []
    assert pace.wait()
    assert waits.waited == [4.0]


def test_a_new_pause_also_applies_to_threads_that_already_wait() -> None:
    pace, waits = paced(1.0, 10.0)
    assert pace.wait()
    waits.meanwhile = lambda: pace.busy(3.0, everybody=True)
    assert pace.wait()
    assert waits.waited == pytest.approx([1.0, 2.0])


def test_one_broken_answer_does_not_delay_others() -> None:
    pace, waits = paced(None, 1000.0)
    assert pace.busy(600.0)
    assert waits.waited == [600.0]
    assert pace.wait()
    assert waits.waited == [600.0]


@given(patience_s=st.floats(0.1, 1e4), asked=st.lists(st.floats(0.1, 1e4), min_size=1, max_size=5))
def test_a_requested_wait_beyond_patience_ends_the_run_without_waiting(
    patience_s: float, asked: list[float]
) -> None:
    pace, waits = paced(None, patience_s)
    for wait_s in asked:
        before = sum(waits.waited)
        if not pace.busy(wait_s):
            assert before + wait_s > patience_s
            assert sum(waits.waited) == before
            return
    assert sum(waits.waited) <= patience_s


def test_a_request_that_uses_up_patience_ends_the_run_unless_others_succeeded() -> None:
    pace, waits = paced(None, 10.0)
    began = pace.now()
    waits.pass_by(10.0)
    assert not pace.busy(None, began=began)
    pace, waits = paced(None, 10.0)
    began = pace.now()
    waits.pass_by(5.0)
    pace.succeeded()
    waits.pass_by(5.0)
    assert pace.busy(None, began=began)


def test_waits_double_up_to_half_a_minute_by_default() -> None:
    pace, waits = paced(None, 10_000.0)
    for _ in range(12):
        assert pace.busy(None)
    wanted, lasted = [], 0.0
    for waited in waits.waited:
        wanted.append(min(max(lasted, 0.5), 30.0))
        lasted += waited
    assert waits.waited == pytest.approx(wanted, rel=0.25)
    assert max(waits.waited) > 20


def test_patience_ends_and_a_success_renews_it() -> None:
    pace, waits = paced(None, 5.0)
    assert pace.busy(4.0)
    waits.pass_by(1.0)
    assert not pace.busy(0.0)
    pace.succeeded()
    assert pace.busy(0.0)


@pytest.mark.parametrize("answered", [True, False])
def test_an_address_that_never_answered_is_abandoned_sooner(answered: bool) -> None:
    never, waits = paced(None, 1000.0)
    assert never.busy(3.0, reached=False)
    waits.pass_by(1.0)
    assert not never.busy(0.0, reached=False)
    once, _ = paced(None, 1000.0)
    if answered:
        once.succeeded()
    else:
        once.busy(1.0, reached=True)
    assert once.busy(5.0, reached=False)
    assert once.busy(0.0, reached=False)


def test_stopping_ends_every_wait_at_once() -> None:
    pace = Pace(None, 1000.0)
    pace.busy(500.0, everybody=True)
    waiting: list[bool] = []
    threads = [threading.Thread(target=lambda: waiting.append(pace.wait())) for _ in range(2)]
    for thread in threads:
        thread.start()
    pace.stopped.set()
    for thread in threads:
        thread.join()
    assert waiting == [False, False]
