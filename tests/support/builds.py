"""Projects with the output of `sam build`, written without `sam` to save time and to include faults.

The folder contains `template.yaml`, the sources, and `.aws-sam/build` with an artifact for each function. The
runtime is this interpreter's version.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import yaml

from harness.localaws.function import PRESENT_RUNTIME
from support.artifacts import REPOSITORY, write_artifact

SAME = """
from graders import Reward, Sample, grader

@grader(range=(-1, 1))
def same(sample: Sample):
    value = sample.completion == sample.reference_answer
    return Reward(float(value), metrics={"length": len(sample.completion)})
"""
"""A grader with its own range and metric: `app.py:same`."""

SOURCE = """AWSTemplateFormatVersion: "2010-09-09"
Transform: AWS::Serverless-2016-10-31
Globals:
  Function:
    Runtime: {runtime}
    Timeout: 30
    MemorySize: 512
    AutoPublishAlias: live
    LoggingConfig: {{LogGroup: !Ref Logs}}
Resources:
  Logs: {{Type: AWS::Logs::LogGroup, Properties: {{RetentionInDays: 30}}}}
  SameAlarm: {{Type: AWS::CloudWatch::Alarm, Properties: {{Dimensions: [{{Value: !Ref Same}}]}}}}
  Same:
    Type: AWS::Serverless::Function
    DeletionPolicy: RetainExceptOnCreate
    Properties:
      CodeUri: .
      Handler: app.same
      AutoPublishAliasAllProperties: true
"""


def write_project(folder: Path, source: str = SAME, template: str = SOURCE) -> Path:
    """Write a project with one module, `app.py`, and no build output."""
    text = template.format(runtime=PRESENT_RUNTIME)
    return write_artifact(folder, {"app.py": source, "template.yaml": text})


def write_build(
    project: Path, source: str = SAME, functions: dict[str, str] | None = None, **settings: Any
) -> Path:
    """Write the output of `sam build`.

    Args:
        project: The project's folder.
        source: The source of `app.py` in every artifact.
        functions: Handlers by logical id; None for the single function `Same`.
        settings: Properties that every function gets.

    Returns:
        The build folder.
    """
    build = project / ".aws-sam" / "build"
    resources = {}
    for name, handler in (functions or {"Same": "app.same"}).items():
        write_artifact(build / name, {"app.py": source})
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(REPOSITORY / "graders", build / name / "graders", ignore=ignored)
        properties = {"CodeUri": name, "Handler": handler, "Runtime": PRESENT_RUNTIME, "Timeout": 30}
        properties |= {"MemorySize": 512, **settings}
        resources[name] = {"Type": "AWS::Serverless::Function", "Properties": properties}
    write_artifact(project / ".aws-sam", {"build.toml": ""})
    (build / "template.yaml").write_text(yaml.safe_dump({"Resources": resources}, sort_keys=False), "utf-8")
    return build
