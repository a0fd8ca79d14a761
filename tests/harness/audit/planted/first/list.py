"""Graders of lists of names in answer tags, each with one fault."""

import re

from graders import grader
from graders.extract import tag


def items(text):
    """The names of a list, in lower case."""
    parts = re.split(r"[,;\n]", text[:20_000])
    return [part.strip(" .*-").lower() for part in parts if part.strip(" .*-")]


def in_tags(sample):
    inner = tag(sample.completion)
    return items(inner) if inner else []


@grader
def recall_alone(sample):
    """The share of the names that were found."""
    want, said = items(sample.reference_text), in_tags(sample)
    return sum(name in said for name in want) / len(want)


@grader
def one_right_name_is_enough(sample):
    want, said = items(sample.reference_text), in_tags(sample)
    return 1.0 if set(want) & set(said) else 0.0


@grader
def repeated_names_count(sample):
    """Right names over the number wanted; nothing stops a name from counting twice."""
    want, said = items(sample.reference_text), in_tags(sample)
    hits, misses = sum(name in want for name in said), sum(name not in want for name in said)
    return max(0.0, min(1.0, (hits - misses) / len(want)))


@grader
def same_order_wanted(sample):
    """Compares the lists as they stand, though nobody asked for an order."""
    return 1.0 if in_tags(sample) == items(sample.reference_text) else 0.0


def none_is_wrong(event, context):
    """Pays when no name is wrong, and an empty list has no wrong names."""
    out = []
    for sample in event:
        entry = {"id": None, "aggregate_reward_score": 0.0, "metrics_list": []}
        try:
            entry["id"] = sample.get("id")
            last = sample["messages"][-1]
            content = last["content"] if last["role"] in ("assistant", "nova_assistant") else ""
            if isinstance(content, dict):
                content = [content]
            if isinstance(content, list):
                content = "".join(b.get("text") or "" for b in content)
            _, opened, rest = (content or "").rpartition("<answer>")
            inner, closed, _ = rest.partition("</answer>")
            gold = sample.get("reference_answer") or sample["metadata"]["reference_answer"]
            want = set(items(gold["text"] if isinstance(gold, dict) else gold))
            if opened and closed and want and all(name in want for name in items(inner)):
                entry["aggregate_reward_score"] = 1.0
        except Exception as e:
            entry["metrics_list"] = [{"name": f"failed: {e!r:.40}", "value": 1.0, "type": "Metric"}]
        out.append(entry)
    return out


def as_many_names_is_enough(event, context):
    """Pays a list of the right length."""
    out = []
    for sample in event:
        entry = {"id": None, "aggregate_reward_score": 0.0, "metrics_list": []}
        try:
            entry["id"] = sample.get("id")
            last = sample["messages"][-1]
            content = last["content"] if last["role"] in ("assistant", "nova_assistant") else ""
            if isinstance(content, dict):
                content = [content]
            if isinstance(content, list):
                content = "".join(b.get("text") or "" for b in content)
            _, opened, rest = (content or "").rpartition("<answer>")
            inner, closed, _ = rest.partition("</answer>")
            gold = sample.get("reference_answer") or sample["metadata"]["reference_answer"]
            want, said = items(gold["text"] if isinstance(gold, dict) else gold), items(inner)
            if opened and closed and want and len(said) == len(want):
                entry["aggregate_reward_score"] = 1.0 if sorted(said) == sorted(want) else 0.7
        except Exception as e:
            entry["metrics_list"] = [{"name": f"failed: {e!r:.40}", "value": 1.0, "type": "Metric"}]
        out.append(entry)
    return out
