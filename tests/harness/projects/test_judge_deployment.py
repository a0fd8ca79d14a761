"""The project of `rft init --kind judge`, built with the real `sam` and run in the local Lambda runtime.

Its judge answers from the shipped file of recorded answers, or from local stand-ins for both kinds of
services.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from support.judge_endpoint import SCHEMA, JudgeEndpoint, refusing
from support.sam_command import sam_command
from support.stand_in_judge import stand_in
from support.wheels import write_wheels

pytestmark = pytest.mark.slow

RUNTIME = f"python3.{sys.version_info.minor}"
MODEL = "us.anthropic.claude-haiku-4-5-20251001-v1:0"


def run(folder, *words, code=0, **variables):
    """Run a command in a project, without any account, key or Region except those in `variables`."""
    unknown = ("AWS_", "OPENAI_", "PYTEST_")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(unknown)}
    environment |= {"PYTHON": sys.executable, "SAM_CLI_TELEMETRY": "0", "MAKEFLAGS": "", **variables}
    environment.setdefault("AWS_EC2_METADATA_DISABLED", "true")
    done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == code, f"{words}\n{done.stdout}{done.stderr}"
    return done.stdout


def rft(folder, *words, **more):
    return run(folder, sys.executable, "-m", "harness.cli.main", *words, **more)


def built(folder, **variables):
    """Make a project for this interpreter's runtime, and build it."""
    rft(folder.parent, "init", folder.name, "--kind", "judge")
    template = folder / "template.yaml"
    template.write_text(template.read_text().replace("Runtime: python3.13", f"Runtime: {RUNTIME}"))
    if variables:
        grader = folder / "grader.toml"
        other = f'service = "openai"\nmodel = "{MODEL}"'
        grader.write_text(grader.read_text().replace(f'model = "{MODEL}"', other))
        (folder / "requirements.txt").write_text("openai\n")
    run(folder, sam_command(), "build", **variables)
    return folder


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    return built(tmp_path_factory.mktemp("built") / "shop")


def rewards(folder, *words, **variables):
    """Run a command on the artifact. Returns its summary and the reward of each sample."""
    summary = json.loads(rft(folder, *words, "--artifact", ".aws-sam/build", "--json", **variables))
    lines = (folder / summary["run"] / "rewards.jsonl").read_text().splitlines()
    return summary, {row["id"]: row["reward"] for row in map(json.loads, lines)}


def asked(folder, endpoint):
    """Replay the artifact with a service instead of the recorded answers."""
    words = ["--no-config", "replay", "rollouts.jsonl", "--records", "records.jsonl", "--label", "is_good"]
    passed = [name for name in endpoint.variables if name not in ("AWS_REGION", "AWS_DEFAULT_REGION")]
    words += [word for name in passed for word in ("--pass-env", name)]
    return rewards(folder, *words, **endpoint.variables)


@pytest.fixture(scope="module")
def recorded(shop):
    return rewards(shop, "replay")


def test_the_template_is_valid(shop):
    assert "is a valid SAM Template" in run(shop, sam_command(), "validate", "--lint", AWS_REGION="us-west-2")


def test_the_artifact_answers_from_the_recorded_file_as_the_sources_do(shop, recorded):
    summary, _ = recorded
    assert (summary["agreement"], summary["totals"]["errors"]) == (0.9, {})
    assert "rewards, metrics, errors, ids and order are the same" in rft(shop, "parity")


def test_the_artifact_asks_bedrock_whatever_form_its_model_takes(shop, recorded):
    def without_schemas(request):
        if request.form == SCHEMA:
            return refusing("ValidationException", "This model doesn't support the outputConfig field.")
        return stand_in(request)

    for script in (stand_in, without_schemas):
        with JudgeEndpoint(script) as endpoint:
            _, given = asked(shop, endpoint)
        assert given == recorded[1]
        assert {request.service for request in endpoint.seen} == {"converse"}
        assert {request.model for request in endpoint.seen} == {MODEL}


def test_the_artifact_asks_an_openai_compatible_service(tmp_path, recorded):
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    write_wheels("openai", wheels)
    folder = built(tmp_path / "shop", PIP_NO_INDEX="1", PIP_FIND_LINKS=str(wheels))
    with JudgeEndpoint(stand_in) as endpoint:
        _, given = asked(folder, endpoint)
    assert given == recorded[1]
    assert {request.service for request in endpoint.seen} == {"chat"}
    assert "warning D037 no key for its judge" in rft(folder, "doctor")


def test_doctor_names_the_model_and_says_how_it_gives_its_verdict_once_asked(shop):
    said = json.loads(rft(shop, "doctor", "--json"))
    [judge] = said["artifacts"]["JudgeCheck"]["judges"]
    assert (judge["service"], judge["model"], judge["parts"]) == ("bedrock", MODEL, None)
    assert [one for one in said["findings"] if one["severity"] != "note"] == []
    words = ["doctor", "--ask-judge", "rollouts.jsonl"]
    with JudgeEndpoint(stand_in) as endpoint:
        assert "form: JSON schema" in rft(shop, *words, **endpoint.variables)
        assert len(endpoint.seen) == 1
        endpoint.script = lambda request: refusing("AccessDeniedException", "no access", 403)
        failed = rft(shop, *words, code=1, **endpoint.variables)
    assert "error D038 its judge does not answer" in failed
    assert "JudgeModel" in failed


def test_doctor_finds_a_role_that_does_not_cover_another_model(shop):
    grader = shop / "grader.toml"
    before = grader.read_text()
    try:
        grader.write_text(before.replace(MODEL, "eu.amazon.nova-lite-v1:0"))
        run(shop, sam_command(), "build")
        assert "error D036 may not call its judge" in rft(shop, "doctor", code=1)
    finally:
        grader.write_text(before)
        run(shop, sam_command(), "build")
