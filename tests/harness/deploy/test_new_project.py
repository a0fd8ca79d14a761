"""A new project, validated, built, graded and deployed with the real `sam`, offline.

Every command gets addresses at which neither a package index nor AWS can be reached.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys

import pytest

from harness.projects.scaffold import make_project
from support.moto_aws import local_aws
from support.sam_command import sam_command

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def sam():
    return sam_command()


@pytest.fixture(scope="module")
def aws():
    with local_aws() as served:
        yield served


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = tmp_path_factory.mktemp("my work") / "my-grader"
    make_project(folder)
    return folder


@pytest.fixture(scope="module")
def run(project, aws):
    def run_one(*words, code=0):
        kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        nowhere = {"PIP_INDEX_URL": "http://127.0.0.1:9", "PIP_RETRIES": "0", "UV_OFFLINE": "1"}
        environment = {**kept, **aws.environment, **nowhere, "PYTHON": sys.executable, "MAKEFLAGS": ""}
        environment["TMPDIR"] = str(project.parent)  # `sam deploy` leaves folders there
        done = subprocess.run(
            words, cwd=project, env=environment, capture_output=True, text=True, timeout=300
        )
        assert done.returncode == code, f"{' '.join(words)}\n{done.stdout}\n{done.stderr}"
        return done.stdout if code != 2 else done.stderr

    return run_one


@pytest.fixture(scope="module")
def rft(run):
    return lambda *words, code=0: run(sys.executable, "-m", "harness.cli.main", *words, code=code)


@pytest.fixture(scope="module")
def built(run, sam):
    run(sam, "build")


@pytest.fixture(scope="module")
def deployed(run, sam, built, aws):
    run(sam, "deploy", "--no-progressbar")
    return aws.outputs("my-grader")


def test_sam_finds_the_template_valid(run, sam):
    assert "is a valid SAM Template" in run(sam, "validate", "--lint")


def test_the_artifact_holds_the_grader_the_library_and_powertools_alone(project, built):
    artifact = project / ".aws-sam" / "build" / "MathAnswer"
    top = {path.name for path in artifact.iterdir() if path.suffix != ".dist-info"} - {"__pycache__"}
    packages = {"math_grader.py", "graders", "aws_lambda_powertools", "jmespath", "typing_extensions.py"}
    assert top == packages


def test_the_built_artifact_grades(rft, built):
    said = rft(
        "replay", "rollouts.jsonl", "--artifact", ".aws-sam/build", "--label", "is_right", "--wire", "all"
    )
    assert "agrees with is_right on 192 of 192" in said
    assert "every wire gives the same rewards" in said


def test_doctor_has_no_complaint(rft, built):
    said = json.loads(rft("doctor", "--json"))
    # D027 is the missing bytecode if this machine has no interpreter of the function's Python version.
    assert {one["id"] for one in said["findings"]} <= {"D027", "D069"}
    assert said["artifacts"]["MathAnswer"]["bytes_zipped"] < 5_000_000


def test_the_readme_s_commands_for_the_built_function_run(project, run, sam, rft):
    block = (project / "README.md").read_text().split("```console\n")[2].partition("```")[0]
    programs = {"sam": lambda *words: run(sam, *words), "rft": rft}
    commands = [shlex.split(line, comments=True) for line in block.splitlines()]
    assert [program for program, *_ in commands] == ["sam", "sam", "rft", "rft", "rft"]
    for program, *words in commands:
        programs[program](*words)


def test_a_changed_source_is_found_until_it_is_built(project, rft, built):
    source = (project / "math_grader.py").read_text()
    try:
        (project / "math_grader.py").write_text(source.replace("return same", "return not same"))
        assert "D030 older than the sources" in rft("doctor", code=1)
        assert "192 rollouts in 2 places over 1 wire: 192 samples differ" in rft(
            "parity", "rollouts.jsonl", "--wire", "nova", code=1
        )
    finally:
        (project / "math_grader.py").write_text(source)


def test_a_build_without_the_library_says_what_to_do(run):
    said = run("make", "build-MathAnswer", "ARTIFACTS_DIR=nowhere", "PYTHON=false", code=2)
    assert "rft-graders[deploy] is not installed for false: activate its environment" in said


def test_the_deployed_stack_is_shown_graded_and_in_parity(rft, deployed):
    assert deployed["MathAnswerVersionArn"] in rft("stack", "my-grader")
    known = ["--label", "is_right", "--range", "0", "1"]
    said = rft("replay", "rollouts.jsonl", "--stack", "my-grader", *known)
    assert "agrees with is_right on 192 of 192" in said
    said = json.loads(rft("replay", "rollouts.jsonl", "--arn", deployed["MathAnswerAliasArn"], "--json"))
    assert said["target"]["arn"] == deployed["MathAnswerVersionArn"]
    compared = json.loads(rft("parity", "rollouts.jsonl", "--stack", "my-grader", "--json"))
    assert [place["place"] for place in compared["places"]][2] == deployed["MathAnswerVersionArn"]
    assert compared["differences"] == []


def test_doctor_looks_at_the_deployed_function(rft, deployed):
    said = json.loads(rft("doctor", "--stack", "my-grader", "--model", "openai.gpt-oss-20b", "--json"))
    assert list(said["functions"]) == [deployed["MathAnswerVersionArn"]]
    # D064: log group ARNs of moto lack the final ":*". D068: the ARN has a version.
    # D069: moto has no account settings, and its signed-in user does not exist.
    assert {one["id"] for one in said["findings"]} <= {"D027", "D064", "D068", "D069"}
