"""Graders of JSON objects, each with one fault."""

import ast
import json

from graders import grader
from graders.extract import json_block


def value_of(sample):
    found = json_block(sample.completion)
    return found if isinstance(found, dict) else None


def wanted(sample):
    gold = sample.reference_answer
    gold = json.loads(gold) if isinstance(gold, str) else gold
    if not isinstance(gold, dict) or not gold:
        raise ValueError("the record has no object")
    return gold


def same(a, b):
    return type(a) is type(b) and a == b


@grader
def nothing_contradicts(sample):
    """Every field that the reply has is right."""
    said, gold = value_of(sample), wanted(sample)
    if said is None:
        return 0.0
    return 1.0 if all(name in gold and same(value, gold[name]) for name, value in said.items()) else 0.0


@grader
def further_keys_are_fine(sample):
    """All that was asked for is there."""
    said, gold = value_of(sample), wanted(sample)
    return (
        1.0
        if said is not None and all(name in said and same(said[name], gold[name]) for name in gold)
        else 0.0
    )


@grader
def one_spelling_wanted(sample):
    """Compares objects as they are written, so the order of keys counts."""
    said, gold = value_of(sample), wanted(sample)
    return 1.0 if said is not None and json.dumps(said) == json.dumps(gold) else 0.0


@grader
def keys_alone(sample):
    said, gold = value_of(sample), wanted(sample)
    return 1.0 if said is not None and set(said) == set(gold) else 0.0


@grader
def third_for_valid_json(sample):
    """0.3 for an object, 0.7 for the right one."""
    said, gold = value_of(sample), wanted(sample)
    if said is None:
        return 0.0
    return 1.0 if same(said, gold) else 0.3


@grader
def value_among_values(sample):
    """A field may hold several values, as long as the right one is among them."""
    said, gold = value_of(sample), wanted(sample)

    def fits(name):
        value = said.get(name)
        return gold[name] in value if isinstance(value, list) else same(value, gold[name])

    return 1.0 if said is not None and set(said) == set(gold) and all(map(fits, gold)) else 0.0


@grader
def text_in_text(sample):
    """Compares fields as texts, and is content when one is in the other."""
    said, gold = value_of(sample), wanted(sample)
    if said is None:
        return 0.0
    hits = sum(str(said.get(name, "-")).lower() in str(gold[name]).lower() for name in gold)
    return hits / len(gold)


def rows(event):
    """Each sample with its reply and its object; what cannot be read has no object."""
    for sample in event:
        text, gold = "", None
        try:
            last = sample["messages"][-1]
            if last["role"] in ("assistant", "nova_assistant"):
                text = last["content"] or ""
            if isinstance(text, dict):
                text = [text]
            if isinstance(text, list):
                text = "".join(block.get("text") or "" for block in text)
            if not isinstance(text, str):
                raise TypeError("the reply is no text")
            gold = sample.get("reference_answer") or sample["metadata"]["reference_answer"]
            if isinstance(gold, dict) and set(gold) == {"text"}:
                gold = gold["text"]
            if isinstance(gold, str):
                gold = json.loads(gold)
        except (KeyError, IndexError, TypeError, AttributeError, ValueError):
            text, gold = "", None
        yield sample, text, gold if isinstance(gold, dict) and gold else None


def entry(sample, reward, failed):
    return {
        "id": sample.get("id") if isinstance(sample, dict) else None,
        "aggregate_reward_score": reward,
        "metrics_list": [{"name": "failed", "value": 1.0 if failed else 0.0, "type": "Metric"}],
    }


def braces(text):
    """The text from the first brace to the last one."""
    start, end = text.find("{"), text.rfind("}")
    return text[start : end + 1] if 0 <= start < end else ""


def evaluates_the_reply(event, context):
    """Reads Python's spelling as well as JSON's, by running it."""
    out = []
    for sample, text, gold in rows(event):
        reward = 0.0
        if gold is not None:
            try:
                said = eval(braces(text), {"true": True, "false": False, "null": None})
                right = set(said) == set(gold) and all(same(said[name], gold[name]) for name in gold)
                reward = 1.0 if right else 0.0
            except Exception:
                reward = 0.0
        out.append(entry(sample, reward, gold is None))
    return out


def last_key_wins(event, context):
    """Every object of the reply counts, and so do all values that a key has in one of them."""
    out = []
    for sample, text, gold in rows(event):
        reward = 0.0
        if gold is not None:
            said = []
            try:
                json.loads(braces(text)[:20_000], object_pairs_hook=lambda pairs: said.extend(pairs))
            except (ValueError, RecursionError):
                said = []
            reward = 1.0 if said and all((name, gold[name]) in said for name in gold) else 0.0
        out.append(entry(sample, reward, gold is None))
    return out


def missing_means_unchanged(event, context):
    """A field that is missing in the reply gets the reference's value, as in an update."""
    out = []
    for sample, text, gold in rows(event):
        reward = 0.0
        if gold is not None:
            try:
                said = json.loads(braces(text)[:20_000])
            except (ValueError, RecursionError):
                said = None
            if isinstance(said, dict):
                right = sum(same(said.get(name, gold[name]), gold[name]) for name in gold)
                reward = right / len(gold)
        out.append(entry(sample, reward, gold is None))
    return out


def quotes_are_lost(event, context):
    """Compares Python's literals after numbers became texts, so 5 and "5" are the same."""
    out = []
    for sample, text, gold in rows(event):
        reward = 0.0
        if gold is not None:
            try:
                cut = braces(text)[:20_000]
                said = ast.literal_eval(cut.replace("true", "True").replace("false", "False"))
                said = {name: str(value) for name, value in said.items()}
                reward = 1.0 if said == {name: str(value) for name, value in gold.items()} else 0.0
            except (ValueError, SyntaxError, AttributeError, TypeError, RecursionError, MemoryError):
                reward = 0.0
        out.append(entry(sample, reward, gold is None))
    return out
