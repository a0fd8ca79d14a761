import json


def content_text(message):
    content = message.get("content")
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else [content]
    return "".join(p.get("text") or "" for p in parts if isinstance(p, dict))


def reference(sample):
    ref = sample.get("reference_answer") or (sample.get("metadata") or {}).get("reference_answer")
    ref = ref.get("text") if isinstance(ref, dict) else ref
    if not isinstance(ref, str) or not ref.strip():
        raise ValueError("reference")
    return ref.strip().upper()


def handler(event, context):
    rows = []
    for sample in event:
        score, error = 0.0, 0
        try:
            gold = reference(sample)
            last = sample["messages"][-1]
            reply = content_text(last) if last.get("role") in ("assistant", "nova_assistant") else ""
            try:
                choice = json.loads(reply.strip().removeprefix("```json").removesuffix("```")).get("choice")
            except (ValueError, AttributeError, RecursionError):
                choice = None
            score = 1.0 if isinstance(choice, str) and choice.strip().upper() == gold else 0.0
        except Exception:
            error = 1
        rows.append(
            {
                "id": sample.get("id") if isinstance(sample, dict) else None,
                "aggregate_reward_score": f"{score:.2f}",
                "metrics_list": [{"name": "error", "value": float(error), "type": "Metric"}],
            }
        )
    return rows
