from __future__ import annotations

import itertools
import sys
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from zipfile import ZipFile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders import Sample
from graders.wire import PROFILES, PROVEN, read_event
from harness.deploy.parity import Times, compare
from harness.deploy.places import GradingPlace, open_places
from harness.deploy.surroundings import Surroundings
from harness.errors import InputError, ServiceError
from harness.localaws.invoke import LambdaServer
from harness.replay.grading import grade_batch
from harness.rollouts.read import read_rollouts
from harness.targets.fake import FakeTarget
from harness.targets.protocol import Answer, Graded, GraderFault, ServiceFault
from support.artifacts import write_grader
from support.builds import SAME, write_build, write_project
from support.rollout_files import rollout, write_rollouts

ARN = "arn:aws:lambda:us-west-2:123456789012:function:grader"


@pytest.fixture
def rollouts(tmp_path):
    lines = [rollout(f"r{at}", "4" if at % 2 else "5", "4") for at in range(70)]
    lines.append(rollout(7, "\ud800é", {"a": [1.5, None]}, deep={"x": 2**70}))
    lines.append(rollout("empty", None, "4"))
    return list(read_rollouts(write_rollouts(tmp_path / "rollouts.jsonl", lines)))


def place(answer, name="there", **options):
    return GradingPlace(name, FakeTarget(answer, **options), "sha")


def rewarding(change=lambda sample, graded: graded):
    """Return a target that gives 1.0 for "4" and passes each result through `change`."""

    def answer(event):
        items = []
        for item in read_event(event):
            text = Sample(item).completion
            items.append(change(item, Graded(float(text == "4"), {"length": float(len(text))}, None)))
        return Answer(items, 2.0)

    return answer


def test_places_that_grade_alike_have_no_differences(rollouts):
    found = compare(rollouts, [place(rewarding(), "in-process"), place(rewarding(), concurrency=3)])
    assert (found.differences, found.rollouts, found.samples) == ([], 72, 0)
    assert found.wires == list(found.largest_event) == list(PROVEN)
    assert 0 < found.payload_share() < 0.01


@pytest.mark.parametrize(
    ("changed", "what", "here", "there"),
    [
        (Graded(0.25, {"length": 1.0}, None), "reward", 1.0, 0.25),
        (Graded(1.0, {"length": 2.0}, None), "length", 1.0, 2.0),
        (Graded(1.0, {"length": 1.0, "more": 0.0}, None), "more", None, 0.0),
        (Graded(1.0, {}, None), "length", 1.0, None),
        (Graded(None, {}, {"kind": "timeout", "message": "slow"}), "error", 1.0, "timeout"),
    ],
)
def test_one_sample_that_differs_on_one_wire_is_named(rollouts, changed, what, here, there):
    def change(item, graded):
        nova = Sample(item).messages[-1]["role"] == "nova_assistant" and "metadata" in item
        return changed if item.get("id") == "r3" and nova else graded

    [one] = compare(rollouts, [place(rewarding(), "in-process"), place(rewarding(change))]).differences
    assert tuple(one) == ("r3", "there", "nova", what, here, there)


def test_an_error_here_and_another_there_differ_and_the_same_do_not(rollouts):
    def failing(kind):
        return rewarding(lambda item, graded: Graded(None, {}, {"kind": kind, "message": "m"}))

    kinds = {"here": "record", "there": "record", "off": "value"}
    places = [place(failing(kind), name) for name, kind in kinds.items()]
    found = compare(rollouts, places, ["open-weight"])
    assert {one.place for one in found.differences} == {"off"}
    assert found.samples == 72


def failing_where(fails):
    def answer(event):
        if any(fails(item) for item in event):
            return Answer([], 1.0, GraderFault("EventError", "answer 1 carries the id 'r1'"))
        return rewarding()(event)

    return place(answer)


def test_a_sample_that_fails_its_call_is_the_one_difference(rollouts):
    fails = failing_where(lambda item: item.get("id") == "r2")
    found = compare(rollouts, [place(rewarding(), "in-process"), fails], ["open-weight"])
    assert [one.id for one in found.differences] == ["r2"]
    assert found.differences[0].there == "call: EventError: answer 1 carries the id 'r1'"


def test_a_place_whose_every_call_fails_differs_in_every_sample(rollouts):
    fails = failing_where(lambda item: True)
    found = compare(rollouts, [place(rewarding(), "in-process"), fails], ["open-weight"])
    assert found.samples == 72


def test_a_service_that_is_away_ends_the_comparison(rollouts):
    def answer(event):
        return Answer([], 1.0, ServiceFault("ServiceException", "away", True))

    with pytest.raises(ServiceError):
        compare(rollouts, [place(rewarding(), "in-process"), place(answer)])


def test_a_grader_that_reads_one_wire_alone_differs_from_itself(rollouts):
    def answer(event):
        items = [Graded(float("reference_answer" in item), {}, None) for item in read_event(event)]
        return Answer(items, 1.0)

    found = compare(rollouts, [place(answer, "in-process")])
    assert {one.wire for one in found.differences} == {
        name
        for name in PROVEN
        if PROFILES[name].placement == "root" and PROFILES[name].reference == "reference_answer"
    }


def test_one_sample_a_call_does_not_count_for_the_time_of_a_batch(rollouts):
    found = compare(rollouts, [place(rewarding(), "in-process")])
    lists = sum(PROFILES[name].container != "single" for name in PROVEN)
    assert len(found.times["in-process"].calls) + 1 == 2 * lists


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=200), st.floats(0, 1))
def test_a_share_of_the_calls_took_no_longer_than_its_quantile(took, share):
    times = Times()
    times.add(1e9)
    for ms in took:
        times.add(ms)
    at = times.at(share)
    assert at in took
    assert sum(ms <= at for ms in took) >= share * len(took) - 1e-6


def test_without_another_call_the_first_one_counts():
    times = Times()
    assert times.at(0.5) is None
    times.add(3.0)
    assert times.at(0.99) == 3.0


# --- The real places ------------------------------------------------------------------------------


@pytest.fixture
def project(tmp_path, monkeypatch):
    folder = write_project(tmp_path / "project")
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.delitem(sys.modules, "app", raising=False)
    for name, value in {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}.items():
        monkeypatch.setenv(name, value)
    return folder


def test_a_grader_grades_alike_here_built_and_behind_the_api(project, rollouts, tmp_path, monkeypatch):
    write_build(project)
    with LambdaServer() as server, ExitStack() as stack:
        spec = write_grader(tmp_path / "artifact", SAME, handler="app.same", name="grader", timeout_s=20)
        server.add(spec, version="1")
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
        places = open_places(stack, arns=[f"{ARN}:1", f"{ARN}:$LATEST"])
        found = compare(rollouts, places)
        facts = [place.facts() for place in places]
    assert found.differences == []
    assert [fact["place"] for fact in facts] == ["in-process", "lambda-runtime", f"{ARN}:1", f"{ARN}:$LATEST"]
    assert [fact["timeout_s"] for fact in facts] == [None, 30.0, 20, 20]
    # The function behind the API runs the files that were built.
    assert facts[0]["code_sha256"] != facts[1]["code_sha256"] == facts[2]["code_sha256"]
    assert facts[1]["cold_start_ms"] > 0
    assert "not a published version" in facts[3]["notes"][0]


def test_an_artifact_older_than_its_source_is_caught(project, rollouts):
    write_build(project, SAME.replace("==", "!="))
    with ExitStack() as stack:
        found = compare(rollouts, open_places(stack, grader="app.py:same"), ["open-weight"])
    assert found.samples == len(rollouts)
    assert {one.place for one in found.differences} == {"lambda-runtime"}


def test_another_interpreter_than_the_function_s_is_told(project):
    write_build(project, Runtime="python3.1")
    with ExitStack() as stack:
        places = open_places(stack, grader="app.py:same")
    assert "parity is not proven for python3.1" in places[1].notes[0]


def test_nothing_built_is_refused_unless_a_function_in_aws_is_named(project, tmp_path, monkeypatch):
    with ExitStack() as stack, pytest.raises(InputError, match="Run `sam build`"):
        open_places(stack, grader="app.py:same")
    with LambdaServer() as server, ExitStack() as stack:
        server.add(write_grader(tmp_path / "artifact", SAME, handler="app.same", name="grader"), version="1")
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
        places = open_places(stack, grader="app.py:same", arns=[f"{ARN}:1"])
        assert [place.name for place in places] == ["in-process", f"{ARN}:1"]
        with pytest.raises(InputError, match="Run `sam build`"):
            open_places(stack, arns=[f"{ARN}:1"])


@pytest.mark.parametrize(
    ("here", "there", "cause"),
    [
        ({"python": "3.11.7"}, {"python": "3.13.0"}, "Python 3.11.7 here, 3.13.0 there"),
        ({"architecture": "x86_64"}, {"architecture": "arm64"}, "x86_64 here, arm64 there"),
        ({"time_zone": "CET/CEST"}, {"time_zone": "UTC"}, "time zone CET/CEST here, UTC there"),
        ({"encoding": "ascii"}, {"encoding": "utf-8"}, "text encoding ascii here, utf-8 there"),
        (
            {"packages": {"numpy": "2.1", "here": "1"}},
            {"packages": {"numpy": "2.3"}},
            "package versions: numpy 2.1 here, 2.3 there",
        ),
        (
            {"variables": {"MODE": "x", "THRESHOLD": "1"}},
            {"variables": {"THRESHOLD": "2"}},
            "variables that the function sets and this process does not: THRESHOLD",
        ),
        (
            {"variables": {"MODE": "x", "EDITOR": "vi"}},
            {"variables": {}},
            "variables set only here that the grader's code mentions: MODE",
        ),
    ],
)
def test_what_is_otherwise_in_a_place_is_said_where_it_grades_otherwise(rollouts, here, there, cause):
    first = replace(place(rewarding(), "in-process"), around=Surroundings(**here))
    half = rewarding(lambda item, graded: graded._replace(reward=0.5))
    set_there = {key: value for key, value in there.get("variables", {}).items() if key == "THRESHOLD"}
    other = replace(
        place(half),
        around=Surroundings(**there),
        variables=set_there,
        source="os.environ['MODE'], 'THRESHOLD'",
    )
    found = compare(rollouts, [first, other], ["open-weight"])
    assert cause in found.causes["there"]
    assert found.causes["in-process"] == []
    alike = replace(other, target=FakeTarget(rewarding()))
    assert compare(rollouts, [first, alike], ["open-weight"]).causes == {"in-process": [], "there": []}


def test_a_grader_that_counts_disagrees_with_itself(rollouts):
    seen = itertools.count()
    counting = rewarding(lambda item, graded: graded._replace(reward=float(next(seen) < 10)))
    here = replace(place(counting, "in-process"), restart=lambda: None)
    found = compare(rollouts, [here], ["open-weight"])
    assert (found.same, found.differences) == (False, [])
    assert len(found.unstable["in-process"]) == 10
    assert "10 samples differ on a second pass" in found.causes["in-process"][0]


def test_state_chance_and_the_order_of_a_set_are_found_in_the_artifact(project):
    counting = SAME.replace("value = ", "seen.append(1); value = len(seen) % 2 or ") + "seen = []"
    (project / "app.py").write_text(counting)
    write_build(project, counting)
    lines = [rollout(f"r{at}", "5", "4") for at in range(5)]
    several = list(read_rollouts(write_rollouts(project / "several.jsonl", [*lines, rollout("x", "5", "4")])))
    with ExitStack() as stack:
        found = compare(several, open_places(stack, grader="app.py:same"), ["open-weight"])
    assert found.differences == []
    assert set(found.unstable) == {"in-process", "lambda-runtime"}


def test_a_sample_that_ends_its_process_costs_itself_alone_in_every_place(project, rollouts):
    ending = SAME.replace("@grader", "import os\n\n@grader").replace(
        "    return",
        '    if sample.completion == "5" and sample.id == "r8":\n        os._exit(3)\n    return',
        1,
    )
    (project / "app.py").write_text(ending)
    write_build(project, ending)
    with ExitStack() as stack:
        places = open_places(stack, grader="app.py:same")
        found = compare(rollouts[:16], places, ["open-weight"])
        assert found.same
        [here, there] = [
            grade_batch(one.target, rollouts[:16], [PROFILES["open-weight"]], 1, keep_label=False)
            for one in places
        ]
    assert [row["reward"] for row in here] == [row["reward"] for row in there]
    assert [row["id"] for row in here if row["reward"] is None] == ["r8"]
    assert [row["error"] and row["error"]["kind"] for row in (here[8], there[8])] == ["call", "call"]


BY_HAND = """
def lambda_handler(event, context):
    texts = [one["messages"][-1]["content"] for one in event]
    scores = [{"id": one["id"], "aggregate_reward_score": len(text)} for one, text in zip(event, texts)]
    return {"statusCode": 200, "body": __import__("json").dumps(scores)}
"""


@pytest.mark.parametrize("packed", [False, True])
def test_a_handler_written_by_hand_is_compared_with_its_folder_or_zip_file(project, rollouts, packed):
    (project / "reward.py").write_text(BY_HAND)
    code = project / "code"
    code.mkdir()
    (code / "reward.py").write_text(BY_HAND)
    if packed:
        with ZipFile(project / "code.zip", "w") as archive:
            archive.write(code / "reward.py", "reward.py")
        code = project / "code.zip"
    with ExitStack() as stack:
        places = open_places(stack, handler="reward.lambda_handler", artifact=code)
        found = compare(rollouts[:5], places, ["open-weight"])
    assert (found.same, found.places) == (True, ["in-process", "lambda-runtime"])


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({}, "there is no second place to compare with this process"),
        ({"grader": "app.py:same"}, "--handler already names the function"),
        ({"artifact": Path("absent.zip")}, "absent.zip: cannot be read: No such file"),
    ],
)
def test_a_handler_that_can_be_compared_with_nothing_is_refused(project, asked, said):
    with ExitStack() as stack, pytest.raises(InputError, match=said):
        open_places(stack, handler="app.same", **asked)
