"""Model graders: their questions to the judge over real HTTP, and the reward for each answer."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openai.types.graders import LabelModelGrader, ScoreModelGrader

from graders import ConfigurationError, DecorationError, Failure, Reward, grader
from graders._runtime.held_questions import QuestionsHeldBack
from graders.adapters import from_openai
from graders.adapters._openai_json import OpenAISpecError
from graders.adapters._openai_model import _Scores, model_scoring, question_of
from graders.adapters._openai_scores import GradeFault, GraderScore, RecordFault, Scope
from graders.adapters._openai_spec import LabelModel, OpenAISpec, ScoreModel
from graders.adapters.openai import openai_run
from graders.checks._judge_service import Question
from graders.reward import KINDS
from graders.testing import make_sample
from support.judge_endpoint import (
    OBJECT,
    SCHEMA,
    TOOL,
    Answer,
    Asked,
    JudgeEndpoint,
    only,
    refusing,
    throttled,
)

SERVICES = ("bedrock", "openai")
NAME = "o4-mini-2025-04-16"
USER_A, MODEL_B = ("user", "a"), ("assistant", "b")
PROMPT = [
    {"role": "system", "content": "Compare the answers."},
    {"role": "user", "content": "Right: {{item.answer}}. Given: {{ sample.output_text }}"},
]


def node(messages: object = PROMPT, **more: object) -> ScoreModel | LabelModel:
    kind = "label_model" if "labels" in more else "score_model"
    found = OpenAISpec({"type": kind, "model": NAME, "input": messages, **more}).grader
    assert isinstance(found, (ScoreModel, LabelModel))
    return found


def score(
    text: str = "4",
    messages: object = PROMPT,
    item: dict[str, Any] | None = None,
    service: str = "bedrock",
    tools: list[Any] | None = None,
    **more: object,
) -> GraderScore:
    options = {"model": "judge", "service": service}
    scoring = model_scoring(node(messages, **more), {NAME: options})
    scored = scoring(Scope(text, {"answer": "four"} if item is None else item, tools or []))
    assert not isinstance(scored, GraderScore)

    async def awaited() -> GraderScore:
        return await scored

    return asyncio.run(awaited())


def fault(**more: Any) -> GradeFault:
    with pytest.raises(GradeFault) as raised:
        score(**more)
    return raised.value


def says(endpoint: JudgeEndpoint, result: object, *steps: tuple[str, str], ended: str = "whole") -> None:
    listed = [{"description": one, "conclusion": other} for one, other in steps]
    endpoint.script = lambda asked: Answer({"steps": listed, "result": result}, ended=ended)


@pytest.mark.parametrize("service", SERVICES)
def test_messages_become_rubric_and_turns_and_the_answer_the_score(
    endpoint: JudgeEndpoint, service: str
) -> None:
    says(endpoint, 0.25, ("both are 4", "right"))
    found = score(service=service)
    [asked] = endpoint.seen
    assert asked.rubric.startswith("Compare the answers.\n\nAnswer with one JSON object alone.")
    assert "a number from 0 to 1" in asked.rubric
    assert asked.question == "Right: four. Given: 4"
    assert list(asked.schema["properties"]) == ["steps", "result"]
    assert (found.value, found.unread, found.reason) == (0.25, False, "both are 4: right")
    assert found.metrics["clipped"] == 0
    assert found.metrics["judge_calls"] == 1
    tokens = found.tokens[NAME]
    assert (tokens.prompt, tokens.completion, tokens.cached) == (100, 20, 0)


@pytest.mark.parametrize("form", [SCHEMA, TOOL, OBJECT])
def test_a_judge_that_supports_less_gets_only_what_it_supports(endpoint: JudgeEndpoint, form: str) -> None:
    endpoint.script = only(form)
    assert score(service="openai").value == 1  # the first value that the schema allows


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize(
    ("messages", "rubric", "turns"),
    [
        ([USER_A, MODEL_B, ("user", "c")], "", [USER_A, MODEL_B, ("user", "c")]),
        ([("system", "a"), ("developer", "b"), ("user", "c")], "a\n\nb", [("user", "c")]),
        ([("user", "a"), ("system", "b")], "b", [("user", "a")]),
        ([("system", "a"), ("developer", "b")], "", [("user", "a\n\nb")]),
        ([("user", "a"), ("user", "b")], "", [("user", "a\n\nb")]),
        ([USER_A, MODEL_B], "", [USER_A, MODEL_B, ("user", "Give your answer now.")]),
        ([MODEL_B, USER_A], "", [("user", "A conversation follows."), MODEL_B, USER_A]),
        ([("user", "a"), ("assistant", "{{item.blank}}"), ("user", "b")], "", [("user", "a\n\nb")]),
        ([("user", ["a", {"type": "input_text", "text": "b {{item.answer}}"}])], "", [("user", "a\nb four")]),
        ([("user", {"type": "output_text", "text": "{{sample.output_json}}"})], "", [("user", "4")]),
    ],
)  # fmt: skip
def test_any_order_of_messages_becomes_one_that_the_services_accept(
    endpoint: JudgeEndpoint,
    service: str,
    messages: list[tuple[str, Any]],
    rubric: str,
    turns: list[tuple[str, str]],
) -> None:
    says(endpoint, 1)
    given = [{"role": role, "content": content} for role, content in messages]
    score(messages=given, item={"answer": "four", "blank": " "}, service=service)
    said = [turn for turn in endpoint.bodies[0]["messages"] if turn["role"] != "system"]
    texts = [turn["content"] if service == "openai" else turn["content"][0]["text"] for turn in said]
    assert list(zip([turn["role"] for turn in said], texts, strict=True)) == turns
    assert endpoint.seen[0].rubric.startswith(f"{rubric}\n\nAnswer with" if rubric else "Answer with")


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["system", "developer", "user", "assistant"]),
            st.sampled_from(["a", " ", "{{item.blank}}", "{{sample.output_text}}"]),
        ),
        min_size=1,
        max_size=8,
    )
)
def test_for_any_messages_the_turns_alternate_and_none_is_blank(
    messages: list[tuple[str, str]],
) -> None:
    made = node([{"role": role, "content": content} for role, content in messages])
    assert isinstance(made, ScoreModel)
    scope = Scope("4", {"blank": ""})
    if not {content for _, content in messages} & {"a", "{{sample.output_text}}"}:
        with pytest.raises(RecordFault):
            question_of(made, scope, _Scores(made))
        return
    question = question_of(made, scope, _Scores(made))
    assert isinstance(question, Question)
    roles = [role for role, _ in question.turns]
    assert roles == ["user", "assistant"] * (len(roles) // 2) + ["user"]
    assert all(text.strip() for _, text in question.turns)
    said = f"{question.rubric}\n{question.sample}"
    assert said.count("4") == sum("sample" in content for _, content in messages)


def test_system_messages_are_cached_only_where_they_are_the_same_for_every_sample(
    endpoint: JudgeEndpoint,
) -> None:
    says(endpoint, 1)
    score()
    score(messages=[{"role": "system", "content": "Judge {{sample.output_text}}"}, *PROMPT[1:]])
    assert [asked.has_cache_point for asked in endpoint.seen] == [True, False]


@pytest.mark.parametrize(
    ("said", "paid", "clipped"), [(-3, 1, 1), (1, 1, 0), (3.5, 3.5, 0), (5, 5, 0), (99, 5, 1)]
)
def test_a_score_beyond_the_range_is_moved_to_its_nearest_bound(
    endpoint: JudgeEndpoint, said: float, paid: float, clipped: float
) -> None:
    says(endpoint, said)
    found = score(range=[1, 5], pass_threshold=5)
    assert (found.value, found.metrics["clipped"], found.metrics["passed"]) == (paid, clipped, paid >= 5)


@pytest.mark.parametrize(("label", "paid"), [("good", 1), ("fair", 1), ("bad", 0)])
def test_a_passing_label_pays_1_and_any_other_0(endpoint: JudgeEndpoint, label: str, paid: float) -> None:
    says(endpoint, label)
    labels = ["bad", "fair", "good"]
    found = score(labels=labels, passing_labels=["good", "fair"])
    assert (found.value, found.reason) == (paid, label)
    assert endpoint.seen[0].schema["properties"]["result"] == {
        "type": "string",
        "enum": ["bad", "fair", "good"],
    }
    assert 'one of ["bad", "fair", "good"], spelled exactly like this' in endpoint.seen[0].rubric


@pytest.mark.parametrize(
    "verdict",
    [
        "",
        "0.9",
        "The result is 0.9",
        '{"result": 0.9',
        {},
        {"result": 0.9},
        {"steps": [], "result": None},
        {"steps": [], "result": "0.9"},
        {"steps": [], "result": True},
        {"steps": [], "result": [0.9]},
        {"steps": "none", "result": 0.9},
        {"steps": ["one"], "result": 0.9},
        {"steps": [{"description": "a"}], "result": 0.9},
        {"steps": [{"description": "a", "conclusion": 1}], "result": 0.9},
        {"steps": [], "result": 0.9, "more": 1},
        '{"steps": [], "result": 0.1, "result": 0.9}',
        '{"steps": [], "result": NaN}',
        '{"steps": [], "result": 1e999}',
    ],
)
def test_an_answer_in_another_form_abstains(endpoint: JudgeEndpoint, verdict: object) -> None:
    endpoint.script = lambda asked: Answer(verdict)
    found = fault()
    assert (found.kind, found.flag) == ("abstain", "model_grader_parse_error")
    assert "the judge's reply is unread" in found.message


@pytest.mark.parametrize("label", ["Good", "good ", "great", "", 1, None])
def test_an_unknown_label_abstains(endpoint: JudgeEndpoint, label: object) -> None:
    says(endpoint, label)
    assert fault(labels=["bad", "good"], passing_labels=["good"]).flag == "model_grader_parse_error"


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize(
    ("ended", "flag", "words"),
    [
        ("refused", "model_grader_refusal_error", "refused to answer"),
        ("cut", "model_grader_parse_error", "raise max_tokens in the table of models"),
    ],
)
def test_a_refusal_and_a_cut_answer_abstain(
    endpoint: JudgeEndpoint, service: str, ended: str, flag: str, words: str
) -> None:
    says(endpoint, 0.9, ended=ended)
    found = fault(service=service)
    assert (found.kind, found.flag) == ("abstain", flag)
    assert words in found.message


def test_a_judge_that_refuses_a_question_is_a_failure_with_the_servers_words(endpoint: JudgeEndpoint) -> None:
    says(endpoint, 1)
    score()
    endpoint.script = lambda asked: refusing("ValidationException", "no such thing")
    found = fault()
    assert (found.kind, found.flag) == ("exception", "model_grader_server_error")
    assert found.errors["model_grader_server_error_details"] == found.message
    assert "no such thing" in found.message


def test_a_judge_that_answers_no_question_fails_the_call(endpoint: JudgeEndpoint) -> None:
    endpoint.script = lambda asked: refusing("AccessDeniedException", "not you", 403)
    with pytest.raises(ConfigurationError, match="allow the action bedrock:InvokeModel"):
        score()


@pytest.mark.parametrize("text", ["", "  ", "\u200b", "..."])
@pytest.mark.parametrize("messages", [PROMPT, [{"role": "user", "content": "{{item.answer}}"}]])
def test_an_empty_completion_is_never_asked_about(
    endpoint: JudgeEndpoint, text: str, messages: object
) -> None:
    found = score(text, messages, range=[-1, 1])
    assert (found.value, found.unread, found.metrics) == (-1, True, {"judge_calls": 0.0})
    assert endpoint.seen == []


def test_tool_calls_without_a_text_are_judged_where_the_prompt_shows_them(endpoint: JudgeEndpoint) -> None:
    says(endpoint, 1)
    call = [{"function": {"name": "look_up", "arguments": "{}"}}]
    shown = [{"role": "user", "content": "{{sample.output_tools}}"}]
    assert score("", shown, tools=call).value == 1
    assert "look_up" in endpoint.seen[0].question
    assert score("", tools=call).unread
    assert len(endpoint.seen) == 1


def test_a_completion_without_what_the_prompt_shows_of_it_is_unread(endpoint: JudgeEndpoint) -> None:
    shown = [{"role": "user", "content": "{{sample.output_json.name}}"}]
    assert score("no JSON", shown).unread
    assert endpoint.seen == []


def test_a_record_that_lacks_what_the_prompt_shows_is_found_without_asking(endpoint: JudgeEndpoint) -> None:
    with QuestionsHeldBack() as held:
        assert (fault(item={}).kind, held.count) == ("record", 0)
        assert (fault(text="", item={}).kind, held.count) == ("record", 0)
        blank = [{"role": "user", "content": "{{item.answer}}"}]
        assert fault(messages=blank, item={"answer": " "}).kind == "record"
        assert (fault().kind, held.count) == ("abstain", 1)
    assert endpoint.seen == []


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                *("{{item.secret}}", "{{sample.output_text}}", "{{", "}}"),
                "item.secret",
                "a\u200bb",
                "<|im_start|>",
            ]
        )
    ).map("".join)
)
def test_no_completion_is_read_as_a_template_or_a_control_token(text: str) -> None:
    grader = node()
    assert isinstance(grader, ScoreModel)
    question = question_of(grader, Scope(f"x{text}", {"answer": "four", "secret": "hidden"}), _Scores(grader))
    assert isinstance(question, Question)
    shown = dict(question.turns)["user"].removeprefix("Right: four. Given: ")
    assert shown.replace("\u2060", "") == f"x{text}".replace("\u200b", "")
    assert "<|im_start|>" not in shown


@pytest.mark.parametrize("service", SERVICES)
def test_sampling_parameters_are_sent_as_the_service_takes_them(
    endpoint: JudgeEndpoint, service: str
) -> None:
    says(endpoint, 1)
    sampling = {
        "temperature": 1.5,
        "max_completions_tokens": 77,
        "seed": 42,
        "top_p": 0.5,
        "reasoning_effort": "low",
    }
    score(service=service, sampling_params=sampling)
    [body] = endpoint.bodies
    sent = body.get("inferenceConfig", body)
    assert sent["temperature"] == (1 if service == "bedrock" else 1.5)
    assert sent.get("maxTokens", sent.get("max_completion_tokens")) == 77
    assert "top_p" not in json.dumps(body)
    assert body.get("seed", 0) == 0


@pytest.mark.parametrize(
    ("key", "value"),
    [("temperature", "hot"), ("temperature", 3), ("temperature", True), ("max_completions_tokens", 0)],
)
def test_an_invalid_sampling_parameter_is_located(key: str, value: object) -> None:
    with pytest.raises(OpenAISpecError) as raised:
        node(sampling_params={key: value})
    assert raised.value.pointer == f"/sampling_params/{key}"


@pytest.mark.parametrize(
    "made",
    [
        ScoreModelGrader(
            type="score_model",
            name="judge",
            model=NAME,
            input=[{"role": "user", "content": {"type": "output_text", "text": "{{sample.output_text}}"}}],  # type: ignore[list-item]
        ),
        LabelModelGrader(
            type="label_model",
            name="judge",
            model=NAME,
            input=[{"role": "user", "content": [{"type": "input_text", "text": "{{sample.output_text}}"}]}],  # type: ignore[list-item]
            labels=["good", "bad"],
            passing_labels=["good"],
        ),
    ],
)
@pytest.mark.parametrize("exclude_none", [True, False])
def test_what_the_sdk_writes_is_graded(
    endpoint: JudgeEndpoint, made: ScoreModelGrader | LabelModelGrader, exclude_none: bool
) -> None:
    spec = json.loads(made.model_dump_json(exclude_none=exclude_none))
    reward = grader(timeout_s=10)(from_openai(spec, models={NAME: "judge"}))
    assert reward.grade(make_sample("4")).value == 1  # the first value that the schema allows
    assert endpoint.seen[0].question == "4"


def test_a_model_without_a_replacement_is_located_with_the_line_to_add(tmp_path: Path) -> None:
    table = tmp_path / "models.toml"
    table.write_text('"o4-mini" = "judge"\n')
    with pytest.raises(OpenAISpecError) as raised:
        model_scoring(node(), table)
    assert raised.value.pointer == "/model"
    assert f'add "{NAME}" = "' in raised.value.message
    assert raised.value.message.endswith("to models.toml")
    with pytest.raises(OpenAISpecError, match="to the table of models$"):
        model_scoring(node(), None)


def test_a_table_of_models_says_how_each_is_asked(endpoint: JudgeEndpoint, tmp_path: Path) -> None:
    says(endpoint, 1)
    table = tmp_path / "models.toml"
    table.write_text(
        f'["{NAME}"]\nmodel = "mine"\nservice = "openai"\nbase_url = "{endpoint.url}/v1"\n'
        "max_tokens = 99\ntemperature = 0.5\ninput_price = 1.0\noutput_price = 2.0\n"
    )
    scoring = model_scoring(node(sampling_params={"temperature": 1, "max_completions_tokens": 7}), table)

    async def scored() -> GraderScore:
        found = scoring(Scope("4", {"answer": "four"}))
        return found if isinstance(found, GraderScore) else await found

    found = asyncio.run(scored())
    [body] = endpoint.bodies
    assert (body["model"], body["temperature"], body["max_completion_tokens"]) == ("mine", 0.5, 99)
    assert found.metrics["judge_usd"] == pytest.approx(140e-6)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a = ", "is not valid TOML"),
        ("a = 1", "'a' is not a model"),
        ('gpt-4.1 = "m"', "a name that contains dots needs the quotes"),
        ('[a]\nservice = "openai"', "names no `model`"),
        ('[a]\nmodel = "m"\nprice = 1', "has no option price; it has model, service"),
        (f'["{NAME}"]\nmodel = "m"\nservice = "azure"', f"models.toml: '{NAME}': service='azure'"),
        (f'["{NAME}"]\nmodel = " "', "model="),
    ],
)
def test_an_invalid_table_is_reported(tmp_path: Path, text: str, words: str) -> None:
    table = tmp_path / "models.toml"
    table.write_text(text)
    with pytest.raises(DecorationError) as raised:
        model_scoring(node(), table)
    assert words in str(raised.value)


def test_a_value_that_is_not_a_table_is_reported(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        model_scoring(node(), tmp_path / "none.toml")
    with pytest.raises(DecorationError, match="models= is a number"):
        model_scoring(node(), 1)  # type: ignore[arg-type]


def test_the_kinds_of_faults_are_those_of_samples(endpoint: JudgeEndpoint) -> None:
    says(endpoint, None)
    assert fault().kind in KINDS


def test_a_judge_in_a_formula_grades_a_sample_of_bedrock_and_one_of_graders_run(
    endpoint: JudgeEndpoint,
) -> None:
    says(endpoint, 0.5, ("it", "is so"))
    prompt = [{"role": "user", "content": "{{item.reference_answer}} or {{sample.output_text}}?"}]
    same = {"type": "string_check", "operation": "eq", "input": "{{sample.output_text}}", "reference": "4"}
    spec = {
        "type": "multi",
        "graders": {"judge": {"type": "score_model", "model": NAME, "input": prompt}, "same": same},
        "calculate_output": "0.5 * judge + 0.5 * same",
    }
    reward = grader(timeout_s=10)(from_openai(spec, models={NAME: "judge"}))
    found = reward.grade(make_sample("4", "four"))
    assert (found.value, dict(found.components)) == (0.75, {"judge": 0.5, "same": 1.0})
    assert found.metrics["judge.judge_calls"] == 1
    run = asyncio.run(openai_run(spec, "4", {"reference_answer": "four"}, {NAME: "judge"}))
    assert (run.reward, run.sub_rewards, run.tokens[NAME].prompt) == (0.75, {"judge": 0.5, "same": 1.0}, 100)
    assert [asked.question for asked in endpoint.seen] == ["four or 4?"] * 2


@pytest.mark.parametrize(
    ("answer", "flag"),
    [
        (Answer("none"), "model_grader_parse_error"),
        (Answer({"steps": [], "result": 1}, ended="refused"), "model_grader_refusal_error"),
        (refusing("AccessDeniedException", "not you", 403), "model_grader_server_error"),
    ],
)
def test_a_judge_without_an_answer_scores_0_with_its_flag_at_graders_run(
    endpoint: JudgeEndpoint, answer: Answer, flag: str
) -> None:
    endpoint.script = lambda asked: answer
    spec = {"type": "score_model", "model": NAME, "input": PROMPT}
    run = asyncio.run(openai_run(spec, "4", {"answer": "four"}, {NAME: "judge"}))
    assert run.reward == 0
    assert [name for name, is_set in run.errors.items() if is_set is True] == [flag]
    asked = {} if flag == "model_grader_server_error" else {NAME: 120}
    assert {name: (used.prompt or 0) + (used.completion or 0) for name, used in run.tokens.items()} == asked


@pytest.mark.parametrize("service", SERVICES)
def test_a_throttled_judge_is_asked_again_and_one_that_hangs_costs_its_sample(
    endpoint: JudgeEndpoint, service: str
) -> None:
    def script(asked: Asked) -> Answer:
        if asked.number == 0:
            return throttled("0.01")
        return Answer({"steps": [], "result": 1}, seconds=30 if "Given: slow" in asked.question else 0)

    endpoint.script = script
    spec = {"type": "score_model", "model": NAME, "input": PROMPT}
    scoring = from_openai(spec, models={NAME: {"model": "judge", "service": service}})
    reward = grader(timeout_s=1, max_error_rate=1)(scoring)
    quick, slow = reward.grade_all([make_sample(text, answer="four")._item for text in ("quick", "slow")])
    assert isinstance(quick, Reward)
    assert isinstance(slow, Failure)
    assert (quick.value, slow.kind) == (1, "timeout")
    assert "did not answer within 1 s" in slow.message
