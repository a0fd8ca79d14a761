from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.emulator.api_errors import ApiError
from harness.emulator.operations import CREATE_JOB
from harness.emulator.request_fields import read_fields
from harness.emulator.requests import new_job
from support.openapi import assert_valid_job

ARN = "arn:aws:lambda:us-west-2:123456789012:function:my-grader"
HYPERPARAMETERS = "method.reinforcement.hyperparameters"


def body(function: str = ARN, hyperparameters: Any = None, **changes: Any) -> dict[str, Any]:
    grader = {"type": "lambda", "lambda": {"function": function}}
    reinforcement = {"grader": grader, **({"hyperparameters": hyperparameters} if hyperparameters else {})}
    method = {"type": "reinforcement", "reinforcement": reinforcement}
    return {"model": "m", "training_file": "file-1", "method": method, **changes}


def made(asked: dict[str, Any], now: int = 0) -> Any:
    """Parse a body and create its job, as the route does."""
    return new_job(read_fields(CREATE_JOB, asked), now, 0)


def test_a_job_is_valid_and_begins_with_the_check_of_its_files() -> None:
    job, plan = made(body(metadata={"a": "b"}, seed=7), 123)
    assert_valid_job(job)
    assert (job["status"], job["created_at"], job["seed"], job["metadata"]) == (
        "validating_files",
        123,
        7,
        {"a": "b"},
    )
    assert plan["step"] == 0


@pytest.mark.parametrize("given", [None, {"n_epochs": "auto", "batch_size": None}])
def test_hyperparameters_take_the_documented_defaults(given: Any) -> None:
    job, _ = made(body(hyperparameters=given))
    assert job["hyperparameters"] == {"n_epochs": 1, "batch_size": 4, "learning_rate_multiplier": 1.0}
    assert isinstance(job["hyperparameters"]["batch_size"], int)


@pytest.mark.parametrize("function", [ARN, f"{ARN}:live", f"{ARN}:7", f"{ARN}:$LATEST"])
def test_qualified_arns_are_accepted(function: str) -> None:
    job, _ = made(body(function))
    assert job["method"]["reinforcement"]["grader"] == {"type": "lambda", "lambda": {"function": function}}


@pytest.mark.parametrize(
    ("wrong", "param"),
    [
        (body(model=None), "model"),
        (body(training_file=""), "training_file"),
        (body(suffix="mine"), "suffix"),
        (body(method=None), "method"),
        (body(method={"type": "supervised"}), "method.type"),
        (body("my-grader"), "method.reinforcement.grader.lambda.function"),
        (body(seed="x"), "seed"),
        (body(metadata={"a": 1}), "metadata"),
        (body(hyperparameters=[1]), HYPERPARAMETERS),
        (body(hyperparameters={"batch_size": 0}), f"{HYPERPARAMETERS}.batch_size"),
        (body(hyperparameters={"batch_size": 1.5}), f"{HYPERPARAMETERS}.batch_size"),
        (body(hyperparameters={"n_epochs": True}), f"{HYPERPARAMETERS}.n_epochs"),
        (
            body(hyperparameters={"learning_rate_multiplier": -1}),
            f"{HYPERPARAMETERS}.learning_rate_multiplier",
        ),
        (body(hyperparameters={"beta": 1}), f"{HYPERPARAMETERS}.beta"),
    ],
)
def test_what_is_refused_names_its_field(wrong: Any, param: str | None) -> None:
    with pytest.raises(ApiError) as caught:
        made(wrong)
    assert caught.value.status == 400
    assert caught.value.param == param


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(
    json_values,
    st.sampled_from(["model", "training_file", "method", "seed", "metadata", "validation_file"]),
)
def test_any_json_is_refused_or_makes_a_valid_job(value: Any, name: str) -> None:
    try:
        job, _ = made({**body(), name: value})
    except ApiError:
        return
    assert_valid_job(job)


@given(json_values, st.sampled_from(["n_epochs", "batch_size", "learning_rate_multiplier", "eval_interval"]))
def test_any_hyperparameter_is_refused_or_a_number_above_zero(value: Any, name: str) -> None:
    try:
        job, _ = made(body(hyperparameters={name: value}))
    except ApiError as error:
        refused = error.param
    else:
        refused = None
    if refused is not None:
        assert refused == f"{HYPERPARAMETERS}.{name}"
        return
    hyperparameters: dict[str, Any] = dict(job["method"]["reinforcement"]["hyperparameters"])
    assert 0 < hyperparameters.get(name, 1) < float("inf")
