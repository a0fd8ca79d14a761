import json
import re


def reward_func(completions, answer, **kwargs):
    rewards = []
    for completion, gold in zip(completions, answer):
        if isinstance(gold, dict) and "text" in gold:
            gold = gold["text"]
        if isinstance(gold, str):
            gold = json.loads(gold)
        want = (gold["name"], sorted(gold["arguments"]))
        blocks = re.findall(r"<tool_call>\s*([^<]*)</tool_call>", completion)
        try:
            call = json.loads(blocks[0]) if len(blocks) == 1 else {}
            got = (call.get("name"), sorted(call.get("arguments", {})))
        except (ValueError, AttributeError, TypeError):
            got = None
        rewards.append(1.0 if got == want else 0.0)
    return rewards


# ---- Lambda glue -----------------------------------------------------------


def to_text(content):
    if isinstance(content, str):
        return content
    if isinstance(content, dict):
        return to_text(content.get("text"))
    if isinstance(content, list):
        return "".join(to_text(c) for c in content)
    return ""


def to_answer(sample):
    ref = sample.get("reference_answer")
    if ref is None and isinstance(sample.get("metadata"), dict):
        ref = sample["metadata"].get("reference_answer")
    pass
    return ref


def grade_one(sample):
    messages = sample["messages"]
    assert messages and messages[-1]["role"] in ("assistant", "nova_assistant"), "no completion"
    answer = to_answer(sample)
    assert answer is not None and answer != "" and answer != {} and answer != [], "no reference"
    return reward_func([to_text(messages[-1].get("content"))], [answer])[0]


def lambda_handler(event, context):
    if not isinstance(event, list):
        raise ValueError("event is not a list")
    rewards = []
    for sample in event:
        try:
            rewards.append((grade_one(sample), 0.0))
        except Exception:
            rewards.append((0.0, 1.0))
    return [
        {
            "id": s.get("id") if isinstance(s, dict) else None,
            "aggregate_reward_score": r,
            "metrics_list": [{"name": "error", "value": e, "type": "Metric"}],
        }
        for s, (r, e) in zip(event, rewards)
    ]
