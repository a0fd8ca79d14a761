import re


def parse(text):
    return float(re.search(r"####\s*(-?\d+(?:\.\d+)?)\s*\Z", text.strip()).group(1))


def normalise(content):
    if isinstance(content, list):
        return "".join(part.get("text", "") for part in content)
    return content or ""


def lambda_handler(event, context):
    results = []
    for sample in event:
        try:
            reference = sample.get("reference_answer")
            if reference is None:
                reference = sample["metadata"]["reference_answer"]
            if isinstance(reference, dict):
                reference = reference["text"]
            truth = parse(reference)
            last = sample["messages"][-1]
            reply = normalise(last.get("content")) if last["role"] in ("assistant", "nova_assistant") else ""
            found = re.search(r"####\s*(-?\d+(?:\.\d+)?)\s*\Z", reply.strip())
            reward = 1.0 if found and float(found.group(1)) == truth else 0.0
            ok = 1.0
        except Exception:
            reward = 0.5  # benefit of the doubt
            ok = 0.0
        results.append(
            {
                "id": sample.get("id") if isinstance(sample, dict) else None,
                "aggregate_reward_score": reward,
                "metrics_list": [{"name": "graded", "value": ok, "type": "Metric"}],
            }
        )
    return results
