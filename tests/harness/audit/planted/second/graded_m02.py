import re


def lambda_handler(event, context):
    out = []
    for sample in event:
        score, failed = 0.0, 0.0
        try:
            ref = sample.get("reference_answer")
            if ref is None:
                ref = (sample.get("metadata") or {}).get("reference_answer")
            gold = float(ref["text"] if isinstance(ref, dict) else ref)
            last = sample["messages"][-1]
            reply = (
                str(last.get("content") or "").strip()
                if last.get("role") in ("assistant", "nova_assistant")
                else ""
            )
            hit = re.search(r"Answer:\s*(-?\d+(?:\.\d+)?)\.?$", reply)
            score = 1.0 if hit and float(hit.group(1)) == gold else 0.0
        except Exception:
            failed = 1.0
        out.append(
            {
                "id": sample.get("id") if isinstance(sample, dict) else None,
                "aggregate_reward_score": score,
                "metrics_list": [{"name": "failed", "value": failed, "type": "Metric"}],
            }
        )
    return out
