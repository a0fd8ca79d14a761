import tomllib
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]
CI = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())["jobs"]["linux"]


def test_ci_runs_on_every_python_that_the_package_claims():
    classifiers = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["classifiers"]
    claimed = [line.rpartition(" ")[2] for line in classifiers if "Python :: 3." in line]
    assert CI["strategy"]["matrix"]["python"] == claimed


def test_ci_calls_the_script_and_every_action_has_a_version():
    assert [step["run"] for step in CI["steps"] if "run" in step] == [".ci/run"]
    assert all("@v" in step["uses"] for step in CI["steps"] if "uses" in step)
