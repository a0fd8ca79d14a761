"""OpenAI's graders over the API, with the official client and with plain JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openai import APIStatusError, APITimeoutError, BadRequestError, OpenAI
from openai.types.fine_tuning.alpha import GraderRunResponse
from openai.types.graders import StringCheckGrader
from starlette.testclient import TestClient

from graders import Failure, Reward
from graders import grader as declared
from graders.adapters import from_openai
from graders.testing import invoke, make_sample
from harness.emulator.functions import Functions
from harness.emulator.server import application, assemble
from harness.emulator.settings import EmulatorConfig
from harness.errors import InputError
from support.emulator_process import EmulatorProcess
from support.judge_endpoint import Answer, JudgeEndpoint
from support.openapi import assert_valid

ROOT = "/fine_tuning/alpha/graders"
CHECK: dict[str, Any] = {
    "type": "string_check",
    "name": "same",
    "input": "{{sample.output_text}}",
    "reference": "{{item.label}}",
    "operation": "eq",
}
JUDGE: dict[str, Any] = {
    "type": "score_model",
    "name": "judge",
    "model": "gpt-4o-2024-08-06",
    "input": [{"role": "user", "content": "Grade {{sample.output_text}}"}],
}
FLAGS = {
    *("formula_parse_error", "sample_parse_error", "truncated_observation_error"),
    *("unresponsive_reward_error", "invalid_variable_error", "other_error"),
    *("python_grader_server_error", "python_grader_server_error_type", "python_grader_runtime_error"),
    *("python_grader_runtime_error_details", "model_grader_server_error", "model_grader_refusal_error"),
    *("model_grader_parse_error", "model_grader_server_error_details"),
}


def python(body: str) -> dict[str, Any]:
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    return {"type": "python", "name": "program", "source": f"def grade(sample, item):\n{lines}"}


def multi(formula: str, **graders: Any) -> dict[str, Any]:
    return {"type": "multi", "name": "several", "graders": graders, "calculate_output": formula}


@pytest.fixture(scope="module")
def judges() -> Iterator[JudgeEndpoint]:
    with JudgeEndpoint() as endpoint:
        yield endpoint


@pytest.fixture(scope="module")
def service(judges: JudgeEndpoint, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenAI]:
    """The client of an emulator that maps `gpt-4o-2024-08-06` to a judge's model."""
    folder = tmp_path_factory.mktemp("graders")
    models = folder / "models.toml"
    models.write_text(
        f'["gpt-4o-2024-08-06"]\nmodel = "judge"\nservice = "openai"\nbase_url = "{judges.url}/v1"\n'
        'key_variable = "PATH"\n'
    )
    config = EmulatorConfig(
        rollouts=(), state=folder / "state", manual=True, judge_models=models, grader_seconds=1
    )
    with EmulatorProcess(config) as process, OpenAI(base_url=process.base_url, api_key="any") as client:
        yield client.with_options(max_retries=0)


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """The routes in this process, with no judge models."""
    parts = assemble(EmulatorConfig(rollouts=(), state=tmp_path_factory.mktemp("api")), Functions({}))
    with TestClient(application(parts), "http://127.0.0.1") as client:
        yield client
    parts.close()


def run(service: OpenAI, grader: Any, said: str = "a", item: Any = None) -> Any:
    """Run a grader and return the response's JSON, validated by the SDK's type except for `token_usage`."""
    body = {"grader": grader, "model_sample": said, **({} if item is None else {"item": item})}
    raw: Any = service.post(f"{ROOT}/run", body=body, cast_to=object)
    assert raw["metadata"]["errors"].keys() == FLAGS
    checked = json.loads(json.dumps(raw))
    checked["metadata"]["token_usage"] = None  # documented as an object, typed as a number in the SDK
    assert_valid(GraderRunResponse, checked)
    return raw


def raised(answer: Any) -> dict[str, Any]:
    """Return the error flags that are set, with their details."""
    return {name: value for name, value in answer["metadata"]["errors"].items() if value not in (False, None)}


def refused(service: OpenAI, path: str, body: Any) -> dict[str, Any]:
    with pytest.raises(BadRequestError) as refusal:
        service.post(f"{ROOT}/{path}", body=body, cast_to=object)
    error: Any = refusal.value.body
    assert set(error) == {"message", "type", "param", "code"}
    return dict(error)


def test_a_grader_is_validated_and_comes_back_as_it_was(service: OpenAI) -> None:
    grader = service.fine_tuning.alpha.graders.validate(grader=CHECK).grader  # type: ignore[arg-type]
    assert grader == StringCheckGrader.model_validate(CHECK)
    odd = {**multi("a ^ 2", a={**CHECK, "x": [1]}), "unknown": None}
    assert service.post(f"{ROOT}/validate", body={"grader": odd}, cast_to=object) == {"grader": odd}


@pytest.mark.parametrize(
    ("grader", "param", "word"),
    [
        ({"type": "exact"}, "grader.type", "string_check"),
        ({**CHECK, "operation": "neq"}, "grader.operation", "ne"),
        ({**CHECK, "input": "{{answer}}"}, "grader.input", "item"),
        (multi("a", a={**CHECK, "operation": "is"}), "grader.graders.a.operation", "eq"),
        (multi("a + b", a=CHECK), "grader.calculate_output", "b"),
        (multi("a +", a=CHECK), "grader.calculate_output", "a +"),
        (multi("a", a=multi("b", b=CHECK)), "grader.graders.a.type", "multi"),
        (python("return 1 +"), "grader.source", "2"),
        (
            {**JUDGE, "sampling_params": {"temperature": "hot"}},
            "grader.sampling_params.temperature",
            "0 to 2",
        ),
        (
            {"type": "reinforcement", "grader": {**CHECK, "operation": "neq"}},
            "grader.grader.operation",
            "write ne",
        ),
        (
            {**JUDGE, "input": [{"role": "user", "content": [{"type": "input_image", "image_url": "x"}]}]},
            "grader.input[0].content[0].type",
            "input_image",
        ),
    ],
)
def test_a_grader_that_cannot_be_read_is_refused_by_its_place(
    service: OpenAI, grader: Any, param: str, word: str
) -> None:
    error = refused(service, "validate", {"grader": grader})
    assert error["param"] == param
    assert word in error["message"]
    assert error["message"].startswith(f"{param} ")
    if param == "grader.calculate_output":
        answer = run(service, grader)
        assert (answer["reward"], raised(answer)) == (0, {"formula_parse_error": True})
        assert answer["metadata"]["name"] == "several"
    else:
        assert refused(service, "run", {"grader": grader, "model_sample": "a"})["param"] == param


@pytest.mark.parametrize(
    ("grader", "param", "flag"),
    [
        ({**CHECK, "input": "{{sample.nothing}}"}, "grader.input", "invalid_variable_error"),
        (python("import torch\nreturn 1"), "grader.source", "python_grader_server_error"),
    ],
)
def test_what_no_completion_could_be_graded_with_is_refused_by_validation_and_a_flag_of_a_run(
    service: OpenAI, grader: Any, param: str, flag: str
) -> None:
    assert refused(service, "validate", {"grader": grader})["param"] == param
    answer = run(service, grader, "a", {"label": "a"})
    assert answer["reward"] == 0
    assert raised(answer)[flag] is True


@pytest.mark.parametrize(
    ("path", "body", "param"),
    [
        ("validate", {}, "grader"),
        ("validate", {"grader": "string_check"}, "grader"),
        ("validate", {"grader": {"grader": CHECK}}, "grader"),
        ("validate", {"grader": CHECK, "item": {}}, "item"),
        ("run", {"grader": CHECK}, "model_sample"),
        ("run", {"grader": CHECK, "model_sample": 5}, "model_sample"),
        ("run", {"grader": CHECK, "model_sample": "a", "item": [1]}, "item"),
        ("run", {"grader": CHECK, "model_sample": "a", "sample": "b"}, "sample"),
    ],
)
def test_a_request_of_another_shape_is_refused_by_name(
    service: OpenAI, path: str, body: Any, param: str
) -> None:
    assert refused(service, path, body)["param"] == param


def test_items_that_are_nested_too_deeply_are_refused(service: OpenAI) -> None:
    item: Any = {}
    for _ in range(100):
        item = {"a": item}
    error = refused(service, "run", {"grader": CHECK, "model_sample": "a", "item": item})
    assert "levels deep" in error["message"]


def test_a_run_is_answered_as_documented(service: OpenAI) -> None:
    typed = service.fine_tuning.alpha.graders.run(
        grader=CHECK,  # type: ignore[arg-type]
        model_sample="fuzzy",
        item={"label": "fuzzy"},
    )
    assert typed.reward == 1.0
    assert (typed.metadata.name, typed.metadata.type) == ("same", "string_check")
    assert not typed.metadata.errors.invalid_variable_error
    assert (typed.sub_rewards, typed.api_model_grader_token_usage_per_model) == ({}, {})
    assert typed.metadata.execution_time >= 0
    assert run(service, CHECK, "other", {"label": "fuzzy"})["reward"] == 0


def test_several_graders_have_a_reward_each(service: OpenAI) -> None:
    grader = multi("(a + b) / 2", a=CHECK, b=python("return len(sample['output_text']) / 4"))
    answer = run(service, grader, "a", {"label": "a"})
    assert answer["reward"] == 0.625
    assert answer["sub_rewards"] == {"a": 1.0, "b": 0.25}
    assert raised(answer) == {}


def test_the_client_sends_a_multi_grader_as_it_is_written(service: OpenAI) -> None:
    grader: Any = multi("0.25 * a + 0.75 * b", a=CHECK, b={**CHECK, "operation": "ilike"})
    typed = service.fine_tuning.alpha.graders.run(grader=grader, model_sample="is A", item={"label": "a"})
    assert (typed.reward, typed.sub_rewards) == (0.75, {"a": 0.0, "b": 1.0})
    validated = service.fine_tuning.alpha.graders.with_raw_response.validate(grader=grader)
    assert json.loads(validated.text) == {"grader": grader}  # the SDK types `graders` as a single grader


def test_the_item_is_optional(service: OpenAI) -> None:
    assert run(service, {**CHECK, "reference": "a"})["reward"] == 1


@pytest.mark.parametrize(
    ("grader", "flag", "details"),
    [
        (CHECK, "invalid_variable_error", None),
        (multi("a", a=CHECK), "invalid_variable_error", None),
        (
            python("return 1 / 0"),
            "python_grader_runtime_error",
            "ZeroDivisionError: division by zero (/source:2)",
        ),
        (python("return 'good'"), "python_grader_runtime_error", "a str"),
        (python("return float('nan')"), "python_grader_runtime_error", "nan"),
        (python("return open('/etc/passwd').read()"), "python_grader_runtime_error", ""),
        (multi("1 / (a - 1)", a={**CHECK, "reference": "a"}), "other_error", None),
        ({**JUDGE, "model": "o3-2025-04-16"}, "model_grader_server_error", "to models.toml"),
    ],
)
def test_a_grader_that_fails_has_no_reward_and_a_flag(
    service: OpenAI, grader: Any, flag: str, details: str | None
) -> None:
    answer = run(service, grader)
    assert answer["reward"] == 0
    flags = raised(answer)
    assert flags.pop(flag) is True
    if details is None:
        assert flags == {}
    else:
        ((name, said),) = flags.items()
        assert name == f"{flag}_details"
        assert details in said


def test_a_completion_without_what_a_grader_names_is_unread(service: OpenAI) -> None:
    grader = {**CHECK, "input": "{{sample.output_json.x}}", "reference": "a"}
    for said in ("no JSON", '{"y": "a"}'):
        answer = run(service, grader, said)
        assert answer["reward"] == 0
        assert raised(answer)["invalid_variable_error"] is True


def test_without_a_table_of_models_a_judge_is_not_asked(api: TestClient) -> None:
    answer = api.post(f"/v1{ROOT}/run", json={"grader": JUDGE, "model_sample": "a"}).json()
    assert answer["reward"] == 0
    assert answer["metadata"]["errors"]["model_grader_server_error"] is True
    assert "--judge-models FILE" in answer["metadata"]["errors"]["model_grader_server_error_details"]
    assert api.post(f"/v1{ROOT}/validate", json={"grader": JUDGE}).json() == {"grader": JUDGE}


def test_a_program_that_hangs_holds_up_nothing_else(service: OpenAI) -> None:
    with ThreadPoolExecutor(3) as threads:
        hanging = [threads.submit(run, service, python("while True: pass")) for _ in range(2)]
        for _ in range(3):
            assert run(service, CHECK, "a", {"label": "a"})["reward"] == 1
            assert service.models.list().data
        assert not any(one.done() for one in hanging)
        for one in hanging:
            assert raised(one.result())["python_grader_server_error"] is True


def test_a_grader_is_given_up_when_its_client_goes_away(tmp_path: Path) -> None:
    config = EmulatorConfig(rollouts=(), state=tmp_path / "state", manual=True, grader_seconds=600)
    with EmulatorProcess(config) as process, OpenAI(base_url=process.base_url, api_key="any") as client:
        for _ in range(4):
            with pytest.raises(APITimeoutError):
                run(client.with_options(timeout=0.3, max_retries=0), python("while True: pass"))
        assert run(client.with_options(timeout=60, max_retries=0), python("return 1"))["reward"] == 1


def test_many_run_at_once(service: OpenAI) -> None:
    grader = python("return item['share']")
    with ThreadPoolExecutor(20) as threads:
        items = [{"share": number / 40} for number in range(40)]
        answers = list(threads.map(lambda item: run(service, grader, "a", item), items))
    assert [answer["reward"] for answer in answers] == [item["share"] for item in items]


def test_a_judge_is_the_model_of_the_table(service: OpenAI, judges: JudgeEndpoint) -> None:
    judges.script = lambda asked: Answer({"steps": [], "result": 0.75}, tokens=(190, 134, 40))
    answer = run(service, JUDGE, "a good answer")
    tokens = {"prompt_tokens": 190, "total_tokens": 324, "completion_tokens": 134, "cached_tokens": 40}
    assert answer["reward"] == 0.75
    assert answer["model_grader_token_usage_per_model"] == {"gpt-4o-2024-08-06": tokens}
    assert answer["metadata"]["token_usage"] == tokens
    assert answer["metadata"]["sampled_model_name"] == "gpt-4o-2024-08-06"
    assert judges.seen[-1].question == "Grade a good answer"


@pytest.mark.parametrize(
    ("said", "flag"),
    [
        (Answer("no JSON"), "model_grader_parse_error"),
        (Answer("I may not", ended="refused"), "model_grader_refusal_error"),
    ],
)
def test_a_judge_without_an_answer_has_a_flag(
    service: OpenAI, judges: JudgeEndpoint, said: Answer, flag: str
) -> None:
    judges.script = lambda asked: said
    answer = run(service, JUDGE, "another")
    assert (answer["reward"], raised(answer)[flag]) == (0, True)


def test_azures_path_has_the_routes(service: OpenAI) -> None:
    azure = service.with_options(base_url=str(service.base_url).replace("/v1", "/openai/v1"))
    assert run(azure, CHECK, "a", {"label": "a"})["reward"] == 1


@pytest.mark.parametrize("content", [None, "x = [", '["gpt-4o"]\nmodle = "a"\n'])
def test_a_table_of_models_that_cannot_be_used_is_refused_at_the_start(
    tmp_path: Path, content: str | None
) -> None:
    models = tmp_path / "models.toml"
    if content is not None:
        models.write_text(content)
    config = EmulatorConfig(rollouts=(), state=tmp_path / "state", judge_models=models)
    with pytest.raises(InputError, match=r"models\.toml"):
        assemble(config, Functions({}))


def test_a_large_sample_is_graded(service: OpenAI) -> None:
    said = "é" * 1_000_000
    assert run(service, {**CHECK, "operation": "ilike"}, said, {"label": said[:500_000]})["reward"] == 1
    with pytest.raises(APIStatusError) as refusal:
        run(service, CHECK, said * 10, {"label": "a"})
    assert refusal.value.status_code == 413


_TEXTS = st.sampled_from(["", "Oslo", "It is Oslo.", '{"a": 1, "b": ["Oslo"]}', "72", "é\n{{item.a}}"])
_TEMPLATES = st.sampled_from(
    [
        *("{{sample.output_text}}", "{{ item.a }}", "{{item.b[0]}}", "{{sample.output_json.a}}"),
        *("Oslo", "{{item.b[1].c}}", "{{item.nothing}}", "{{item.a}} and {{ sample.output_text }}"),
    ]
)
_PROGRAMS = st.sampled_from(
    ["return len(sample['output_text']) / 10", "return item['b'][0] == 'Oslo'", "return item['nothing']"]
)
_CHECKS = st.builds(
    lambda operation, one, other: {**CHECK, "operation": operation, "input": one, "reference": other},
    st.sampled_from(["eq", "ne", "like", "ilike"]),
    _TEMPLATES,
    _TEMPLATES,
)
_SIMILAR = st.builds(
    lambda metric, one, other: {
        "type": "text_similarity",
        "name": "similar",
        "evaluation_metric": metric,
        "input": one,
        "reference": other,
    },
    st.sampled_from(["fuzzy_match", "bleu", "gleu", "meteor", "rouge_1", "rouge_2", "rouge_l"]),
    _TEMPLATES,
    _TEMPLATES,
)
_LEAVES = _CHECKS | _SIMILAR | st.builds(python, _PROGRAMS)
_GRADERS = _LEAVES | st.builds(
    lambda formula, a, b: multi(formula, a=a, b=b),
    st.sampled_from(["a + b", "(a - b) ^ 2", "max(a, b) / (b + 1)", "a / b", "sqrt(a) * 0.5"]),
    _LEAVES,
    _LEAVES,
)


@settings(max_examples=150)
@given(grader=_GRADERS, said=_TEXTS, wanted=_TEXTS)
def test_a_run_earns_what_a_replay_does(api: TestClient, grader: Any, said: str, wanted: str) -> None:
    item: dict[str, Any] = {"a": wanted, "b": ["Oslo", {"c": 7}]}
    answer = api.post(f"/v1{ROOT}/run", json={"grader": grader, "model_sample": said, "item": item}).json()
    (replayed,) = invoke(declared(range=(-100, 100))(from_openai(grader)), [make_sample(said, **item)])
    if not any(answer["metadata"]["errors"].values()):
        assert isinstance(replayed, Reward)
        assert replayed.value == answer["reward"]
    else:
        assert isinstance(replayed, Failure) or replayed.metrics["unread"] == 1
