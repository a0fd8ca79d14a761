from __future__ import annotations

import json
import sys

import pytest

from graders.wire import PROVEN
from harness.cli.main import main
from harness.localaws.invoke import LambdaServer
from support.artifacts import write_grader
from support.builds import SAME, write_build, write_project
from support.rollout_files import rollout, write_rollouts

ARN = "arn:aws:lambda:us-west-2:123456789012:function:grader"


@pytest.fixture
def project(tmp_path, monkeypatch):
    folder = write_project(tmp_path / "project")
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.delitem(sys.modules, "app", raising=False)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    write_rollouts(folder / "rollouts.jsonl", [rollout(f"r{at}", str(at % 3), "1") for at in range(30)])
    return folder


def test_the_same_everywhere(project, capsys):
    write_build(project)
    assert main(["parity", "rollouts.jsonl"]) == 0
    out = capsys.readouterr().out
    same = "30 rollouts in 2 places over 14 wires: rewards, metrics, errors, ids and order are the same"
    assert same in out
    assert "cold start" in out
    assert "of 6 MB" in out


def test_differences_side_by_side_one_line_for_all_wires(project, capsys):
    write_build(project, SAME.replace('"length": len', '"length": 2 * len'))
    assert main(["parity", "rollouts.jsonl", "--limit", "2"]) == 1
    out = capsys.readouterr().out
    assert "2 rollouts in 2 places over 14 wires: 2 samples differ" in out
    table = [line.split() for line in out.splitlines() if line.startswith("  ")]
    assert ["samples", "first", "place", "wire", "what", "here", "there"] in table
    assert ["2", "r0", "lambda-runtime", "all", "length", "1", "2"] in table


def test_json_has_every_difference_and_nothing_else_on_stdout(project, capsys):
    (project / "app.py").write_text(f"print('hello')\n{SAME}")
    write_build(project, SAME.replace("==", "!="))
    assert main(["parity", "rollouts.jsonl", "--wire", "nova", "--json"]) == 1
    said = json.loads(capsys.readouterr().out)
    assert said["samples_that_differ"] == len(said["differences"]) == 30
    assert said["differences"][1] == {
        "id": "r1",
        "place": "lambda-runtime",
        "wire": "nova",
        "what": "reward",
        "here": 1.0,
        "there": 0.0,
    }
    assert said["wires"] == ["nova"]
    assert {"code_sha256", "p50_ms", "p99_ms", "timeout_s", "cold_start_ms"} <= set(said["places"][1])


def test_a_function_behind_aws_s_api_is_compared_too(project, capsys, tmp_path, monkeypatch):
    write_build(project)
    with LambdaServer() as server:
        spec = write_grader(tmp_path / "artifact", SAME, handler="app.same", name="grader", timeout_s=20)
        server.add(spec, version="1", aliases=("live",))
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
        monkeypatch.setenv("AWS_DEFAULT_REGION", "us-west-2")
        words = ["parity", "rollouts.jsonl", "--arn", f"{ARN}:1", "--arn", "grader:live", "--json"]
        assert main(words) == 0
    said = json.loads(capsys.readouterr().out)
    assert [place["place"] for place in said["places"]][2:] == [f"{ARN}:1", "grader:live"]
    assert said["wires"] == list(PROVEN)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "nothing is built here. Run `sam build`"),
        (["--wire", "carrier-pigeon"], "there is no wire"),
        (["--limit", "0"], "--limit"),
    ],
)
def test_what_cannot_be_compared(project, capsys, words, message):
    assert main(["parity", "rollouts.jsonl", *words]) == 2
    assert message in capsys.readouterr().err


def test_records_and_broken_lines_are_refused(project, capsys):
    write_build(project)
    (project / "records.jsonl").write_text('{"messages": [{"role": "user", "content": "2+2?"}]}\n')
    assert main(["parity", "records.jsonl"]) == 2
    assert "this file contains records" in capsys.readouterr().err
    with (project / "rollouts.jsonl").open("a") as file:
        file.write("{\n")
    assert main(["parity", "rollouts.jsonl"]) == 2
    assert "rollouts.jsonl:31: " in capsys.readouterr().err


def test_a_service_that_is_away_is_not_a_difference(project, capsys, monkeypatch):
    write_build(project)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    assert main(["parity", "rollouts.jsonl", "--arn", f"{ARN}:1"]) == 3


BY_HAND = """
def lambda_handler(event, context):
    return [{"id": one["id"], "aggregate_reward_score": one["metadata"].get("level", 0)} for one in event]
"""


def test_a_handler_by_hand_sees_the_fields_of_the_records(project, capsys):
    lines = [rollout(f"r{at}", str(at), "1", level=at) for at in range(3)]
    write_rollouts(project / "rollouts.jsonl", lines)
    record = {"messages": lines[0]["messages"][:1], "reference_answer": "1", "level": 4}
    write_rollouts(project / "train.jsonl", [record])
    (project / "code").mkdir()
    for folder in (project, project / "code"):
        (folder / "reward.py").write_text(BY_HAND)
    words = ["parity", "rollouts.jsonl", "--handler", "reward.lambda_handler", "--artifact", "code"]
    assert main([*words, "--wire", "open-weight", "--records", "train.jsonl"]) == 0
    out = capsys.readouterr().out
    assert "fields are those of the records in" in out
    assert "3 rollouts in 2 places over 1 wire: rewards, metrics, errors, ids and order are the same" in out
    assert main([*words, "--records", "rollouts.jsonl"]) == 2
    assert "the line is a rollout" in capsys.readouterr().err
