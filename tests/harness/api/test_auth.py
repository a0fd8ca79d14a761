from __future__ import annotations

import base64
import urllib.parse
from itertools import count

import pytest

from harness.api.auth import Credential, ShortTermKey, find_credential
from harness.api.endpoint import find_endpoint
from harness.clock import ManualClock
from harness.errors import InputError


def test_openai_key_comes_first():
    environment = {"OPENAI_API_KEY": "abc", "AWS_BEARER_TOKEN_BEDROCK": "def"}
    credential = find_credential(find_endpoint(None, None, {}), environment)
    assert (credential.token(), credential.source, credential.renew()) == ("abc", "OPENAI_API_KEY", False)


def test_bedrock_key_is_used_for_aws_hosts():
    credential = find_credential(find_endpoint(None, None, {}), {"AWS_BEARER_TOKEN_BEDROCK": "def"})
    assert credential.token() == "def"


def test_no_aws_key_leaves_for_another_host_or_this_machine():
    environment = {
        "AWS_BEARER_TOKEN_BEDROCK": "secret",
        "AWS_ACCESS_KEY_ID": "AKIA",
        "AWS_REGION": "us-west-2",
    }
    here = find_credential(find_endpoint("http://localhost:8000/v1", None, {}), environment)
    assert here.token() == "local"
    for url in (
        "https://proxy.example/v1",
        "http://bedrock-mantle.us-west-2.api.aws/v1",
        "https://theirs.execute-api.us-west-2.amazonaws.com/v1",
    ):
        with pytest.raises(InputError, match="OPENAI_API_KEY"):
            find_credential(find_endpoint(url, None, {}), environment)
        with pytest.raises(InputError, match="OPENAI_API_KEY"):
            find_credential(find_endpoint(None, None, {}), environment, find_endpoint(url, None, {}))


def test_a_key_with_a_line_break_is_refused_without_showing_it():
    with pytest.raises(InputError) as caught:
        Credential("sec\nret", "OPENAI_API_KEY")
    assert "ret" not in str(caught.value)


def test_keys_do_not_show_in_repr():
    assert "secret" not in repr(Credential("secret", "OPENAI_API_KEY"))
    short = ShortTermKey(lambda: "secret")
    short.token()
    assert "secret" not in repr(short)


def test_a_short_term_key_is_cached_for_five_minutes():
    clock, made = ManualClock(), count(1)
    key = ShortTermKey(lambda: f"key-{next(made)}", clock)
    seen = []
    for at in (0.0, 1.0, 299.0, 301.0, 599.0, 12 * 3600.0):
        clock.sleep(at - clock.monotonic())
        seen.append(key.token())
    assert seen == ["key-1", "key-1", "key-1", "key-2", "key-2", "key-3"]


def test_renewing_makes_another_key_immediately():
    made = iter(["one", "two"])
    key = ShortTermKey(lambda: next(made))
    assert key.token() == "one"
    assert key.renew()
    assert key.token() == "two"


def test_a_real_short_term_key_is_made_from_aws_credentials(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
    monkeypatch.delenv("AWS_SESSION_TOKEN", raising=False)
    token = find_credential(find_endpoint(None, "us-west-2", {}), {}).token()
    decoded = urllib.parse.unquote(base64.b64decode(token.removeprefix("bedrock-api-key-")).decode())
    assert "AKIAIOSFODNN7EXAMPLE" in decoded
    assert "us-west-2/bedrock/aws4_request" in decoded


def test_without_credentials_it_says_how_to_sign_in(monkeypatch, tmp_path):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    with pytest.raises(InputError, match="OPENAI_API_KEY"):
        find_credential(find_endpoint(None, None, {}), {}).token()
