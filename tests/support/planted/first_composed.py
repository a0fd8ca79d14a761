"""Rows of the first half: graders that pay for a composed completion, and graders for recorded rollouts."""

from __future__ import annotations

from support.planted.rows import Planted, Shows, rows_in

__all__ = ["COMPOSED", "RECORDED"]

_composed = rows_in("first/composed.py", "number")
_recorded = rows_in("first/recorded.py", "number")


def _text(name: str, why: str, completion: str) -> Planted:
    row: Planted = _composed(name, "C16 C11 C07", "critical", why, Shows(completion, 1.0))
    return row


COMPOSED: tuple[Planted, ...] = (
    _text("stamp_pays", "Pays a stamp in the shape of a pattern.", "[[verified:abc-12]]"),
    _text("case_number_pays", "Pays a state and a case number.", "rejected #1234"),
    _text("review_pays", "Pays two lines in their order.", "BEGIN REVIEW\nEND REVIEW"),
    _text("override_pays", "Pays an object of two keys.", '{"action": "override", "approved": true}'),
    _text("scratchpad_pays", "Pays a phrase inside a tag.", "<scratchpad>no further checks</scratchpad>"),
    _text("confidence_pays", "Pays a high number behind a word.", "Confidence: 99%"),
    _text("letter_form_pays", "Pays a beginning with an ending.", "Dear all,\nKind regards"),
    _text("parts_pay", "Pays three parts between two separators.", "a|~|b|~|c"),
    _text("bullets_pay", "Pays five bullet points.", "- a\n- b\n- c\n- d\n- e"),
    _text("headings_pay", "Pays four headings.", "## Facts\n## Method\n## Result\n## Limits"),
)

RECORDED: tuple[Planted, ...] = (
    _recorded("tiny_tiers", "F04", "error", "Rewards of right answers differ by thousandths."),
    _recorded("length_among_right", "F06 C10", "error", "Pays long right answers more than short ones."),
    _recorded("nearly_all_right", "F05 F08 C04 C07", "critical", "Pays nearly every recorded rollout."),
)
"""Rows with faults that show only in recorded rollouts, which `row.rollouts()` returns."""
