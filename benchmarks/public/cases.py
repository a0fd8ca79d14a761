"""Lists the public reward functions that are audited, with the known faults of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

PINS = ("reasoning-gym==0.1.25", "math-verify[antlr4-13-2]==0.9.0", "boto3")
"""Packages that pip installs with their requirements."""

ALONE = ("verl==0.9.1",)
"""Packages that pip installs without their requirements: only two files of verl are used, and they need only
the standard library."""

Clone = Literal["samples", "template"]


@dataclass(frozen=True)
class Fault:
    """A known and unwanted behavior of a public reward function.

    Args:
        finds: IDs of findings, any of which names this fault correctly.
        what: The fault in one line.
        text: A wrong completion that is rewarded, in which `{gold}` stands for the record's own answer. None
            if the fault does not concern a completion's reward.
        reference: The reference with which to try the text; None for the record's own reference.
    """

    finds: tuple[str, ...]
    what: str
    text: str | None = None
    reference: str | None = None


@dataclass(frozen=True)
class Public:
    """One public reward function.

    Args:
        name: The function's name in the table.
        package: The distribution that it comes from; for a clone, the clone's name.
        grader: `file:name` under `wrapped`, or `module.function` in a file of a clone.
        records: The function that makes the records, or reasoning-gym's data set.
        right: The right answer in the format that the prompts ask for; None if the function calls a model.
        faults: The known faults, starting with the fault that a headline should name.
        clone: The clone that the file comes from; None for a package from pip.
        wire: The event format that the function reads.
    """

    name: str
    package: str
    grader: str
    records: str
    right: str | None
    faults: tuple[Fault, ...]
    clone: Clone | None = None
    wire: str = "open-weight"


_TAGGED = "<answer>{gold}</answer>"
_HASHES = "It adds up.\n#### {gold}"
_SUFFIX = Fault(("C05",), "a number a hundred thousand times the gold is paid in full", "#### {gold}e5")
_NO_BLOCKS = Fault(("A07", "A03"), "content that is null or in blocks raises, and the batch is lost")
_PRINTS = Fault(("G07",), "prompts and references are printed to the log")

_REASONING_GYM = (
    Public(
        "complex_arithmetic",
        "reasoning-gym",
        "reasoning.py:complex_arithmetic",
        "complex_arithmetic",
        _TAGGED,
        (Fault(("C02", "C01", "C16", "C03"), "nan is paid in full on every record", "<answer>nan</answer>"),),
    ),
    Public(
        "basic_arithmetic",
        "reasoning-gym",
        "reasoning.py:basic_arithmetic",
        "basic_arithmetic",
        _TAGGED,
        (
            Fault(("C05",), "a digit after the gold keeps most of the reward", "<answer>{gold}0</answer>"),
            Fault(
                ("C09",), "a second candidate keeps part of the reward", "<answer>{gold} or 99999</answer>"
            ),
        ),
    ),
    Public(
        "coin_flip",
        "reasoning-gym",
        "reasoning.py:coin_flip",
        "coin_flip",
        _TAGGED,
        (Fault(("C03", "C02", "C05"), "the constant 0 is paid most of the reward", "<answer>0</answer>"),),
    ),
    Public(
        "game_of_life_halting",
        "reasoning-gym",
        "reasoning.py:game_of_life_halting",
        "game_of_life_halting",
        _TAGGED,
        (
            Fault(
                ("C04", "C02", "C01", "C03"),
                "any text but an empty one is paid in full",
                "<answer>-</answer>",
            ),
        ),
    ),
)

_MATH_VERIFY = Public(
    "math_verify",
    "math-verify",
    "mathematics.py:math_verify",
    "boxed_numbers",
    "\\boxed{{{gold}}}",
    (Fault(("C05",), "a number a hundred thousand times the gold is paid in full", "{gold}e5"),),
)

_VERL = (
    Public("gsm8k", "verl", "verl_scores.py:gsm8k", "word_problems", _HASHES, (_SUFFIX,)),
    Public(
        "gsm8k_with_format",
        "verl",
        "verl_scores.py:gsm8k_with_format",
        "word_problems",
        _HASHES,
        (Fault(("C07", "C02"), "a comma in the slot is paid the score for the format", "#### ,"), _SUFFIX),
    ),
    Public(
        "search_r1",
        "verl",
        "verl_scores.py:search_r1",
        "questions_of_fact",
        _TAGGED,
        (Fault(("G04",), "time grows with the square of the number of <answer>: 16,000 take seconds"),),
    ),
)

_AWS = (
    Public(
        "aws_gsm8k",
        "amazon-bedrock-samples",
        "gsm8k_rew_func.lambda_handler",
        "final_answer_problems",
        _HASHES,
        (
            Fault(("A03", "A06"), "a reference that is a text, or metadata that is null, loses the batch"),
            _SUFFIX,
            _NO_BLOCKS,
        ),
        "samples",
    ),
    Public(
        "aws_gsm8k_gptoss",
        "amazon-bedrock-samples",
        "gsm8k_gptoss_rew_func.lambda_handler",
        "worked_problems",
        _HASHES,
        (
            Fault(
                ("A05",), "a comma is paid in full under a reference that cannot be read", "#### ,", "#### 72"
            ),
            Fault(("A06",), "under a reference that is a text, every right answer is refused"),
            _SUFFIX,
            _NO_BLOCKS,
            Fault(("A08",), "without a reply, an earlier turn of the assistant is graded"),
            _PRINTS,
        ),
        "samples",
        "open-weight-root",
    ),
    Public(
        "aws_finqa",
        "amazon-bedrock-samples",
        "finqa_rew_func.lambda_handler",
        "financial_questions",
        "ANSWER: {gold}",
        (
            Fault(("C03", "C02"), "the constant 0 is paid 0.95 on every small ratio", "ANSWER: 0"),
            Fault(("C05",), "a hundred times the gold is paid in full, and the other sign of a ratio"),
            Fault(("A02",), "what cannot be graded comes back under the id 0"),
            Fault(("A03", "A07"), "a sample without messages, reference or content loses the batch"),
            _PRINTS,
        ),
        "samples",
        "sagemaker",
    ),
    Public(
        "aws_pandalm",
        "amazon-bedrock-samples",
        "pandalm_rew_func.lambda_handler",
        "comparisons",
        None,
        (
            Fault(("D01", "D02"), "a refusal, an empty reply and throttling are paid 0.5, NaN is paid 1"),
            Fault(("D02",), "throttling of the judge's service is paid 0.5"),
            Fault(("D03",), "a completion can write the heading that the reference stands under"),
            Fault(("A07",), "content in blocks without a type is judged as an empty text"),
        ),
        "samples",
        "sagemaker",
    ),
    Public(
        "aws_starter_template",
        "agent-plugins",
        "nova_rlvr_reward_function_source_template.lambda_handler",
        "word_problems",
        "{gold}",
        (
            Fault(
                ("C07", "C11", "C16"),
                "connectives and length are paid 0.3 without an answer",
                "first second then finally because therefore so step calculate " * 3 + ".",
            ),
            Fault(("C06", "B02"), "right answers with their working earn less: the first '=' counts"),
        ),
        "template",
        "sagemaker",
    ),
)

CASES = (*_REASONING_GYM, _MATH_VERIFY, *_VERL, *_AWS)
