import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.api.cost import GraderUse, cost_of, lambda_price, workload, workload_of_steps

_counts = st.integers(1, 10_000)


def test_the_published_job_has_67_steps():
    work = workload(268, batch_size=4, n_epochs=1)

    assert (work.steps, work.completions, work.calls) == (67, 2144, 2144)


def test_a_call_that_holds_64_completions_makes_34_calls():
    assert workload(268, batch_size=4, n_epochs=1, completions_a_call=64).calls == 34


@given(records=_counts, batch_size=_counts, n_epochs=st.integers(1, 50), a_call=st.integers(1, 200))
def test_every_record_is_graded_once_an_epoch_and_the_steps_never_cost_less(
    records, batch_size, n_epochs, a_call
):
    work = workload(records, batch_size=batch_size, n_epochs=n_epochs, completions_a_call=a_call)

    assert work.completions == records * n_epochs * 8
    assert (work.calls - 1) * a_call < work.completions <= work.calls * a_call
    assert work.steps * batch_size >= records * n_epochs
    assert workload_of_steps(work.steps, batch_size=batch_size).completions >= work.completions


def test_lambdas_price_is_gb_seconds_and_requests():
    grader = GraderUse("us-west-2", seconds=0.5, memory_mb=512, architecture="x86_64")

    cost = cost_of(workload(1000, batch_size=4, n_epochs=1), grader)

    assert cost.gb_seconds == pytest.approx(8000 * 0.25)
    assert cost.lambda_usd == pytest.approx(2000 * 0.0000166667 + 8000 * 0.0000002)
    assert cost.price is not None
    assert cost.price.read
    assert cost.price.source


def test_arm_costs_a_fifth_less_a_gb_second():
    arm, x86 = (lambda_price("us-east-1", name) for name in ("arm64", "x86_64"))

    assert arm is not None
    assert x86 is not None
    assert math.isclose(arm.usd_per_gb_second / x86.usd_per_gb_second, 0.8, rel_tol=1e-4)


@pytest.mark.parametrize(
    "grader",
    [
        GraderUse("us-west-2", None, 512, "x86_64"),
        GraderUse("us-west-2", 0.5, None, "x86_64"),
        GraderUse("us-west-2", 0.5, 512, None),
        GraderUse("af-south-1", 0.5, 512, "x86_64"),
        GraderUse(None, 0.5, 512, "x86_64"),
    ],
)
def test_what_is_unknown_leaves_lambdas_price_unknown(grader):
    cost = cost_of(workload(100, batch_size=4, n_epochs=1), grader, hours=2, usd_per_hour=10)

    assert cost.lambda_usd is None
    assert cost.total_usd is None
    assert cost.known_usd == cost.training_usd == 20


def test_the_services_own_price_is_unknown_without_one_an_hour():
    grader = GraderUse("us-west-2", 0.5, 512, "x86_64")

    cost = cost_of(workload(100, batch_size=4, n_epochs=1), grader, hours=2)

    assert cost.training_usd is None
    assert cost.total_usd is None
