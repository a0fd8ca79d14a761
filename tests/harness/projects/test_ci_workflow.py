"""The workflow that `rft init` writes for GitHub Actions."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness.errors import InputError
from harness.projects.ci_workflow import _SAM_VERSION, WORKFLOW, add_workflow
from harness.projects.scaffold import make_project

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    make_project(tmp_path / "mine", workflow=True)
    return tmp_path / "mine"


def workflow(project: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.load((project / WORKFLOW).read_text(), yaml.BaseLoader)  # keeps `on` as is
    return found


def test_it_has_no_more_rights_than_it_needs(project: Path) -> None:
    found = workflow(project)
    assert found["permissions"] == {"contents": "read"}
    assert "permissions" not in found["jobs"]["test"]
    assert found["jobs"]["deploy"]["permissions"] == {"contents": "read", "id-token": "write"}
    assert "secrets" not in (project / WORKFLOW).read_text().replace("No secret", "")


def test_only_a_push_to_main_deploys_and_only_after_the_tests(project: Path) -> None:
    found = workflow(project)
    assert found["on"].keys() == {"push", "pull_request"}
    assert found["on"]["push"] == {"branches": ["main"]}
    deploy = found["jobs"]["deploy"]
    assert deploy["needs"] == "test"
    for condition in (
        "github.event_name == 'push'",
        "github.ref == 'refs/heads/main'",
        "vars.AWS_ROLE_ARN != ''",
    ):
        assert condition in deploy["if"]
    assert found["concurrency"]["group"] == "rft-${{ github.ref }}"
    assert deploy["concurrency"] == {"group": "rft-deploy", "cancel-in-progress": "false"}


def test_every_action_is_pinned_to_a_commit_and_no_expression_reaches_a_shell(project: Path) -> None:
    text = (project / WORKFLOW).read_text()
    assert not re.search("@[A-Z_]+@", text)
    steps = [step for job in workflow(project)["jobs"].values() for step in job["steps"]]
    uses = [step["uses"] for step in steps if "uses" in step]
    assert len(uses) == 6
    assert all(re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", each) for each in uses)
    assert text.count(" # v") == len(uses)
    assert all("${{" not in step["run"] for step in steps if "run" in step)
    assert all(job["runs-on"] == "ubuntu-24.04" for job in workflow(project)["jobs"].values())


def test_it_deploys_the_stack_of_the_settings_with_the_pinned_sam(project: Path) -> None:
    text = (project / WORKFLOW).read_text()
    assert "sam deploy --stack-name mine " in text
    assert "rft doctor --stack mine\n" in text
    assert "aws-region: us-west-2\n" in text
    assert f"aws-sam-cli=={_SAM_VERSION} \\" in (ROOT / "requirements" / "sam.txt").read_text()
    runtime = re.search(r"Runtime: python([\d.]+)", (project / "template.yaml").read_text())
    assert runtime is not None
    assert text.count(f'python-version: "{runtime[1]}"') == 2


SETTINGS = (
    'handler = "a.b"\nrollouts = "r.jsonl"\nrecords = "t.jsonl"\nstack = "theirs"\nregion = "us-east-1"\n'
)


def test_a_project_that_is_there_gets_it_once(tmp_path: Path) -> None:
    (tmp_path / "rft.toml").write_text(SETTINGS)
    assert add_workflow(tmp_path) == Path(WORKFLOW)
    assert "sam deploy --stack-name theirs " in (tmp_path / WORKFLOW).read_text()
    with pytest.raises(InputError, match="already exists"):
        add_workflow(tmp_path)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ("", "the workflow needs grader, rollouts, records, stack, region in rft.toml"),
        (SETTINGS.replace("region", "# "), "the workflow needs region in rft.toml"),
        (SETTINGS.replace("theirs", "x; rm -rf /"), "'x; rm -rf /' is not a valid name for a stack"),
    ],
)
def test_settings_that_it_cannot_do_with_are_refused(tmp_path: Path, settings: str, said: str) -> None:
    (tmp_path / "rft.toml").write_text(settings)
    with pytest.raises(InputError, match=re.escape(said)):
        add_workflow(tmp_path)
    assert not (tmp_path / ".github").exists()


def test_a_folder_below_the_root_of_a_repository_is_refused(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "rft.toml").write_text(SETTINGS)
    for make in (add_workflow, lambda folder: make_project(folder / "new", workflow=True)):
        with pytest.raises(InputError, match="only at the root of a repository"):
            make(tmp_path / "below")


def test_its_page_has_a_policy_for_the_main_branch_alone() -> None:
    page = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
    policy = json.loads(re.findall(r"```json\n(.*?)```", page, re.DOTALL)[0])
    (statement,) = policy["Statement"]
    conditions = statement["Condition"]["StringEquals"]
    assert conditions["token.actions.githubusercontent.com:sub"].endswith(":ref:refs/heads/main")
    assert WORKFLOW in page


@pytest.mark.slow
def test_the_steps_of_its_tests_run_one_by_one(project: Path) -> None:
    foreign = ("AWS_", "PYTEST_", "RFT_")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    # The packages are already installed, so pip needs no index.
    environment |= {"PATH": f"{Path(sys.executable).parent}:{environment['PATH']}", "PIP_NO_INDEX": "1"}
    said = {}
    for step in workflow(project)["jobs"]["test"]["steps"]:
        if "run" in step:
            done = subprocess.run(
                ["bash", "-e", "-c", step["run"]],
                cwd=project,
                env=environment,
                capture_output=True,
                text=True,
            )
            assert done.returncode == 0, f"{step['name']}\n{done.stdout}\n{done.stderr}"
            said[step["name"]] = done.stdout
    assert " passed in " in said["Test the graders"]
    assert "0 errors" in said["Check the training file"]
    assert "agrees with is_right on 192 of 192" in said["Replay the rollouts"]
    assert (project / "runs" / "ci" / "rewards.jsonl").is_file()
    assert (project / "report.html").read_text(encoding="utf-8").startswith("<!")
