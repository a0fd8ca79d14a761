"""Graders of yes and no, each with one fault."""

import re

from graders import grader


def lambda_text(sample):
    message = sample["messages"][-1]
    if message["role"] not in ("assistant", "nova_assistant"):
        return ""
    content = message["content"]
    if isinstance(content, (list, dict)):
        parts = content if isinstance(content, list) else [content]
        return "\n".join(p["text"] for p in parts if isinstance(p, dict) and isinstance(p.get("text"), str))
    return content or ""


def lambda_gold(sample):
    for place in (sample, sample.get("metadata") or {}):
        gold = place.get("reference_answer")
        if isinstance(gold, dict):
            gold = gold.get("text")
        if isinstance(gold, str) and gold.strip().lower() in ("yes", "no"):
            return gold.strip().lower()
    raise KeyError("reference_answer")


def run(event, judge):
    results = []
    for sample in event:
        score, ok = 0.0, 1.0
        try:
            score = 1.0 if judge(lambda_text(sample), lambda_gold(sample)) else 0.0
        except Exception:
            ok = 0.0
        results.append(
            {
                "id": sample["id"] if isinstance(sample, dict) and "id" in sample else None,
                "aggregate_reward_score": score,
                "metrics_list": [{"name": "graded", "value": ok, "type": "Metric"}],
            }
        )
    return results


def answer_line(text):
    for line in reversed(text.strip().split("\n")):
        if line.lower().startswith("answer:"):
            return line[7:].strip().lower()
    return ""


def word_in_word(event, context):
    """`no` stands in `know`, and a reply may say both."""
    return run(event, lambda text, gold: gold in text.lower())


def denied_word_counts(event, context):
    def judge(text, gold):
        said = set(re.findall(r"\b(?:yes|no)\b", answer_line(text)[:200]))
        return said == {gold}

    return run(event, judge)


def silence_means_no(event, context):
    """What does not say yes says no."""

    def judge(text, gold):
        return ("yes" if re.match(r"yes\b", answer_line(text)) else "no") == gold

    return run(event, judge)


def first_letter_of_line(event, context):
    """`Answer: nobody can tell` counts as no, `Answer: you decide` as yes."""
    return run(event, lambda text, gold: answer_line(text)[:1] == gold[:1])


@grader
def yes_is_never_quite_wrong(sample):
    """A wrong yes costs less than a wrong no."""
    said, want = answer_line(sample.completion).rstrip("."), sample.reference_text.strip().lower()
    if said == want:
        return 1.0
    return 0.5 if said == "yes" else 0.0
