from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.api.endpoint import check_same_region, find_endpoint, other_path
from harness.errors import InputError

MANTLE = "https://bedrock-mantle.us-west-2.api.aws/v1"
RUNTIME = "https://bedrock-runtime.us-west-2.amazonaws.com/openai/v1"


def test_without_anything_the_documented_host_in_the_documented_region():
    where = find_endpoint(None, None, {})
    assert (where.base_url, where.region, where.aws, where.loopback) == (MANTLE, "us-west-2", True, False)
    assert where.region_from == "the default"


@pytest.mark.parametrize(
    ("url", "region", "environment", "expected"),
    [
        (MANTLE, "us-west-2", {"AWS_REGION": "eu-west-1"}, ("us-west-2", "the host")),
        ("https://proxy.example", "us-east-1", {"AWS_REGION": "eu-west-1"}, ("us-east-1", "--region")),
        ("http://127.0.0.1:9/v1", None, {"AWS_REGION": "eu-west-1"}, ("eu-west-1", "AWS_REGION")),
        (
            "https://proxy.example/v1",
            None,
            {"AWS_DEFAULT_REGION": "eu-west-1", "AWS_REGION": ""},
            ("eu-west-1", "AWS_DEFAULT_REGION"),
        ),
        ("https://proxy.example/v1", None, {}, (None, None)),
        (None, "us-east-1", {"AWS_REGION": "eu-west-1"}, ("us-east-1", "--region")),
        (None, None, {"AWS_REGION": "eu-west-1"}, ("eu-west-1", "AWS_REGION")),
    ],
)
def test_the_region_is_the_hosts_then_the_options_then_the_environments(url, region, environment, expected):
    where = find_endpoint(url, region, environment)
    assert (where.region, where.region_from) == expected


def test_a_base_url_that_is_given_beats_the_environment():
    environment = {"OPENAI_BASE_URL": "http://127.0.0.1:9/v1"}
    assert find_endpoint(MANTLE + "/", None, environment).base_url == MANTLE
    assert find_endpoint(None, None, environment).loopback


@pytest.mark.parametrize(
    ("host", "service", "region"),
    [
        ("bedrock-mantle.us-east-1.api.aws", "bedrock-mantle", "us-east-1"),
        ("BEDROCK-MANTLE.us-east-1.API.aws", "bedrock-mantle", "us-east-1"),
        ("bedrock-mantle-fips.us-gov-west-1.api.aws", "bedrock-mantle", "us-gov-west-1"),
        ("bedrock-runtime.us-west-2.amazonaws.com", "bedrock-runtime", "us-west-2"),
        ("bedrock-runtime-fips.us-west-2.amazonaws.com", "bedrock-runtime", "us-west-2"),
        ("vpce-0a1-b2c.bedrock-mantle.us-west-2.vpce.amazonaws.com", "bedrock-mantle", "us-west-2"),
        (
            "vpce-0a1-b2c-us-west-2a.bedrock-mantle.us-west-2.vpce.amazonaws.com",
            "bedrock-mantle",
            "us-west-2",
        ),
        ("vpce-0a1-b2c.bedrock-runtime.us-west-2.vpce.amazonaws.com", "bedrock-runtime", "us-west-2"),
        ("bedrock-mantle.us-west-2.api.aws.evil.example", None, None),
        ("bedrock-mantle.us-west-2.example", None, None),
        ("x.execute-api.us-west-2.amazonaws.com", None, "us-west-2"),
    ],
)
def test_a_host_tells_service_and_region(host, service, region):
    where = find_endpoint(f"https://{host}/openai/v1", None, {})
    assert (where.service, where.region, where.aws) == (service, region, service is not None)


@pytest.mark.parametrize(
    ("url", "fix"),
    [
        ("https://bedrock-mantle.us-west-2.api.aws", "https://bedrock-mantle.us-west-2.api.aws/v1"),
        ("https://bedrock-mantle.us-west-2.api.aws/v2/", "https://bedrock-mantle.us-west-2.api.aws/v1"),
        (f"{MANTLE}/fine_tuning/jobs", MANTLE),
        ("https://bedrock-runtime.us-west-2.amazonaws.com", RUNTIME),
        ("https://bedrock-runtime.us-west-2.amazonaws.com/v1", RUNTIME),
        ("http://127.0.0.1:8000/", "http://127.0.0.1:8000/v1"),
        ("https://bedrock.us-west-2.amazonaws.com/v1", MANTLE),
        ("https://bedrock-agent-runtime.us-west-2.amazonaws.com", MANTLE),
    ],
)
def test_a_base_url_without_its_path_or_of_another_host_is_told_before_anything_is_sent(url, fix):
    with pytest.raises(InputError) as caught:
        find_endpoint(None, None, {"OPENAI_BASE_URL": url})
    assert f"Set it to {fix}" in str(caught.value)
    assert caught.value.place == "OPENAI_BASE_URL"


@pytest.mark.parametrize(
    "url",
    [
        "bedrock-mantle.us-west-2.api.aws/v1",
        "ftp://x/v1",
        "https://user:word@x/v1",
        "https://x/v1?key=1",
        "http://[::1/v1",
        "https://",
        "http://x:port/v1",
        "https://x/v1 /",
        "https://x\n/v1",
    ],
)
def test_malformed_base_urls_are_refused(url):
    with pytest.raises(InputError, match="OPENAI_BASE_URL"):
        find_endpoint(None, None, {"OPENAI_BASE_URL": url})


@given(url=st.text() | st.from_regex(r"https?://[a-z0-9.:/@\[\]-]{0,40}", fullmatch=True))
def test_whatever_stands_in_the_variable_is_an_endpoint_or_refused(url):
    try:
        where = find_endpoint(None, None, {"OPENAI_BASE_URL": url})
    except InputError:
        return
    assert where.base_url.startswith(("https://", "http://"))
    assert not where.aws or ".aws" in where.base_url.lower() or ".amazonaws.com" in where.base_url.lower()


def test_contradicting_regions_are_refused():
    with pytest.raises(InputError, match="us-west-2"):
        find_endpoint(MANTLE, "us-east-1", {})
    with pytest.raises(InputError, match="exists in the Region of its job"):
        check_same_region(find_endpoint(MANTLE, None, {}), find_endpoint(None, "us-east-1", {}))
    check_same_region(find_endpoint(MANTLE, None, {}), find_endpoint("http://127.0.0.1:1/v1", None, {}))


@pytest.mark.parametrize("environment", [{}, {"OPENAI_BASE_URL": "http://127.0.0.1:1/v1"}])
def test_a_malformed_region_cannot_become_another_host(environment):
    with pytest.raises(InputError, match="--region"):
        find_endpoint(None, "us-west-2.evil.example/x#", environment)


def test_the_host_for_inference_has_no_jobs():
    find_endpoint(MANTLE, None, {}).check_has_jobs()
    with pytest.raises(InputError, match="no fine-tuning jobs") as caught:
        find_endpoint(RUNTIME, None, {}).check_has_jobs()
    assert MANTLE in str(caught.value)


def test_the_other_path_of_a_host():
    assert other_path(f"{MANTLE}/chat/completions") == MANTLE.replace("/v1", "/openai/v1")
    assert other_path(f"{MANTLE.replace('/v1', '/openai/v1')}/responses") == MANTLE
    assert other_path("https://proxy.example/llm/chat/completions") is None
