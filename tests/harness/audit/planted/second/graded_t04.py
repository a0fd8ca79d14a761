import re

LABELS = {"billing", "shipping", "returns", "technical", "account"}


def label_in(text):
    for word in re.findall(r"[a-z]+", (text or "").lower())[::-1]:
        if word in LABELS:
            return word
    return None


def flatten(value):
    if isinstance(value, list):
        return "".join(flatten(v) for v in value)
    if isinstance(value, dict):
        return flatten(value.get("text"))
    return value if isinstance(value, str) else ""


def lambda_handler(event, context):
    output = []
    for sample in event:
        score, error = 0.0, 0.0
        try:
            reference = sample.get("reference_answer", (sample.get("metadata") or {}).get("reference_answer"))
            turn = sample["messages"][-1]
            reply = (
                flatten(turn.get("content")) if turn.get("role") in ("assistant", "nova_assistant") else ""
            )
            line = re.search(r"Queue:(.{0,40})$", reply.strip())
            score = 1.0 if label_in(line.group(1) if line else "") == label_in(flatten(reference)) else 0.0
        except Exception:
            error = 1.0
        output.append(
            {
                "id": sample.get("id") if isinstance(sample, dict) else None,
                "aggregate_reward_score": score,
                "metrics_list": [{"name": "error", "value": error, "type": "Metric"}],
            }
        )
    return output
