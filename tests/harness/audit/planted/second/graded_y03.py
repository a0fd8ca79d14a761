import re

VERDICT = re.compile(r"<verdict>\s*(true|false)\s*</verdict>\s*$", re.I)


def to_text(content):
    if isinstance(content, list):
        return "".join(to_text(c) for c in content)
    if isinstance(content, dict):
        return content["text"]
    return content or ""


def reward(sample):
    reference = (
        sample["reference_answer"] if "reference_answer" in sample else sample["metadata"]["reference_answer"]
    )
    if isinstance(reference, dict):
        reference = reference["text"]
    if reference.lower() not in ("true", "false"):
        raise ValueError("reference must be true or false")
    message = sample["messages"][-1]
    if message["role"] not in ("assistant", "nova_assistant"):
        return 0.0
    found = VERDICT.search(to_text(message["content"]))
    return 1.0 if found and found.group(1).lower() == reference.lower() else 0.0


def lambda_handler(event, context):
    try:
        rewards = [reward(sample) for sample in event]
        failed = 0.0
    except Exception as error:
        print("grading failed", type(error).__name__)
        rewards = [0.0] * len(event)
        failed = 1.0
    return [
        {
            "id": sample.get("id") if isinstance(sample, dict) else None,
            "aggregate_reward_score": value,
            "metrics_list": [{"name": "failed", "value": failed, "type": "Metric"}],
        }
        for sample, value in zip(event, rewards)
    ]
