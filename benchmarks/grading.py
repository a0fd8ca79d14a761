"""Measures the time that the handler adds per sample, compared with a bare loop over the scoring function.

The event has 64 samples with completions of 2,000 characters. The function finds the number after `####` with
a regular expression and compares it. The parts are measured alternately, and the best of many rounds counts
for each, because interference can only make a round slower.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from time import perf_counter
from typing import Any

from graders import Reward, Sample, grader

ROUNDS, CALLS, SAMPLES = 60, 40, 64
NUMBER = re.compile(r"#### (-?\d+)")


def same(completion: str, reference: str) -> bool:
    """Compare the numbers after the markers."""
    found = NUMBER.findall(completion)
    return bool(found) and found[-1] == NUMBER.findall(reference)[-1]


@grader
def bare(sample: Sample) -> bool:
    return same(sample.completion, sample.reference_text)


@grader
def with_metric(sample: Sample) -> Reward:
    right = same(sample.completion, sample.reference_text)
    return Reward(float(right), metrics={"right": float(right)})


def event() -> list[dict[str, Any]]:
    work = "She sells 3 * 4 = 12 cakes\nand has 7 left.\n" * 44
    return [
        {
            "id": f"sample-{at}",
            "messages": [
                {"role": "user", "content": "How many?"},
                {"role": "assistant", "content": f"{work[:1990]}\n#### {at}"},
            ],
            "metadata": {"reference_answer": f"12 + 7 = 19\n#### {at}"},
        }
        for at in range(SAMPLES)
    ]


def loop(items: list[dict[str, Any]]) -> list[bool]:
    return [same(item["messages"][-1]["content"], item["metadata"]["reference_answer"]) for item in items]


def loop_with_metric(items: list[dict[str, Any]]) -> list[tuple[float, dict[str, float]]]:
    """Run the bare loop with one metric per sample."""
    answers = []
    for item in items:
        right = same(item["messages"][-1]["content"], item["metadata"]["reference_answer"])
        answers.append((float(right), {"right": float(right)}))
    return answers


def best(calls: dict[str, Callable[[], Any]]) -> dict[str, float]:
    """Return the microseconds per sample of each part, measured alternately."""
    times = dict.fromkeys(calls, float("inf"))
    for _ in range(ROUNDS):
        for name, call in calls.items():
            started = perf_counter()
            for _ in range(CALLS):
                call()
            times[name] = min(times[name], (perf_counter() - started) / CALLS / SAMPLES * 1e6)
    return times


def run() -> None:
    items = event()
    text, answer = json.dumps(items), with_metric(items)
    times = best(
        {
            "loop": lambda: loop(items),
            "loop, metric": lambda: loop_with_metric(items),
            "grader": lambda: bare(items),
            "metric": lambda: with_metric(items),
            "json": lambda: (json.loads(text), json.dumps(answer)),
        }
    )
    base = times["loop"]
    print(f"  bare loop                     {base:6.2f} us a sample")
    print(f"  grader                        {times['grader'] / base:6.2f} x")
    with_one = times["loop, metric"]
    print(f"  grader, one metric            {times['metric'] / with_one:6.2f} x   (bar 3.0)")
    share = (times["metric"] - with_one) / times["json"]
    print(f"  its overhead over json's time {share:6.2f} x   (bar 0.5; json is what Lambda pays anyway)")
