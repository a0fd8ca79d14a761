import json
import re


def lambda_handler(event, context):
    print("Received event:", json.dumps(event))
    results = []
    for sample in event:
        score, bad = 0.0, 0.0
        try:
            ref = sample.get("reference_answer")
            if ref is None:
                ref = sample["metadata"]["reference_answer"]
            if isinstance(ref, dict):
                ref = ref["text"]
            want = ref.rsplit("####", 1)[1].strip().replace(",", "")
            last = sample["messages"][-1]
            text = last.get("content") or ""
            if isinstance(text, list):
                text = "".join(b.get("text", "") for b in text)
            found = re.search(r"####\s*(-?\d+(?:\.\d+)?)\s*\Z", text.strip())
            if last["role"] in ("assistant", "nova_assistant") and found:
                score = 1.0 if float(found.group(1)) == float(want) else 0.0
        except Exception:
            bad = 1.0
        results.append(
            {
                "id": sample.get("id") if isinstance(sample, dict) else None,
                "aggregate_reward_score": score,
                "metrics_list": [{"name": "bad", "value": bad, "type": "Metric"}],
            }
        )
    return results
