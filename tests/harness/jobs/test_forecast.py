from __future__ import annotations

import pytest

from harness.api.types import MODELS
from harness.jobs.forecast import forecast
from harness.jobs.plan import Plan, ReplayEvidence, TrainingFile, hyperparameters
from harness.jobs.same_code import UnknownFunction
from harness.targets.deployed_code import FunctionFacts

ARN = "arn:aws:lambda:us-west-2:123456789012:function:word-problems:3"
UNKNOWN = UnknownFunction(ARN, "AWS was not asked")
KNOWN = FunctionFacts(
    arn=ARN,
    version="3",
    code_sha256="x",
    handler=None,
    runtime=None,
    layers=0,
    location=None,
    unread="",
    memory_mb=1024,
    architecture="arm64",
)


def plan_of(tmp_path, *, seconds=None, arn=ARN, records=268):
    replay = ReplayEvidence(tmp_path, "deployed", None, "proven", records, seconds) if seconds else None
    data = TrainingFile(tmp_path / "train.jsonl", "x", 1, records)
    base_url = "https://bedrock-mantle.us-west-2.api.aws/v1"
    return Plan(data, arn, MODELS[0].id, hyperparameters(), base_url, "us-west-2", replay=replay)


def test_the_forecast_of_the_published_job_matches_its_events(tmp_path):
    """AWS published an event of a job with 268 records in batches of 4, which took 67 steps."""
    ahead = forecast(plan_of(tmp_path), UNKNOWN).to_json()
    assert (ahead["steps"], ahead["graded"], ahead["calls"]) == (67, 268 * 8, 268 * 8)
    assert ahead["assumes"]["verified"] is False


def test_unmeasured_values_are_unknown(tmp_path):
    ahead = forecast(plan_of(tmp_path), UNKNOWN)
    said = ahead.to_json()
    assert (said["seconds_a_completion"], said["gb_seconds"], said["lambda_usd"]) == (None, None, None)
    assert said["usd_per_hour"] is None
    assert any("Lambda: unknown; --run" in line for line in ahead.lines())
    assert any("training: price unknown" in line for line in ahead.lines())


def test_a_measured_duration_gives_lambdas_price_with_date_and_source(tmp_path):
    ahead = forecast(plan_of(tmp_path, seconds=0.5), KNOWN, completions_a_call=64, usd_per_hour=12)
    said = ahead.to_json()
    assert said["gb_seconds"] == pytest.approx(2144 * 0.5)
    assert said["lambda_usd"] == pytest.approx(1072 * 0.0000133334 + 34 * 0.0000002)
    assert said["lambda_price"]["read"] in " ".join(ahead.lines())
    assert "assumed" not in " ".join(ahead.lines())
    assert any("12 USD per hour" in line for line in ahead.lines())


def test_settings_unknown_to_aws_are_marked_as_assumed(tmp_path):
    ahead = forecast(plan_of(tmp_path, seconds=0.5), UNKNOWN)
    assert ahead.to_json()["assumes"]["function_settings"] is True
    assert any("512 MB, x86_64, assumed" in line for line in ahead.lines())


@pytest.mark.parametrize("arn", ["nonsense", ARN.replace("us-west-2", "af-south-1")])
def test_an_unknown_price_is_not_invented(tmp_path, arn):
    ahead = forecast(plan_of(tmp_path, seconds=0.5, arn=arn), UNKNOWN)
    assert ahead.to_json()["lambda_usd"] is None
    assert any("no price known" in line or "--region selects the price" in line for line in ahead.lines())


@pytest.mark.parametrize("seconds", [None, 0.0004, 899.9])
@pytest.mark.parametrize("function", [KNOWN, UNKNOWN])
def test_every_line_fits_80_columns(tmp_path, seconds, function):
    ahead = forecast(plan_of(tmp_path, seconds=seconds, records=20_000), function, usd_per_hour=123.45)
    assert [line for line in ahead.lines() if len(line) > 80] == []
