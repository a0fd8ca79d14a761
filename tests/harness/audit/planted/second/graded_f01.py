def text_of(content):
    if isinstance(content, list):
        return "".join(text_of(c) for c in content)
    if isinstance(content, dict):
        return text_of(content.get("text"))
    return content if isinstance(content, str) else ""


def well_formed(text):
    lines = [line.strip() for line in text.strip().split("\n") if line.strip()]
    return len(lines) in (0, 3) and all(line.startswith("- ") and len(line) > 4 for line in lines)


def lambda_handler(event, context):
    results = []
    for sample in event:
        score, failed = 0.0, 0.0
        try:
            last = sample["messages"][-1]
            if last["role"] in ("assistant", "nova_assistant"):
                score = 1.0 if well_formed(text_of(last.get("content"))) else 0.0
        except Exception:
            failed = 1.0
        results.append(
            {
                "id": sample.get("id") if isinstance(sample, dict) else None,
                "aggregate_reward_score": score,
                "metrics_list": [{"name": "failed", "value": failed, "type": "Metric"}],
            }
        )
    return results
