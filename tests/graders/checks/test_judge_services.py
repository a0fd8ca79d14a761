"""Requests of a judge's services and their answers, over real HTTP, with the services' own libraries."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading

import boto3
import pytest
from botocore.exceptions import ParamValidationError
from hypothesis import given
from hypothesis import strategies as st

from graders import ConfigurationError, DecorationError, Reward
from graders.checks._judge_abilities import Trial
from graders.checks._judge_chat import Chat
from graders.checks._judge_converse import Converse
from graders.checks._judge_retries import FormRefused, TryAgain
from graders.checks._judge_service import Question, Reply
from graders.checks._judge_services import found_models, service_of
from graders.testing import make_sample
from support.judge_endpoint import (
    OBJECT,
    SCHEMA,
    STRICT_TOOL,
    TOOL,
    Answer,
    Asked,
    JudgeEndpoint,
    obliging,
    only,
    refusing,
)
from support.judged import VERDICT, event, judging, question

SERVICES = ("bedrock", "openai")


def ask(service: str, text: str = "text", repeat: int = 0, **options: object) -> Reply:
    made = service_of(model="judge", service=service, **options)  # type: ignore[arg-type]
    return asyncio.run(made.ask(question(text, repeat)))


@pytest.mark.parametrize("service", SERVICES)
def test_a_question_is_asked_by_schema_with_its_repeat_and_settings(
    endpoint: JudgeEndpoint, service: str
) -> None:
    reply = ask(service, "is it?", 3, temperature=0.5, max_tokens=77)
    [asked] = endpoint.seen
    assert (asked.model, asked.question, asked.repeat) == ("judge", "is it?", 3)
    assert (asked.form, asked.schema) == (SCHEMA, VERDICT)
    assert asked.rubric == "Say whether the text is good or poor."
    settings = asked.body.get("inferenceConfig", asked.body)
    assert settings["temperature"] == 0.5
    assert settings.get("maxTokens", settings.get("max_completion_tokens")) == 77
    assert json.loads(reply.text) == {"reason": "because it is so", "verdict": "good"}
    assert (reply.ended, reply.tokens_in, reply.tokens_out, reply.tokens_cached) == ("whole", 100, 20, 0)


def test_what_may_be_cached_is_the_rubric(endpoint: JudgeEndpoint) -> None:
    ask("bedrock")
    assert endpoint.bodies[0]["system"][1] == {"cachePoint": {"type": "default"}}
    endpoint.script = lambda asked: Answer({}, tokens=(100, 20, 90))
    assert ask("bedrock").tokens_cached == ask("openai").tokens_cached == 90
    assert ask("bedrock").tokens_in == ask("openai").tokens_in == 100


@pytest.mark.parametrize(
    ("service", "taken", "tried"),
    [
        ("bedrock", STRICT_TOOL, [SCHEMA, STRICT_TOOL]),
        ("bedrock", TOOL, [SCHEMA, STRICT_TOOL, TOOL]),
        ("openai", STRICT_TOOL, [SCHEMA, STRICT_TOOL]),
        ("openai", TOOL, [SCHEMA, STRICT_TOOL, TOOL]),
        ("openai", OBJECT, [SCHEMA, STRICT_TOOL, TOOL, OBJECT]),
    ],
)
def test_what_the_model_takes_is_found_out_once_while_other_samples_wait(
    endpoint: JudgeEndpoint, service: str, taken: str, tried: list[str]
) -> None:
    endpoint.script = only(taken)
    rewards = judging({"service": service}).grade_all(event(20))
    assert rewards == [Reward(1.0, metrics=reward.metrics) for reward in rewards]
    assert [asked.form for asked in endpoint.seen] == tried + [taken] * 19
    assert json.loads(ask(service).text)["verdict"] == "good"
    assert len(endpoint.seen) == len(tried) + 20


@pytest.mark.parametrize(("service", "form"), [("bedrock", SCHEMA), ("openai", SCHEMA), ("openai", OBJECT)])
def test_turns_of_a_question_are_turns_of_the_request(
    endpoint: JudgeEndpoint, service: str, form: str
) -> None:
    endpoint.script = only(form)
    turns = [("user", "is it?"), ("assistant", "it is"), ("user", "is that right?")]
    made = service_of(model="judge", service=service)  # type: ignore[arg-type]
    asyncio.run(made.ask(Question("", turns, VERDICT, is_shared=False)))
    said = endpoint.bodies[-1]["messages"]
    told = [turn for turn in said if turn["role"] != "system"]
    written = [(turn["role"], json.dumps(turn["content"])) for turn in told]
    assert [role for role, _ in written] == [role for role, _ in turns]
    assert all(text in told for (_, told), (_, text) in zip(written, turns, strict=True))
    assert "system" not in endpoint.bodies[0]
    assert len(said) - len(told) == (form == OBJECT)  # a system message contains the schema


def test_a_rubric_that_differs_by_sample_is_not_cached(endpoint: JudgeEndpoint) -> None:
    made = service_of(model="judge")
    asyncio.run(made.ask(Question("Is `text` good?", "Say.", VERDICT, is_shared=False)))
    assert (endpoint.seen[0].rubric, endpoint.seen[0].has_cache_point) == ("Is `text` good?", False)


def answered():
    """Return the models that have answered, and the request parts that each accepts."""
    return [(found, found.parts) for found in found_models() if found.parts is not None]


def test_a_model_without_any_request_is_listed_without_its_abilities() -> None:
    check = service_of(model="never-asked", service="openai", key_variable="THE_KEY")
    [found] = [each for each in found_models() if each.model == "never-asked"]
    assert (found.service, found.key_variable, found.parts, found.refused) == ("openai", "THE_KEY", None, {})
    assert found.as_dict()["model"] == "never-asked"
    del check


# Known error messages of services, and the part that the next request omits or changes.
REFUSALS = [
    (
        "bedrock",
        "You invoked an unsupported model or your request did not allow prompt caching",
        "cachePoint",
    ),
    (
        "bedrock",
        "Malformed input request: #/system/1: extraneous key [cachePoint] is not permitted",
        "cachePoint",
    ),
    ("bedrock", "`temperature` is deprecated for this model.", "temperature"),
    (
        "bedrock",
        "The maximum tokens you requested exceeds the model limit of 4096. Try again with a maximum tokens "
        "value that is lower than 4096.",
        "maxTokens",
    ),
    ("openai", "Unsupported value: 'temperature' does not support 0 with this model.", "temperature"),
    ("openai", "seed: Extra inputs are not permitted", "seed"),
    ("openai", "Unrecognized request argument supplied: max_completion_tokens", "max_completion_tokens"),
]


@pytest.mark.parametrize(("service", "message", "key"), REFUSALS)
def test_a_setting_that_the_model_refuses_is_left_out_from_then_on(
    endpoint: JudgeEndpoint, service: str, message: str, key: str
) -> None:
    def script(asked: Asked) -> Answer:
        return refusing("ValidationException", message) if key in json.dumps(asked.body) else obliging(asked)

    endpoint.script = script
    kept = judging({"service": service})  # models without a check are not listed
    assert answered() == []
    assert ask(service).ended == ask(service).ended == "whole"
    [(found, parts)] = answered()
    assert (found.service, found.model, parts["form"]) == (service, "judge", "JSON schema")
    assert [message in said for said in found.refused.values()] == [True]
    assert [key in json.dumps(body) for body in endpoint.bodies] == [True, False, False]
    del kept
    assert {asked.form for asked in endpoint.seen} == {SCHEMA}


def test_a_tool_that_cannot_be_demanded_by_name_is_demanded_as_the_model_allows(
    endpoint: JudgeEndpoint,
) -> None:
    def script(asked: Asked) -> Answer:
        if asked.form == SCHEMA:
            return refusing("ValidationException", "This model doesn't support the outputConfig field.")
        if "tool" in asked.body["toolConfig"]["toolChoice"]:
            message = "This model doesn't support the toolConfig.toolChoice.tool field."
            return refusing("ValidationException", message)
        return obliging(asked)

    endpoint.script = script
    assert json.loads(ask("bedrock").text)["verdict"] == "good"
    assert endpoint.bodies[-1]["toolConfig"]["toolChoice"] == {"any": {}}


def test_a_boto3_that_does_not_know_a_part_is_asked_without_it(endpoint: JudgeEndpoint) -> None:
    """boto3's message also lists the parts that it knows, and none of them is omitted."""
    client = boto3.client("bedrock-runtime")
    message = [{"role": "user", "content": [{"text": "?", "novel": 1}]}]
    with pytest.raises(ParamValidationError) as unknown:
        client.converse(modelId="m", messages=message, outputConfigs={})
    assert "must be one of: modelId, messages" in str(unknown.value)
    refusal = Converse("m", None, 0, 10)._too_old(unknown.value)
    assert refusal.message == f"boto3 {boto3.__version__} does not know outputConfigs, novel"
    trial = Trial(Converse("m", None, 0, 10).abilities())
    assert [trial.refused(refusal), trial.parts["form"]] == [True, "strict tool"]


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize(
    "message",
    ["Input is too long for requested model.", "This model's maximum context length is 4096 tokens", "No."],
)
def test_a_refused_question_fails_only_its_sample_and_changes_no_later_request(
    endpoint: JudgeEndpoint, service: str, message: str
) -> None:
    def script(asked: Asked) -> Answer:
        bad = asked.question == "text 0"
        return refusing("ValidationException", message) if bad else obliging(asked)

    endpoint.script = script
    first, *others = judging({"service": service}, max_error_rate=1).grade_all(event(4))
    assert "refused the question" in first.message
    assert all(isinstance(other, Reward) for other in others)
    assert {asked.form for asked in endpoint.seen if asked.question != "text 0"} == {SCHEMA}


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("ended", ["cut", "refused"])
@pytest.mark.parametrize("form", [SCHEMA, TOOL])
def test_the_way_in_which_an_answer_ended_is_reported(
    endpoint: JudgeEndpoint, service: str, ended: str, form: str
) -> None:
    def script(asked: Asked) -> Answer:
        return Answer('{"reason": "bec', ended=ended) if asked.form == form else only(form)(asked)

    endpoint.script = script
    assert ask(service).ended == ended


_SAID = {"content": '{"reason": "r", "verdict": "good"}'}
_CALL = {"function": {"name": "verdict", "arguments": _SAID["content"]}}
_OTHER = {"function": {"name": "other", "arguments": _SAID["content"]}}


@pytest.mark.parametrize(
    ("messages", "finish"),
    [
        ([], "stop"),
        ([None], "stop"),
        ([{"content": [{"type": "text"}]}], "stop"),
        ([{"content": "{}", "tool_calls": [None]}], "tool_calls"),
        ([_SAID], None),
        ([_SAID], "error"),
        ([_SAID], "whole"),
        ([_SAID], ["stop"]),
        ([_SAID, _SAID], "stop"),
        ([{"content": [{"type": "text", "text": "{}"}] * 2}], "stop"),
        ([{"tool_calls": [_OTHER]}], "tool_calls"),
        ([{"tool_calls": [_CALL, _CALL]}], "tool_calls"),
        ([{"content": '{"verdict": "poor"}', "tool_calls": [_CALL]}], "tool_calls"),
    ],
)
def test_an_answer_that_is_not_one_whole_verdict_has_none(
    endpoint: JudgeEndpoint, messages: list[object], finish: object
) -> None:
    choices = [{"message": message, "finish_reason": finish} for message in messages]
    endpoint.script = lambda asked: Answer(raw=json.dumps({"choices": choices}).encode())
    reply = ask("openai")
    assert reply.text == ""
    assert reply.ended != "whole" or _SAID not in messages
    assert service_of(model="judge").metrics([reply]) == {"judge_calls": 1}


_TEXT = {"text": _SAID["content"]}
_USE = {"toolUse": {"toolUseId": "t", "name": "verdict", "input": json.loads(_SAID["content"])}}


@pytest.mark.parametrize(
    ("content", "stopped"),
    [
        ([], "end_turn"),
        (None, 3),
        ([{"reasoningContent": {"reasoningText": {"text": "hm"}}}], "end_turn"),
        *(([_TEXT], stopped) for stopped in (None, "pause_turn", "weird", "malformed_model_output")),
        ([_TEXT, _TEXT], "end_turn"),
        ([{"toolUse": {**_USE["toolUse"], "name": "other"}}], "tool_use"),
        ([_USE, _USE], "tool_use"),
        ([_USE, {"text": '{"verdict": "poor"}'}], "tool_use"),
    ],
)
def test_an_answer_of_converse_that_is_not_one_whole_verdict_has_none(
    endpoint: JudgeEndpoint, content: object, stopped: object
) -> None:
    answer = {"output": {"message": {"content": content}}, "stopReason": stopped, "usage": None}
    endpoint.script = lambda asked: Answer(raw=json.dumps(answer).encode())
    reply = ask("bedrock")
    assert (reply.text, reply.tokens_in) == ("", None)


def test_a_remark_next_to_a_call_is_not_a_verdict(endpoint: JudgeEndpoint) -> None:
    message = {"content": "I judge it now.", "tool_calls": [_CALL]}
    answer = {"choices": [{"message": message, "finish_reason": "tool_calls"}]}
    endpoint.script = lambda asked: Answer(raw=json.dumps(answer).encode())
    assert (ask("openai").ended, ask("openai").text) == ("whole", _SAID["content"])


def test_an_error_of_converse_without_a_message_refuses_the_form(endpoint: JudgeEndpoint) -> None:
    nothing = Answer(status=400, raw=b'{"message": null}')
    endpoint.script = lambda asked: nothing if asked.form != TOOL else obliging(asked)
    assert ask("bedrock").ended == "whole"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)


@given(JSON, JSON, JSON, st.integers())
def test_any_json_is_a_reply_or_no_answer(one: object, other: object, third: object, count: int) -> None:
    chat = Chat("m", None, "KEY", 0, 10)
    for answer in (
        one,
        {"choices": one},
        {"choices": [{"message": one, "finish_reason": other}], "usage": third},
        {"choices": [{"message": {"content": [one], "tool_calls": [other], "refusal": third}}]},
        {"choices": [], "usage": {"prompt_tokens": count, "prompt_tokens_details": {"cached_tokens": one}}},
        {"error": {"code": one, "message": other, "type": third}},
    ):
        try:
            reply = chat._reply(answer, heard=True)
        except (ValueError, TryAgain, FormRefused, ConfigurationError):
            continue
        assert isinstance(reply.text, str)
        assert reply.ended
        assert all(tokens is None or tokens >= 0 for tokens in (reply.tokens_in, reply.tokens_out))


@pytest.mark.parametrize("service", SERVICES)
def test_as_many_questions_are_asked_at_once_as_the_grader_allows(
    endpoint: JudgeEndpoint, service: str
) -> None:
    together = threading.Barrier(24)

    def script(asked: Asked) -> Answer:
        if asked.number:
            together.wait(10)  # fails if fewer than 24 requests run at once
        return obliging(asked)

    endpoint.script = script
    rewards = judging({"service": service}, concurrency=24, timeout_s=30).grade_all(event(25))
    assert [reward.value for reward in rewards] == [1.0] * 25
    assert endpoint.most_at_once == 24


@pytest.mark.parametrize("service", SERVICES)
def test_one_service_serves_event_loops_and_threads(endpoint: JudgeEndpoint, service: str) -> None:
    made = judging({"service": service}, timeout_s=None)
    found = [
        made.grade(make_sample("a")),
        asyncio.run(made(make_sample("b"))),
        asyncio.run(made(make_sample("c"))),
    ]

    def elsewhere() -> None:
        found.append(asyncio.run(made(make_sample("d"))))

    threads = [threading.Thread(target=elsewhere) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [reward.value for reward in found] == [1.0] * 7


FORKING = """
import os
from support.judged import judging
from graders.testing import make_sample

both = [judging({"service": service}, timeout_s=30) for service in ("bedrock", "openai")]
before = [made.grade(make_sample("a")).value for made in both]
child = os.fork()
values = [made.grade(make_sample("b")).value for made in both]
if child == 0:
    os._exit(10 + int(sum(values)))
print(before, values, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def test_a_forked_process_has_its_own_connections(endpoint: JudgeEndpoint) -> None:
    path = {"PYTHONPATH": ":".join(entry for entry in sys.path if entry), "PATH": "/usr/bin:/bin"}
    environment = {**endpoint.variables, **path}
    done = subprocess.run([sys.executable, "-c", FORKING], capture_output=True, text=True, env=environment)
    assert (done.stdout, done.stderr) == ("[1.0, 1.0] [1.0, 1.0] 12\n", "")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"model": " "}, "model=' '"),
        ({"service": "azure"}, "service='azure'"),
        ({"temperature": -1}, "temperature=-1"),
        ({"temperature": 1.5}, "from 0 to 1"),
        ({"temperature": 2.5, "service": "openai"}, "from 0 to 2"),
        ({"max_tokens": 0}, "max_tokens=0"),
        ({"base_url": "http://x"}, "AWS_ENDPOINT_URL_BEDROCK_RUNTIME"),
        ({"service": "openai", "region": "us-east-1"}, "base_url="),
        ({"service": "openai", "key_variable": ""}, "key_variable="),
        ({"service": "openai", "base_url": ""}, "base_url=''"),
        ({"region": ""}, "region=''"),
        ({"input_price": 1}, "output_price="),
        ({"cached_price": 1}, "input_price="),
        ({"input_price": -1, "output_price": 1}, "input_price=-1"),
        ({"ceiling_usd": 1}, "needs input_price="),
        ({"ceiling_tokens": 0.5}, "ceiling_tokens=0.5"),
    ],
)
def test_invalid_options_are_refused(options: dict[str, object], words: str) -> None:
    with pytest.raises(DecorationError) as refused:
        service_of(**{"model": "judge", **options})  # type: ignore[arg-type]
    assert words in str(refused.value)
