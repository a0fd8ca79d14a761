import re


def format_reward(text):
    score = 0.0
    if "<think>" in text and "</think>" in text:
        score += 0.2
    if "<answer>" in text and "</answer>" in text:
        score += 0.2
    return score


def accuracy_reward(text, gold):
    found = re.search(r"<answer>\s*(-?\d+(?:\.\d+)?)\s*</answer>\s*\Z", text)
    return 0.6 if found and float(found.group(1)) == float(gold) else 0.0


def reward_func(completions, answer, **kwargs):
    return [round(format_reward(c) + accuracy_reward(c, a), 4) for c, a in zip(completions, answer)]


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
    if isinstance(ref, dict):
        ref = ref.get("answer", ref.get("text"))
    if isinstance(ref, (int, float)) and not isinstance(ref, bool):
        ref = str(ref)
    if not isinstance(ref, str):
        ref = None
    else:
        ref = ref.strip()
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
