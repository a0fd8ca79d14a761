"""Graders like those in OpenAI's and Azure's public guides score as documented.

The graders are written anew, with other names, texts and numbers. Each names its source:

- guide: https://developers.openai.com/api/docs/guides/graders
- reference: https://developers.openai.com/api/docs/api-reference/graders and OpenAI's OpenAPI document
- training: https://developers.openai.com/api/docs/guides/reinforcement-fine-tuning
- use cases: https://developers.openai.com/api/docs/guides/rft-use-cases
- cookbook: https://github.com/openai/openai-cookbook
- Azure: https://learn.microsoft.com/azure/foundry/openai/how-to/reinforcement-fine-tuning
- demos: https://github.com/microsoft-foundry/fine-tuning
- users: public repositories of users of these services
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

import pytest

from graders import ConfigurationError, DecorationError, Reward, grader
from graders.adapters import from_openai
from graders.adapters.openai import OpenAISpecError
from graders.testing import invoke
from harness.localaws.loopback import HttpRequest, HttpResponse, LoopbackServer
from support.judge_endpoint import Answer, JudgeEndpoint


@dataclass(frozen=True)
class Graded:
    """A completion and its documented reward.

    `calls` are the tool calls beside the completion, and `judged` is the judge's answer.
    """

    completion: str
    reward: float
    item: dict[str, Any] = field(default_factory=dict)
    calls: tuple[tuple[str, str], ...] = ()
    judged: Any = None


@dataclass(frozen=True)
class Example:
    """A grader, the guide that describes it, and some samples."""

    source: str
    spec: dict[str, Any]
    samples: tuple[Graded, ...]


def check(input_: str, reference: str, operation: str = "eq", name: str = "check") -> dict[str, Any]:
    return {
        "name": name,
        "type": "string_check",
        "input": input_,
        "reference": reference,
        "operation": operation,
    }


def similar(metric: str, input_: str, reference: str, **more: Any) -> dict[str, Any]:
    return {
        "type": "text_similarity",
        "name": "similar",
        "input": input_,
        "reference": reference,
        "evaluation_metric": metric,
        **more,
    }


def judge(model: str, *messages: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "score_model", "name": "a judge", "model": model, "input": list(messages), **more}


def says(role: str, content: Any, **more: Any) -> dict[str, Any]:
    return {"role": role, "content": content, **more}


OUTPUT, LABEL = "{{sample.output_text}}", "{{item.label}}"

PAIRS = """from collections import Counter

def grade(sample: dict[str, str], item: dict[str, str]) -> float:
    # settings as multisets of pairs
    said = Counter((one["key"], one["set"]) for one in sample["output_json"]["settings"])
    wanted = Counter((one["key"], one["set"]) for one in item["reference_answer"])
    both = sum(min(said[pair], wanted[pair]) for pair in said)
    precision = both / said.total() if said.total() else 0.0
    recall = both / wanted.total() if wanted.total() else 0.0
    if precision + recall == 0.0:
        return 0.0
    return 2 * precision * recall / (precision + recall)
"""
QUOTES = """from rapidfuzz import fuzz


def closeness(one: str, other: str) -> float:
    \"\"\"How alike two passages are, from 0 to 1.\"\"\"
    if not one and not other:
        return 1.0
    return fuzz.ratio(one, other) / 100.0


def grade(sample: dict, item: dict) -> float:
    found = (sample.get("output_json") or {}).get("quotes", [])
    wanted = (item.get("reference_answer") or {}).get("quotes", [])
    if not wanted:
        return 0.0
    recall = sum(max([closeness(w, f) for f in found], default=0.0) for w in wanted) / len(wanted)
    precision = sum(max(closeness(w, f) for w in wanted) for f in found) / len(found) if found else 0.0
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0
"""
ALIKE = """
from rapidfuzz import fuzz, utils

def grade(sample, item) -> float:
    said = sample["output_text"]
    return fuzz.WRatio(said, item["reference_answer"], processor=utils.default_process) / 100.0
"""
TOKENS = """def grade(sample: dict, item: dict) -> float:
    from rapidfuzz import fuzz, utils
    said, wanted = sample["output_text"], item["reference_answer"]
    return fuzz.token_set_ratio(said, wanted, processor=utils.default_process) / 100.0
"""
SAME = """def grade(sample: dict, item: dict) -> float:
    return 1.0 if sample["output_text"] == item["reference_answer"] else 0.0
"""
LABELED = """
def grade(sample: dict, item: dict) -> float:
    \"\"\"
    Pays `output_text` that is `label`.
    \"\"\"
    said = sample.get("output_text")
    return 1.0 if said == item.get("label") else 0.0
"""
SUMS = r"""import json,re,ast

def value(text):
    return of(ast.parse(text, mode='eval').body)

def of(n):
    if isinstance(n, ast.Constant): return n.value
    if isinstance(n, ast.BinOp) and type(n.op) in (ast.Add, ast.Sub, ast.Mult, ast.Div):
        left, right = of(n.left), of(n.right)
        return {ast.Add: lambda: left + right, ast.Sub: lambda: left - right,
                ast.Mult: lambda: left * right, ast.Div: lambda: left / right}[type(n.op)]()
    raise ValueError('no sum')

def grade(sample, item) -> float:
    try:
        text = sample['output_json']['sum']; total = value(text)
        cards = sorted(map(int, json.loads(item['cards'])))
        if sorted(map(int, re.findall(r'-?\d+', text))) != cards: return 0
        said, goal = int(float(sample['output_json']['total'])), int(float(item['goal']))
        if total != said: return 1
        if said == goal: return 5
        return 4 if abs(said - goal) <= 1 else 3 if abs(said - goal) <= 5 else 2
    except: return 0
"""
RANKED = """
def grade(sample, item):
    try:
        birds = sample.get('output_json', {}).get('birds', [])
        if not isinstance(birds, list) or len(birds) == 0:
            return 0.0
        for bird in birds:
            if not isinstance(bird, dict) or 'name' not in bird or 'rank' not in bird:
                return 0.0
        return 1.0
    except:
        return 0.0
"""
PARSED = """from ast_grep_py import SgRoot
from pydantic import BaseModel, Field

class Block(BaseModel):
    language: str = Field(description="what it is written in")

def grade(sample, item) -> float:
    root = SgRoot(sample["output_text"], "javascript").root()
    return 1.0 if root.find(pattern=item["pattern"]) else 0.0
"""

EXAMPLES = (
    Example(
        "guide: grading tool calls",
        {
            "type": "multi",
            "graders": {
                "which": check("tide_table", "{{sample.output_tools[0].function.name}}", name="which"),
                "what": check(
                    '{"harbor": "{{item.harbor}}"}', "{{sample.output_tools[0].function.arguments}}"
                ),
            },
            "calculate_output": "0.5 * which + 0.5 * what",
        },
        (
            Graded("", 1.0, {"harbor": "Ryde"}, calls=(("tide_table", '{"harbor": "Ryde"}'),)),
            Graded("", 0.5, {"harbor": "Ryde"}, calls=(("tide_table", '{"harbor":"Ryde"}'),)),
            Graded("", 0.0, {"harbor": "Ryde"}, calls=(("weather", "{}"),)),
            Graded("It is at noon.", 0.0, {"harbor": "Ryde"}),
        ),
    ),
    Example(
        "guide: two fields of JSON",
        {
            "type": "multi",
            "graders": {
                "city": similar(
                    "fuzzy_match", "{{sample.output_json.city}}", "{{item.city}}", pass_threshold=0.9
                ),
                "zip": check("{{sample.output_json.zip}}", "{{item.zip}}", name="zip_grader"),
            },
            "calculate_output": "(city + zip) / 2",
        },
        (
            Graded('{"city": "Bremen", "zip": "28195"}', 1.0, {"city": "Bremen", "zip": "28195"}),
            Graded('{"city": "Bremen", "zip": "28196"}', 0.5, {"city": "Bremen", "zip": "28195"}),
            Graded('{"city": "xxxx", "zip": "28195"}', 0.5, {"city": "Bonn", "zip": "28195"}),
            Graded("no JSON at all", 0.0, {"city": "Bonn", "zip": "53111"}),
        ),
    ),
    *(
        Example(
            f"guide and Azure: string_check {operation}",
            {
                "type": "string_check",
                "name": "plain",
                "operation": operation,
                "input": OUTPUT,
                "reference": "{{ item.reference_answer }}",
            },
            tuple(
                Graded(said, paid, {"reference_answer": "Oslo"})
                for said, paid in zip(("Oslo", "It is Oslo.", "OSLO!", "Rome"), rewards, strict=True)
            ),
        )
        for operation, rewards in {
            "eq": (1, 0, 0, 0),
            "ne": (0, 1, 1, 1),
            "like": (1, 1, 0, 0),
            "ilike": (1, 1, 1, 0),
        }.items()
    ),
    *(
        Example(
            f"guide and Azure: text_similarity {metric}",
            similar(metric, OUTPUT, "{{item.reference_answer}}", pass_threshold=0.8),
            (
                Graded(
                    "the ferry leaves at nine every day",
                    1.0,
                    {"reference_answer": "the ferry leaves at nine every day"},
                ),
                Graded("zzz qqq", 0.0, {"reference_answer": "the ferry leaves at nine every day"}),
            ),
        )
        for metric in (
            "bleu",
            "gleu",
            "meteor",
            "rouge_1",
            "rouge_2",
            "rouge_3",
            "rouge_4",
            "rouge_5",
            "rouge_l",
        )
    ),
    Example(
        "guide: a judge with an example to run, whose reference is a number",
        judge(
            "o4-mini-2025-04-16",
            says("system", "Pay 1 where both are equal, 0.5 where they are close, else 0."),
            says("user", "Wanted: {{ item.reference_answer }}. Said: {{ sample.output_text }}"),
            pass_threshold=0.5,
            range=[0, 1],
            sampling_params={"max_completions_tokens": 32768, "top_p": 1, "reasoning_effort": "medium"},
        ),
        (
            Graded("1.9", 0.5, {"reference_answer": 2.0}, judged=0.5),
            Graded("2", 1.0, {"reference_answer": 2.0}, judged=7),  # truncated to the range
        ),
    ),
    Example(
        "guide: python with rapidfuzz",
        {"type": "python", "source": ALIKE},
        (
            Graded("the moon is full", 1.0, {"reference_answer": "The moon is full!"}),
            Graded("a red kite", 14 / 19, {"reference_answer": "a red cat"}),
        ),
    ),
    Example(
        "guide and Azure: python that pays a constant",
        {"type": "python", "source": "def grade(sample, item):\n    return 1.0", "image_tag": "2025-05-08"},
        (Graded("anything", 1.0),),
    ),
    Example("reference: string check", check(OUTPUT, LABEL), (Graded("a", 1, {"label": "a"}),)),
    Example(
        "reference: text similarity",
        similar("fuzzy_match", OUTPUT, LABEL),
        (Graded("a red kite", 14 / 19, {"label": "a red cat"}), Graded("zz", 0, {"label": "a red cat"})),
    ),
    Example(
        "reference: score model",
        judge(
            "o4-mini-2025-04-16",
            says("user", f"Score from 0 to 1.\n\n Wanted: {LABEL}\n\n Said: {OUTPUT}"),
            sampling_params={
                "temperature": 1,
                "top_p": 1,
                "seed": 42,
                "max_completions_tokens": 32768,
                "reasoning_effort": "medium",
            },
        ),
        (Graded("a", 0.25, {"label": "b"}, judged=0.25),),
    ),
    Example(
        "reference: label model",
        {
            "name": "mood",
            "type": "label_model",
            "model": "gpt-4o-2024-08-06",
            "input": [
                says(
                    "system",
                    {"type": "input_text", "text": "Say whether the review is warm, cool or cold."},
                    type="message",
                ),
                says("user", {"type": "input_text", "text": f"Review: {OUTPUT}"}, type="message"),
            ],
            "passing_labels": ["warm"],
            "labels": ["warm", "cool", "cold"],
        },
        (Graded("I love it", 1.0, judged="warm"), Graded("Well", 0.0, judged="cool")),
    ),
    Example(
        "reference: python",
        {
            "type": "python",
            "name": "same",
            "image_tag": "2025-05-08",
            "source": LABELED,
        },
        (Graded("a", 1.0, {"label": "a"}), Graded("a", 0.0, {"label": "b"})),
    ),
    Example(
        "reference: run, with parts of text",
        judge(
            "gpt-5-mini",
            says(
                "user",
                [
                    {
                        "type": "input_text",
                        "text": "Wanted: {{item.reference_answer}}\n\nSaid: {{sample.output_text}}",
                    }
                ],
            ),
            sampling_params={"temperature": 1, "top_p": 1, "seed": 42},
        ),
        (Graded("snow in May", 1.0, {"reference_answer": "snow in May"}, judged=1),),
    ),
    Example(
        "training: two properties of JSON, one of them judged",
        {
            "type": "multi",
            "graders": {
                "reason": judge(
                    "gpt-4o-2024-08-06",
                    says(
                        "user",
                        "# Grade\n\nWanted: {{item.reason}}\n\nSaid: {{sample.output_json.reason}}",
                        type="message",
                    ),
                ),
                "allowed": check("{{sample.output_json.allowed}}", "{{item.allowed}}"),
            },
            "calculate_output": "0.5 * allowed + 0.5 * reason",
        },
        (
            Graded(
                '{"allowed": "no", "reason": "dogs"}',
                0.875,
                {"allowed": "no", "reason": "no dogs"},
                judged=0.75,
            ),
            Graded(
                '{"allowed": "yes", "reason": "dogs"}',
                0.375,
                {"allowed": "no", "reason": "no dogs"},
                judged=0.75,
            ),
        ),
    ),
    Example(
        "use cases: F1 of pairs",
        {"type": "python", "name": "pairs", "image_tag": "alpha", "source": PAIRS},
        (
            Graded(
                '{"settings": [{"key": "W", "set": "8"}, {"key": "H", "set": "4"}]}',
                2 / 3,
                {"reference_answer": [{"key": "W", "set": "8"}]},
            ),
        ),
    ),
    Example(
        "use cases: F1 of quotes",
        {"type": "python", "name": "quotes", "source": QUOTES},
        (
            Graded('{"quotes": ["one", "two"]}', 1.0, {"reference_answer": {"quotes": ["two", "one"]}}),
            Graded('{"quotes": ["one", "zzz"]}', 2 / 3, {"reference_answer": {"quotes": ["one"]}}),
            Graded("none", 0.0, {"reference_answer": {"quotes": ["one"]}}),
        ),
    ),
    Example(
        "cookbook: examples/Reinforcement_Fine_Tuning.ipynb, two programs",
        {
            "type": "multi",
            "graders": {
                "words": {"name": "words", "image_tag": "2025-05-08", "type": "python", "source": TOKENS},
                "exact": {"name": "exact", "image_tag": "2025-05-08", "type": "python", "source": SAME},
            },
            "calculate_output": "0.85 * words + 0.15 * exact",
        },
        (
            Graded("spring tide", 1.0, {"reference_answer": "spring tide"}),
            Graded("tide spring", 0.85, {"reference_answer": "spring tide"}),
        ),
    ),
    Example(
        "cookbook: examples/Reinforcement_Fine_Tuning.ipynb, a judge",
        judge(
            "gpt-4.1-2025-04-14",
            says("system", 'Answer with {"steps": [...], "result": <number>} only.'),
            says("user", "Wanted: {{item.reference_answer}}. Said: {{sample.output_text}}"),
            pass_threshold=0.75,
            range=[0, 1],
            sampling_params={"seed": 42, "temperature": 0},
        ),
        (Graded("gale", 0.488, {"reference_answer": "storm"}, judged=0.488),),
    ),
    Example(
        "cookbook: examples/partners/eval_driven_system_design, nested fields of the item",
        check("{{ item.predicted.place.town }}", "{{ item.correct.place.town }}", name="Town"),
        (
            Graded(
                "x", 1.0, {"predicted": {"place": {"town": "Ulm"}}, "correct": {"place": {"town": "Ulm"}}}
            ),
            Graded(
                "x", 0.0, {"predicted": {"place": {"town": "Ulm"}}, "correct": {"place": {"town": "Köln"}}}
            ),
        ),
    ),
    Example(
        "cookbook: examples/partners/eval_driven_system_design, a judge with a system message alone",
        judge(
            "gpt-4o-mini",
            says("system", "Grade 0 to 10: {{ sample.output_text }}"),
            range=[0, 10],
            pass_threshold=8,
        ),
        (Graded("a bill", 8.5, judged=8.5),),
    ),
    Example(
        "Azure: the mean of BLEU and a label",
        {
            "type": "multi",
            "name": "both",
            "graders": {
                "likeness": similar("bleu", "{{ sample.output_text }}", "{{ item.summary }}"),
                "label_checker": check("{{ sample.output_text }}", "{{ item.label }}"),
            },
            "calculate_output": "(likeness + label_checker) / 2",
        },
        (
            Graded("all ships are in port", 0.5, {"summary": "all ships are in port", "label": "port"}),
            Graded("port", 0.5, {"summary": "none of it at all", "label": "port"}),
        ),
    ),
    Example(
        "Azure: nested data in a template",
        check("{{ sample.output_json }}", "{{ item.ground_truth.date }}", "like"),
        (Graded('{"date": "1999-05-04"}', 1.0, {"ground_truth": {"date": "1999-05-04"}}),),
    ),
    Example(
        "demos: Countdown, a judge with a developer's message and content that is a list",
        judge(
            "o3-mini",
            says("developer", "Score 0 to 5 how well the cards make the goal."),
            says("user", '{ "goal": {{item.goal}}, "cards": {{item.cards}}, "said": {{sample.output_text}}}'),
            pass_threshold=5,
            range=[0.0, 5.0],
        ),
        (Graded('{"sum": "1 + 2"}', 4.0, {"goal": 3, "cards": [1, 2]}, judged=4),),
    ),
    Example(
        "demos: Countdown, python",
        {"type": "python", "source": SUMS},
        (
            Graded('{"sum": "(9 + 1) * 4", "total": "40"}', 5.0, {"goal": "40", "cards": "[1, 4, 9]"}),
            Graded('{"sum": "9 + 1 + 4", "total": "14"}', 3.0, {"goal": "10", "cards": "[1, 4, 9]"}),
            Graded('{"sum": "9 + 1", "total": "10"}', 0.0, {"goal": "10", "cards": "[1, 4, 9]"}),
        ),
    ),
    Example(
        "demos: agentic RFT, with a grade for what is invalid",
        {
            "type": "multi",
            "name": "partly",
            "invalid_grade": 0.0,
            "graders": {
                "exact": check(OUTPUT, "{{item.reference_answer}}"),
                "fuzzy": similar("fuzzy_match", OUTPUT, "{{item.reference_answer}}"),
            },
            "calculate_output": "0.9 * exact + 0.1 * fuzzy",
        },
        (
            Graded("SKU-1", 1.0, {"reference_answer": "SKU-1"}),
            Graded("a red kite", 1.4 / 19, {"reference_answer": "a red cat"}),
        ),
    ),
    Example(
        "demos: ClauseMatching, a judge",
        judge(
            "gpt-4o-2024-08-06",
            says(
                "user",
                'Wanted: {"part": {{item.part}}, "kind": {{item.kind}}}\n\n Said: {{sample.output_json}}',
            ),
            pass_threshold=0.5,
            sampling_params={"seed": 42},
        ),
        (Graded('{"part": "x", "kind": "y"}', 0.5, {"part": "x", "kind": "z"}, judged=0.5),),
    ),
    Example(
        "demos: ClauseMatching, several graders with a threshold",
        {
            "name": "match",
            "type": "multi",
            "pass_threshold": 0.65,
            "graders": {
                "part": similar("fuzzy_match", "{{sample.output_json.part}}", "{{item.part}}"),
                "kind": check("{{sample.output_json.kind}}", "{{item.kind}}"),
            },
            "calculate_output": "0.5 * part + 0.5 * kind",
        },
        (Graded('{"part": "rent is due", "kind": "y"}', 0.5, {"part": "rent is due", "kind": "z"}),),
    ),
    Example(
        "demos: MedMCQ, the reference as the input",
        check("{{item.reference_answer}}", OUTPUT),
        (Graded("C", 1.0, {"reference_answer": "C"}), Graded("D", 0.0, {"reference_answer": "C"})),
    ),
    Example(
        "demos: ZavaRetailAgent, a judge of lists",
        judge(
            "o3-mini",
            says("system", "Grade each item of the list."),
            says("user", "Wanted: {{item.orders}}\n{{item.decisions}}\nSaid: {{sample.output_text}}"),
            pass_threshold=0.5,
        ),
        (Graded("Item 7 may be returned.", 0.5, {"orders": [{"id": 7}], "decisions": [True]}, judged=0.5),),
    ),
    Example(
        "demos: DistillingSarcasm, a judge of the item alone, from 1 to 10",
        judge(
            "o3-mini",
            says("system", {"type": "input_text", "text": "Rate the wit, 1 to 10."}, type="message"),
            says(
                "user",
                {"type": "input_text", "text": "Q: {{item.question}}\nA: {{item.answer}}"},
                type="message",
            ),
            range=[1.0, 10.0],
            pass_threshold=4.0,
        ),
        (
            Graded("x", 7.0, {"question": "Why?", "answer": "Because."}, judged=7),
            Graded("x", 1.0, {"question": "Why?", "answer": "Because."}, judged=0),  # truncated to the range
        ),
    ),
    Example(
        "Azure and cookbook: labels, of which several pass",
        {
            "type": "label_model",
            "name": "length",
            "model": "gpt-4o",
            "input": [
                says("developer", "Say whether the answer is short, right or long."),
                says("user", "Answer: {{ sample.output_text }}"),
            ],
            "labels": ["short", "right", "long"],
            "passing_labels": ["right", "short"],
        },
        (Graded("No.", 1.0, judged="short"), Graded("Well, ...", 0.0, judged="long")),
    ),
    Example(
        "users: a judge's score against an expected one",
        {
            "model": "o4-mini-2025-04-16",
            "training_file": "file-1",
            "seed": 42,
            "method": {
                "type": "reinforcement",
                "reinforcement": {
                    "grader": {
                        "type": "multi",
                        "graders": {
                            "given": judge(
                                "o3-2025-04-16",
                                says(
                                    "user",
                                    "0 to 100.\n\n{{ sample.output_json.rubric }}\n\n{ {{ item.talk }} }",
                                ),
                                range=[0, 100],
                                sampling_params={"reasoning_effort": "medium"},
                            ),
                            "wanted": {
                                "type": "python",
                                "name": "wanted",
                                "source": "def grade(sample, item):\n    return int(item['wanted_score'])",
                                "image_tag": "2025-05-08",
                            },
                        },
                        "calculate_output": "(100 - abs(wanted - given)) / 100",
                    },
                    "response_format": {"type": "json_schema", "json_schema": {"name": "r", "schema": {}}},
                    "hyperparameters": {"reasoning_effort": "medium", "batch_size": 6},
                },
            },
        },
        (Graded('{"rubric": "be kind"}', 0.9, {"talk": "Hi. Hello.", "wanted_score": 70}, judged=80),),
    ),
    Example(
        "users: a judge of ranked answers beside a program",
        {
            "type": "multi",
            "graders": {
                "found": judge(
                    "gpt-4o-2024-08-06",
                    says("system", "Score how well the list matches the bird."),
                    says("user", "Bird: {{item.bird}}\n\nList: {{sample.output_json}}"),
                    range=[0, 1],
                    pass_threshold=0.5,
                ),
                "shape": {"name": "shape", "type": "python", "source": RANKED},
            },
            "calculate_output": "0.9 * found + 0.1 * shape",
        },
        (
            Graded('{"birds": [{"name": "wren", "rank": 1}]}', 1.0, {"bird": "wren"}, judged=1),
            Graded('{"birds": []}', 0.9, {"bird": "wren"}, judged=1),
        ),
    ),
    Example(
        "users: fields of the reference",
        {
            "name": "grader-1",
            "type": "multi",
            "graders": {
                "left": check("{{item.reference_answer.left}}", "{{sample.output_json.left}}"),
                "right": check("{{item.reference_answer.right}}", "{{sample.output_json.right}}"),
            },
            "calculate_output": "0.5 * left + 0.5 *right",
        },
        (Graded('{"left": 3, "right": 5}', 0.5, {"reference_answer": {"left": 3, "right": 4}}),),
    ),
)

REFUSED: tuple[tuple[str, dict[str, Any], str, str], ...] = (
    ("guide: the operation as the prose spells it", check(OUTPUT, LABEL, "neq"), "/operation", "ne"),
    ("guide: cosine, for evals alone", similar("cosine", OUTPUT, LABEL), "/evaluation_metric", "cosine"),
    (
        "reference: a list of graders, with a formula that has a bracket too many",
        {
            "type": "multi",
            "name": "several",
            "graders": [similar("fuzzy_match", "one", "other"), check(OUTPUT, LABEL)],
            "calculate_output": "0.5 * similar_score +  0.5 * check_score)",
        },
        "/graders",
        "name",
    ),
    (
        "reference: an image for the judge",
        judge(
            "gpt-5-mini",
            says(
                "user",
                [
                    {"type": "input_text", "text": f"Caption: {OUTPUT}"},
                    {"type": "input_image", "image_url": "https://example.com/a.png", "detail": "high"},
                ],
            ),
        ),
        "/input/0/content/1/type",
        "input_image",
    ),
    (
        "reference: a recording for the judge",
        judge(
            "gpt-audio",
            says(
                "user",
                [
                    {"type": "input_text", "text": "Listen: {{item.phrase}}"},
                    {"type": "input_audio", "input_audio": {"data": "{{item.clip}}", "format": "mp3"}},
                ],
            ),
        ),
        "/input/0/content/1/type",
        "input_audio",
    ),
    (
        "reference: a whole eval",
        {"name": "an eval", "testing_criteria": [check(OUTPUT, LABEL)]},
        "/testing_criteria",
        "one of its graders",
    ),
    (
        "a judge that the table of models does not have",
        {"grader": judge("gpt-4.5-preview", says("user", OUTPUT))},
        "/grader/model",
        "gpt-4.5-preview",
    ),
)

NAMES = sorted(
    {name for example in EXAMPLES for name in re.findall(r'"model": "([^"]+)"', json.dumps(example.spec))}
    | {"gpt-audio"}
)
MODELS = {name: {"service": "openai", "model": "judge"} for name in NAMES}


def reward_of(scoring: Any, one: Graded) -> Reward:
    calls = [
        {"id": f"call_{at}", "type": "function", "function": {"name": name, "arguments": arguments}}
        for at, (name, arguments) in enumerate(one.calls)
    ]
    turn = {"role": "assistant", "content": one.completion, **({"tool_calls": calls} if calls else {})}
    prompt = {"role": "user", "content": "a question"}
    (answer,) = invoke(
        grader(range=(-1, 100), timeout_s=60)(scoring), [{"id": "a", "messages": [prompt, turn], **one.item}]
    )
    assert isinstance(answer, Reward), answer
    return answer


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.source)
def test_a_public_example_grades_as_documented(example: Example, endpoint: JudgeEndpoint) -> None:
    scoring = from_openai(example.spec, models=MODELS)
    for one in example.samples:
        endpoint.script = lambda asked, told=one.judged: Answer({"steps": [], "result": told})
        reward = reward_of(scoring, one)
        assert reward.value == pytest.approx(one.reward, abs=5e-3), (one, reward)
        assert bool(endpoint.seen) == (one.judged is not None)


@pytest.mark.parametrize(
    ("source", "spec", "pointer", "word"), REFUSED, ids=[source for source, *_ in REFUSED]
)
def test_a_grader_that_cannot_be_used_names_the_location(
    source: str, spec: dict[str, Any], pointer: str, word: str
) -> None:
    with pytest.raises(OpenAISpecError) as refusal:
        from_openai(spec, models=MODELS)
    assert refusal.value.pointer == pointer
    assert word in str(refusal.value)


def test_a_program_whose_package_is_not_installed_names_it_and_its_line() -> None:
    """The source is the guide to use cases, whose code parser imports a package that few people have."""
    with pytest.raises((ConfigurationError, DecorationError), match=r"ast_grep_py") as refusal:
        from_openai({"type": "python", "name": "parsed", "source": PARSED})
    assert "1" in str(refusal.value)


def test_azures_endpoint_is_sent_sample_and_item_with_the_headers(monkeypatch: pytest.MonkeyPatch) -> None:
    """The source is the demos' Countdown graders. One has an address with a key and a threshold, the other a
    rate.
    """
    seen: list[HttpRequest] = []

    def score(request: HttpRequest) -> HttpResponse:
        seen.append(request)
        body = json.loads(request.body)
        right = body["sample"]["output_json"]["total"] == body["item"]["goal"]
        return HttpResponse(200, json.dumps({"score": 5.0 if right else 1.0}).encode())

    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setenv("COUNTDOWN_KEY", "a secret of this test")
    server = LoopbackServer(score, "scoring")
    try:
        url = f"http://{server.address}/api/grade"
        keyed = {
            "type": "endpoint",
            "name": "far away",
            "url": url,
            "headers": {"X-Functions-Key": "${COUNTDOWN_KEY}"},
            "pass_threshold": 5.0,
        }
        plain = {"type": "endpoint", "name": "no key", "url": url, "rate_limit": 50}
        right = Graded('{"sum": "9 + 1", "total": 10}', 5.0, {"goal": 10, "cards": [9, 1]})
        wrong = Graded('{"sum": "9 - 1", "total": 8}', 1.0, {"goal": 10, "cards": [9, 1]})
        for spec, one in ((keyed, right), (keyed, wrong), (plain, right)):
            assert reward_of(from_openai(spec), one).value == one.reward
    finally:
        server.close()
    assert [request.headers.get("x-functions-key") for request in seen] == ["a secret of this test"] * 2 + [
        None
    ]
    assert json.loads(seen[0].body)["item"]["messages"]
