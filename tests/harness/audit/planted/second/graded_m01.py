import re
from dataclasses import asdict, dataclass
from typing import Any


@dataclass
class Row:
    id: Any
    aggregate_reward_score: float


def text_of(c):
    if isinstance(c, list):
        return "".join(text_of(x) for x in c)
    if isinstance(c, dict):
        return text_of(c.get("text"))
    return c if isinstance(c, str) else ""


def lambda_handler(event, context):
    rows = []
    for sample in event:
        try:
            ref = sample.get("reference_answer") or sample["metadata"]["reference_answer"]
            gold = (ref["compliant"] if isinstance(ref, dict) else ref).strip().lower()
            if gold not in ("yes", "no"):
                raise ValueError(gold)
            last = sample["messages"][-1]
            said = re.search(r"compliant:\s*(yes|no)\W*\Z", text_of(last.get("content")).lower())
            right = "assistant" in last["role"] and said is not None and said.group(1) == gold
            rows.append(Row(sample["id"], float(right)))
        except Exception:
            rows.append(Row("0", 0.0))
    return [asdict(row) for row in rows]
