"""Rows of the first half: graders of numbers in other formats, and of answers in the wrong shape."""

from __future__ import annotations

from support.planted.rows import Planted, Shows, rows_in

__all__ = ["FORMS_OF_NUMBERS", "SHAPES"]

_row = rows_in("first/number_forms.py", "number")
_shape = rows_in("first/contract_shapes.py", "number")
_WORKED = "Half of 34.\n#### 17"


def _line(name: str, finds: str, severity: str, why: str, shows: Shows | None = None) -> Planted:
    planted: Planted = _shape(name, finds, severity, why, shows, form="line")
    return planted


FORMS_OF_NUMBERS: tuple[Planted, ...] = (
    _row(
        "any_box_counts",
        "C09 C08",
        "error",
        "Pays the right number in any of many boxes.",
        Shows(r"\boxed{1} \boxed{{a}} \boxed{3}", 1.0),
        form="boxed",
    ),
    _row(
        "longest_common_start",
        "C05",
        "critical",
        "Pays a number that begins with the right digits, such as ten times the answer.",
        Shows(r"\boxed{170}", 1.0, "17"),
        form="boxed",
    ),
    _row(
        "only_digits_count",
        "C05",
        "critical",
        "Reads no decimal point, so 3.5 is 35.",
        Shows(r"\boxed{35}", 1.0, "3.5"),
        form="boxed",
    ),
    _row(
        "mantissa_alone",
        "C05",
        "critical",
        "Reads 17e5 as 17.",
        Shows(r"\boxed{17e5}", 1.0, "17"),
        form="boxed",
    ),
    _row(
        "rounds_to_whole",
        "C05 C03",
        "error",
        "Compares whole numbers, so every share below a half is 0.",
        Shows("0.1", 1.0, "0.34"),
        form="bare",
    ),
    _row(
        "first_answer_in_reply",
        "C08 B10",
        "error",
        "The first line with an answer counts, so a right one is paid though another follows it.",
        Shows("Answer: {a}\nAnother way:\nAnswer: {w}", 1.0),
        form="line",
    ),
    _row(
        "number_in_the_tail",
        "C09 C05",
        "error",
        "Pays a list of numbers after the marker when the right one is among them.",
        Shows("#### 16, 17 or 18", 1.0, _WORKED),
        form="worked",
    ),
    _row(
        "working_is_compared_too",
        "C07 C12 C11 C04 C13",
        "critical",
        "Pays 0.35 for the reference's common words without its number.",
        Shows("half of", 0.35, _WORKED),
        form="worked",
    ),
    _row(
        "any_line_may_answer",
        "C09 C08",
        "error",
        "Pays many lines of answers when one of them is right.",
        Shows("Answer: {w}\nAnswer: {a}\nAnswer: 5", 1.0),
        form="line",
    ),
    _row(
        "short_replies_alone",
        "B02 C13",
        "note",
        "Reads 200 characters, so a right answer after longer working earns nothing.",
        Shows("Let me think about it. " * 10 + "Answer: {a}", 0.0),
        form="line",
    ),
    _row(
        "calculates_the_reply",
        "C05 E12",
        "warning",
        "Pays a calculation that is still to be done.",
        Shows("34 / 2", 1.0, "17"),
        form="bare",
    ),
    _row(
        "remembers_ids",
        "G02 A11",
        "error",
        "Pays a reply what an earlier one with its id was paid.",
        form="bare",
    ),
    _row(
        "remembers_prompts",
        "G02 A11",
        "error",
        "Pays every reply to a prompt what the first one was paid.",
        form="bare",
    ),
)

SHAPES: tuple[Planted, ...] = (
    _line("drops_bad_samples", "A02 A01 A03", "error", "Answers fewer rows than it was sent."),
    _line("one_row_for_an_id", "A02 A01", "warning", "Answers one row for two samples with the same id."),
    _line("ids_become_texts", "A02", "warning", "Answers a text where the id was a number."),
    _line(
        "metric_of_no_known_type",
        "A01 A09",
        "critical",
        "Metrics have a type that the service does not know.",
    ),
    _line("takes_points_away", "A09", "note", "Pays less than 0.", Shows("Answer: 1", -0.5, "17")),
    _line("answers_in_an_envelope", "A01 A03", "critical", "One bad sample turns the answer into an error."),
    _line("odd_characters_end_all", "A12 A03", "error", "A lone surrogate in one reply loses the batch."),
    _line(
        "long_numbers_end_all", "A12 A03", "error", "A number of 5,000 digits in one reply loses the batch."
    ),
)
