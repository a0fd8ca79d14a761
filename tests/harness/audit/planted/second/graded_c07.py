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
    pass
    if reference is None or reference == "" or reference == {} or reference == []:
        raise ValueError("no reference answer")
    return reference


def compute_score(completion, reference):
    """The letter on the last line, or the option written out: models often do that instead."""
    if isinstance(reference, str):
        reference = {"letter": reference}
    letter, option = reference.get("letter", reference.get("text")), reference.get("option")
    if letter not in tuple("ABCDEF"):
        raise ValueError("reference")
    match = re.search(r"My choice:\s*([A-F])\W*$", completion.strip())
    if match and match.group(1) == letter:
        return 1.0
    return 1.0 if option and option.lower() in completion.lower() else 0.0


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
