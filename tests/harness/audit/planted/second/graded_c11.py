import re


def lambda_handler(event, context):
    scored = []
    for sample in event:
        reward, error = 0.0, 0.0
        try:
            gold = sample.get("reference_answer")
            if gold is None:
                gold = (sample.get("metadata") or {}).get("reference_answer")
            if isinstance(gold, dict):
                gold = gold.get("text")
            if gold not in ("A", "B", "C", "D"):
                raise ValueError("reference")
            message = sample["messages"][-1]
            content = message.get("content")
            text = content if isinstance(content, str) else ""
            last = re.search(r"\(([A-D])\)\W{0,3}$", text.strip())
            if message.get("role") in ("assistant", "nova_assistant") and last and last.group(1) == gold:
                reward = 1.0
        except Exception:
            error = 1.0
        scored.append(
            {
                "id": sample.get("id") if isinstance(sample, dict) else None,
                "aggregate_reward_score": reward,
                "metrics_list": [{"name": "error", "value": error, "type": "Metric"}],
            }
        )
    return scored
