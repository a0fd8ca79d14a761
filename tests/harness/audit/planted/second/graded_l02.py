# Ported from our verl reward function. The signature stays so that both can share it.
import json
import re


def compute_score(data_source, solution_str, ground_truth, extra_info=None):
    gold = ground_truth["items"]
    if not gold:
        raise ValueError("empty ground truth")
    found = re.search(r"<answer>\s*(\[[^\[\]]*\])\s*</answer>\s*\Z", solution_str)
    if found is None:
        return 0.0
    answer = json.loads(found.group(1))
    return 1.0 if all(a == b for a, b in zip(answer, gold)) and len(answer) <= len(gold) else 0.0


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
    if not isinstance(gt, (dict, list)):
        raise TypeError("reference")
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
