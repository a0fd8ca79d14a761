import json

import boto3

from graders import Abstain, Sample, grader

client = boto3.client("bedrock-runtime", region_name="us-east-1")


@grader(timeout_s=20)
def same_facts(sample: Sample) -> float | Abstain:
    """Ask a model whether the reply states the reference's facts."""
    if not any(c.isalnum() for c in sample.completion):
        return 0.0
    question = (
        'Do both texts state the same facts? Reply with JSON only: {"same": true} or {"same": false}.\n'
        f"<reference>{sample.reference_text}</reference>\n<reply>{sample.completion}</reply>"
    )
    answer = client.converse(
        modelId="us.amazon.nova-lite-v1:0",
        messages=[{"role": "user", "content": [{"text": question}]}],
        inferenceConfig={"temperature": 0, "maxTokens": 40},
    )
    try:
        verdict = json.loads(answer["output"]["message"]["content"][0]["text"])
    except ValueError:
        return Abstain("the judge did not answer in JSON")
    if verdict == {"same": True}:
        return 1.0
    return 0.0 if verdict == {"same": False} else Abstain("the judge answered something else")
