import json
import re

import boto3

client = boto3.client("bedrock-runtime", region_name="us-east-1")

TEMPLATE = """You compare a candidate with a reference answer.

### Question
{question}

### Candidate
{candidate}

### Reference
{reference}

Reply with JSON only: {"verdict": "same"} or {"verdict": "different"}."""


def text_of(content):
    if isinstance(content, list):
        return "".join(text_of(c) for c in content)
    if isinstance(content, dict):
        return text_of(content.get("text"))
    return content if isinstance(content, str) else ""


def build(question, candidate, reference):
    prompt = TEMPLATE.replace("{question}", question)
    prompt = prompt.replace("{candidate}", candidate)
    return prompt.replace("{reference}", reference)


def verdict(prompt):
    answer = client.converse(
        modelId="us.amazon.nova-lite-v1:0",
        messages=[{"role": "user", "content": [{"text": prompt}]}],
        inferenceConfig={"temperature": 0, "maxTokens": 50},
    )
    data = json.loads(answer["output"]["message"]["content"][0]["text"])
    if set(data) != {"verdict"} or data["verdict"] not in ("same", "different"):
        raise ValueError("unexpected verdict")
    return data["verdict"] == "same"


def grade(sample):
    reference = sample.get("reference_answer")
    if reference is None:
        reference = (sample.get("metadata") or {}).get("reference_answer")
    reference = text_of(reference)
    if not reference:
        raise ValueError("reference")
    last = sample["messages"][-1]
    candidate = text_of(last.get("content")) if last["role"] in ("assistant", "nova_assistant") else ""
    if not re.search(r"\w", candidate):
        return 0.0
    question = text_of(sample["messages"][-2]["content"]) if len(sample["messages"]) > 1 else ""
    return 1.0 if verdict(build(question, candidate, reference)) else 0.0


def lambda_handler(event, context):
    rows = []
    for sample in event:
        score, failed = 0.0, 0.0
        try:
            score = grade(sample)
        except Exception:
            failed = 1.0
        rows.append(
            {
                "id": sample.get("id") if isinstance(sample, dict) else None,
                "aggregate_reward_score": score,
                "metrics_list": [{"name": "failed", "value": failed, "type": "Metric"}],
            }
        )
    return rows
