"""Graders of numbers in boxes, after `Answer:`, or alone, each with one fault."""

import ast
import operator
import re
from decimal import Decimal

from graders import grader
from graders.extract import Missing, parse_number, reference_number

BOX = re.compile(r"\\boxed\{([^{}]{1,60})\}")
DIGITS = re.compile(r"-?\d[\d,]*(?:\.\d+)?")


@grader
def any_box_counts(sample):
    """Boxes in the working count too."""
    want = reference_number(sample.reference_text)
    return 1.0 if any(parse_number(inner) == want for inner in BOX.findall(sample.completion)) else 0.0


@grader
def longest_common_start(sample):
    """Digits that agree from the left; a complete answer agrees in all."""
    want = sample.reference_text.replace(",", "")
    found = BOX.findall(sample.completion)
    got = found[-1].replace(",", "").strip("$ ") if found else ""
    return 1.0 if want and got.startswith(want) else 0.0


@grader
def only_digits_count(sample):
    """Takes away whatever is no digit: commas, currency, and the decimal point."""
    found = BOX.findall(sample.completion)
    want = re.sub(r"[^\d-]", "", sample.reference_text)
    return 1.0 if found and want and re.sub(r"[^\d-]", "", found[-1]) == want else 0.0


@grader
def mantissa_alone(sample):
    """Reads the digits before the e, so 3e5 is 3."""
    want = reference_number(sample.reference_text)
    found = BOX.findall(sample.completion)
    digits = DIGITS.match(found[-1].strip("$ ")) if found else None
    return 1.0 if digits and parse_number(digits.group()) == want else 0.0


@grader
def rounds_to_whole(sample):
    """Rounding differences are forgiven."""
    found = parse_number(sample.completion.strip())
    want = reference_number(sample.reference_text)
    if isinstance(found, Missing):
        return 0.0
    return 1.0 if round(found) == round(want) else 0.0


OPERATORS = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


def worked_out(node):
    """The value of plain arithmetic."""
    if isinstance(node, ast.Expression):
        return worked_out(node.body)
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        return Decimal(str(node.value))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -worked_out(node.operand)
    if isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
        return OPERATORS[type(node.op)](worked_out(node.left), worked_out(node.right))
    raise ValueError("not arithmetic")


@grader
def first_answer_in_reply(sample):
    """Searches for the answer from the top."""
    m = re.search(r"(?m)Answer:[ *]*(-?\d[\d,]*(?:\.\d+)?)[ *.]*$", sample.completion)
    return 1.0 if m and parse_number(m.group(1)) == reference_number(sample.reference_text) else 0.0


def lines_of(event):
    """Reply, reference and sample; empty texts where something is missing."""
    for sample in event:
        try:
            last = sample["messages"][-1]
            said = last["content"] if last["role"] in ("assistant", "nova_assistant") else ""
            if isinstance(said, dict):
                said = [said]
            if isinstance(said, list):
                said = "".join(block.get("text") or "" for block in said)
            want = sample.get("reference_answer") or (sample.get("metadata") or {}).get("reference_answer")
            want = want.get("text") if isinstance(want, dict) else want
            yield sample, said if isinstance(said, str) else "", want if isinstance(want, str) else ""
        except (AttributeError, KeyError, IndexError, TypeError):
            yield sample, "", ""


def entry(sample, reward):
    sample_id = sample.get("id") if isinstance(sample, dict) else None
    return {"id": sample_id, "aggregate_reward_score": float(reward), "metrics_list": []}


def as_number(text):
    text = text.strip().rstrip(".").replace(",", "")
    return Decimal(text) if re.fullmatch(r"-?\d{1,40}(?:\.\d{1,40})?", text) else None


def number_in_the_tail(event, context):
    """The reference's number stands somewhere after the marker."""
    out = []
    for sample, said, want in lines_of(event):
        number = as_number(want.rpartition("####")[2])
        _, marker, tail = said.rpartition("####")
        found = [as_number(each) for each in DIGITS.findall(tail[:2000])]
        out.append(entry(sample, number is not None and bool(marker) and number in found))
    return out


def working_is_compared_too(event, context):
    """Pays the share of the reference's lines that the reply has, and the number most."""
    out = []
    for sample, said, want in lines_of(event):
        number = as_number(want.rpartition("####")[2])
        got = as_number(said.rpartition("####")[2].strip().partition("\n")[0])
        right = number is not None and got == number
        wanted = set(re.findall(r"[a-z]+", want.lower()))
        words = set(re.findall(r"[a-z]+", said[:20_000].lower())) & wanted
        share = len(words) / len(wanted) if wanted and number is not None else 0.0
        out.append(entry(sample, 0.65 * right + 0.35 * share))
    return out


def any_line_may_answer(event, context):
    """Every line that says Answer may be the right one."""
    out = []
    for sample, said, want in lines_of(event):
        number = as_number(want)
        lines = [line.partition("Answer:")[2] for line in said.split("\n") if "Answer:" in line]
        out.append(entry(sample, number is not None and number in map(as_number, lines)))
    return out


def short_replies_alone(event, context):
    """Reads the first 200 characters, which hold the answer of a short reply."""
    out = []
    for sample, said, want in lines_of(event):
        number, got = as_number(want), as_number(said[:200].rpartition("Answer:")[2])
        out.append(entry(sample, number is not None and got == number))
    return out


def calculates_the_reply(event, context):
    """Works out what the reply says, so a sum that is not worked out is an answer."""
    out = []
    for sample, said, want in lines_of(event):
        number, got = as_number(want), None
        try:
            got = worked_out(ast.parse(said.strip()[:300].replace(",", ""), mode="eval"))
        except (SyntaxError, ValueError, ArithmeticError, RecursionError, MemoryError):
            got = None
        out.append(entry(sample, number is not None and got == number))
    return out


REWARDS = {}


def remembers_ids(event, context):
    """Grades a sample once, and looks its reward up by id when the service asks again."""
    out = []
    for sample, said, want in lines_of(event):
        number, got = as_number(want), as_number(said)
        known = str(sample.get("id")) if isinstance(sample, dict) else ""
        out.append(entry(sample, REWARDS.setdefault(known, number is not None and got == number)))
    return out


PROMPTS = {}


def remembers_prompts(event, context):
    """Keeps one reward for each prompt, to save time."""
    out = []
    for sample, said, want in lines_of(event):
        number, got = as_number(want), as_number(said)
        right = number is not None and got == number
        try:
            prompt = str(sample["messages"][:-1])
            right = PROMPTS.setdefault(prompt, right)
        except (KeyError, TypeError):
            pass
        out.append(entry(sample, right))
    return out
