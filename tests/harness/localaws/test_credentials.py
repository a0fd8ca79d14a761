from __future__ import annotations

import pytest

from harness.errors import InputError
from harness.localaws.credentials import profile_credentials


@pytest.fixture(autouse=True)
def configuration(monkeypatch, tmp_path):
    """A separate AWS configuration, so that the developer's own is not read."""
    for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    (tmp_path / "config").write_text(
        "[profile full]\naws_access_key_id = A\naws_secret_access_key = B\naws_session_token = C\n"
        "[profile lasting]\naws_access_key_id = A\naws_secret_access_key = B\n"
        "[profile half]\naws_access_key_id = A\n"
        "[profile empty]\nregion = us-west-2\n"
    )


def test_a_profiles_keys_become_the_variables_of_a_deployed_function():
    lasting = {"AWS_ACCESS_KEY_ID": "A", "AWS_SECRET_ACCESS_KEY": "B"}
    assert profile_credentials("lasting") == lasting
    assert profile_credentials("full") == {**lasting, "AWS_SESSION_TOKEN": "C"}


@pytest.mark.parametrize(
    ("profile", "said"),
    [
        ("nobody", "--aws-credentials nobody: the AWS profile does not exist"),
        ("half", "--aws-credentials half: the AWS credentials are incomplete"),
        ("empty", "the profile empty has no credentials"),
    ],
)
def test_a_profile_without_keys_is_told_in_one_sentence(profile, said):
    with pytest.raises(InputError, match=said):
        profile_credentials(profile)
