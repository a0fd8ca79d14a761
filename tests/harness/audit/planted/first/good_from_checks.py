"""Good graders made of this project's ready checks."""

from graders import grader
from graders.checks.choices import choice, label
from graders.checks.code import code_function
from graders.checks.json_fields import json_fields
from graders.checks.judge import judge_label
from graders.checks.numbers import boxed_number, number
from graders.checks.shaping import cosine_length
from graders.checks.text import exact, normalized
from graders.checks.tools import tool_calls
from graders.combine import gated
from graders.extract import after_marker, tag


def answer_line(text):
    return after_marker(text, "Answer:")


marked = grader(number(marker="####"))
"""The number after ####, in references with working too."""

in_a_box = grader(boxed_number())

nearly = grader(number(marker="Answer:", relative=0.0005))
"""The number after `Answer:`, with half a thousandth allowed for rounding."""

shorter_is_better = grader(cosine_length(correctness=number(marker="####"), longest=4000, share=0.2))

letter_in_tags = grader(choice("ABCDE", take=tag))

letter = grader(choice("ABCDE"))

yes_no = grader(label(["yes", "no"]))

name = grader(normalized(take=answer_line))

name_exactly = grader(exact())

order = grader(json_fields())

mostly_right = grader(json_fields(partial=True))
"""The share of the fields that are right."""

call = grader(tool_calls())

function = grader(code_function())

judged = grader(
    judge_label(
        ask="Does the reply tell the customer what the reference tells?",
        labels={"good": 1, "poor": 0},
        model="judge",
        service="openai",
        reference=True,
    )
)

_right = number(marker="####")


@grader
def tidy_and_right(sample):
    """A tenth of a right answer's reward is for ending in the answer."""
    ends = sample.completion.rstrip().rpartition("\n")[2].startswith("####")
    return gated(_right(sample), {"ends": 1.0 if ends else 0.0}, share=0.1)


@grader
def letter_and_reason(sample):
    """Right letters alone earn 0.9; a reason before them adds the rest, and wrong ones earn nothing."""
    right = letter_in_tags(sample)
    reason = len(sample.completion.partition("<answer>")[0].split()) >= 3
    return gated(right, {"reason": 1.0 if reason else 0.0}, share=0.1)
