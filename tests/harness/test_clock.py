from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.clock import Backoff, ManualClock


def waits(backoff: Backoff, clock: ManualClock, most: int = 100) -> list[float]:
    """Return all waits until the backoff gives up."""
    found: list[float] = []
    while len(found) < most and (seconds := backoff.next_s()) is not None:
        found.append(seconds)
        clock.sleep(seconds)
    return found


def test_a_manual_clock_moves_only_when_someone_sleeps() -> None:
    clock = ManualClock()
    start = clock.time()
    assert (clock.time() - start, clock.monotonic()) == (0.0, 0.0)
    clock.sleep(2.5)
    assert (clock.time() - start, clock.monotonic()) == (2.5, 2.5)
    assert ManualClock(12).time() == 12


def test_waits_double_up_to_the_longest() -> None:
    clock = ManualClock()
    assert waits(Backoff(clock, first_s=1, longest_s=20), clock, 8) == [1, 1, 2, 4, 8, 16, 20, 20]


@pytest.mark.parametrize("tries", [1, 2, 5])
def test_the_last_of_all_tries_is_not_waited_for(tries: int) -> None:
    clock = ManualClock()
    backoff = Backoff(clock, tries=tries)
    assert len(waits(backoff, clock)) == tries - 1
    backoff.reset()
    assert len(waits(backoff, clock)) == tries - 1


@given(
    first=st.floats(0.01, 10),
    longest=st.floats(10, 100),
    patience=st.floats(0, 1000),
    spread=st.floats(0, 0.5),
)
def test_it_gives_up_after_its_patience_and_never_much_later(
    first: float, longest: float, patience: float, spread: float
) -> None:
    clock = ManualClock()
    backoff = Backoff(clock, first_s=first, longest_s=longest, patience_s=patience, spread=spread)
    found = waits(backoff, clock, 100_000)
    assert all(first * (1 - spread) <= wait <= longest * (1 + spread) for wait in found)
    assert patience <= backoff.lasted_s <= patience + longest * (1 + spread)
    backoff.reset()
    assert backoff.lasted_s == 0


def test_what_the_service_asks_for_counts_instead() -> None:
    clock = ManualClock()
    backoff = Backoff(clock)
    assert backoff.wait(11.0)
    assert clock.monotonic() == 11.0
    assert backoff.next_s(0.25) == 0.25
    assert backoff.next_s(0.0) == 11.0, "a wait of zero is ignored: retrying at once would be a busy loop"


def test_many_who_fail_together_wait_as_one_would() -> None:
    backoff = Backoff(ManualClock(), first_s=1)
    assert [backoff.next_s() for _ in range(64)] == [1] * 64
