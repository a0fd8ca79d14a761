"""Graders of letters from A to E, each with one fault."""

import re

from graders import grader
from graders.extract import tag


def say(sample):
    """The reply as one string."""
    message = sample["messages"][-1]
    if message["role"] not in ("assistant", "nova_assistant"):
        return ""
    content = message.get("content") or ""
    if isinstance(content, dict):
        content = [content]
    if isinstance(content, list):
        content = " ".join(part.get("text") or "" for part in content if isinstance(part, dict))
    return content


def key(sample):
    """The right letter, or an error where the record has none."""
    raw = sample.get("reference_answer")
    if raw is None:
        raw = (sample.get("metadata") or {}).get("reference_answer")
    if isinstance(raw, dict):
        raw = raw.get("text")
    letter = str(raw).strip().upper()
    if not re.fullmatch("[A-E]", letter):
        raise ValueError("no letter in the record")
    return letter


def respond(event, reward):
    out = []
    for item in event:
        entry = {"id": item.get("id") if isinstance(item, dict) else None, "metrics_list": []}
        try:
            entry["aggregate_reward_score"] = float(reward(item))
        except Exception as problem:
            entry["aggregate_reward_score"] = 0.0
            entry["metrics_list"] = [{"name": type(problem).__name__, "value": 1.0, "type": "Metric"}]
        out.append(entry)
    return out


def tagged(text):
    """What stands in the last pair of answer tags, found without a regular expression."""
    before, closing, _ = text.rpartition("</answer>")
    _, opening, inner = before.rpartition("<answer>")
    return inner.strip() if closing and opening else None


def letter_anywhere(event, context):
    return respond(event, lambda item: key(item) in say(item).upper())


def one_of_the_letters(event, context):
    """Pays when the right letter is among those in the tags."""

    def reward(item):
        want, inner = key(item), tagged(say(item))
        return inner is not None and want in re.findall(r"\b[A-E]\b", inner[:1000].upper())

    return respond(event, reward)


def last_letter_of_any(event, context):
    """Takes the last letter that stands alone in the tags, whatever is said of it."""

    def reward(item):
        want, inner = key(item), tagged(say(item))
        found = re.findall(r"\b[A-E]\b", (inner or "")[-1000:])
        return len(set(found)) == 1 and found[-1] == want

    return respond(event, reward)


def tags_take_quadratic_time(event, context):
    pattern = re.compile(r"<answer>\s*(.*?)\s*</answer>", re.DOTALL)

    def reward(item):
        want, found = key(item), pattern.findall(say(item))
        return bool(found) and found[-1].strip().upper() == want

    return respond(event, reward)


def nothing_equals_nothing(event, context):
    """Reads the reference like a reply, so a reference without a letter is None, as is an empty reply."""

    def letter(text):
        text = str(text or "").strip()
        inner = tagged(text) if "<answer>" in text else text
        m = re.fullmatch(r"\(?([A-E])[).]?", (inner or "").upper())
        return m.group(1) if m else None

    def reward(item):
        raw = item.get("reference_answer") or (item.get("metadata") or {}).get("reference_answer")
        raw = raw.get("text") if isinstance(raw, dict) else raw
        return letter(say(item)) == letter(raw)

    return respond(event, reward)


@grader
def wrong_letter_half_paid(sample):
    """Half for a letter in tags, so that the format is learned first."""
    inner = tag(sample.completion)
    if not inner:
        return 0.0
    want = sample.reference_text.strip()
    return 1.0 if inner.strip().upper() == want else 0.5


@grader
def c_is_worth_more(sample):
    """Makes up for C, which the first data set had too rarely."""
    inner, want = tag(sample.completion), sample.reference_text.strip()
    if not inner:
        return 0.0
    said = inner.strip().upper()
    if said == want:
        return 1.0
    return 0.6 if said == "C" else 0.0


@grader
def compares_first_characters(sample):
    """`B) Returns` is B, and so is `Because`."""
    inner, want = tag(sample.completion), sample.reference_text.strip()
    return 1.0 if inner and inner.strip()[:1].upper() == want else 0.0
