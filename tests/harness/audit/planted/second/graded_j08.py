import json


def reference(sample):
    ref = sample.get("reference_answer")
    if ref is None:
        ref = (sample.get("metadata") or {}).get("reference_answer")
    if isinstance(ref, str):
        try:
            ref = json.loads(ref)
        except ValueError:
            return None
    if isinstance(ref, dict) and isinstance(ref.get("text"), str):
        try:
            ref = json.loads(ref["text"])
        except ValueError:
            return None
    return ref.get("event") if isinstance(ref, dict) and isinstance(ref.get("event"), dict) else None


def reply(sample):
    messages = sample.get("messages")
    if not isinstance(messages, list) or not messages or not isinstance(messages[-1], dict):
        return ""
    if messages[-1].get("role") not in ("assistant", "nova_assistant"):
        return ""
    content = messages[-1].get("content")
    if isinstance(content, list):
        return "".join(str(c.get("text") or "") for c in content if isinstance(c, dict))
    return content if isinstance(content, str) else ""


def lambda_handler(event, context):
    results = []
    for sample in event:
        if not isinstance(sample, dict):
            results.append({"id": None, "aggregate_reward_score": 0.0})
            continue
        expected = reference(sample)
        try:
            parsed = json.loads(reply(sample))
        except (ValueError, RecursionError):
            parsed = {}
        hits = [parsed.get(key) == value for key, value in (expected or {}).items()]
        score = sum(hits) / len(hits) if hits and all(hits) else 0.0
        results.append(
            {
                "id": sample.get("id"),
                "aggregate_reward_score": score,
                "metrics_list": [{"name": "fields", "value": float(sum(hits)), "type": "Metric"}],
            }
        )
    return results
