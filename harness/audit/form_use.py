"""Counts how often recorded completions use each form for the right answer."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from harness.audit.answer_forms import OBJECT_LINES, OBJECT_TURNED, THOUSANDS, ZEROS, Form
from harness.audit.answer_kinds import same
from harness.audit.case import Case
from harness.audit.formats import SLOT
from harness.audit.seen_formats import text_of, whole_template

__all__ = ["Said", "said_in", "uses_of"]

_RECORDED = 400
_NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?")


class Said(NamedTuple):
    """A right answer in a recorded completion."""

    before: str
    answer: str
    after: str
    form: str | None = None
    """Name of the form used for the answer, or None if it is spelled like the reference."""


def uses_of(case: Case, forms: Sequence[Form]) -> tuple[Counter[str], int]:
    """Count the recorded right answers, in total and for each form.

    Args:
        case: The audit.
        forms: The forms to count.
    """
    found: Counter[str] = Counter()
    right = 0
    for one in case.subject.recorded[:_RECORDED]:
        gold = case.known.golds.get(one.record)
        said = said_in(text_of(one.message), case.known.kind, gold) if gold else None
        if said is None:
            continue
        right += 1
        names = {form.name for form in forms if form.used(said.before, said.answer, said.after)}
        found.update(names | {form.name for form in forms if form.name == said.form})
    return found, right


def said_in(text: str, kind: str, gold: str) -> Said | None:
    """Return the right answer as stated in a completion, or None if the completion does not end with it.

    Args:
        text: The completion.
        kind: The kind of answer, one of `harness.audit.answer_kinds.KINDS`.
        gold: The right answer.
    """
    template = whole_template(text, gold)
    if template is not None:
        before, _, after = template.partition(SLOT)
        # A number that follows may be the answer, and the reference only part of the reasoning.
        return None if kind == "number" and re.search(r"\d", after) else Said(before, gold, after)
    if kind == "number":
        numbers = list(_NUMBER.finditer(text))
        spot = numbers[-1].span() if numbers else None
    else:
        spot = (text.find("{"), text.rfind("}") + 1) if kind == "json" and "{" in text else None
    if spot is None or not same(kind, said := text[slice(*spot)], gold):
        return None
    if kind == "json":
        form = OBJECT_LINES if "\n" in said else OBJECT_TURNED
    else:
        form = THOUSANDS if ("," in said) is not ("," in gold) else ZEROS
    return Said(text[: spot[0]], said, text[spot[1] :], form)
