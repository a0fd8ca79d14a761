"""Graders of numbers after `####` that break the contract with the service, each in one way."""

import json
import math
import re
from decimal import Decimal

ANSWER = re.compile(r"####[ \t]*(-?\d[\d,]*(?:\.\d+)?)\.?[ \t]*$", re.MULTILINE)


def parse(text):
    found = ANSWER.findall(text)
    return Decimal(found[-1].replace(",", "")) if found else None


def content_of(message):
    content = message.get("content")
    if isinstance(content, dict):
        content = [content]
    if isinstance(content, list):
        return "".join(block.get("text") or "" for block in content if isinstance(block, dict))
    return content if isinstance(content, str) else ""


def completion(sample):
    last = sample["messages"][-1]
    return content_of(last) if last.get("role") in ("assistant", "nova_assistant") else ""


def reference(sample):
    found = sample.get("reference_answer") or (sample.get("metadata") or {}).get("reference_answer")
    if isinstance(found, dict):
        found = found.get("text")
    number = re.fullmatch(r"-?\d[\d,]*(?:\.\d+)?", str(found).strip())
    return Decimal(number.group().replace(",", "")) if number else None


def correct(sample):
    want = reference(sample)
    return want is not None and parse(completion(sample)) == want


def row(sample, reward, error=0.0):
    key = sample.get("id") if isinstance(sample, dict) else None
    metrics = [{"name": "error", "value": error, "type": "Metric"}]
    return {"id": key, "aggregate_reward_score": reward, "metrics_list": metrics}


def one_bad_sample_ends_all(event, context):
    results = []
    for sample in event:
        results.append(row(sample, 1.0 if correct(sample) else 0.0))
    return results


def error_rows_lose_ids(event, context):
    results = []
    for sample in event:
        try:
            results.append(row(sample, 1.0 if correct(sample) else 0.0))
        except Exception:
            results.append({"id": "0", "aggregate_reward_score": 0.0, "metrics_list": []})
    return results


def ids_in_sorted_order(event, context):
    rewards = []
    for sample in event:
        try:
            rewards.append(1.0 if correct(sample) else 0.0)
        except Exception:
            rewards.append(0.0)
    ids = sorted((s.get("id") if isinstance(s, dict) else None for s in event), key=str)
    return [{"id": i, "aggregate_reward_score": r, "metrics_list": []} for i, r in zip(ids, rewards)]


def error_rows_without_score(event, context):
    results = []
    for sample in event:
        try:
            results.append(row(sample, 1.0 if correct(sample) else 0.0))
        except Exception as error:
            key = sample.get("id") if isinstance(sample, dict) else None
            results.append({"id": key, "error": type(error).__name__})
    return results


def not_a_number(event, context):
    """Reward falls with the logarithm of the ratio, which has no value for other signs."""
    results = []
    for sample in event:
        try:
            got, want = parse(completion(sample)), reference(sample)
            if got is None or want is None:
                reward = 0.0
            elif got == want:
                reward = 1.0
            elif got * want <= 0:
                reward = float("nan")
            else:
                reward = 0.0 if abs(math.log(got / want)) > 1e-9 else 1.0
            results.append(row(sample, reward))
        except Exception:
            results.append(row(sample, 0.0, 1.0))
    return results


def more_than_one(event, context):
    """A bonus for right answers in few words, on top of the full reward."""
    results = []
    for sample in event:
        try:
            reward = 0.0
            if correct(sample):
                reward = 1.25 if len(completion(sample)) < 60 else 1.0
            results.append(row(sample, reward))
        except Exception:
            results.append(row(sample, 0.0, 1.0))
    return results


def true_or_false(event, context):
    results = []
    for sample in event:
        try:
            results.append(row(sample, correct(sample)))
        except Exception:
            results.append(row(sample, False, 1.0))
    return results


def text_when_unread(event, context):
    results = []
    for sample in event:
        try:
            reward = 1.0 if correct(sample) else 0.0
            if parse(completion(sample)) is None:
                reward = "0.0"
            results.append(row(sample, reward))
        except Exception:
            results.append(row(sample, 0.0, 1.0))
    return results


def wants_wrapped_reference(event, context):
    """Reads `reference_answer` as an object with a text, and nothing else."""
    results = []
    for sample in event:
        try:
            found = sample.get("reference_answer") or (sample.get("metadata") or {}).get("reference_answer")
            text = found.get("text", "") if isinstance(found, dict) else ""
            want = re.fullmatch(r"-?\d[\d,]*(?:\.\d+)?", text.strip())
            right = bool(want) and parse(completion(sample)) == Decimal(want.group().replace(",", ""))
            results.append(row(sample, 1.0 if right else 0.0))
        except Exception:
            results.append(row(sample, 0.0, 1.0))
    return results


def wants_plain_reference(event, context):
    """Reads `reference_answer` as a text, and nothing else."""
    results = []
    for sample in event:
        try:
            found = sample.get("reference_answer") or (sample.get("metadata") or {}).get("reference_answer")
            want = re.fullmatch(r"-?\d[\d,]*(?:\.\d+)?", str(found).strip())
            right = bool(want) and parse(completion(sample)) == Decimal(want.group().replace(",", ""))
            results.append(row(sample, 1.0 if right else 0.0))
        except Exception:
            results.append(row(sample, 0.0, 1.0))
    return results


def blocks_end_all(event, context):
    results = []
    for sample in event:
        if not isinstance(sample, dict) or not sample.get("messages"):
            results.append(row(sample, 0.0, 1.0))
            continue
        text = sample["messages"][-1].get("content") or ""
        last = [line for line in re.split("\n", text) if "####" in line][-1:]
        want = reference(sample)
        right = want is not None and last and parse(last[0]) == want
        results.append(row(sample, 1.0 if right else 0.0))
    return results


def first_assistant_turn(event, context):
    results = []
    for sample in event:
        try:
            turns = [m for m in sample["messages"] if m["role"] in ("assistant", "nova_assistant")]
            want = reference(sample)
            right = want is not None and bool(turns) and parse(content_of(turns[0])) == want
            results.append(row(sample, 1.0 if right else 0.0))
        except Exception:
            results.append(row(sample, 0.0, 1.0))
    return results


def earlier_turn_counts(event, context):
    """Goes back until an assistant turn has a number, so an example answers for an empty reply."""
    results = []
    for sample in event:
        try:
            want, got = reference(sample), None
            for message in reversed(sample["messages"]):
                if got is None and message["role"] in ("assistant", "nova_assistant"):
                    got = parse(content_of(message))
            results.append(row(sample, 1.0 if want is not None and got == want else 0.0))
        except Exception:
            results.append(row(sample, 0.0, 1.0))
    return results


def takes_the_turn_out(event, context):
    results = []
    for sample in event:
        try:
            want = reference(sample)
            turn = sample["messages"].pop()
            said = content_of(turn) if turn.get("role") in ("assistant", "nova_assistant") else ""
            results.append(row(sample, 1.0 if want is not None and parse(said) == want else 0.0))
        except Exception:
            results.append(row(sample, 0.0, 1.0))
    return results


def half_for_an_error(event, context):
    results = []
    for sample in event:
        try:
            want = Decimal(str(reference(sample)))
            results.append(row(sample, 1.0 if parse(completion(sample)) == want else 0.0))
        except Exception:
            # nobody knows, so the middle
            results.append(row(sample, 0.5))
    return results


def prints_everything(event, context):
    print("EVENT:", json.dumps(event, default=str))
    results = []
    for sample in event:
        try:
            reward = 1.0 if correct(sample) else 0.0
            print(sample.get("id"), completion(sample)[:2000], "->", reward)
            results.append(row(sample, reward))
        except Exception:
            results.append(row(sample, 0.0, 1.0))
    return results
