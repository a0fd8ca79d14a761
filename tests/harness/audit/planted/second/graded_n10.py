import re


def _flat(c):
    if isinstance(c, list):
        return " ".join(_flat(x) for x in c)
    return c.get("text", "") if isinstance(c, dict) else (c or "")


def _answer(messages):
    """The newest assistant message."""
    for m in reversed(messages):
        if m.get("role") in ("assistant", "nova_assistant") and m.get("content"):
            return _flat(m["content"])
    return ""


def _score(s):
    ref = s.get("reference_answer")
    if ref is None:
        ref = s["metadata"]["reference_answer"]
    ref = float(_flat(ref))
    boxes = re.findall(r"\\boxed\{\s*(-?\d+(?:\.\d+)?)\s*\}", _answer(s["messages"]))
    return float(bool(boxes) and float(boxes[-1]) == ref)


def handler(event, context):
    out = []
    for s in event:
        try:
            reward, broken = _score(s), 0.0
        except Exception:
            reward, broken = 0.0, 1.0
        out.append(
            dict(
                id=s.get("id") if isinstance(s, dict) else None,
                aggregate_reward_score=reward,
                metrics_list=[dict(name="broken", value=broken, type="Metric")],
            )
        )
    return out
