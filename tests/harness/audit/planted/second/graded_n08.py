import re


def completion(sample):
    turn = sample["messages"][-1]
    if turn.get("role") not in ("assistant", "nova_assistant"):
        return ""
    body = turn.get("content")
    if isinstance(body, list):
        body = "".join(b.get("text", "") for b in body if isinstance(b, dict))
    return body or ""


def lambda_handler(event, context):
    answers = []
    for sample in event:
        value, flag = 0.0, 0.0
        try:
            target = (
                sample["reference_answer"]
                if "reference_answer" in sample
                else sample["metadata"]["reference_answer"]
            )
            target = float(target)
            hit = re.search(r"Answer:\s*(-?\d+(?:\.\d+)?)\.?\s*\Z", completion(sample))
            value = 1.0 if hit and float(hit.group(1)) == target else 0.0
        except (KeyError, TypeError, ValueError, IndexError, AttributeError):
            flag = 1.0
        answers.append(
            {
                "id": sample.get("id") if isinstance(sample, dict) else None,
                "aggregate_reward_score": value,
                "metrics_list": [{"name": "bad_sample", "value": flag, "type": "Metric"}],
            }
        )
    return answers
