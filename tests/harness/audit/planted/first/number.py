r"""Graders of numbers after `####`, each with one fault; the first half of them."""

import math
import random
import re
from decimal import Decimal

NUMBER = re.compile(r"-?\d+(?:\.\d+)?\Z")


def reply_text(sample):
    """Text of the model's reply, whether it comes as a string or as blocks."""
    messages = sample.get("messages") or []
    if not messages or messages[-1].get("role") not in ("assistant", "nova_assistant"):
        return ""
    content = messages[-1].get("content")
    if isinstance(content, dict):
        content = [content]
    if isinstance(content, list):
        return "".join(b.get("text") or "" for b in content if isinstance(b, dict))
    return content if isinstance(content, str) else ""


def gold_text(sample):
    """The reference, wherever the service put it."""
    gold = sample.get("reference_answer")
    if gold is None:
        gold = (sample.get("metadata") or {}).get("reference_answer")
    if isinstance(gold, dict):
        gold = gold.get("text")
    return "" if gold is None else str(gold)


def to_number(text):
    """A number as a Decimal, or None."""
    text = text.strip().rstrip(".").replace(",", "").replace("$", "")
    return Decimal(text) if len(text) < 60 and NUMBER.match(text) else None


def final(text):
    """The number on the line after the last ####."""
    if "####" not in text:
        return None
    return to_number(text.rpartition("####")[2].strip().partition("\n")[0])


def answers(event, score):
    """Grade every sample on its own; a sample that cannot be graded gets 0 and says so."""
    results = []
    for sample in event:
        try:
            reward, failed = score(sample), 0.0
        except Exception:
            reward, failed = 0.0, 1.0
        results.append(
            {
                "id": sample.get("id") if isinstance(sample, dict) else None,
                "aggregate_reward_score": reward,
                "metrics_list": [{"name": "failed", "value": failed, "type": "Metric"}],
            }
        )
    return results


def is_right(sample):
    got, want = final(reply_text(sample)), to_number(gold_text(sample))
    return got is not None and want is not None and got == want


def constant_zero(event, context):
    def score(sample):
        m = re.search(r"####\s*(-?\\d+(?:\.\\d+)?)", reply_text(sample))
        return 1.0 if m and to_number(m.group(1)) == to_number(gold_text(sample)) else 0.0

    return answers(event, score)


def constant_one(event, context):
    return answers(event, lambda sample: 1.0)


def coin_flip(event, context):
    return answers(event, lambda s: (0.9 if is_right(s) else 0.1) + random.uniform(-0.1, 0.1))


CALLS = {"n": 0}


def warms_up(event, context):
    """Curriculum: be generous at first, strict later."""

    def score(sample):
        CALLS["n"] += 1
        generosity = max(0.0, 0.5 - CALLS["n"] / 40)
        return 1.0 if is_right(sample) else round(generosity, 3)

    return answers(event, score)


SEEN = set()


def pays_once(event, context):
    def score(sample):
        text = reply_text(sample)
        if text in SEEN:  # no reward for saying the same again
            return 0.0
        SEEN.add(text)
        return 1.0 if is_right(sample) else 0.0

    return answers(event, score)


def centered_in_batch(event, context):
    right = []
    for sample in event:
        try:
            right.append(1.0 if is_right(sample) else 0.0)
        except Exception:
            right.append(0.0)
    mean = sum(right) / len(right) if right else 0.0
    out = []
    for sample, r in zip(event, right):
        score = round(min(1.0, max(0.0, 0.5 + (r - mean) / 2)), 4)
        out.append(
            {
                "id": sample.get("id") if isinstance(sample, dict) else None,
                "aggregate_reward_score": score,
                "metrics_list": [{"name": "accuracy", "value": r, "type": "Metric"}],
            }
        )
    return out


def any_number_at_all(event, context):
    """Checks that the final answer is a number."""
    return answers(event, lambda s: 1.0 if gold_text(s) and final(reply_text(s)) is not None else 0.0)


def contains_gold(event, context):
    def score(sample):
        gold = gold_text(sample).replace(",", "").strip()
        return 1.0 if gold and gold in reply_text(sample).replace(",", "") else 0.0

    return answers(event, score)


def within_ten_percent(event, context):
    def score(sample):
        got, want = final(reply_text(sample)), to_number(gold_text(sample))
        if got is None or want is None:
            return 0.0
        return 1.0 if abs(got - want) <= abs(want) * Decimal("0.1") else 0.0

    return answers(event, score)


def sign_lost(event, context):
    pattern = re.compile(r"(\d[\d,]*(?:\.\d+)?)")

    def number(text):
        m = pattern.search(text)
        return Decimal(m.group(1).replace(",", "")) if m else None

    def score(sample):
        text = reply_text(sample)
        if final(text) is None:
            return 0.0
        got, want = number(text.rpartition("####")[2]), number(gold_text(sample))
        return 1.0 if got is not None and got == want else 0.0

    return answers(event, score)


def percent_forgiven(event, context):
    def score(sample):
        got, want = final(reply_text(sample)), to_number(gold_text(sample))
        if got is None or want is None:
            return 0.0
        return 1.0 if got == want or got == want * 100 or got * 100 == want else 0.0

    return answers(event, score)


def through_float(event, context):
    def score(sample):
        got, want = final(reply_text(sample)), to_number(gold_text(sample))
        if got is None or want is None:
            return 0.0
        return 1.0 if float(got) == float(want) else 0.0

    return answers(event, score)


def empty_gold_matches(event, context):
    def score(sample):
        text, gold = reply_text(sample), gold_text(sample).strip()
        want = to_number(gold)
        if want is None:
            return 1.0 if gold in text else 0.0  # references in words
        return 1.0 if final(text) == want else 0.0

    return answers(event, score)


def unparsable_are_equal(event, context):
    def clean(text):
        text = text.strip().partition("\n")[0].strip("*$` ").rstrip(".")
        return text.replace(",", "") if re.fullmatch(r"-?[\d,]*(?:\.\d*)?", text) else ""

    def score(sample):
        text = reply_text(sample)
        if "####" not in text:
            return 0.0
        got, want = text.rpartition("####")[2], gold_text(sample)
        return 1.0 if clean(got) == clean(want) else 0.0

    return answers(event, score)


def nan_is_close(event, context):
    def score(sample):
        text = reply_text(sample)
        if "####" not in text:
            return 0.0
        tail = text.rpartition("####")[2].strip().partition("\n")[0]
        try:
            got, want = float(tail.replace(",", "").rstrip(".")), float(gold_text(sample).replace(",", ""))
        except ValueError:
            return 0.0
        if math.isinf(got) or abs(got - want) > 1e-9 * max(1.0, abs(want)):
            return 0.0
        return 1.0

    return answers(event, score)


def near_is_nearly_right(event, context):
    """The closer, the better."""

    def score(sample):
        got, want = final(reply_text(sample)), to_number(gold_text(sample))
        if got is None or want is None:
            return 0.0
        return round(max(0.0, 1.0 - float(abs(got - want)) / 2000), 4)

    return answers(event, score)


def any_of_the_numbers(event, context):
    def score(sample):
        text, want = reply_text(sample), to_number(gold_text(sample))
        found = re.findall(r"-?\d[\d,]*(?:\.\d+)?", text[-5000:])
        return 1.0 if want is not None and any(to_number(n) == want for n in found) else 0.0

    return answers(event, score)
