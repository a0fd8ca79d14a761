"""Provides training records for the public graders, from their libraries or made up here.

`python -m benchmarks.public.records MAKER COUNT` prints records as JSONL. Those of reasoning-gym need its
library.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

Record = dict[str, Any]
Maker = Callable[[int, Random], Iterator[Record]]


def asked(question: str, reference: Any, **fields: Any) -> Record:
    return {"messages": [{"role": "user", "content": question}], "reference_answer": reference, **fields}


def reasoning_gym_records(name: str, count: int) -> Iterator[Record]:
    """Return a data set's own questions under the library's own system prompt."""
    import reasoning_gym  # type: ignore[import-not-found, unused-ignore]
    from reasoning_gym.utils import SYSTEM_PROMPTS  # type: ignore[import-not-found, unused-ignore]

    system = {"role": "system", "content": SYSTEM_PROMPTS["simple"]}
    for entry in reasoning_gym.create_dataset(name, size=count, seed=7):
        record = asked(entry["question"], entry["answer"], entry=entry["metadata"])
        yield {**record, "messages": [system, *record["messages"]]}


_PROBLEMS: tuple[tuple[str, Callable[[int, int, int], int]], ...] = (
    (
        "A bakery fills {a} trays with {b} rolls each and sells all but {c}. How many rolls does it sell?",
        lambda a, b, c: a * b - c,
    ),
    (
        "A library holds {a} shelves of {b} books. {c} more books arrive. How many books does it hold then?",
        lambda a, b, c: a * b + c,
    ),
    (
        "Mira rides {a} km on each of {b} days and {c} km on the last day. How far does she ride, in km?",
        lambda a, b, c: a * b + c,
    ),
    (
        "A tank holds {c} liters. A pump adds {a} liters a minute for {b} minutes. How much is in it then?",
        lambda a, b, c: a * b + c,
    ),
)


def _word_problem(chance: Random) -> tuple[str, int]:
    text, solve = chance.choice(_PROBLEMS)
    a, b, c = chance.randint(2, 60), chance.randint(3, 40), chance.randint(1, 5)
    return text.format(a=a, b=b, c=c), solve(a, b, c)


def word_problems(count: int, chance: Random) -> Iterator[Record]:
    for _ in range(count):
        question, answer = _word_problem(chance)
        yield asked(f'{question} Think step by step and give the final answer after "####".', str(answer))


def worked_problems(count: int, chance: Random) -> Iterator[Record]:
    """Return word problems with a worked reference, as AWS's gpt-oss sample expects."""
    for record in word_problems(count, chance):
        answer = record["reference_answer"]
        yield {**record, "reference_answer": {"text": f"The parts add up to {answer}.\n#### {answer}"}}


def final_answer_problems(count: int, chance: Random) -> Iterator[Record]:
    """Return word problems with the reference under `final_answer`, as AWS's first sample expects."""
    for record in word_problems(count, chance):
        yield {**record, "reference_answer": {"final_answer": record["reference_answer"]}}


def boxed_numbers(count: int, chance: Random) -> Iterator[Record]:
    for _ in range(count):
        a, b = chance.randint(11, 400), chance.choice((2, 4, 5, 8))
        yield asked(
            f"A rope of {a} m is cut into {b} equal parts. How long is each part, in meters? "
            "Put the final answer in \\boxed{}.",
            f"{a / b:g}",
        )


_FACTS = (
    ("Who wrote the harbor chronicle of {place}?", "{person}"),
    ("Which river passes the old mill of {place}?", "the {river}"),
    ("In which year was the bridge of {place} opened?", "{year}"),
)
_PLACES = ("Orvane", "Lestow", "Brakemoor", "Tindale", "Vessin", "Caldry", "Norrick", "Ashvale")
_FIRST = ("Ida", "Tomas", "Renata", "Olwen", "Karim", "Mei", "Jonas", "Priya")
_LAST = ("Marsh", "Okafor", "Lindqvist", "Havel", "Sato", "Duarte", "Keller", "Brandt")
_RIVERS = ("Selm", "Arrow", "Vindel", "Tarn", "Oster", "Lune", "Corve", "Wyre")


def questions_of_fact(count: int, chance: Random) -> Iterator[Record]:
    for _ in range(count):
        question, answer = chance.choice(_FACTS)
        place = f"{chance.choice(('North', 'South', 'Upper', 'Lower'))} {chance.choice(_PLACES)}"
        known = {
            "person": f"{chance.choice(_FIRST)} {chance.choice(_LAST)}",
            "river": chance.choice(_RIVERS),
            "year": str(chance.randint(1780, 1990)),
        }
        yield asked(
            "Answer the question; you may search first. Put the answer alone inside <answer> and </answer>. "
            f"Question: {question.format(place=place)}",
            answer.format(**known),
        )


def financial_questions(count: int, chance: Random) -> Iterator[Record]:
    """Return yes-or-no questions and questions about ratios and amounts, as AWS's FinQA sample expects."""
    form = "Show your reasoning, then write the final answer in the format: ANSWER: <your answer>"
    for _ in range(count):
        before = chance.randint(400, 900)
        after = round(before * chance.uniform(0.9, 1.1))
        kind = chance.choices(("ratio", "amount", "grew"), (0.6, 0.25, 0.15))[0]
        told = f"Revenue was {before} million in 2021 and {after} million in 2022."
        question, answer = {
            "ratio": ("By which ratio did revenue change?", f"{(after - before) / before:.4f}"),
            "amount": ("How much was revenue over both years, in millions?", str(before + after)),
            "grew": ("Did revenue grow?", "yes" if after > before else "no"),
        }[kind]
        yield asked(f"{told} {question} {form}", {"answer": answer})


_VIRTUES = ("names the cause", "gives the date", "says who decides", "keeps to the point", "quotes the rule")


def comparisons(count: int, chance: Random) -> Iterator[Record]:
    """Return pairs of answers to compare, as AWS's judge sample expects."""
    for _ in range(count):
        place, (virtue, other) = chance.choice(_PLACES), chance.sample(_VIRTUES, 2)
        better = chance.choice((1, 2))
        first, second = (virtue, other) if better == 1 else (other, virtue)
        yield asked(
            f"Response 1 about the flood in {place} {first}. Response 2 {second}. The reader wants one that "
            f"{virtue}. Which is better? Give a reason and write a better one.",
            {"answer": f"Response {better}, since it {virtue}."},
        )


MAKERS: dict[str, Maker] = {
    "comparisons": comparisons,
    "word_problems": word_problems,
    "worked_problems": worked_problems,
    "final_answer_problems": final_answer_problems,
    "boxed_numbers": boxed_numbers,
    "questions_of_fact": questions_of_fact,
    "financial_questions": financial_questions,
}


def records(maker: str, count: int) -> Iterator[Record]:
    """Return records from the function here with this name, or from reasoning-gym's data set."""
    if maker in MAKERS:
        return MAKERS[maker](count, Random(7))
    return reasoning_gym_records(maker, count)


if __name__ == "__main__":
    for record in records(sys.argv[1], int(sys.argv[2])):
        print(json.dumps(record))
