from __future__ import annotations

import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.api.types import HYPERPARAMETERS, MODELS
from harness.errors import InputError
from harness.findings import Severity, worst
from harness.jobs.plan import Plan, hyperparameters, read_training_file
from harness.jobs.preflight import forecast, preflight

ARN = "arn:aws:lambda:us-west-2:123456789012:function:word-problems:3"
RECORD = {"messages": [{"role": "user", "content": "1+1"}], "reference_answer": "2"}


@pytest.fixture
def data(tmp_path):
    path = tmp_path / "train.jsonl"
    lines = [
        json.dumps({"messages": [{"role": "user", "content": f"{n}+1"}], "reference_answer": f"{n + 1}"})
        for n in range(268)
    ]
    path.write_text("\n".join(lines) + "\n")
    return path


def plan_of(data, **changed):
    values = {
        "grader_arn": ARN,
        "model": MODELS[0].id,
        "hyperparameters": hyperparameters(),
        "base_url": "https://bedrock-mantle.us-west-2.api.aws/v1",
        "region": "us-west-2",
    }
    return Plan(data=read_training_file(data), **{**values, **changed})


def said(data, **changed):
    return {finding.id: finding.severity for finding in preflight(plan_of(data, **changed), validate=False)}


def test_a_good_plan_has_nothing_against_it(data):
    level = worst(preflight(plan_of(data)))
    assert level is None or level < Severity.WARNING


def test_records_are_checked_by_the_rules_of_validation(data):
    data.write_text(data.read_text() + "{not json\n" * 9)
    found = preflight(plan_of(data))
    level = worst(found)
    assert level is not None
    assert level >= Severity.ERROR
    assert any(finding.place and finding.place.line == 269 for finding in found)
    assert any(finding.id == "J004" for finding in found), "the rest is counted"


@pytest.mark.parametrize(
    ("arn", "kind", "severity"),
    [
        ("my-function", "J010", "error"),
        ("arn:aws:s3:::bucket", "J010", "error"),
        ("arn:aws:lambda:us-west-2:12:function:x", "J010", "error"),
        ("arn:aws:lambda:us-west-2:123456789012:function:" + "x" * 500, "J010", "error"),
        (ARN.replace("us-west-2", "us-east-1"), "J011", "error"),
        (ARN.removesuffix(":3"), "J012", "warning"),
        (ARN.removesuffix(":3") + ":$LATEST", "J012", "warning"),
        (ARN.removesuffix(":3") + ":live", "J013", "note"),
    ],
)
def test_grader_arns(data, arn, kind, severity):
    assert said(data, grader_arn=arn) == {kind: severity}


@pytest.mark.parametrize("region", ["us-gov-west-1", "eu-central-1"])
def test_arns_of_other_partitions_are_arns(data, region):
    arn = f"arn:aws-us-gov:lambda:{region}:123456789012:function:x:1"
    assert "J010" not in said(data, grader_arn=arn, region=region)


def test_the_emulator_has_no_region_to_contradict(data):
    assert (
        said(data, region=None, base_url="http://127.0.0.1:1/v1", grader_arn=ARN.replace("west", "east"))
        == {}
    )


def test_models_and_regions(data):
    assert said(data, model="gpt-4o-mini") == {"J014": "warning"}
    other = ARN.replace("us-west-2", "us-east-1")
    assert said(data, region="us-east-1", grader_arn=other) == {"J015": "warning"}


@pytest.mark.parametrize(
    ("chosen", "kind"),
    [
        ({"n_epochs": 0}, "J016"),
        ({"batch_size": -4}, "J016"),
        ({"learning_rate_multiplier": 0.0}, "J016"),
        ({"learning_rate_multiplier": float("nan")}, "J016"),
        ({"learning_rate_multiplier": float("inf")}, "J016"),
        ({"n_epochs": 51}, "J017"),
        ({"learning_rate_multiplier": 1000.0}, "J017"),
        ({"batch_size": 300}, "J018"),
    ],
)
def test_hyperparameters(data, chosen, kind):
    assert list(said(data, hyperparameters=hyperparameters(**chosen))) == [kind]


def test_counts_of_records_without_validation(tmp_path):
    path = tmp_path / "x.jsonl"
    path.write_text("")
    assert said(path) == {"J001": "error"}
    path.write_text("{}\n" * 99)
    assert said(path) == {"J002": "warning"}
    path.write_text("{}\n" * 20_001)
    assert said(path) == {"J003": "warning"}


def test_the_published_job_is_forecast_as_it_went(data):
    """268 records in batches of 4 are the 67 steps of AWS's published event."""
    ahead = forecast(plan_of(data))
    assert (ahead.steps, ahead.graded) == (67, 268 * 8)
    assert ahead.to_json()["assumes"]["verified"] is False
    assert ahead.usd_at_most == pytest.approx(2144 * (0.2e-6 + 0.5 * 0.0000166667))


@given(
    st.lists(st.sampled_from([b"{}\n", b"\n", b"  \r\n", b"x\n", b"\xff\n"])), st.sampled_from([b"", b"{}"])
)
def test_a_training_file_is_counted_and_digested(tmp_path_factory, lines, tail):
    path = tmp_path_factory.mktemp("data") / "x.jsonl"
    content = b"".join(lines) + tail
    path.write_bytes(content)
    read = read_training_file(path)
    assert read.sha256 == hashlib.sha256(content).hexdigest()
    assert read.bytes == len(content)
    assert read.records == sum(1 for line in content.split(b"\n") if line.strip())


def test_a_file_that_cannot_be_read_is_input(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        read_training_file(tmp_path)


def test_defaults_are_the_documented_ones_and_are_sent(data):
    sent = plan_of(data).request("file-1")["method"]["reinforcement"]["hyperparameters"]
    assert sent == {"n_epochs": 1, "batch_size": 4, "learning_rate_multiplier": 1.0}
    assert set(sent) == set(HYPERPARAMETERS)


def test_what_changes_the_training_changes_the_digest(data, tmp_path):
    plan = plan_of(data)
    same = tmp_path / "same.jsonl"
    same.write_bytes(data.read_bytes())
    assert plan_of(same, code_sha256="x").digest() == plan.digest()
    other = tmp_path / "other.jsonl"
    other.write_bytes(data.read_bytes() + b"\n")
    digests = {
        plan.digest(),
        plan_of(other).digest(),
        plan_of(data, model="m").digest(),
        plan_of(data, grader_arn="a").digest(),
        plan_of(data, base_url="b").digest(),
        plan_of(data, hyperparameters=hyperparameters(learning_rate_multiplier=0.5)).digest(),
    }
    assert len(digests) == 6
