"""Rows of the first half: good graders."""

from __future__ import annotations

from typing import Any

from support.planted.rows import Good

__all__ = ["GOOD"]


def _by_hand(name: str, kind: str, why: str, form: str = "", **more: Any) -> Good:
    return Good(f"first/good_by_hand.py:{name}", kind, why, form=form, **more)


def _checks(name: str, kind: str, why: str, form: str = "", **more: Any) -> Good:
    return Good(f"first/good_from_checks.py:{name}", kind, why, form=form, **more)


GOOD: tuple[Good, ...] = (
    _by_hand("marked_number", "number", "Compares exactly, and reads commas, currency and bold type."),
    _by_hand("rounded_number", "number", "Allows half a thousandth for rounding.", "line"),
    _by_hand("number_and_nothing_else", "number", "Takes the number alone, as the prompts ask.", "bare"),
    _by_hand("short_working_pays_more", "number", "Shapes right answers alone by their length."),
    _by_hand("one_letter", "choice", "Takes one letter alone, as the prompts ask.", "bare"),
    _by_hand("yes_or_no", "yes-no", "Takes one word alone, as the prompts ask.", "bare"),
    _by_hand("name_on_the_line", "text", "Compares names without case and punctuation around them."),
    _by_hand("all_names_and_no_others", "list", "Compares lists without order, and counts every name once."),
    _by_hand("the_object", "json", "Compares all fields by type and value, and refuses others."),
    _by_hand("most_of_the_object", "json", "Pays a share where most of the fields are right.", "fenced"),
    _by_hand("the_call", "tools", "Compares the tool and all of its arguments."),
    _by_hand(
        "careful_judge",
        "judge",
        "Gives texts to the judge as data and reads its verdict strictly.",
        reply='{"score": 10}',
        poor='{"score": 0}',
    ),
    _by_hand(
        "form_in_both_tags",
        "format",
        "Is declared to reward form, and wants words in both tags.",
        options={"kind": "format"},
    ),
    _checks("marked", "number", "Reads the number after the marker exactly.", "worked"),
    _checks("in_a_box", "number", "Reads the number in the last box exactly.", "boxed"),
    _checks("nearly", "number", "Reads the number after the marker and allows for rounding.", "line"),
    _checks("shorter_is_better", "number", "Pays right answers up to a fifth less for length."),
    _checks(
        "tidy_and_right",
        "number",
        "Gates a tenth for form by the answer; its prompts hold examples.",
        "shots",
    ),
    _checks("letter_in_tags", "choice", "Reads the letter in the last answer tags."),
    _checks("letter", "choice", "Reads the letter that the reply settles on.", "line"),
    _checks("letter_and_reason", "choice", "Gates a tenth for a reason by the answer."),
    _checks("yes_no", "yes-no", "Reads the word that the reply settles on, and no denied one."),
    _checks("name", "text", "Compares the name on the answer line but for case and punctuation."),
    _checks("name_exactly", "text", "Takes the name alone, character by character.", "bare"),
    _checks("order", "json", "Compares all fields by value, and refuses others."),
    _checks("mostly_right", "json", "Pays the share of the right fields.", "fenced"),
    _checks("call", "tools", "Compares the call and its arguments by value."),
    _checks("function", "code", "Runs the function away from the grader and compares what it returns."),
    _checks(
        "judged",
        "judge",
        "Asks for a label by a schema, and abstains where there is none.",
        reply='{"reason": "It tells the same.", "label": "good"}',
        poor='{"reason": "It tells something else.", "label": "poor"}',
    ),
)
