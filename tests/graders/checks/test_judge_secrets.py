"""A judge's settings: error messages contain no secrets and name the invalid setting."""

from __future__ import annotations

import asyncio

import pytest

from graders import ConfigurationError, DecorationError
from graders.checks import _judge_chat, _judge_converse
from graders.checks._judge_clients import Clients
from graders.checks._judge_secrets import without_secrets
from graders.checks._judge_services import found_models, service_of
from graders.testing import make_sample
from support.judge_endpoint import Answer, JudgeEndpoint, refusing
from support.judged import event, judging, question

SERVICES = ("bedrock", "openai")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("at http://user:pa55@host/v1?key=1 now", "at http://host/v1 now"),
        ("Incorrect API key provided: sk-proj-abc***zzz.", "Incorrect API key provided: ***"),
        ("Bearer abcdefghijkl is bad", "Bearer *** is bad"),
        ("The Bearer token expired", "The Bearer token expired"),
        ("the key mine-own is bad, examine-owner is not", "the key *** is bad, examine-owner is not"),
        (
            "us.anthropic.claude-sonnet-4-20250514-v1:0 is gone",
            "us.anthropic.claude-sonnet-4-20250514-v1:0 is gone",
        ),
        ("no deepseek-ai/DeepSeek-R1-Distill-Qwen-32B", "no deepseek-ai/DeepSeek-R1-Distill-Qwen-32B"),
        ("request 6f1d3c1a-9f0e-4c1b-8d6e-0123456789ab", "request 6f1d3c1a-9f0e-4c1b-8d6e-0123456789ab"),
    ],
)
def test_secrets_are_left_out_of_a_message_and_nothing_else_is(text: str, shown: str) -> None:
    assert without_secrets(text, ["mine-own", "x"]) == shown


@pytest.mark.parametrize(
    "part", ["a", "a1", "://", "a://", "a://b:", "key-", "api_key-", "eyJ-", "sk.", "bearer "]
)
def test_a_long_text_without_a_secret_is_searched_in_time_that_grows_with_its_length(part: str) -> None:
    # With the square of its length, this would take minutes.
    text = part * (200_000 // len(part))
    assert without_secrets(f"{text} at http://user:pa55@host/v1?key=1").endswith(" at http://host/v1")


@pytest.mark.parametrize(
    ("service", "name", "value"),
    [
        *(("openai", "OPENAI_API_KEY", key) for key in ("a\nb", "k\u00e9y", "a\x7f")),
        *(
            ("openai", "OPENAI_BASE_URL", url)
            for url in ("127.0.0.1:9/v1", "http://[::1", "ftp://x", "http://")
        ),
        *(("openai", "ALL_PROXY", url) for url in ("garbage://x", "nothing", "http://me:word@127.0.0.1:9")),
        ("openai", "SSL_CERT_FILE", "/nowhere.pem"),
        *(
            ("bedrock", "AWS_ENDPOINT_URL_BEDROCK_RUNTIME", url)
            for url in ("garbage", "127.0.0.1:9", "ftp://x")
        ),
        ("bedrock", "HTTP_PROXY", "http://[bad"),
        ("bedrock", "AWS_REGION", "us-west-2\n"),
    ],
)
def test_a_setting_with_which_nothing_can_be_sent_is_named_and_fails_the_call(
    endpoint: JudgeEndpoint, monkeypatch: pytest.MonkeyPatch, service: str, name: str, value: str
) -> None:
    monkeypatch.setenv("NO_PROXY", "")
    if name == "SSL_CERT_FILE":
        monkeypatch.setenv("OPENAI_BASE_URL", "https://127.0.0.1:9/v1")
    monkeypatch.setenv(name, value)
    for module in (_judge_chat, _judge_converse):  # a client reads its environment once
        monkeypatch.setattr(module, "_clients", Clients())
    with pytest.raises(ConfigurationError) as refused:
        judging({"service": service}, timeout_s=5).grade(make_sample("text"))
    said = str(refused.value)
    assert name in said
    assert "word" not in said
    assert "was asked" not in said
    assert not endpoint.seen


@pytest.mark.parametrize(
    "options",
    [
        {"service": "openai", "base_url": "http://[::1"},
        {"service": "openai", "base_url": "http://user:pa55 word@127.0.0.1/v1"},
        {"service": "openai", "base_url": "http://127.0.0.1/v1?key=pa55word"},
        {"service": "openai", "key_variable": "sk-proj-pa55word123"},
        {"service": "openai", "key_variable": "sk_pa55word"},
        {"service": "openai", "key_variable": "gsk_pa55word1234567"},
        {"service": "bedrock", "base_url": "http://user:pa55word@127.0.0.1/v1"},
        {"service": "bedrock", "region": "us-west-2\n"},
    ],
)
def test_an_option_with_which_nothing_can_be_sent_is_refused_without_its_secret(
    options: dict[str, str],
) -> None:
    with pytest.raises(DecorationError) as refused:
        service_of(model="m", **options)  # type: ignore[arg-type]
    assert "pa55" not in str(refused.value)
    assert any(f"{name}=" in str(refused.value) for name in options)


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("status", [400, 401, 403])
def test_no_message_holds_a_secret(
    endpoint: JudgeEndpoint, monkeypatch: pytest.MonkeyPatch, service: str, status: int
) -> None:
    key = "OPENAI_API_KEY" if service == "openai" else "AWS_SECRET_ACCESS_KEY"
    secrets = {
        key: "onlylettersecretkey",
        "OPENAI_BASE_URL": endpoint.url.replace("//", "//user:pa55word@") + "/v1",
    }
    for name, value in secrets.items():
        monkeypatch.setenv(name, value)
    said = " ".join([*secrets.values(), "Bearer sk-other-key-123456", "of the caller"])
    endpoint.script = lambda asked: refusing("ValidationException", said, status)
    try:
        [outcome] = judging({"service": service}, timeout_s=5, max_error_rate=1).grade_all(event(1))
        told = outcome.message
    except ConfigurationError as error:
        told = str(error)
    for secret in ("onlyletter", "pa55word", "sk-other"):
        assert secret not in told
    assert "of the caller" in told
    assert "pa55word" not in repr([model.as_dict() for model in found_models()])


@pytest.mark.parametrize("service", SERVICES)
def test_a_verdict_that_repeats_the_key_is_kept_without_it(
    endpoint: JudgeEndpoint, monkeypatch: pytest.MonkeyPatch, service: str
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "onlylettersecretkey")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "onlylettersecretkey")
    verdict = {"reason": "your key is onlylettersecretkey", "verdict": "good"}
    endpoint.script = lambda asked: Answer(verdict)
    made = service_of(model="judge", service=service)  # type: ignore[arg-type]
    assert "your key is ***" in asyncio.run(made.ask(question("text"))).text
