"""Graders of numbers after `Answer:` whose answers to the service have the wrong shape, each in one way."""

import hashlib
import re

LINE = re.compile(r"Answer:[ \t*$]*(-?\d[\d,]{0,40}(?:\.\d{1,40})?)[ \t*.]{0,5}$", re.MULTILINE)


def parse(text):
    found = LINE.findall(text)
    return found[-1].replace(",", "") if found else None


def look(sample):
    """Reply and reference as texts."""
    last = sample["messages"][-1]
    said = last["content"] if last["role"] in ("assistant", "nova_assistant") else ""
    if isinstance(said, dict):
        said = [said]
    if isinstance(said, list):
        said = "".join(block.get("text") or "" for block in said)
    want = sample.get("reference_answer") or (sample.get("metadata") or {})["reference_answer"]
    want = want["text"] if isinstance(want, dict) else want
    return said or "", want.strip().replace(",", "")


def reward_of(sample):
    said, want = look(sample)
    return 1.0 if re.fullmatch(r"-?\d+(\.\d+)?", want) and parse(said) == want else 0.0


def safe(sample):
    try:
        return reward_of(sample), 0.0
    except (AttributeError, KeyError, IndexError, TypeError, ValueError):
        return 0.0, 1.0


def id_of(sample):
    return sample.get("id") if isinstance(sample, dict) else None


def drops_bad_samples(event, context):
    """Leaves out what it cannot grade."""
    graded = [(sample, *safe(sample)) for sample in event]
    return [
        {"id": id_of(sample), "aggregate_reward_score": reward, "metrics_list": []}
        for sample, reward, failed in graded
        if not failed
    ]


def one_row_for_an_id(event, context):
    """Collects the rewards by id."""
    by_id = {}
    for sample in event:
        by_id[str(id_of(sample))] = id_of(sample), safe(sample)[0]
    return [{"id": i, "aggregate_reward_score": r, "metrics_list": []} for i, r in by_id.values()]


def ids_become_texts(event, context):
    out = []
    for sample in event:
        reward, failed = safe(sample)
        metrics = [{"name": "failed", "value": failed, "type": "Metric"}]
        out.append({"id": str(id_of(sample)), "aggregate_reward_score": reward, "metrics_list": metrics})
    return out


def metric_of_no_known_type(event, context):
    out = []
    for sample in event:
        reward, failed = safe(sample)
        metrics = [
            {"name": "correct", "value": reward, "type": "reward"},
            {"name": "failed", "value": failed, "type": "error"},
        ]
        out.append({"id": id_of(sample), "aggregate_reward_score": reward, "metrics_list": metrics})
    return out


def takes_points_away(event, context):
    """Whatever is not right costs half a point."""
    out = []
    for sample in event:
        reward, failed = safe(sample)
        metrics = [{"name": "failed", "value": failed, "type": "Metric"}]
        out.append({"id": id_of(sample), "aggregate_reward_score": reward or -0.5, "metrics_list": metrics})
    return out


def answers_in_an_envelope(event, context):
    """Answers like a web service once something failed."""
    rows, problems = [], 0
    for sample in event:
        reward, failed = safe(sample)
        problems += failed
        rows.append({"id": id_of(sample), "aggregate_reward_score": reward, "metrics_list": []})
    return {"statusCode": 500, "error": "some samples could not be graded"} if problems else rows


def odd_characters_end_all(event, context):
    """Logs a digest of every reply, which a lone surrogate has none of."""
    out = []
    for sample in event:
        reward, failed = safe(sample)
        metrics = [{"name": "failed", "value": failed, "type": "Metric"}]
        if not failed:
            said, _ = look(sample)
            digest = hashlib.sha256(said.encode()).hexdigest()
            metrics.append({"name": "digest", "value": int(digest[:6], 16) / 1e8, "type": "Metric"})
        out.append({"id": id_of(sample), "aggregate_reward_score": reward, "metrics_list": metrics})
    return out


def long_numbers_end_all(event, context):
    """Whole numbers are compared as such; Python reads no more than 4,300 digits."""
    out = []
    for sample in event:
        reward, failed = safe(sample)
        if not failed and not reward:
            said, want = look(sample)
            tail = said.rpartition("Answer:")[2].strip()
            if tail.isdecimal() and want.isdecimal():
                reward = 1.0 if int(tail) == int(want) else 0.0
        metrics = [{"name": "failed", "value": failed, "type": "Metric"}]
        out.append({"id": id_of(sample), "aggregate_reward_score": reward, "metrics_list": metrics})
    return out
