"""The GitHub workflows agree with the project, as far as tests outside GitHub can show."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
WORKFLOWS = {path.stem: yaml.safe_load(path.read_text()) for path in (ROOT / ".github/workflows").iterdir()}
FORMS = sorted((ROOT / ".github/ISSUE_TEMPLATE").iterdir())


def steps(workflow: str) -> list[dict]:
    return [step for job in WORKFLOWS[workflow]["jobs"].values() for step in job["steps"]]


def test_ci_runs_the_script_on_every_python_that_the_package_claims():
    job = WORKFLOWS["ci"]["jobs"]["test"]
    classifiers = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["classifiers"]
    claimed = [line.rpartition(" ")[2] for line in classifiers if "Python :: 3." in line]
    assert job["strategy"]["matrix"]["python"] == claimed
    assert [step["run"] for step in job["steps"] if "run" in step] == [".ci/run"]


@pytest.mark.parametrize("workflow", WORKFLOWS)
def test_every_action_is_pinned_to_a_commit_and_no_job_may_write_by_default(workflow):
    used = [step["uses"] for step in steps(workflow) if "uses" in step]
    assert used
    assert all(re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", action) for action in used)
    assert WORKFLOWS[workflow]["permissions"] in ({}, {"contents": "read"})


@pytest.mark.parametrize("workflow", WORKFLOWS)
def test_workflows_call_targets_that_the_makefile_has(workflow):
    targets = set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE))
    called = [step["run"].split()[1] for step in steps(workflow) if step.get("run", "").startswith("make ")]
    assert set(called) <= targets


def test_a_release_is_attested_with_its_list_of_packages():
    attested = [
        step["with"] for step in steps("release") if step.get("uses", "").startswith("actions/attest@")
    ]
    assert attested == [
        {"subject-path": "dist/rft_graders-*"},
        {"subject-path": "dist/rft_graders-*", "sbom-path": "dist/sbom.cdx.json"},
    ]
    assert "dist/sbom.cdx.json" in (ROOT / "Makefile").read_text()


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.stem)
def test_issue_forms_have_what_github_requires(form):
    read = yaml.safe_load(form.read_text())
    assert {"name", "description", "body"} <= set(read)
    ids = [field["id"] for field in read["body"]]
    assert len(ids) == len(set(ids))
    assert all(field["attributes"]["label"] for field in read["body"])


def test_commit_hooks_start_commands_of_the_projects_own_environment():
    [repo] = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    assert repo["repo"] == "local"
    assert all(hook["entry"].startswith(".venv/bin/") for hook in repo["hooks"])
