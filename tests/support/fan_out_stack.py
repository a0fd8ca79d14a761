"""The template's fan-out with one grader, deployed to a local AWS.

The state machine and the worker are deployed as in the template. The worker runs the code of its artifact, or
a stand-in, with the tests' interpreter instead of the template's runtime.
"""

from __future__ import annotations

import io
import json
import re
import sys
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support import sam_template
from support.moto_aws import LocalAws
from support.waiting import until

ROOT = Path(__file__).resolve().parents[2]
BUCKET = "rollouts"
RUNTIME = f"python3.{sys.version_info.minor}"
_ENDED = ("SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED")


@dataclass(frozen=True)
class FanOutStack:
    aws: LocalAws
    name: str
    outputs: Mapping[str, str]

    @property
    def machine(self) -> str:
        """The state machine's ARN."""
        return self.outputs["FanOutStateMachineArn"]

    @property
    def worker(self) -> str:
        """The name of the worker's function."""
        return self.outputs["FanOutWorkerName"]

    @property
    def grader(self) -> str:
        """The ARN of the grader's published version."""
        return self.outputs["WordProblemVersionArn"]

    def put(self, key: str, body: bytes) -> str:
        """Store an object, and return its ETag."""
        etag: str = self.aws.client("s3").put_object(Bucket=BUCKET, Key=key, Body=body)["ETag"]
        return etag

    def execute(self, orders: list[dict[str, Any]], name: str, workers: int = 2) -> str:
        """Run the state machine on these orders, wait until it ends, and return the execution's ARN."""
        key = f"rft-runs/{name}/items.json"
        self.put(key, json.dumps(orders).encode())
        given = {"items": {"bucket": BUCKET, "key": key}, "workers": workers}
        states = self.aws.client("stepfunctions")
        started = states.start_execution(stateMachineArn=self.machine, name=name, input=json.dumps(given))
        arn: str = started["executionArn"]
        until(lambda: states.describe_execution(executionArn=arn)["status"] in _ENDED, 120)
        return arn


def zipped(files: Mapping[str, bytes]) -> bytes:
    """Return files as a zip archive."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in files.items():
            archive.writestr(name, body)
    return held.getvalue()


def deploy_fan_out(aws: LocalAws, name: str, worker: bytes, grader: bytes) -> FanOutStack:
    """Deploy the template's state machine and worker with one grader, and all resources that they share.

    Service errors are retried after one second instead of the template's interval, to save time.

    Args:
        aws: The local AWS.
        name: The stack's name.
        worker: The worker's code.
        grader: The grader's code.
    """
    s3, formation = aws.client("s3"), aws.client("cloudformation")
    if BUCKET not in [each["Name"] for each in s3.list_buckets()["Buckets"]]:
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": aws.region})
    for key, code in (("worker", worker), ("grader", grader)):
        s3.put_object(Bucket=BUCKET, Key=f"code/{name}-{key}", Body=code)
    template = _template(name)
    changes = formation.create_change_set(
        StackName=name,
        ChangeSetName="changes",
        ChangeSetType="CREATE",
        TemplateBody=json.dumps(template),
        Parameters=[
            {"ParameterKey": "FanOut", "ParameterValue": "true"},
            {"ParameterKey": "FanOutBucket", "ParameterValue": BUCKET},
        ],
    )
    formation.execute_change_set(ChangeSetName=changes["Id"], StackName=name)
    return FanOutStack(aws, name, aws.outputs(name))


def _template(stack: str) -> dict[str, Any]:
    text = (ROOT / "template.yaml").read_text()
    template = sam_template.load(re.sub(r"(?<=Names: )\[.*\]", "[WordProblem]", text))
    resources = template["Resources"]
    for other in ("CorrectThenFormat", "ReadyCheck"):
        del resources[other]
    del template["Globals"]["Function"]["CodeUri"]
    template["Globals"]["Function"]["Runtime"] = RUNTIME
    resources["WordProblem"]["Properties"]["CodeUri"] = f"s3://{BUCKET}/code/{stack}-grader"
    code = {"S3Bucket": BUCKET, "S3Key": f"code/{stack}-worker"}
    resources["FanOutWorker"]["Properties"] |= {"Code": code, "Runtime": RUNTIME}
    machine = resources["FanOutMachine"]["Properties"]
    machine["DefinitionString"] = re.sub(
        r'"IntervalSeconds": \d+, "BackoffRate": \d+',
        '"IntervalSeconds": 1, "BackoffRate": 1.0',
        machine["DefinitionString"],
    )
    return template
