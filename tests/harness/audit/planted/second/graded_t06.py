# Ported from our verl reward function. The signature stays so that both can share it.


def compute_score(data_source, solution_str, ground_truth, extra_info=None):
    gold = ground_truth.strip().lower()
    other = {"positive": "negative", "negative": "positive"}[gold]
    line = solution_str.strip().splitlines()[-1].lower() if solution_str.strip() else ""
    if not line.startswith("sentiment:"):
        return 0.0
    return 1.0 if gold in line and other not in line else 0.0


def _last_assistant_text(sample):
    msgs = sample.get("messages") or [{}]
    msg = msgs[-1]
    if msg.get("role") not in ("assistant", "nova_assistant"):
        return ""
    c = msg.get("content")
    if isinstance(c, (list, tuple)):
        return "".join(b.get("text", "") if isinstance(b, dict) else str(b) for b in c)
    if isinstance(c, dict):
        c = c.get("text")
    return c or ""


def _ground_truth(sample):
    meta = sample.get("metadata") or {}
    gt = (
        sample["reference_answer"]
        if sample.get("reference_answer") is not None
        else meta.get("reference_answer")
    )
    if isinstance(gt, dict):
        gt = gt.get("label", gt.get("text"))
    if isinstance(gt, (int, float)) and not isinstance(gt, bool):
        gt = str(gt)
    if not isinstance(gt, str):
        gt = None
    else:
        gt = gt.strip()
    assert gt not in (None, "", {}, []), "no ground truth"
    return gt


def lambda_handler(event, context):
    if not isinstance(event, list):
        raise ValueError("expected a list")
    out = []
    for sample in event:
        metrics = []
        try:
            reward = compute_score(
                sample.get("data_source"),
                _last_assistant_text(sample),
                _ground_truth(sample),
                extra_info=sample.get("extra_info"),
            )
        except Exception:
            reward = 0.0
            metrics.append({"name": "exception", "value": 1.0, "type": "Metric"})
        out.append(
            {
                "id": (sample or {}).get("id") if isinstance(sample, dict) else None,
                "aggregate_reward_score": reward,
                "metrics_list": metrics,
            }
        )
    return out
