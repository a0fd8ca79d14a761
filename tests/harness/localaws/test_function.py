from __future__ import annotations

import base64
from dataclasses import replace

import pytest

from harness.errors import InputError
from harness.localaws.function import FunctionSpec
from support.artifacts import write_artifact, write_function


def test_equal_artifacts_have_equal_digests_and_others_do_not(tmp_path):
    files = {"app.py": "a", "lib/b.py": "b"}
    one = write_function(tmp_path / "one", "a")
    two = write_function(tmp_path / "two", "a")
    assert one.code_sha256() == two.code_sha256()
    assert len(base64.b64decode(one.code_sha256())) == 32
    write_artifact(two.artifact, files)
    assert one.code_sha256() != two.code_sha256()
    assert (one.code_bytes(), two.code_bytes()) == (1, 2)


def test_bytes_moved_from_one_file_to_the_next_change_the_digest(tmp_path):
    one = write_artifact(tmp_path / "one", {"a": "xy", "b": ""})
    two = write_artifact(tmp_path / "two", {"a": "x", "b": "y"})
    first, second = (FunctionSpec(name="f", artifact=folder, handler="a.b") for folder in (one, two))
    assert first.code_sha256() != second.code_sha256()


@pytest.mark.parametrize(
    "change", [{"timeout_s": 0}, {"timeout_s": 901}, {"memory_mb": 127}, {"memory_mb": 10_241}]
)
def test_what_lambda_would_refuse_is_refused(tmp_path, change):
    spec = write_function(tmp_path, "")
    with pytest.raises(InputError, match="Lambda allows"):
        replace(spec, **change)


def test_an_artifact_must_be_a_folder(tmp_path):
    with pytest.raises(InputError, match="Run `sam build`"):
        FunctionSpec(name="f", artifact=tmp_path / "none", handler="a.b")


def test_an_arn_names_region_account_and_function(tmp_path):
    spec = write_function(tmp_path, "", name="f", region="eu-west-1", account="210987654321")
    assert spec.arn == "arn:aws:lambda:eu-west-1:210987654321:function:f"


@pytest.mark.parametrize("name", ["AWS_LAMBDA_FUNCTION_NAME", "AWS_REGION", "_HANDLER"])
def test_a_variable_that_lambda_reserves_is_refused(tmp_path, name):
    with pytest.raises(InputError, match=f"reserves the variable {name}"):
        write_function(tmp_path, "", environment={"COLOUR": "blue", name: "other"})
