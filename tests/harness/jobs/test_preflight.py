from __future__ import annotations

import hashlib
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.api.types import HYPERPARAMETERS, MODELS
from harness.errors import InputError
from harness.findings import Severity, worst
from harness.jobs.plan import Plan, ReplayEvidence, hyperparameters, read_training_file
from harness.jobs.preflight import preflight

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
    found = preflight(plan_of(data, **changed), validate=False)
    return {finding.id: finding.severity for finding in found if finding.id != "J007"}


def test_a_good_plan_has_no_findings(data):
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
        ("arn:aws:lambda:us-west-2:123456789012:function:" + "x" * 65, "J010", "error"),
        (ARN.replace("arn:aws:", "arn:aws-us-gov:"), "J010", "error"),
        (ARN.removesuffix("3") + "0", "J010", "error"),
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
    partition = "aws-us-gov" if "gov" in region else "aws"
    arn = f"arn:{partition}:lambda:{region}:123456789012:function:x:1"
    assert "J010" not in said(data, grader_arn=arn, region=region)


def test_without_a_region_the_skipped_checks_are_reported(data):
    found = preflight(plan_of(data, region=None, base_url="http://127.0.0.1:1/v1"))
    notes = {one.id: one.message for one in found if one.id.startswith("J")}
    assert set(notes) == {"J011", "J015"}
    assert all(message.startswith("not checked whether") for message in notes.values())


def test_a_variable_of_the_shell_does_not_stop_a_job_on_this_machine(data):
    other = {"region": "eu-west-1", "region_from": "AWS_REGION"}
    assert said(data, **other)["J011"] == "error"
    assert said(data, **other, region_guessed=True)["J011"] == "warning"


@pytest.mark.parametrize("model", ["nova-2-lite", "us.amazon.nova-2-lite-v1:0", "Amazon.Nova-2-Lite"])
def test_nova_under_another_name_is_pointed_to_the_native_api(data, model):
    assert said(data, model=model) == {"J014": "error"}


def test_unchecked_records_are_reported(data):
    assert "J007" in {one.id for one in preflight(plan_of(data), validate=False)}
    assert "J007" not in {one.id for one in preflight(plan_of(data))}


@pytest.mark.parametrize(
    ("times", "different", "expected"),
    [(120, 1, "error"), (2, 60, "error"), (2, 100, None), (1, 120, None), (1.2, 90, "warning")],
)
def test_copies_do_not_count_as_records(data, times, different, expected):
    lines = data.read_text().splitlines(keepends=True)[:different]
    more = int(different * times) - different
    data.write_text("".join([*lines, *(lines * 120)[:more]]))
    found = {one.id: one.severity for one in preflight(plan_of(data))}
    assert found.get("J005") == expected


def test_no_reference_at_all_is_an_error_unless_a_replay_of_the_records_speaks_for_it(data, tmp_path):
    lines = [json.loads(line) for line in data.read_text().splitlines()]
    data.write_text("".join(json.dumps({"messages": one["messages"]}) + "\n" for one in lines))
    replay = ReplayEvidence(tmp_path, "in-process", None, "not proven", records_seen=9)

    def severity(**changed):
        return next(one.severity for one in preflight(plan_of(data, **changed)) if one.id == "J006")

    assert severity() == severity(replay=replace(replay, records_seen=0)) == "error"
    assert severity(replay=replay) == "warning"
    data.write_text(data.read_text() + json.dumps(lines[0]) + "\n")
    assert "J006" not in {one.id for one in preflight(plan_of(data))}


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
    with pytest.raises(InputError, match="this is a folder"):
        read_training_file(tmp_path)


def test_defaults_are_the_documented_ones_and_are_sent(data):
    sent = plan_of(data).request("file-1")["method"]["reinforcement"]["hyperparameters"]
    assert sent == {"n_epochs": 1, "batch_size": 4, "learning_rate_multiplier": 1.0}
    assert set(sent) == set(HYPERPARAMETERS)


def test_every_change_of_the_training_changes_the_digest(data, tmp_path):
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
