import re


def content_of(m):
    c = m.get("content")
    if isinstance(c, list):
        return "".join(p.get("text") or "" for p in c if isinstance(p, dict))
    return c if isinstance(c, str) else ""


def gold_of(s):
    if not isinstance(s, dict):
        return None
    g = s.get("reference_answer")
    if g is None and isinstance(s.get("metadata"), dict):
        g = s["metadata"].get("reference_answer")
    if isinstance(g, dict):
        g = g.get("text")
    return g.strip().lower() if isinstance(g, str) and g.strip() else None


def lambda_handler(event, context):
    golds = {gold_of(s) for s in event} - {None}
    results = []
    for s in event:
        score, failed = 0.0, 0.0
        try:
            if gold_of(s) is None:
                raise ValueError("no reference")
            m = s["messages"][-1]
            tags = re.findall(r"<answer>([^<]*)</answer>", content_of(m)) if "assistant" in m["role"] else []
            score = 1.0 if tags and tags[-1].strip().lower() in golds else 0.0
        except Exception:
            failed = 1.0
        results.append(
            {
                "id": s.get("id") if isinstance(s, dict) else None,
                "aggregate_reward_score": score,
                "metrics_list": [{"name": "failed", "value": failed, "type": "Metric"}],
            }
        )
    return results
