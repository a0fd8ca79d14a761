import re
from typing import Any, Dict, List


def _content(message: Dict[str, Any]) -> str:
    content = message.get("content")
    if isinstance(content, list):
        return " ".join(str(c.get("text") or "") for c in content if isinstance(c, dict))
    if isinstance(content, dict):
        return str(content.get("text") or "")
    return content if isinstance(content, str) else ""


def _reference(sample: Dict[str, Any]) -> str:
    ref = sample.get("reference_answer")
    if ref is None:
        ref = (sample.get("metadata") or {}).get("reference_answer")
    if isinstance(ref, dict):
        ref = ref.get("ground_truth", ref.get("text"))
    return "" if isinstance(ref, (list, bool)) or ref is None else str(ref).strip()


def lambda_handler(event: List[Dict[str, Any]], context: Any) -> List[Dict[str, Any]]:
    scores = []
    for sample in event:
        if not isinstance(sample, dict) or not sample.get("messages"):
            scores.append(
                {"id": sample.get("id") if isinstance(sample, dict) else None, "aggregate_reward_score": 0.0}
            )
            continue
        last = sample["messages"][-1]
        text = _content(last) if last.get("role") in ("assistant", "nova_assistant") else ""
        gold = _reference(sample)
        score = 0.0
        found = re.search(r"Answer:\s*\$?(-?[\d.]*\d)\.?\s*$", text)
        if found and re.fullmatch(r"-?\d+(\.\d+)?", gold):
            value = float(found.group(1))
            score = 1.0 if value == float(gold) else 0.0
        scores.append(
            {
                "id": sample.get("id"),
                "aggregate_reward_score": score,
                "metrics_list": [{"name": "answered", "value": 1.0 if found else 0.0, "type": "Metric"}],
            }
        )
    return scores
