"""Generated OpenAI graders compared with an evaluator that shares no code with the adapter.

The evaluator is written from OpenAI's documentation alone. It knows the value of each template from its
generation, computes formulas from their trees, and has its own implementations of the text metrics.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import math
import operator
import re
from collections import Counter
from random import Random
from typing import Any

import pytest
from rapidfuzz import fuzz, utils

from graders import Reward, SampleError
from graders.adapters import from_openai
from graders.adapters.openai import OpenAISpecError, openai_range, openai_run
from graders.testing import make_sample

SPECS = 800
WORDS = ["cat", "sat", "mat", "on", "the", "Cat", "72", "-5", "3.5", "und", "a b", "Katze", "THE"]
ODD = [
    "",
    " ",
    0,
    1,
    1.0,
    2.5,
    True,
    False,
    None,
    [],
    [1, "a"],
    {"k": "v"},
    "{{item.label}}",
    "{{sample.output_text}}",
]
ITEM_PATHS = [("label",), ("deep", "text"), ("deep", "list", 0), ("more",), ("with-hyphen",), ("deep",)]
SAMPLE_PATHS = [("output_text",), ("output_json", "name"), ("output_json", "rows", 1), ("output_json",)]
SAMPLE_PATHS += [("choices", 0, "message", "content"), ("output_tools", 0, "function", "name")]
LITERALS = [" ", "the cat", "}}", '{{"k": 1}}', "{a}", "is ", "\n"]
OPERATIONS: dict[str, Any] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "like": operator.contains,
    "ilike": lambda given, wanted: wanted.lower() in given.lower(),
}
METRICS = ["fuzzy_match", "bleu", "gleu", "rouge_1", "rouge_2", "rouge_3", "rouge_4", "rouge_5", "rouge_l"]
PYTHON: dict[str, Any] = {
    "def grade(sample, item):\n    return len(sample['output_text']) / 100": lambda text, item: (
        len(text) / 100
    ),
    "import json\n\ndef grade(sample, item):\n    return 1 if item['label'] == json.loads('1') else 0.25": (
        lambda text, item: 1.0 if item["label"] == 1 else 0.25
    ),
}
OF_TWO: dict[str, Any] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "^": math.pow,
}
OF_TWO |= {"min": min, "max": max}
OF_ONE: dict[str, Any] = {
    "abs": abs,
    "floor": math.floor,
    "ceil": math.ceil,
    "exp": math.exp,
    "sqrt": math.sqrt,
    "log": math.log,
}
CUTS: dict[str, Any] = {
    "r": lambda text: re.findall("[a-z0-9]+", text.lower()),
    "": re.compile(r"\w+|[^\w\s]+").findall,
}


class Made:
    """A generated grader with its record, its completion and its expected score."""

    def __init__(self, seed: int) -> None:
        self.random = random = Random(seed)
        self.item: dict[str, Any] = {
            "label": self.text(),
            "deep": {"text": self.value(), "list": [self.value()][: random.randrange(3)]},
            "with-hyphen": self.text(),
        }
        answers = {
            "name": self.item["label"] if random.random() < 0.5 else self.value(),
            "rows": [1, self.value()],
        }
        self.completion: str = random.choice(
            [
                self.text(),
                self.item["label"],
                json.dumps(answers),
                json.dumps(answers),
                f"x {self.item['label']}",
            ]
        )
        self.sample: dict[str, Any] = {
            "output_text": self.completion,
            "choices": [{"message": {"content": self.completion}}],
        }
        if self.completion.startswith("{"):
            self.sample["output_json"] = answers
        self.spec, self.score = self.multi() if random.random() < 0.5 else self.one()

    def text(self) -> str:
        return " ".join(self.random.choices(WORDS, k=self.random.randrange(1, 9)))

    def value(self) -> Any:
        return self.text() if self.random.random() < 0.85 else self.random.choice(ODD)

    def template(self, likely: tuple[str, tuple[Any, ...]]) -> tuple[str, str | None, bool]:
        """A template, its value (None if part of it is missing), and whether the value has any content."""
        pieces: list[Any] = [likely]
        if self.random.random() < 0.3:
            others = [
                *LITERALS,
                *(("item", path) for path in ITEM_PATHS),
                *(("sample", path) for path in SAMPLE_PATHS),
            ]
            pieces = self.random.choices([likely, *others], k=self.random.randrange(1, 4))
        texts: list[Any] = []
        said: list[str] = []
        written = ""
        for piece in pieces:
            if isinstance(piece, str):
                written += piece
                texts.append(piece)
                said.append(piece)
                continue
            found: Any = self.item if piece[0] == "item" else self.sample
            for step in piece[1]:
                try:
                    found = found[step]
                except (LookupError, TypeError):
                    found = None
            texts.append(found if found is None or isinstance(found, str) else json.dumps(found))
            said.append(without_shell(texts[-1] or "") if not isinstance(found, str) else found)
            steps = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in piece[1])
            space = self.random.choice(["", " "])
            written += f"{{{{{space}{piece[0]}{steps}{space}}}}}"
        values = {
            name: "".join(text for piece, text in zip(pieces, said, strict=True) if piece[0] == name)
            for name in ("sample", "item")
            if any(piece[0] == name for piece in pieces)
        }
        if not written.strip():
            return "text", "text", True
        if None in texts:
            return written, None, False
        text = "".join(texts)
        return written, text, bool(text.strip() and next(iter(values.values()), text).strip())

    def one(self) -> tuple[dict[str, Any], float | None]:
        """A grader of one type, and its score, None if it has none."""
        if self.random.random() < 0.1:
            source = self.random.choice(list(PYTHON))
            return {"type": "python", "source": source}, PYTHON[source](self.completion, self.item)
        given, given_text, given_says = self.template(("sample", self.random.choice(SAMPLE_PATHS[:2])))
        wanted, wanted_text, wanted_says = self.template(("item", self.random.choice(ITEM_PATHS[:2])))
        texts: dict[str, Any] = {"name": "n", "input": given, "reference": wanted}
        kind = self.random.choice([*OPERATIONS, *OPERATIONS, *METRICS])
        known = given_says and wanted_says
        if kind == "ne":
            known = given_text is not None and wanted_text is not None
        if kind in OPERATIONS:
            spec = {"type": "string_check", "operation": kind, **texts}
            return spec, float(OPERATIONS[kind](given_text, wanted_text)) if known else None
        spec = {"type": "text_similarity", "evaluation_metric": kind, "pass_threshold": 0.5, **texts}
        return spec, similarity(kind, given_text or "", wanted_text or "") if known else None

    def multi(self) -> tuple[dict[str, Any], float | None]:
        inner = {name: self.one() for name in ("a", "b_2", "class")}
        formula, tree = self.formula(list(inner), 3)
        spec = {
            "type": "multi",
            "graders": {name: each[0] for name, each in inner.items()},
            "calculate_output": formula,
        }
        scores = {name: each[1] for name, each in inner.items()}
        return spec, None if None in scores.values() else computed(tree, scores)

    def formula(self, names: list[str], depth: int) -> tuple[str, Any]:
        """A formula as a string and as a tree."""
        if not depth or self.random.random() < 0.2:
            leaf = self.random.choice([*names, *names, "0.5", "2", "3"])
            return leaf, leaf
        left, right = self.formula(names, depth - 1), self.formula(names, depth - 1)
        sign = self.random.choice([*"+-*/^", "min", "max", *OF_ONE])
        if sign in OF_ONE:
            return f"{sign}({left[0]})", (sign, left[1])
        text = f"({left[0]} {sign} {right[0]})" if len(sign) == 1 else f"{sign}({left[0]}, {right[0]})"
        return text, (sign, left[1], right[1])


def without_shell(written: str) -> str:
    """Return JSON without its keys, brackets, nulls and empty strings."""
    return re.sub(r'"[^"]*": |[\[\]{}, ]|null|""', "", written)


def computed(tree: Any, scores: dict[str, Any]) -> float | None:
    """Return the value of a formula; None if it has none."""
    if isinstance(tree, str):
        return scores[tree] if tree in scores else float(tree)
    inner = [computed(each, scores) for each in tree[1:]]
    try:
        value = float({**OF_TWO, **OF_ONE}[tree[0]](*inner))
    except (ArithmeticError, ValueError, TypeError):
        return None
    return value if math.isfinite(value) else None


def similarity(metric: str, given: str, wanted: str) -> float | None:
    """Return the similarity of two strings; None if one of them is too short to compare."""
    if metric == "fuzzy_match":
        both = [utils.default_process(given), utils.default_process(wanted)]
        return fuzz.WRatio(given, wanted, processor=utils.default_process) / 100 if all(both) else None
    cut = CUTS["r" if metric[0] == "r" else ""]
    mine, theirs = cut(given), cut(wanted)
    orders = {"bleu": 4, "gleu": 1, "rouge_l": 1}.get(metric) or int(metric[-1])
    if not mine or len(theirs) < orders:
        return None
    if metric == "rouge_l":
        return 2 * longest_common(mine, theirs) / (len(mine) + len(theirs))
    counts = [[grams(mine, n), grams(theirs, n)] for n in range(1, 6)]
    if metric == "gleu":
        common = sum((one & other).total() for one, other in counts[:4])
        return common / max(
            sum(one.total() for one, _ in counts[:4]), sum(other.total() for _, other in counts[:4])
        )
    if metric != "bleu":
        one, other = counts[orders - 1]
        return 2 * (one & other).total() / (one.total() + other.total())
    if not (counts[0][0] & counts[0][1]):
        return 0.0
    shares = [((one & other).total() or 0.1) / max(1, one.total()) for one, other in counts[:4]]
    return math.exp(min(0, 1 - len(theirs) / len(mine)) + sum(map(math.log, shares)) / 4)


def grams(tokens: list[str], n: int) -> Counter[tuple[str, ...]]:
    return Counter(tuple(tokens[at : at + n]) for at in range(len(tokens) - n + 1))


def longest_common(one: list[str], other: list[str]) -> int:
    row = [0] * (len(other) + 1)
    for token in one:
        before, row = row, [0]
        for at, right in enumerate(other):
            row.append(before[at] + 1 if token == right else max(row[-1], before[at + 1]))
    return row[-1]


async def graded(made: Made) -> Reward | SampleError:
    scoring = from_openai(made.spec)
    try:
        answer = scoring(make_sample(made.completion, None, **made.item))
        return await answer if inspect.isawaitable(answer) else answer
    except SampleError as error:
        return error


async def all_agree() -> Counter[str]:
    """Compare all generated graders, and count the outcomes."""
    outcomes: Counter[str] = Counter()
    for seed in range(SPECS):
        made = Made(seed)
        try:
            found = await graded(made)
        except OpenAISpecError as error:
            assert (error.pointer, made.score) == ("/calculate_output", None)  # noqa: PT017
            continue  # a part of the formula has no value, regardless of the scores
        run = await openai_run(made.spec, made.completion, made.item)
        flagged = any(run.errors.values())
        if isinstance(found, SampleError):
            assert made.score is None, made.spec
            assert flagged, made.spec
            outcomes["failed"] += 1
        elif found.metrics["unread"]:
            assert found.value == 0 or made.spec["type"] == "multi", made.spec
            outcomes["unread"] += 1
        else:
            assert not flagged
            assert run.reward == found.value
            assert run.sub_rewards == found.components
            assert made.score is not None, made.spec
            assert found.value == pytest.approx(made.score, rel=1e-9), made.spec
            outcomes["scored"] += 1
            bounds = openai_range(made.spec)
            assert bounds is None or bounds[0] - 1e-9 <= found.value <= bounds[1] + 1e-9
            outcomes["bounded"] += bounds is not None
            outcomes[str(made.spec["type"])] += 1
    return outcomes


def test_graders_score_as_the_documentation_says():
    outcomes = asyncio.run(all_agree())
    assert outcomes["scored"] > 200
    assert (
        min(outcomes[kind] for kind in ("multi", "python", "string_check", "text_similarity", "bounded")) > 10
    )


def test_an_empty_completion_earns_nothing_except_for_differing():
    read = 0
    for seed in range(300):
        made = Made(seed)
        if made.spec["type"] not in ("string_check", "text_similarity") or made.spec.get("operation") == "ne":
            continue
        if "sample." not in made.spec["input"] + made.spec["reference"]:
            continue
        for made.completion in ("", " \n", "\u200b"):
            found = asyncio.run(graded(made))
            assert isinstance(found, SampleError) or (found.value, found.metrics["unread"]) == (0, 1), (
                made.spec
            )
            read += isinstance(found, Reward)
    assert read > 100
