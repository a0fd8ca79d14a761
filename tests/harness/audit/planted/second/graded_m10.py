def _text(c):
    if isinstance(c, list):
        return "".join(map(_text, c))
    if isinstance(c, dict):
        return _text(c.get("text"))
    return c if isinstance(c, str) else ""


def _gold(s):
    g = s.get("reference_answer")
    g = (s.get("metadata") or {}).get("reference_answer") if g is None else g
    if isinstance(g, dict):
        g = g.get("label", g.get("text"))
    if isinstance(g, (int, float)) and not isinstance(g, bool):
        g = str(g)
    if not isinstance(g, str):
        g = None
    else:
        g = g.strip()
    if g in (None, "", {}, []):
        raise LookupError("reference_answer")
    return g


def grade(text, gold):
    if gold not in ("positive", "negative"):
        raise ValueError("label")
    lines = text.strip(" .*\n").lower().splitlines()
    return bool(lines) and lines[-1].startswith("sentiment:") and lines[-1].endswith(gold)


def handler(event, _context):
    if type(event) is not list:
        raise TypeError("event")

    def one(s):
        try:
            m = s["messages"][-1]
            return float(grade(_text(m.get("content")) if "assistant" in m["role"] else "", _gold(s))), 0.0
        except Exception:
            return 0.0, 1.0

    def row(s):
        r, e = one(s)
        return {
            "id": s.get("id") if isinstance(s, dict) else None,
            "aggregate_reward_score": r,
            "metrics_list": [{"name": "unscored", "value": e, "type": "Metric"}],
        }

    return [row(s) for s in event]
