"""Builds the template's functions, deploys them to a local imitation of AWS, and calls each grader once.

    make deploy-local

Prints the deployed functions, their alarms, and each grader's answer to a right and a wrong completion.
RFT_SAM names the SAM command line. This needs no AWS account and no container engine, and leaves only
`.aws-sam` behind.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time

from support.moto_aws import LocalAws, local_aws

STACK = "rft-graders"
EVENT = [
    {
        "id": name,
        "messages": [
            {"role": "user", "content": "What is 6 times 7?"},
            {"role": "assistant", "content": said},
        ],
        "reference_answer": "#### 42",
    }
    for name, said in (("right", "6 * 7 = 42\n#### 42"), ("wrong", "6 + 7 = 13\n#### 13"))
]


def main() -> int:
    """Run all steps, and return the exit code of the first command that failed, or 0."""
    sam = os.environ.get("RFT_SAM", ".venv-sam/bin/sam")
    with local_aws() as aws:
        for step in (["build"], ["deploy", "--no-progressbar", "--stack-name", STACK]):
            started = time.monotonic()
            done = subprocess.run(
                [sam, *step], env=os.environ | aws.environment, capture_output=True, text=True, timeout=300
            )
            if done.returncode:
                sys.stderr.write(f"sam {step[0]} failed:\n{done.stdout[-4000:]}{done.stderr[-4000:]}\n")
                return done.returncode
            sys.stdout.write(f"sam {step[0]}: {time.monotonic() - started:.1f} s\n")
        return call_each(aws)


def call_each(aws: LocalAws) -> int:
    """Call the published version of every grader in the stack, and check that each has alarms."""
    functions = aws.client("lambda")
    alarms = aws.client("cloudwatch").describe_alarms()["MetricAlarms"]
    failed = 0
    for name, arn in aws.outputs(STACK).items():
        if not name.endswith("VersionArn"):
            continue
        answer = functions.invoke(FunctionName=arn, Payload=json.dumps(EVENT))
        payload = json.loads(answer["Payload"].read())
        own = [alarm for alarm in alarms if f"'{arn.split(':')[6]}'" in str(alarm)]
        failed |= "FunctionError" in answer or not own
        sys.stdout.write(f"\n{arn}, {len(own)} alarms\n{json.dumps(payload, indent=2)}\n")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
