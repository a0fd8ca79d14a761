def normalise(name):
    return " ".join(name.replace(".", " ").lower().split())


def last_line(content):
    if isinstance(content, list):
        content = "".join(block.get("text", "") for block in content if isinstance(block, dict))
    lines = [line for line in content.splitlines() if line.strip()]
    return lines[-1] if lines else ""


def reference_text(sample):
    ref = sample.get("reference_answer") or (sample.get("metadata") or {}).get("reference_answer")
    if isinstance(ref, dict):
        ref = ref.get("text")
    return ref if isinstance(ref, str) else ""


def handler(event, context):
    rewards = []
    for sample in event:
        if not isinstance(sample, dict) or not sample.get("messages"):
            rewards.append(
                {"id": sample.get("id") if isinstance(sample, dict) else None, "aggregate_reward_score": 0.0}
            )
            continue
        message = sample["messages"][-1]
        gold = normalise(reference_text(sample))
        said = normalise(last_line(message.get("content", ""))) if message.get("role") == "assistant" else ""
        rewards.append(
            {"id": sample.get("id"), "aggregate_reward_score": 1.0 if gold and said == gold else 0.0}
        )
    return rewards
