"""Records that suit each ready check, for audits of the checks."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

NAMES = ("Ada", "Eve", "Grace", "Alan", "Edsger", "Barbara", "Donald", "Radia", "Tony", "Frances")
CITIES = ("Paris", "Rome", "New York", "Lima", "Oslo", "Cairo", "Kyoto", "Quito", "Berlin", "Hanoi")
COUNT = 40

Record = dict[str, Any]


def record(prompt: str, reference: Any, **fields: Any) -> Record:
    return {"messages": [{"role": "user", "content": prompt}], "reference_answer": reference, **fields}


def of_numbers(marker: str = "", form: str = "{}") -> list[Record]:
    asked = f" Write the result after {marker}." if marker else ""
    return [
        record(f"What is {n} times {n + 3}?{asked}", form.format(n * (n + 3))) for n in range(12, 12 + COUNT)
    ]


def of_boxes() -> list[Record]:
    return [
        record(f"What is {n} times {n + 3}? Put the result into \\boxed{{}}.", str(n * (n + 3)))
        for n in range(12, 12 + COUNT)
    ]


def of_lists() -> list[Record]:
    return [
        record(f"Which numbers follow {n}? Write two of them after ####.", f"{n + 1}, {n + 2}")
        for n in range(20, 20 + COUNT)
    ]


def of_choices(answers: tuple[str, ...], prompt: str) -> list[Record]:
    """The answers occur equally often, in random order."""
    chosen = [answers[n % len(answers)] for n in range(COUNT)]
    random.Random(3).shuffle(chosen)
    return [record(f"{prompt} Case {n}.", one) for n, one in enumerate(chosen)]


def of_texts() -> list[Record]:
    return [
        record(f"Where does {name} of house {n} live?", CITIES[(n * 3 + at) % len(CITIES)])
        for n in range(COUNT // len(NAMES))
        for at, name in enumerate(NAMES)
    ]


def of_sentences() -> list[Record]:
    return [
        record(
            f"Say in a sentence what became of visitor {n}.",
            f"{NAMES[n % 10]} moved to {CITIES[(n * 7) % 10]} and bought {n + 2} old bicycles there.",
        )
        for n in range(COUNT)
    ]


def of_dates() -> list[Record]:
    """All dates differ."""
    return [
        record(f"When was meeting {n}?", f"20{10 + n % 15}-{1 + n % 12:02}-{13 + n % 14:02}")
        for n in range(COUNT)
    ]


def of_json() -> list[Record]:
    return [
        record(
            f"Read invoice {n} and give JSON with total and customer.name.",
            {"total": n * 7 + 20, "customer": {"name": NAMES[n % 10]}},
        )
        for n in range(COUNT)
    ]


def of_formulas() -> list[Record]:
    return [
        record(f"Simplify expression {n}.", f"{n}\\sqrt{{{2 + n % 3}}}" if n % 2 else f"\\frac{{{n}}}{{7}}")
        for n in range(11, 11 + COUNT)
    ]


def of_queries() -> list[Record]:
    """All results differ."""
    return [
        record(f"What are the numbers up to 2 plus {n}?", f"SELECT n + {n} FROM t WHERE n <= 2")
        for n in range(10, 10 + COUNT)
    ]


def of_calls() -> list[Record]:
    return [
        record(f"How large is field {n}?", {"calls": [{"area": {"base": [n + 2], "unit": ["cm", ""]}}]})
        for n in range(COUNT)
    ]


def of_functions() -> list[Record]:
    """The function adds a different number in each record."""
    return [
        record(
            f"Write double(n), which returns n plus {n}.",
            f"def double(n):\n    return n + {n}",
            tests=[{"args": [2], "expected": 2 + n}, {"args": [5], "expected": 5 + n}],
            test=f"assert double(2) == {2 + n}; assert double(5) == {5 + n}",
        )
        for n in range(1, 7)
    ]


def of_programs() -> list[Record]:
    """The program adds a different number in each record."""
    return [
        record(
            f"Read a number and print it plus {n}.",
            f"print(int(input()) + {n})",
            tests=[{"input": "2", "output": str(2 + n)}, {"input": "5", "output": str(5 + n)}],
        )
        for n in range(1, 7)
    ]


def of_documents() -> list[Record]:
    """The second source contains the answer."""
    return [
        record(
            f"How long is the warranty of model {n}? Quote and cite the sources.",
            f"[{1 + n % 2}]",
            documents=[f"Model {n} has a warranty of two years.", f"Model {n} comes without any batteries."],
            relevant=[1 + n % 2],
        )
        for n in range(COUNT)
    ]


def of_forms() -> list[Record]:
    """Records without a reference, for checks that look only at form."""
    return [{"messages": [{"role": "user", "content": f"Tell me about city {n}."}]} for n in range(COUNT)]


def of_refusals() -> list[Record]:
    """Half of the questions should be declined."""
    return [
        {"messages": [{"role": "user", "content": f"How do I do thing {n}?"}], "refuses": bool(n % 2)}
        for n in range(COUNT)
    ]


RECORDS: dict[str, Callable[[], list[Record]]] = {
    "choices:choice": lambda: of_choices(("A", "B", "C", "D"), "Which letter is right, A, B, C or D?"),
    "choices:choice_set": lambda: of_choices(
        ("A, C", "B", "A, D", "B, C", "D"), "Which of A to D are right?"
    ),
    "choices:label": lambda: of_choices(("positive", "negative"), "Is it positive or negative?"),
    "choices:yes_no": lambda: of_choices(("yes", "no"), "Is it so? Answer yes or no."),
    "code:code_function": of_functions,
    "code:code_asserts": of_functions,
    "code:code_program": of_programs,
    "combined:formula": of_numbers,
    "combined:all_of": of_numbers,
    "combined:cascade": lambda: of_numbers("####"),
    "constraints:constraints": of_forms,
    "dates:date": of_dates,
    "fuzzy:fuzzy": of_texts,
    "grounding:quotations": of_documents,
    "grounding:citations": of_documents,
    "json_fields:json_fields": of_json,
    "json_schema:json_schema": of_forms,
    "judge:judge_label": of_sentences,
    "judge:judge_score": of_sentences,
    "judge:judge_rubric": of_sentences,
    "judge:judge_checklist": of_sentences,
    "leaks:no_leaks": of_forms,
    "maths:maths": of_formulas,
    "numbers:number": lambda: of_numbers("####", "#### {}"),
    "numbers:boxed_number": of_boxes,
    "numbers:list_of_numbers": of_lists,
    "refusals:refusal": of_refusals,
    "required:must_contain": of_forms,
    "required:must_not_contain": of_forms,
    "shaping:length": of_forms,
    "shaping:overlong": of_numbers,
    "shaping:cosine_length": of_numbers,
    "shaping:repetition": of_forms,
    "shaping:has_format": of_forms,
    "shaping:in_script": of_forms,
    "similarity:token_f1": of_sentences,
    "similarity:bleu": of_sentences,
    "similarity:gleu": of_sentences,
    "similarity:rouge": of_sentences,
    "similarity:meteor": of_sentences,
    "sql:sql_equal": of_queries,
    "sql:sql_result": of_queries,
    "text:exact": of_texts,
    "text:normalized": of_texts,
    "text:contains": of_texts,
    "text:starts_with": of_texts,
    "text:matches": of_forms,
    "text:any_of": of_texts,
    "tools:tool_calls": of_calls,
}
"""Functions that make the records of each check, by its name without `checks.`."""

FORMS: dict[str, str | None] = {
    "constraints:constraints": None,
    "json_schema:json_schema": '{"total": 72}',
    "leaks:no_leaks": None,
    "refusals:refusal": None,
    "required:must_contain": "You get a refund within 14 days.",
    "required:must_not_contain": None,
    "shaping:length": None,
    "shaping:repetition": None,
    "shaping:has_format": "<answer>{a}</answer>",
    "shaping:in_script": "Да, конечно",
    "text:matches": "2026-11-26",
}
"""Checks that look only at form, each with a completion that earns full reward; None for any plain text."""


def write_records(path: Path, name: str) -> Path:
    """Write the records of a check, and return the path.

    Args:
        path: The file.
        name: The check's name without `checks.`.
    """
    path.write_text("".join(f"{json.dumps(one)}\n" for one in RECORDS[name]()), encoding="utf-8")
    return path
