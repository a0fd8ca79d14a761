"""The project's Region, from each source that can set it."""

from __future__ import annotations

import pytest

from harness.deploy.regions import check_region, find_region
from harness.errors import InputError
from harness.findings import Place

STACK = "arn:aws:cloudformation:eu-west-1:123456789012:stack/mine/1"
FUNCTION = "arn:aws-us-gov:lambda:us-gov-west-1:123456789012:function:mine:1"


def name_of(*asked):
    found = find_region(*asked)
    return found and found.name


@pytest.fixture
def folder(tmp_path, monkeypatch):
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "SAM_CONFIG_ENV"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "samconfig.toml").write_text('[default.deploy.parameters]\nregion = "us-west-2"\n')
    return tmp_path


def test_each_source_yields_to_the_one_before_it(folder, monkeypatch):
    assert name_of(None, None, folder) == "us-west-2"
    found = find_region(None, "mine", folder)
    assert found is not None
    assert found.source == str(folder / "samconfig.toml")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "ap-south-1")
    assert name_of(None, "mine", folder) == "ap-south-1"
    monkeypatch.setenv("AWS_REGION", "sa-east-1")
    assert name_of(None, "mine", folder) == "sa-east-1"
    assert name_of(None, STACK, folder) == "eu-west-1"
    assert name_of(None, FUNCTION, folder) == "us-gov-west-1"
    assert name_of("us-east-1", STACK, folder) == "us-east-1"


def test_where_nothing_says_it_no_region_is_known(folder):
    (folder / "samconfig.toml").unlink()
    assert find_region(None, None, folder) is None
    assert find_region(None, None, folder / "nowhere") is None


def test_a_command_s_own_table_wins_over_the_global_one(folder):
    text = '[default.global.parameters]\nregion = "us-east-1"\n'
    (folder / "samconfig.toml").write_text(text)
    assert name_of(None, None, folder) == "us-east-1"
    (folder / "samconfig.toml").write_text(f'{text}[default.deploy.parameters]\nregion = "us-west-2"\n')
    assert name_of(None, None, folder) == "us-west-2"


def test_another_environment_of_sam_s_is_read(folder, monkeypatch):
    (folder / "samconfig.toml").write_text('[prod.deploy.parameters]\nregion = "eu-west-1"\n')
    assert find_region(None, None, folder) is None
    monkeypatch.setenv("SAM_CONFIG_ENV", "prod")
    assert name_of(None, None, folder) == "eu-west-1"


@pytest.mark.parametrize(
    "text",
    [
        "version = 0.1\n",
        "default = 3\n",
        "[default.deploy]\nparameters = 3\n",
        "[default.deploy.parameters]\nregion = 3\n",
    ],
)
def test_what_says_no_region_is_none(folder, text):
    (folder / "samconfig.toml").write_text(text)
    assert find_region(None, None, folder) is None


@pytest.mark.parametrize("content", [b"region = ", b"\xff"])
def test_a_damaged_file_is_refused_by_name(folder, content):
    (folder / "samconfig.toml").write_bytes(content)
    with pytest.raises(InputError, match=r"samconfig\.toml: this is not valid TOML"):
        find_region(None, None, folder)


@pytest.mark.parametrize(
    ("asked", "rules"),
    [
        ({}, []),
        ({"model": "openai.gpt-oss-20b"}, []),
        ({"model": "unheard-of"}, []),
        ({"job_region": "us-east-1"}, ["D066"]),
        ({"job_region": "us-east-1", "model": "openai.gpt-oss-20b"}, ["D066", "D067"]),
    ],
)
def test_the_job_has_to_be_in_the_grader_s_region(asked, rules):
    assert [one.id for one in check_region("us-west-2", Place(file="here"), **asked)] == rules
