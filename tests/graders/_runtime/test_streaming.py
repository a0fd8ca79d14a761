"""Streamed async samples: in order, with limited concurrency, and not delayed by a slow sample."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders import Failure, Reward, Sample, grader
from graders._runtime import score_stream
from graders._runtime.declaration import Declared
from graders.errors import ConfigurationError


class Run:
    def __init__(self, function: Any, **options: Any) -> None:
        self.function = function
        self.graded: Any = grader(**options)(self._counted)
        self.now = self.most = self.begun = self.told = self.furthest = 0
        self.outcomes: list[Any] = []

    async def _counted(self, sample: Sample) -> Any:
        self.now += 1
        self.begun += 1
        self.most = max(self.most, self.now)
        try:
            return await self.function(sample)
        finally:
            self.now -= 1

    def of(self, completions: list[Any], **more: Any) -> Run:
        declared: Declared = self.graded.declared
        score_stream(declared, self._items(completions), self._keep, **more)
        return self

    def _items(self, completions: list[Any]) -> Iterator[Any]:
        for number, said in enumerate(completions, 1):
            self.furthest = max(self.furthest, number - self.told)
            yield said if isinstance(said, dict) else {"messages": [{"role": "assistant", "content": said}]}

    def _keep(self, scored: list[Any]) -> None:
        self.told += len(scored)
        self.outcomes += [float(found) if isinstance(found, Reward) else found for found, _ in scored]
        assert all(ms >= 0 for _, ms in scored)


async def rounds(sample: Sample) -> float:
    """Wait for as many rounds of the event loop as the completion's number."""
    count = int(sample.completion)
    for _ in range(count):
        await asyncio.sleep(0)
    return count / 100


@given(st.lists(st.integers(1, 30), max_size=60), st.integers(1, 9))
def test_concurrency_samples_run_concurrently_and_outcomes_keep_their_order(
    waits: list[int], concurrency: int
) -> None:
    run = Run(rounds, concurrency=concurrency).of([str(wait) for wait in waits])
    assert run.outcomes == [wait / 100 for wait in waits]
    assert run.most == min(concurrency, len(waits))
    assert run.begun == len(waits)


def test_a_slow_sample_delays_no_other() -> None:
    done = 0

    async def first_waits_for_all_others(sample: Sample) -> float:
        nonlocal done
        while sample.completion == "slow" and done < 500:
            await asyncio.sleep(0)
        done += 1
        return 1.0

    run = Run(first_waits_for_all_others, concurrency=4, timeout_s=20)
    assert run.of(["slow"] + ["quick"] * 500).outcomes == [1.0] * 501


@given(st.integers(1, 12), st.integers(1, 6))
def test_a_limited_number_of_samples_waits_for_a_slow_one(ahead: int, concurrency: int) -> None:
    run = Run(rounds, concurrency=concurrency).of(["100", *["1"] * 40], ahead=ahead)
    assert run.outcomes == [1.0] + [0.01] * 40
    assert run.furthest <= max(ahead, concurrency)


def test_a_sample_that_takes_too_long_or_cannot_be_read_affects_only_itself() -> None:
    async def waits(sample: Sample) -> float:
        await asyncio.sleep(600 if sample.completion == "slow" else 0)
        return 1.0

    outcomes = Run(waits, timeout_s=0.05).of(["a", "slow", {"messages": []}, "b"]).outcomes
    assert [outcomes[0], outcomes[3]] == [1.0, 1.0]
    assert [outcome.kind for outcome in outcomes[1:3]] == ["timeout", "record"]


def test_samples_that_another_one_delayed_get_their_full_time_again() -> None:
    async def computes(sample: Sample) -> float:
        while sample.completion == "holds":
            pass
        await asyncio.sleep(0.01)
        return 1.0

    completions = ["a", "holds", "b", "c", "holds", "d"]
    outcomes = Run(computes, timeout_s=0.1, concurrency=3).of(completions).outcomes
    failed = [outcome.kind if isinstance(outcome, Failure) else outcome for outcome in outcomes]
    assert failed == [1.0, "timeout", 1.0, 1.0, "timeout", 1.0]


def test_a_configuration_error_or_a_self_cancellation_affects_one_outcome() -> None:
    async def odd(sample: Sample) -> float:
        await asyncio.sleep(0)
        if sample.completion == "configuration":
            raise ConfigurationError("no client")
        if sample.completion == "cancels":
            task = asyncio.current_task()
            assert task is not None
            task.cancel()
            await asyncio.sleep(0)
        return 1.0

    outcomes = Run(odd).of(["a", "configuration", "cancels", "b"]).outcomes
    assert [outcomes[0], outcomes[3]] == [1.0, 1.0]
    assert isinstance(outcomes[1], ConfigurationError)
    assert isinstance(outcomes[2], Failure)


def test_nothing_is_left_running_when_outcomes_cannot_be_kept() -> None:
    run = Run(rounds, concurrency=5)

    def full(_: Any) -> None:
        raise OSError("no room")

    run._keep = full  # type: ignore[assignment, method-assign]
    with pytest.raises(OSError, match="no room"):
        run.of(["1", *["50"] * 20])
    assert (run.now, run.begun < 21) == (0, True)
