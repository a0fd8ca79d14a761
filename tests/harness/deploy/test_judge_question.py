"""Test questions to a grader's judges, repeated with other samples until each model has answered."""

from __future__ import annotations

from pathlib import Path

import pytest

from graders.checks import _judge_services
from graders.configured import READY_HANDLER, READY_VARIABLE
from harness.deploy.judge_question import ask_judges
from harness.errors import InputError
from harness.localaws.function import FunctionSpec
from harness.projects.kinds import KINDS
from harness.projects.scaffold import make_project
from harness.targets.built import AskedModel
from support.judge_endpoint import TOOL, JudgeEndpoint, only, refusing

MODEL = KINDS["judge"].judge


@pytest.fixture
def endpoint(monkeypatch):
    monkeypatch.setattr(_judge_services, "known", {})
    with JudgeEndpoint() as served:
        for name, value in served.variables.items():
            monkeypatch.setenv(name, value)
        yield served


@pytest.fixture
def shop(tmp_path, monkeypatch):
    make_project(tmp_path / "shop", kind="judge")
    monkeypatch.chdir(tmp_path / "shop")
    return tmp_path / "shop"


def ask(shop, rollouts="rollouts.jsonl", *models):
    spec = FunctionSpec(
        name="JudgeCheck",
        artifact=Path(),
        handler=READY_HANDLER,
        environment={READY_VARIABLE: "grader.toml"},
    )
    judges = tuple(AskedModel("bedrock", "", model) for model in models or [MODEL])
    return ask_judges(spec, shop, judges, shop / rollouts)


def test_one_question_tells_what_a_model_takes(shop, endpoint):
    endpoint.script = only(TOOL)
    asked = ask(shop)
    [model] = asked.models
    assert (model.model, model.parts["form"], asked.silent, asked.samples) == (MODEL, "tool", [], 1)
    assert [request.form for request in endpoint.seen][-1] == TOOL


def test_samples_that_cheap_checks_end_are_passed_over(shop, endpoint):
    lines = (shop / "rollouts.jsonl").read_text().splitlines(keepends=True)
    cheap = [line for line in lines if '"content": "Sorry' in line or '"content": ""' in line]
    (shop / "few.jsonl").write_text("".join([*cheap, lines[0]]))
    assert ask(shop, "few.jsonl").samples == len(cheap) + 1 == 3
    (shop / "cheap.jsonl").write_text("".join(cheap))
    endpoint.seen.clear()
    _judge_services.known.clear()
    asked = ask(shop, "cheap.jsonl")
    assert (len(asked.silent), asked.trouble, endpoint.seen) == (1, None, [])


def test_where_nothing_can_be_asked_one_sample_is_enough(shop, endpoint):
    endpoint.script = lambda request: refusing("AccessDeniedException", "no access", 403)
    asked = ask(shop)
    assert asked.samples == len(endpoint.seen) == 1
    assert "JudgeModel" in asked.trouble


def test_a_model_that_the_grader_does_not_ask_stays_silent(shop, endpoint):
    asked = ask(shop, "rollouts.jsonl", MODEL, "another")
    assert [model.model for model in asked.silent] == ["another"]
    assert asked.samples == 40


def test_a_file_without_rollouts_is_refused(shop, endpoint):
    (shop / "empty.jsonl").write_text("")
    with pytest.raises(InputError, match="has no rollout"):
        ask(shop, "empty.jsonl")
