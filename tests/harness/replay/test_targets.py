"""Replays on targets outside this process: a built artifact, and a function behind the Lambda API."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from graders.wire import PROVEN
from harness.cli.main import main
from harness.errors import InputError, ServiceError
from harness.localaws.function import FunctionSpec
from harness.localaws.invoke import LambdaServer
from harness.localaws.loopback import HttpResponse, LoopbackServer
from harness.replay.prepare import ReplayRequest, prepare
from harness.replay.supervisor import replay
from harness.runs.facts import DeployedFacts, LocalRuntimeFacts
from harness.runs.rows import failure_of, read_rows
from harness.runs.store import open_run
from harness.targets.opening import CONCURRENCY, describe
from harness.targets.opening import TargetChoice as Target
from support.artifacts import write_grader
from support.builds import SAME, write_build, write_project
from support.rollout_files import rollout, write_rollouts

ARN = "arn:aws:lambda:us-west-2:123456789012:function:grader"


@pytest.fixture(autouse=True)
def credentials(monkeypatch, tmp_path):
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_ENDPOINT_URL", CONCURRENCY):
        monkeypatch.delenv(name, raising=False)
    values = {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-west-2",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": str(tmp_path / "none"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none"),
        "AWS_MAX_ATTEMPTS": "1",
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def rollouts(tmp_path):
    lines = [rollout(f"r{at}", "4" if at % 2 else "5", "4", right=bool(at % 2)) for at in range(150)]
    return write_rollouts(tmp_path / "rollouts.jsonl", lines)


@pytest.fixture
def project(tmp_path, monkeypatch):
    folder = write_project(tmp_path / "project")
    monkeypatch.chdir(folder)
    return folder


def function(folder, source=SAME, **settings) -> FunctionSpec:
    return write_grader(folder, source, handler="app.same", name="grader", timeout_s=20, **settings)


def rewards(run):
    return {row["id"]: row["reward"] for row in read_rows(run.rewards)}


# --- A handler without a template -----------------------------------------------------------------

FOREIGN = """
def lambda_handler(event, context):
    return [{"id": item["id"], "aggregate_reward_score": 0.25, "metrics_list": []} for item in event]
"""


@pytest.fixture
def code(tmp_path):
    folder = tmp_path / "code"
    (folder / "inner").mkdir(parents=True)
    (folder / "inner" / "reward.py").write_text(FOREIGN)
    return folder


def test_a_handler_of_a_folder_or_zip_file_needs_no_template(code, rollouts, tmp_path, monkeypatch):
    packed = Path(shutil.make_archive(str(tmp_path / "packed"), "zip", code))
    monkeypatch.chdir(tmp_path)
    hashes = set()
    for artifact in (code, packed):
        handler = "inner/reward.lambda_handler"
        request = ReplayRequest(
            rollouts=rollouts, limit=10, target="lambda-runtime", artifact=artifact, handler=handler
        )
        run = prepare(request)
        assert replay(run, cores=1).mean == 0.25
        assert run.facts.bounds is None
        hashes.add(run.facts.grader.sha256)
    assert len(hashes) == 1


def test_a_handler_in_process_is_named_as_lambda_names_it(code, rollouts, monkeypatch):
    monkeypatch.chdir(code)
    run = prepare(ReplayRequest(rollouts=rollouts, limit=10, handler="inner/reward.lambda_handler"))
    assert run.facts.grader.ref == "inner.reward:lambda_handler"
    assert replay(run, cores=1).mean == 0.25


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"handler": "reward.py"}, "'reward.py' is not the name of a handler"),
        ({"handler": "reward:handler"}, "'reward:handler' is not the name of a handler"),
        ({"handler": "handler"}, "'handler' is not the name of a handler"),
        ({"handler": "a.b", "grader": "c:d"}, "--handler cannot be combined with --grader or --function"),
        ({"handler": "a.b", "target": f"{ARN}:1"}, "--handler is for code on this machine"),
        ({"handler": "a.b", "target": "lambda-runtime", "artifact": Path("app.py")}, "neither a folder nor"),
        ({"handler": "a.b", "target": "lambda-runtime", "artifact": Path("gone")}, "cannot be read: No such"),
        ({"handler": "a.b", "target": "lambda-runtime", "artifact": Path()}, "Name the module by its path"),
    ],
)
def test_an_unusable_handler_is_reported_with_the_reason(asked, said, rollouts, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("app.py").write_text(FOREIGN)
    with pytest.raises(InputError, match=said):
        prepare(ReplayRequest(rollouts=rollouts, **asked))


# --- The built artifact ---------------------------------------------------------------------------


def test_a_missing_build_is_reported_with_the_command_for_it(project, rollouts):
    with pytest.raises(InputError, match="nothing is built here. Run `sam build`"):
        prepare(ReplayRequest(rollouts=rollouts, target="lambda-runtime"))


def test_the_built_artifact_grades_and_the_run_names_its_code(project, rollouts):
    write_build(project)
    run = prepare(ReplayRequest(rollouts=rollouts, target="lambda-runtime", label="right"))
    totals = replay(run, cores=1)
    assert (totals.gradings, totals.errors, totals.disagreed) == (150, {}, 0)
    assert rewards(run)["r1"] == 1.0
    target, grader = run.facts.target, run.facts.grader
    assert isinstance(target, LocalRuntimeFacts)
    assert (target.function, grader.ref) == ("Same", "app:same")
    assert target.code_sha256 == grader.sha256
    # The artifact reported its range, which decides which rewards agree with a label.
    assert run.facts.bounds == (-1.0, 1.0)


def test_another_artifact_is_another_run(project, rollouts):
    write_build(project)
    begun = prepare(ReplayRequest(rollouts=rollouts, target="lambda-runtime"))
    assert prepare(ReplayRequest(rollouts=rollouts, target="lambda-runtime")).folder == begun.folder
    with (project / ".aws-sam/build/Same/app.py").open("a") as file:
        file.write("# changed\n")
    assert prepare(ReplayRequest(rollouts=rollouts, target="lambda-runtime")).folder != begun.folder


@pytest.mark.parametrize("grader", ["app:same", "app.py:same", "app.py", "app", "./app.py:same"])
def test_the_function_is_found_by_its_grader(project, grader):
    write_build(
        project, functions={"Same": "app.same", "Other": "graders.examples.word_problems.word_problem"}
    )
    target, _ = describe(Target(target="lambda-runtime", grader=grader))
    assert isinstance(target, LocalRuntimeFacts)
    assert target.function == "Same"


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({}, "this build has 2 functions. Name one with --function: Same, Other."),
        ({"function": "Nobody"}, "no function has the name Nobody"),
        ({"grader": "app:other"}, "no functions have the handler of app:other"),
    ],
)
def test_a_grader_of_no_or_several_functions_is_refused(project, asked, message):
    write_build(project, functions={"Same": "app.same", "Other": "app.wrong"})
    with pytest.raises(InputError) as refused:
        describe(Target(target="lambda-runtime", **asked))
    assert message in str(refused.value)


def test_an_artifact_can_be_named_by_its_own_folder(project):
    build = write_build(project, functions={"Same": "app.same", "Other": "app.wrong"})
    target, _ = describe(Target(target="lambda-runtime", artifact=build / "Same"))
    assert isinstance(target, LocalRuntimeFacts)
    assert target.function == "Same"


def test_an_artifact_that_cannot_be_imported_is_refused_before_anything_is_graded(project):
    write_build(project, "import click")
    with pytest.raises(InputError, match="No module named 'click'"):
        describe(Target(target="lambda-runtime"))


def test_a_grader_that_prints_on_import_does_not_get_in_the_way(project):
    write_build(project, f"print('hello')\n{SAME}")
    assert describe(Target(target="lambda-runtime"))[1].bounds == (-1.0, 1.0)


def test_a_different_interpreter_than_the_function_s_is_reported(project, rollouts, capsys):
    write_build(project, Runtime="python3.1")
    assert main(["replay", str(rollouts), "--function", "Same"]) == 0
    assert "note: parity is not proven for python3.1" in capsys.readouterr().out


def test_cores_are_for_grading_in_process(project, rollouts, capsys):
    assert main(["replay", str(rollouts), "--artifact", ".aws-sam/build", "--cores", "2"]) == 2
    assert "Use --concurrency elsewhere" in capsys.readouterr().err


# --- A function in AWS ----------------------------------------------------------------------------


@pytest.fixture
def server(tmp_path, monkeypatch):
    with LambdaServer() as served:
        served.add(function(tmp_path / "artifact"), version="3", aliases=("live",))
        monkeypatch.setenv("AWS_ENDPOINT_URL", served.url)
        yield served


@pytest.mark.parametrize("asked", [f"{ARN}:live", "grader:live", f"{ARN}:3"])
def test_a_deployed_function_grades_and_its_alias_is_pinned(server, project, rollouts, asked):
    run = prepare(ReplayRequest(rollouts=rollouts, target=asked))
    assert replay(run, cores=1).mean == 0.5
    target = run.facts.target
    assert isinstance(target, DeployedFacts)
    assert target.arn == asked.replace("live", "3")
    assert (target.asked, target.version) == (asked, "3")
    assert target.code_sha256 == run.facts.grader.sha256 is not None


def test_the_range_of_a_deployed_grader_is_unknown_until_given(server, project, rollouts, capsys):
    words = ["replay", str(rollouts), "--arn", f"{ARN}:3", "--label", "right"]
    assert main([*words, "--name", "unknown"]) == 2
    said = capsys.readouterr()
    assert "agrees with right on 0 of 0 (150 could not be compared)\n" in said.out
    assert "range not known: true and false were not compared; add --range LOW HIGH\n" in said.out
    assert "the grader's range is not known. Add --range LOW HIGH" in said.err
    run = open_run(project / "runs" / "unknown")
    assert (run.facts.bounds, run.totals.agreed, run.totals.unlabeled) == (None, 0, 150)
    assert main([*words, "--name", "said", "--range", "-1", "1"]) == 0
    assert "agrees with right on 150 of 150\n" in capsys.readouterr().out
    assert open_run(project / "runs" / "said").facts.bounds == (-1.0, 1.0)
    assert main([*words, "--name", "source", "--grader", "app.py:same"]) == 0
    assert open_run(project / "runs" / "source").facts.bounds == (-1.0, 1.0), "range of the grader's source"
    assert main([*words, "--name", "wrong", "--grader", "app.py:same", "--range", "0", "1"]) == 2
    assert "declares a range from -1 to 1, not from 0 to 1" in capsys.readouterr().err
    assert not (project / "runs" / "wrong").exists()


def test_a_moved_alias_starts_another_run(server, project, rollouts, tmp_path):
    begun = prepare(ReplayRequest(rollouts=rollouts, target=f"{ARN}:live"))
    assert prepare(ReplayRequest(rollouts=rollouts, target=f"{ARN}:live")).folder == begun.folder
    server.add(function(tmp_path / "next", SAME + "# next\n"), version="4", aliases=("live",))
    assert prepare(ReplayRequest(rollouts=rollouts, target=f"{ARN}:live")).folder != begun.folder


def test_a_run_resumes_after_a_service_outage(server, project, rollouts, monkeypatch):
    """The replay ends with exit code 3. The same command at another endpoint grades only what is missing."""
    calls = []

    def two_calls(request):
        if request.method == "POST":
            calls.append(len(json.loads(request.body)))
            if len(calls) > 1:
                return HttpResponse(503, b'{"message": "away"}', {"x-amzn-ErrorType": "ServiceException"})
        return server._handle(request)

    away = LoopbackServer(two_calls, "away")
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{away.address}")
    monkeypatch.setenv(CONCURRENCY, "1")
    try:
        run = prepare(ReplayRequest(rollouts=rollouts, target=f"{ARN}:3"))
        with pytest.raises(ServiceError, match="resumes where this one stopped"):
            replay(run, cores=1)
        assert calls == [64, 64]
    finally:
        away.close()
    monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
    monkeypatch.setenv(CONCURRENCY, "3")  # concurrency is not part of a run's identity
    again = prepare(ReplayRequest(rollouts=rollouts, target=f"{ARN}:3"))
    assert again.folder == run.folder
    assert len(again.shard(0).read_text().splitlines()) == 64
    assert replay(again, cores=1).gradings == 150
    assert list(rewards(again)) == [f"r{at}" for at in range(150)]


def test_a_function_that_always_fails_is_recorded(server, project, rollouts, tmp_path):
    raising = "def same(event, context):\n    raise MemoryError('too much')\n"
    server.add(function(tmp_path / "raising", raising), version="5")
    run = prepare(ReplayRequest(rollouts=rollouts, target=f"{ARN}:5", limit=10))
    assert replay(run, cores=1).errors == {"call": 10}
    assert "MemoryError: too much" in failure_of(next(read_rows(run.rewards)))[1]


def test_a_batch_over_six_megabytes_is_split_and_a_sample_over_it_is_named(server, project, tmp_path):
    lines = [rollout(f"r{at}", "4", "4", record=at, filler="x" * 2_000_000) for at in range(5)]
    lines.append(rollout("huge", "4", "4", record=5, filler="x" * 6_300_000))
    run = prepare(ReplayRequest(rollouts=write_rollouts(tmp_path / "large.jsonl", lines), target=f"{ARN}:3"))
    replay(run, cores=1)
    assert rewards(run) == {**{f"r{at}": 1.0 for at in range(5)}, "huge": None}


def test_every_wire_reaches_a_deployed_function(server, project, rollouts):
    run = prepare(ReplayRequest(rollouts=rollouts, target=f"{ARN}:3", wire="all", limit=10))
    assert (replay(run, cores=1).wires, len(PROVEN)) == (0, 14)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (
            {"target": "lambda"},
            "'lambda' does not name a version of a function. Write its ARN, or NAME:ALIAS.",
        ),
        ({"target": f"{ARN}:9"}, "does not exist in this account and region"),
        ({"target": f"{ARN}:3", "region": "us-east-1"}, "the ARN's Region is us-west-2, not us-east-1"),
        ({"target": f"{ARN}:3", "function": "Same"}, "name a built function, not a deployed one"),
        ({"grader": None}, "no grader is named"),
    ],
)
def test_contradictory_targets_are_refused(server, asked, message):
    with pytest.raises(InputError) as refused:
        describe(Target(**asked))
    assert message in str(refused.value)


@pytest.mark.parametrize("number", ["many", "0", "-1", "1.5", "²"])
def test_a_concurrency_that_is_not_a_number_is_refused(server, monkeypatch, number):
    monkeypatch.setenv(CONCURRENCY, number)
    with pytest.raises(InputError, match=f"RFT_CONCURRENCY is '{number}'"):
        describe(Target(target=f"{ARN}:3"))
