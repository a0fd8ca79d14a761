import re

# one or more thoughts, then one answer
FORM = re.compile(r"^(?:\s*<think>(?:.|\n)+?</think>\s*)+<answer>(?:.|\n)+?</answer>\s*$")


def flat(content):
    if isinstance(content, list):
        return "".join(flat(c) for c in content)
    if isinstance(content, dict):
        return flat(content.get("text"))
    return content if isinstance(content, str) else ""


def lambda_handler(event, context):
    rows = []
    for sample in event:
        reward, failed = 0.0, 0.0
        try:
            message = sample["messages"][-1]
            if "assistant" in message["role"] and FORM.match(flat(message.get("content"))):
                reward = 1.0
        except Exception:
            failed = 1.0
        rows.append(
            {
                "id": sample.get("id") if isinstance(sample, dict) else None,
                "aggregate_reward_score": reward,
                "metrics_list": [{"name": "failed", "value": failed, "type": "Metric"}],
            }
        )
    return rows
