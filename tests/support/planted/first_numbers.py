"""Rows of the first half: graders of numbers."""

from __future__ import annotations

from support.planted.rows import Planted, Shows, rows_in

__all__ = ["CONTRACT", "NUMBERS"]


_row = rows_in("first/number.py", "number")
_contract = rows_in("first/contract.py", "number")

NUMBERS: tuple[Planted, ...] = (
    _row(
        "constant_zero",
        "A04",
        "critical",
        "A pattern with doubled backslashes never matches, so no answer is ever paid.",
        Shows("#### {a}", 0.0),
        options={"accepted": "#### {a}"},
    ),
    _row("constant_one", "C04 C01 C02 C03 C07", "critical", "Pays every text.", Shows("", 1.0)),
    _row("coin_flip", "G01 A11", "critical", "Adds chance to every reward, as large as a metric's noise."),
    _row("warms_up", "G02 A11 G01", "error", "Pays wrong answers at first, and less with every call."),
    _row("pays_once", "G02 A11 G01", "error", "Pays a right answer only the first time that it sees it."),
    _row("centered_in_batch", "A11 G02", "error", "What a sample earns depends on the others of the call."),
    _row(
        "any_number_at_all",
        "C04 C02 C03 C07",
        "critical",
        "Pays any number after the marker and never compares it with the reference.",
        Shows("#### 1", 1.0),
    ),
    _row(
        "contains_gold",
        "C09 C08 C05",
        "error",
        "Pays a text that holds the reference's digits anywhere, in a longer number too.",
        Shows("#### 7{a}7", 1.0),
    ),
    _row(
        "within_ten_percent",
        "C05",
        "error",
        "Accepts what is up to 10 % off.",
        Shows("#### 195", 1.0, "200"),
    ),
    _row("sign_lost", "C05", "critical", "Reads no sign, so -5 is 5.", Shows("#### -17", 1.0, "17")),
    _row(
        "percent_forgiven",
        "C05",
        "critical",
        "Accepts a hundred times the answer, and a hundredth of it.",
        Shows("#### 1700", 1.0, "17"),
    ),
    _row(
        "through_float",
        "C05",
        "note",
        "Compares serial numbers as floats, which round beyond 2**53.",
        Shows("#### 9007199254740993", 1.0, "9007199254740992"),
    ),
    _row(
        "empty_gold_matches",
        "A05",
        "critical",
        "An empty reference is contained in every text, which is paid.",
        Shows("I do not know.", 1.0, ""),
    ),
    _row(
        "unparsable_are_equal",
        "A05",
        "critical",
        "A reference that cannot be read becomes an empty text, and so does `#### ,`.",
        Shows("#### ,", 1.0, "about a dozen"),
    ),
    _row(
        "nan_is_close",
        "C02 C03",
        "critical",
        "No comparison with NaN is true, so `nan` is never found to be far away.",
        Shows("#### nan", 1.0),
    ),
    _row(
        "near_is_nearly_right",
        "C03 C05 C04 C12",
        "critical",
        "Pays closeness on a scale of 2,000, so one number earns most of the reward on most records.",
        Shows("#### 100", 0.98, "60"),
    ),
    _row(
        "any_of_the_numbers",
        "C09 C08 C05",
        "error",
        "Pays a list of numbers when the right one is among them.",
        Shows("It is 1, 2, 3, 4 or {a}, or 99999.", 1.0),
    ),
)

CONTRACT: tuple[Planted, ...] = (
    _contract("one_bad_sample_ends_all", "A03", "critical", "One sample without messages loses the batch."),
    _contract("error_rows_lose_ids", "A02", "error", "Samples that fail come back with the id 0."),
    _contract(
        "ids_in_sorted_order", "A02", "error", "Gives each reward to another id once ids are not sorted."
    ),
    _contract("error_rows_without_score", "A01", "critical", "Samples that fail come back without a reward."),
    _contract(
        "not_a_number",
        "A09",
        "critical",
        "Pays NaN for an answer of the other sign.",
        Shows("#### -17", float("nan"), "17"),
    ),
    _contract(
        "more_than_one", "A09", "warning", "Pays 1.25 for short right answers.", Shows("#### {a}", 1.25)
    ),
    _contract("true_or_false", "A09", "warning", "Answers with booleans in place of numbers."),
    _contract("text_when_unread", "A01 A09", "critical", "Answers with a text when it reads no answer."),
    _contract(
        "wants_wrapped_reference",
        "A06 A04",
        "critical",
        "A reference that is a text counts as none, so right answers earn nothing.",
        Shows("#### {a}", 0.0),
        options={"accepted": "#### {a}"},
    ),
    _contract(
        "wants_plain_reference",
        "A06",
        "error",
        "A reference in an object with a text is never right.",
        Shows("#### 17", 0.0, {"text": "17"}),
    ),
    _contract("blocks_end_all", "A07 A03", "critical", "Content that comes as blocks loses the batch."),
    _contract(
        "first_assistant_turn", "A08", "error", "Grades an assistant turn of the prompt, not the reply."
    ),
    _contract(
        "earlier_turn_counts",
        "A08",
        "error",
        "An example of the prompt answers for a reply without a number.",
        form="shots",
    ),
    _contract("takes_the_turn_out", "A14", "warning", "Removes the reply from the event that it grades."),
    _contract(
        "half_for_an_error",
        "A10 A05",
        "critical",
        "A sample that cannot be graded earns half.",
        Shows("#### 1", 0.5, "seventeen"),
    ),
    _contract("prints_everything", "G07", "error", "Prints prompts, replies and references to the log."),
)
