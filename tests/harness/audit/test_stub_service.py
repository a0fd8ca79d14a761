import json
from contextlib import closing
from typing import Any

import boto3
import botocore.exceptions
import openai
import pytest
from botocore.config import Config

from harness.audit.stub_service import StubService


@pytest.fixture
def service():
    with closing(StubService()) as opened:
        yield opened


def bedrock(service):
    url = service.variables["AWS_ENDPOINT_URL_BEDROCK_RUNTIME"]
    once = Config(retries={"total_max_attempts": 1})
    keys = {"aws_access_key_id": "k", "aws_secret_access_key": "s"}
    return boto3.client("bedrock-runtime", "us-east-1", endpoint_url=url, config=once, **keys)


def asked(client, text):
    return client.converse(modelId="m", messages=[{"role": "user", "content": [{"text": text}]}])


def test_the_bedrock_client_gets_the_prepared_reply(service):
    service.tell("Score: 3")
    client = bedrock(service)
    with closing(client):
        answer = asked(client, "How good is it?")
        assert answer["output"]["message"]["content"] == [{"text": "Score: 3"}]
        body = json.dumps({"prompt": "How good is it?"})
        invoked = json.loads(client.invoke_model(modelId="m", body=body)["body"].read())
        assert invoked["content"][0]["text"] == invoked["generation"] == "Score: 3"
    assert [one.text for one in service.questions] == ["How good is it?"] * 2


def test_a_fault_uses_the_service_error_format_and_may_occur_once(service):
    service.tell("fine", 429, once=True)
    client = bedrock(service)
    with closing(client):
        with pytest.raises(botocore.exceptions.ClientError, match="ThrottlingException"):
            asked(client, "x")
        assert asked(client, "x")["stopReason"] == "end_turn"


def test_too_many_requests_are_refused_permanently(service):
    service.tell("", 429, most=2)
    client = bedrock(service)
    with closing(client):
        for kind in ("ThrottlingException", "ThrottlingException", "AccessDeniedException"):
            assert service.refused is False
            with pytest.raises(botocore.exceptions.ClientError, match=kind):
                asked(client, "x")
        assert service.refused
        service.tell("fine")
        assert not service.refused
        assert asked(client, "x")["stopReason"] == "end_turn"


def test_the_openai_client_gets_texts_and_tool_calls(service):
    service.tell('{"score": 1}')
    url: Any = service.variables["OPENAI_BASE_URL"]
    with openai.OpenAI(base_url=url, api_key="k", max_retries=0) as client:
        turns: Any = [{"role": "user", "content": "How good is it?"}]
        said: Any = client.chat.completions.create(model="m", messages=turns).choices[0].message
        assert said.content == '{"score": 1}'
        tool: Any = {"type": "function", "function": {"name": "grade", "parameters": {"type": "object"}}}
        said = client.chat.completions.create(model="m", messages=turns, tools=[tool]).choices[0].message
        assert said.tool_calls[0].function.arguments == '{"score": 1}'
        assert client.responses.create(model="m", input="How?").output_text == '{"score": 1}'
        service.tell("", 503)
        with pytest.raises(openai.InternalServerError):
            client.chat.completions.create(model="m", messages=turns)


def test_a_recorded_answer_names_no_host_twice_where_the_client_uses_a_proxy(service, monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, service.variables[name])
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    service.tell("Score: 3")
    with closing(bedrock(service)) as client:
        asked(client, "How good is it?")
    (answer,) = service.recorded().answers
    assert answer.url == "https://127.0.0.1/model/m/converse"
