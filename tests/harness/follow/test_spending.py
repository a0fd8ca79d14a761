from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.api.cost import GROUP_SIZE, GraderUse
from harness.errors import InputError
from harness.follow.spending import SpendingLimit
from harness.follow.watch import Polling, watch
from harness.follow.watched import Watched
from support.api_stub import ApiStub, Fault, TestClock
from support.service import connected

USE = GraderUse(region="us-west-2", seconds=2.0, memory_mb=1024, architecture="x86_64")
A_STEP = 4 * GROUP_SIZE * (2.0 * 0.0000166667 + 0.2e-6)


class Notes:
    """An observer that stores the notes."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)

    def nothing(self, *_: object) -> None:
        pass

    resumed = events = warning = state = trouble = nothing


def limit(usd: float, **more: Any) -> SpendingLimit:
    return SpendingLimit(**{"usd": usd, "grader": USE, "batch_size": 4, **more})


UNKNOWN = st.none() | st.floats() | st.just(math.nan)


@given(st.integers(0, 10_000), UNKNOWN, UNKNOWN, UNKNOWN, st.floats(0, 1e6, exclude_min=True))
def test_only_a_known_cost_above_the_limit_passes_it(
    steps: int, hours: float | None, usd_per_hour: float | None, seconds: float | None, usd: float
) -> None:
    use = GraderUse("us-west-2", seconds, 1024, "x86_64")
    one = limit(usd, grader=use, usd_per_hour=usd_per_hour)
    cost = one.so_far(steps, hours)
    if one.is_passed(cost):
        assert not math.isnan(cost.known_usd)
        assert cost.known_usd > usd
        assert cost.lambda_usd is not None or cost.training_usd is not None


@given(st.integers(0, 10_000), st.floats(0, 1e4), st.floats(0, 1e4))
def test_both_parts_are_added_up(steps: int, hours: float, usd_per_hour: float) -> None:
    cost = limit(1.0, usd_per_hour=usd_per_hour).so_far(steps, hours)
    assert cost.known_usd == pytest.approx(steps * A_STEP + hours * usd_per_hour)


@pytest.mark.parametrize(
    ("one", "counted", "not_counted"),
    [
        (limit(5, usd_per_hour=3), ["Lambda (1024 MB, x86_64", "3 USD per hour"], []),
        (limit(5), ["Lambda (1024 MB"], ["training (AWS publishes no price"]),
        (limit(5, batch_size=None, usd_per_hour=3), ["training (3 USD"], ["not submitted from here"]),
        (limit(5, grader=GraderUse(), usd_per_hour=3), ["training (3 USD"], ["no replay measured"]),
        (limit(5, grader_assumed=True), ["x86_64, assumed"], ["training"]),
    ],
)
def test_counted_and_uncounted_costs_are_reported(
    one: SpendingLimit, counted: list[str], not_counted: list[str]
) -> None:
    first, *others = one.sentences()
    assert all(words in first for words in counted)
    assert all(other.startswith("not counted: ") for other in others)
    assert all(any(words in other for other in others) for words in not_counted)


def test_a_limit_that_nothing_can_reach_is_refused() -> None:
    with pytest.raises(InputError, match="could never end this job"):
        limit(5, batch_size=None).sentences()


def followed(
    folder: Path, usd: float, *, faults: tuple[Fault, ...] = (), **more: Any
) -> tuple[Watched, list[str], ApiStub]:
    """Follow a job that takes four steps per poll and ends only when canceled."""
    with ApiStub() as stub:
        clock, notes = TestClock(), Notes()
        stub.add_job(created_at=clock.time())
        stub.faults += faults
        steps = iter(range(1, 10_000))

        def take_steps() -> None:
            for _ in range(4):
                step = next(steps)
                stub.add_event("ftjob-1", step, data={"step": step, "total_steps": 9000})

        clock.on_sleep = take_steps
        with connected(stub.base_url) as client:
            found = watch(
                client, "ftjob-1", folder, observer=notes, clock=clock, limit=limit(usd, **more),
                pace=Polling(10.0, 120.0),
            )  # fmt: skip
        return found, notes.notes, stub


def test_the_job_is_cancelled_once_when_lambda_alone_passes_the_limit(tmp_path: Path) -> None:
    found, notes, stub = followed(tmp_path, 10.5 * A_STEP)
    assert found.job is not None
    assert (found.job.status, found.stop, found.succeeded) == ("cancelled", "asked", False)
    assert len(stub.requests("POST", "/cancel$")) == 1
    assert found.cost is not None
    assert found.cost.lambda_usd == pytest.approx(12 * A_STEP)
    assert any("asking the service to cancel" in note for note in notes)


def test_the_job_is_cancelled_when_its_hours_pass_the_limit(tmp_path: Path) -> None:
    found, _, _ = followed(tmp_path, 1.0, grader=GraderUse(), usd_per_hour=36.0)
    assert found.stop == "asked"
    assert found.cost is not None
    assert 1.0 < (found.cost.training_usd or 0) < 1.3


@pytest.mark.parametrize("status", [400, 403, 409, 200])
def test_a_refused_cancellation_is_reported_and_the_job_continues(tmp_path: Path, status: int) -> None:
    no = Fault("POST", "/cancel$", status, body={"error": {"message": "no"}})
    found, notes, _ = followed(tmp_path, A_STEP, faults=(no,))
    assert (found.stop, found.succeeded) == ("refused", False)
    assert "was not canceled and continues" in notes[-1]


@pytest.mark.parametrize("body", [{}, {"id": "ftjob-1", "status": "running"}])
def test_a_cancellation_without_effect_is_reported_after_a_minute(tmp_path: Path, body: Any) -> None:
    found, notes, stub = followed(tmp_path, A_STEP, faults=(Fault("POST", "/cancel$", 200, body=body),))
    assert (found.stop, found.succeeded) == ("refused", False)
    assert "the service still says running; `rft cancel` asks again" in notes[-1]
    assert len(stub.requests("POST", "/cancel$")) == 1


def test_a_cancellation_without_a_response_is_requested_again(tmp_path: Path) -> None:
    lost = Fault("POST", "/cancel$", 503, body={}, times=2)
    found, _, stub = followed(tmp_path, A_STEP, faults=(lost,))
    assert found.stop == "asked"
    assert len(stub.requests("POST", "/cancel$")) == 3


def test_a_cancellation_that_took_effect_unnoticed_ends_the_watch(tmp_path: Path) -> None:
    unseen = Fault("POST", "/cancel$", 0, takes_effect=True)
    found, _, _ = followed(tmp_path, A_STEP, faults=(unseen,))
    assert found.job is not None
    assert found.job.status == "cancelled"


def test_the_limit_holds_while_the_events_cannot_be_read(tmp_path: Path) -> None:
    away = Fault("GET", "/events$", 503, body={}, times=10**6)
    found, _, _ = followed(tmp_path, 0.5, faults=(away,), grader=GraderUse(), usd_per_hour=60.0)
    assert found.stop == "asked"
    assert found.ended
