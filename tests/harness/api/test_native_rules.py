"""Our code and the test double both check native requests against botocore's service model."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.api.native_names import is_custom_model, is_native_job, is_native_model, native_region
from harness.api.native_rules import faults_of, hyperparameter_names, native_hyperparameters
from support import moto_bedrock

ARN = "arn:aws:bedrock:us-east-1:123456789012"


def request(**hyperparameters: Any) -> dict[str, Any]:
    grader = {"lambdaGrader": {"lambdaArn": "arn:aws:lambda:us-east-1:123456789012:function:mail:3"}}
    return {
        "jobName": "mail-1",
        "customModelName": "mail",
        "roleArn": "arn:aws:iam::123456789012:role/Rft",
        "clientRequestToken": "a1",
        "baseModelIdentifier": "amazon.nova-2-lite-v1:0:256k",
        "customizationType": "REINFORCEMENT_FINE_TUNING",
        "trainingDataConfig": {"s3Uri": "s3://mail/train.jsonl"},
        "outputDataConfig": {"s3Uri": "s3://mail/out/"},
        "customizationConfig": {"rftConfig": {"graderConfig": grader, "hyperParameters": hyperparameters}},
    }


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "epochCount": st.integers(-1, 60),
            "batchSize": st.integers(10, 600),
            "learningRate": st.floats(0, 0.01),
            "trainingSamplePerPrompt": st.integers(0, 20),
            "evalInterval": st.integers(-5, 120),
            "reasoningEffort": st.sampled_from(["low", "medium", "high", "none", ""]),
            "maxPromptLength": st.integers(0, 10**6),
        },
    ),
    st.sampled_from(["jobName", "customModelName", "roleArn", "clientRequestToken"]),
    st.one_of(st.none(), st.text(max_size=80), st.from_regex(r"[a-z0-9-]{1,70}", fullmatch=True)),
)
def test_both_readings_of_the_model_agree(
    hyperparameters: dict[str, Any], name: str, text: str | None
) -> None:
    asked = request(**hyperparameters)
    if text is not None:
        asked[name] = text
    assert bool(faults_of(asked)) == bool(moto_bedrock.faults_of("CreateModelCustomizationJob", asked))


@pytest.mark.parametrize("name", sorted(request()))
def test_what_is_missing_or_unknown_is_a_fault(name: str) -> None:
    asked = request()
    assert not faults_of(asked)
    assert faults_of({**asked, f"{name}X": "x"})
    del asked[name]
    assert bool(faults_of(asked)) == bool(moto_bedrock.faults_of("CreateModelCustomizationJob", asked))


def test_hyperparameters_are_read_by_their_types() -> None:
    assert set(hyperparameter_names()) >= {"epochCount", "batchSize", "learningRate", "reasoningEffort"}
    assert native_hyperparameters({"epochCount": "2", "learningRate": "1e-5", "reasoningEffort": "low"}) == {
        "epochCount": 2,
        "learningRate": 1e-5,
        "reasoningEffort": "low",
    }


@pytest.mark.parametrize(
    ("name", "job", "model"),
    [
        (f"{ARN}:model-customization-job/amazon.nova-2-lite-v1:0:256k/abcdefghijkl", True, False),
        (f"{ARN}:custom-model-deployment/abcdefghijkl", False, True),
        (f"{ARN}:custom-model/amazon.nova-2-lite-v1:0:256k/abcdefghijkl", False, False),
        ("ftjob-1", False, False),
        ("", False, False),
    ],
)
def test_a_native_job_and_a_deployment_are_known_by_their_arns(name: str, job: bool, model: bool) -> None:
    assert (is_native_job(name), is_native_model(name)) == (job, model)
    assert is_custom_model(name) == (":custom-model/" in name)
    assert native_region(name) == ("us-east-1" if name.startswith(ARN) else None)


def test_a_run_of_dashes_is_refused_in_no_time() -> None:
    begun = time.process_time()
    assert faults_of({"jobName": "a" + "-" * 60 + "_"}, "CreateModelCustomizationJob")
    assert time.process_time() - begun < 5
