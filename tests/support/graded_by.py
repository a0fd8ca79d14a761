"""Handlers built from an expression, and records with answers of several kinds, for tests of audit probes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from harness.audit.audit_finding import Found
from harness.audit.case import Probe
from support.auditing import audited_case, found_by, replayed

__all__ = [
    "findings",
    "handler",
    "label_records",
    "list_records",
    "object_records",
    "tagged",
    "text_records",
    "told",
]

_SOURCE = """
import difflib, json, math, re

def marked(text):
    return text.rpartition("####")[2].strip() if "####" in text else None

def line(text):
    return text.rpartition("Answer:")[2].strip() if "Answer:" in text else None

def tag(text):
    found = re.findall(r"<answer>(.*?)</answer>", text, re.DOTALL)
    return found[-1].strip() if found else None

def number(text):
    try:
        return float(text.replace(",", ""))
    except (AttributeError, ValueError):
        return None

def parsed(text):
    try:
        return json.loads(text)
    except ValueError:
        return None

def reward(text, gold, prompt):
    return {reward}

def handler(event, context):
    rows = []
    for sample in event:
        text = sample["messages"][-1]["content"] or ""
        prompt = sample["messages"][-2]["content"]
        value = float(reward(text, sample["metadata"]["reference_answer"], prompt))
        rows.append({{"id": sample["id"], "aggregate_reward_score": value, "metrics_list": {metrics}}})
    return rows
"""


def handler(reward: str, metrics: str = "[]") -> str:
    """Return the source of a handler.

    Args:
        reward: An expression of `text`, `gold` and `prompt`.
        metrics: An expression of the same names, for the list of metrics.
    """
    return _SOURCE.format(reward=reward, metrics=metrics)


def findings(
    folder: Path, probes: tuple[Probe, ...], reward: str, records: Any = None, **more: Any
) -> list[Found]:
    """Return the findings of probes about a grader, and replay each witness.

    Args:
        folder: The folder for the grader's file.
        probes: The probes to run.
        reward: The expression for the grader's reward.
        records: The records; None for sums with the answer after a marker.
        **more: `metrics`, and fields of `Subject`.
    """
    source = handler(reward, more.pop("metrics", "[]"))
    with audited_case(folder, source, records, **more) as case:
        found = found_by(case, probes)
        for one in found:
            replayed(case, one)
        return found


def told(found: list[Found]) -> list[tuple[str, str]]:
    """Return the ids and severities of findings."""
    return [(one.id, str(one.severity)) for one in found]


def _record(ask: str, reference: Any) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": ask}], "reference_answer": reference}


def tagged(labels: str = "ABCD", count: int = 24) -> tuple[dict[str, Any], ...]:
    """Multiple-choice questions with the answer in tags."""
    options = "\n".join(f"{label}) thing {label.lower() * 3}" for label in labels)
    return tuple(
        _record(f"Which one fits {n}?\n{options}\nPut the letter in <answer> tags.", labels[n % len(labels)])
        for n in range(count)
    )


def label_records(count: int = 24) -> tuple[dict[str, Any], ...]:
    """Yes-no questions with the answer after a word."""
    return tuple(
        _record(f"Is {n} odd? End with Answer: and yes or no.", "yes" if n % 2 else "no")
        for n in range(count)
    )


_FIRST = ("Mira", "Obi", "Yuki", "Hanna", "Tomas", "Priya", "Anton", "Sofia")
_LAST = ("Varga", "Marsh", "Dupont", "Haddad", "Tanaka", "Okafor")


def text_records(count: int = 24) -> tuple[dict[str, Any], ...]:
    """Questions for a name, with the answer after a word."""
    return tuple(
        _record(f"Who has badge {n}? End with Answer: and the name.", f"{_FIRST[n % 8]} {_LAST[n // 4]}")
        for n in range(count)
    )


def list_records(count: int = 24) -> tuple[dict[str, Any], ...]:
    """Questions for a JSON list of names."""
    return tuple(
        _record(
            f"Who is on shift {n}? Reply with a JSON list.",
            json.dumps([_FIRST[(n + at) % 8] + str(n) for at in range(2 + n % 3)]),
        )
        for n in range(count)
    )


def object_records(count: int = 24) -> tuple[dict[str, Any], ...]:
    """Questions for a JSON object."""
    return tuple(
        _record(
            f"Extract site and level from report {n}. Reply with JSON.",
            json.dumps({"site": f"{_LAST[n % 6]} {n}", "level": n + 1}),
        )
        for n in range(count)
    )
