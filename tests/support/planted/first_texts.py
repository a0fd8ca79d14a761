"""Rows of the first half: graders of names and of lists of names."""

from __future__ import annotations

from support.planted.rows import Planted, Shows, rows_in

__all__ = ["TEXTS"]

_text = rows_in("first/text.py", "text")
_list = rows_in("first/list.py", "list")

TEXTS: tuple[Planted, ...] = (
    _text(
        "name_anywhere",
        "C12 C09 C08 C05",
        "critical",
        "Pays a text that names everybody, such as a copy of the prompt.",
        Shows("One of {a}, {b} and {w}.", 1.0),
    ),
    _text(
        "reply_in_reference",
        "C01 C02",
        "critical",
        "An empty text is part of every reference, and is paid.",
        Shows("", 1.0),
    ),
    _text(
        "polite_words_pay",
        "C07 C11 C16",
        "error",
        "Pays a fifth for a friendly phrase.",
        Shows("Happy to help!", 0.2),
    ),
    _text(
        "half_alike_is_enough",
        "C05 C04",
        "error",
        "Pays another name that shares half of its letters.",
        Shows("Answer: Miro Marsh", 1.0, "Mira Marsh"),
    ),
    _text(
        "reply_is_the_pattern",
        "C02 C01 C16 C11",
        "critical",
        "Uses the reply as a regular expression, and `.` fits every name.",
        Shows("Answer: .", 1.0),
    ),
    _text(
        "words_in_pairs",
        "C01 C02",
        "critical",
        "Compares as many words as the shorter one has, so no word at all is right.",
        Shows("I cannot tell.", 1.0),
    ),
    _text(
        "one_word_is_enough",
        "C12 C09 C05",
        "critical",
        "Pays a line of many names when a word of one of them is right.",
        Shows("Answer: {w}, {b}, {a}", 1.0),
    ),
    _text(
        "any_quoted_name",
        "C09 C16 C12",
        "error",
        "Pays a list of quoted names when the right one is among them.",
        Shows('Perhaps "{w}" or "{a}" or "{b}".', 1.0),
    ),
    _text(
        "case_matters",
        "A04",
        "critical",
        "Compares a reply in lower case with a reference that has capitals, so nothing is paid.",
        Shows("Answer: {a}", 0.0),
        options={"accepted": "Answer: {a}"},
    ),
    _list(
        "recall_alone",
        "C09 C12 C05",
        "error",
        "Pays a list of everything, since wrong names cost nothing.",
        Shows("<answer>{a}, {b}, {w}</answer>", 1.0),
    ),
    _list(
        "one_right_name_is_enough",
        "C09 C05 C12 C03",
        "error",
        "Pays any list with a right name in it in full.",
        Shows("<answer>{a}, {b}, {w}, Nowhere</answer>", 1.0),
    ),
    _list(
        "repeated_names_count",
        "C15 C09 C05",
        "warning",
        "Pays one right name in full when it is repeated often enough.",
        Shows("<answer>Lund, Lund, Lund</answer>", 1.0, "Lund, Porto, Quito"),
    ),
    _list(
        "same_order_wanted",
        "B12",
        "warning",
        "Refuses the right names in another order.",
        Shows("<answer>Porto, Lund</answer>", 0.0, "Lund, Porto"),
    ),
    _list(
        "none_is_wrong",
        "C02 C01",
        "critical",
        "Pays an empty list, in which no name is wrong.",
        Shows("<answer></answer>", 1.0),
    ),
    _list(
        "as_many_names_is_enough",
        "C07 C04 C02 C03 C12",
        "critical",
        "Pays 0.7 for any list of the right length.",
        Shows("<answer>a, b</answer>", 0.7, "Lund, Porto"),
    ),
)
