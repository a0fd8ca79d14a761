"""Reward function for Amazon Bedrock reinforcement fine-tuning (AWS Lambda)."""

import re


def get_completion(sample):
    messages = sample.get("messages") or []
    if not messages or messages[-1].get("role") not in ("assistant", "nova_assistant"):
        return ""
    content = messages[-1].get("content")
    if isinstance(content, list):
        content = "".join(part.get("text") or "" for part in content if isinstance(part, dict))
    elif isinstance(content, dict):
        content = content.get("text")
    return content if isinstance(content, str) else ""


def get_reference(sample):
    reference = sample.get("reference_answer")
    if reference is None:
        reference = (sample.get("metadata") or {}).get("reference_answer")
    if isinstance(reference, dict):
        reference = reference.get("letter", reference.get("text"))
    if isinstance(reference, (int, float)) and not isinstance(reference, bool):
        reference = str(reference)
    if not isinstance(reference, str):
        reference = None
    else:
        reference = reference.strip()
    if reference is None or reference == "" or reference == {} or reference == []:
        raise ValueError("no reference answer")
    return reference


def compute_score(completion, reference):
    match = re.search(r"My choice:\s*\(?([A-D])\)?\.?\s*$", completion.strip(), re.IGNORECASE)
    if not match:
        return 0.0
    return 1.0 if match.group(1).upper() == reference.upper() else 0.0


def lambda_handler(event, context):
    if not isinstance(event, list):
        raise ValueError("expected a list of samples")
    results = []
    for sample in event:
        failed = 0.0
        try:
            score = float(compute_score(get_completion(sample), get_reference(sample)))
        except Exception as error:
            print("could not grade a sample:", type(error).__name__)
            score, failed = 0.0, 1.0
        results.append(
            {
                "id": sample.get("id") if isinstance(sample, dict) else None,
                "aggregate_reward_score": score,
                "metrics_list": [
                    {"name": "accuracy", "value": score, "type": "Reward"},
                    {"name": "failed", "value": failed, "type": "Metric"},
                ],
            }
        )
    return results
