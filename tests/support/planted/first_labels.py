"""Rows of the first half: graders of letters and of yes and no."""

from __future__ import annotations

from support.planted.rows import Planted, Shows, rows_in

__all__ = ["LABELS"]

_choice = rows_in("first/choice.py", "choice")
_yes_no = rows_in("first/yes_no.py", "yes-no")

LABELS: tuple[Planted, ...] = (
    _choice(
        "letter_anywhere",
        "C01 C09 C08 C03 C07",
        "critical",
        "Pays any text in which the letter occurs, as it does in most words.",
        Shows("ABCDE", 1.0),
    ),
    _choice(
        "one_of_the_letters",
        "C09 C03 C08 C05",
        "critical",
        "Pays all five letters at once.",
        Shows("<answer>A, B, C, D, E</answer>", 1.0),
    ),
    _choice(
        "last_letter_of_any",
        "C14 C09",
        "note",
        "Pays a letter that is denied.",
        Shows("<answer>certainly not {a}</answer>", 1.0),
    ),
    _choice("tags_take_quadratic_time", "G04 A12 G03", "critical", "Open tags take quadratic time."),
    _choice(
        "nothing_equals_nothing",
        "A05",
        "critical",
        "A reference without a letter equals a reply without one.",
        Shows("", 1.0, "none of them"),
    ),
    _choice(
        "wrong_letter_half_paid",
        "C07 C02 C04 C03",
        "critical",
        "Pays half for whatever stands in the tags.",
        Shows("<answer>?</answer>", 0.5),
    ),
    _choice(
        "c_is_worth_more",
        "C03 C05 C04 C07",
        "critical",
        "Pays 0.6 for C where it is wrong, so always C earns more than chance.",
        Shows("<answer>C</answer>", 0.6, "A"),
    ),
    _choice(
        "compares_first_characters",
        "C05 C14 C09",
        "warning",
        "Pays any word that begins with the letter.",
        Shows("<answer>{a}eyond me</answer>", 1.0),
    ),
    _yes_no(
        "word_in_word",
        "C09 C01 C14 C08 C05",
        "critical",
        "Finds `no` in `know`, and pays a text that says both.",
        Shows("Yes and no.", 1.0),
    ),
    _yes_no(
        "denied_word_counts",
        "C14",
        "note",
        "Pays a word that is denied.",
        Shows("Answer: anything but {a}", 1.0),
    ),
    _yes_no(
        "silence_means_no",
        "C01 C02 C03",
        "critical",
        "Pays an empty text wherever the reference is no.",
        Shows("", 1.0, "no"),
    ),
    _yes_no(
        "first_letter_of_line",
        "C05 C02 C01 C14",
        "warning",
        "Pays any answer that begins with the right letter.",
        Shows("Answer: nobody knows", 1.0, "no"),
    ),
    _yes_no(
        "yes_is_never_quite_wrong",
        "C03 C04 C07 C05",
        "critical",
        "Pays half for a wrong yes, so always yes earns more than its share.",
        Shows("Answer: yes", 0.5, "no"),
    ),
)
