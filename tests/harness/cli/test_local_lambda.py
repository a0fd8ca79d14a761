"""`rft replay` and `rft parity` of a built function in the local Lambda runtime."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from urllib.parse import unquote

import pytest

from harness.cli.main import main
from harness.localaws.confinement import Protection
from harness.localaws.loopback import HttpResponse, LoopbackServer
from harness.localaws.template import read_function
from support.builds import SAME, write_build, write_project
from support.rollout_files import rollout, write_rollouts

WRITES_BESIDE_ITSELF = """
import json
from pathlib import Path
from graders import Sample, grader

CACHE = Path(__file__).with_name("cache.json")

@grader
def same(sample: Sample) -> bool:
    seen = json.loads(CACHE.read_text()) if CACHE.exists() else {}
    right = seen.setdefault(sample.completion, sample.completion == sample.reference_text)
    CACHE.write_text(json.dumps(seen))
    return right
"""
USES_A_POOL = """
from concurrent.futures import ProcessPoolExecutor
from graders import Sample, grader

@grader(timeout_s=None, on_error="raise")
def same(sample: Sample) -> float:
    with ProcessPoolExecutor(1) as pool:
        return float(pool.submit(abs, -1).result())
"""
JUDGE = """
import boto3
from graders import Sample, grader

client = boto3.client("bedrock-runtime")

@grader
def same(sample: Sample) -> float:
    messages = [{"role": "user", "content": [{"text": sample.completion}]}]
    answer = client.converse(modelId="a.judge-v1:0", messages=messages)
    return float(answer["output"]["message"]["content"][0]["text"])
"""
SLOW = """
import time
from graders import Sample, grader

@grader
def same(sample: Sample) -> float:
    end = time.process_time() + 0.3
    while time.process_time() < end:
        pass
    return 1.0
"""


@pytest.fixture
def project(tmp_path, monkeypatch):
    folder = write_project(tmp_path / "project")
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.delitem(sys.modules, "app", raising=False)
    write_rollouts(folder / "rollouts.jsonl", [rollout(f"r{at}", str(at % 2), "1") for at in range(6)])
    return folder


@pytest.fixture
def said(project, capsys):
    """Build a grader, run a verb on it, and return the exit code and the JSON output."""

    def say(source, verb, *words, **settings):
        (project / "app.py").write_text(source)
        build = write_build(project, source, **settings)
        before = read_function(build / "template.yaml").code_sha256()
        code = main([verb, "rollouts.jsonl", *words, "--json"])
        assert read_function(build / "template.yaml").code_sha256() == before
        return code, json.loads(capsys.readouterr().out)

    return say


def test_a_grader_that_writes_beside_itself_is_not_replayed_to_a_reward(project, said):
    code, run = said(WRITES_BESIDE_ITSELF, "replay", "--artifact", ".aws-sam/build")
    assert (code, run["totals"]["errors"]) == (1, {"exception": 6})
    protection = run["function"]["protection"]
    rows = [json.loads(line) for line in (project / run["rewards"]).read_text().splitlines()]
    assert {row["reward"] for row in rows} == {None}
    if protection == "namespace":
        assert "OSError (Errno 30) at app.py:12" in rows[0]["error"]["message"]
        assert "function.log" in rows[0]["error"]["message"]
    log = (project / run["run"] / "function.log").read_text()
    assert "REPORT RequestId" in log


def test_parity_finds_a_grader_that_writes_beside_itself(said):
    code, found = said(WRITES_BESIDE_ITSELF, "parity", "--wire", "open-weight")
    assert (code, found["samples_that_differ"]) == (1, 6)
    assert found["places"][1]["protection"] in list(Protection)


def test_a_pool_of_processes_fails_as_in_lambda(said):
    code, run = said(USES_A_POOL, "replay", "--artifact", ".aws-sam/build")
    assert (code, run["totals"]["errors"]) == (1, {"call": 6})
    row = json.loads(Path(run["rewards"]).read_text().splitlines()[0])
    assert "OSError (Errno 38) at app.py:7" in row["error"]["message"]


def test_a_judge_in_the_artifact_asks_with_the_credentials_of_a_profile(said, project, monkeypatch):
    asked = []

    def answer(request):
        asked.append((unquote(request.path), request.headers["authorization"]))
        text = json.loads(request.body)["messages"][0]["content"][0]["text"]
        message = {"role": "assistant", "content": [{"text": text}]}
        usage = {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2}
        body = {"output": {"message": message}, "stopReason": "end_turn", "usage": usage}
        return HttpResponse(200, json.dumps({**body, "metrics": {"latencyMs": 1}}).encode())

    config = "[profile judge]\naws_access_key_id = the-judges-key\naws_secret_access_key = secret\n"
    (project / "config").write_text(config)
    server = LoopbackServer(answer, "converse")
    try:
        monkeypatch.setenv("AWS_CONFIG_FILE", str(project / "config"))
        monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", f"http://{server.address}")
        words = ["--pass-env", "AWS_ENDPOINT_URL_BEDROCK_RUNTIME", "--aws-credentials", "judge"]
        code, run = said(JUDGE, "replay", "--artifact", ".aws-sam/build", *words)
    finally:
        server.close()
    assert (code, run["totals"]["mean"], run["totals"]["errors"]) == (0, 0.5, {})
    assert {path for path, _ in asked} == {"/model/a.judge-v1:0/converse"}
    assert all("Credential=the-judges-key/" in signed for _, signed in asked)
    assert run["target"]["passed"] == ["AWS_ENDPOINT_URL_BEDROCK_RUNTIME"]
    assert "secret" not in (project / run["run"] / "run.json").read_text()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--artifact", ".aws-sam/build", "--pass-env", "NOT_SET_ANYWHERE"], "NOT_SET_ANYWHERE is not set"),
        (["--artifact", ".aws-sam/build", "--aws-credentials", "nobody"], "nobody"),
        (["--grader", "app.py:same", "--pass-env", "HOME"], "work only with a built function"),
    ],
)
def test_what_cannot_be_passed_is_said(project, capsys, words, message):
    write_build(project)
    assert main(["replay", "rollouts.jsonl", *words]) == 2
    assert message in capsys.readouterr().err


def test_a_call_that_lambda_would_end_is_warned_of(project, capsys):
    write_build(project, SLOW, MemorySize=128, Timeout=20)
    assert main(["replay", "rollouts.jsonl", "--artifact", ".aws-sam/build", "--limit", "5"]) == 0
    out = capsys.readouterr().out
    assert "128 MB is 0.07 of a processor" in out
    assert "warning: this is close to the timeout or above it" in out
    assert main(["parity", "rollouts.jsonl", "--wire", "open-weight", "--limit", "1"]) in (0, 1)
    assert "estimate for Lambda" in capsys.readouterr().out


def test_what_of_the_template_is_not_imitated_is_said(project, capsys):
    layers = ["arn:aws:lambda:us-west-2:123456789012:layer:numpy:1"]
    write_build(project, Layers=layers, VpcConfig={"SubnetIds": ["subnet-1"]}, Architectures=["arm64"])
    assert main(["replay", "rollouts.jsonl", "--artifact", ".aws-sam/build"]) == 0
    out = capsys.readouterr().out
    assert "its layers are not emulated" in out
    assert "its VPC is not emulated" in out
    assert "for arm64" in out


def test_an_artifact_that_is_older_than_its_sources_is_said_to_be(project, capsys):
    write_build(project)
    (project / "app.py").write_text("changed = True\n" + (project / "app.py").read_text())
    assert main(["replay", "rollouts.jsonl", "--artifact", ".aws-sam/build"]) == 0
    assert "older than its sources: app.py changed since it was built" in capsys.readouterr().out
    main(["parity", "rollouts.jsonl", "--wire", "open-weight"])
    assert "older than its sources: app.py" in capsys.readouterr().out


def test_a_module_that_writes_when_it_is_imported_is_refused(project, capsys):
    source = f"open('cache.json', 'w').close()\n{SAME}"
    build = write_build(project, source)
    assert main(["replay", "rollouts.jsonl", "--artifact", ".aws-sam/build"]) == 2
    said = capsys.readouterr().err
    assert any(each in said for each in ("Errno 30", "Errno 13", "changed its artifact: cache.json"))
    assert not (build / "Same" / "cache.json").exists()
