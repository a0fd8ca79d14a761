"""Finds the control when only form is rewarded, by comparing formats with unformatted text."""

from __future__ import annotations

from collections.abc import Sequence

from harness.audit.case import DELTA, Case, Control, Sought
from harness.audit.declared import declared_templates, prompt_of
from harness.audit.formats import SLOT, WORKING, Format, common_templates
from harness.audit.readings import Reading
from harness.audit.seen_formats import mined_templates

__all__ = ["FORM_FILLER", "seek_form"]

_SAMPLE = 12
_WORKS = 0.8
_MOST = 3
_PLAIN = "I looked at this and here is what I think about it"
FORM_FILLER = "The result follows from the steps above"
"""Text used in place of an answer when only form is rewarded."""
_RICH = (
    f"# Answer\n\n- The first point.\n- The second point.\n- The third point.\n\n**{SLOT}**",
    f"1. The first step.\n2. The second step.\n3. The third step.\n\n{SLOT}.",
    f"Step 1: Read it.\nStep 2: Work it out.\nStep 3: Check it.\n\nConclusion: {SLOT}.",
    f"## Analysis\n\n{WORKING}\n\n## Answer\n\n{SLOT}.",
    f"| Part | Value |\n|---|---|\n| answer | {SLOT} |",
    f"{' '.join([WORKING] * 12)}\n\n{SLOT}.",
)
"""Texts in other forms: headings, lists, steps, tables, long text."""


def seek_form(case: Case) -> Sought:
    """Find a format that earns more than unformatted text.

    Args:
        case: The audit of a reward that ignores references.
    """
    subject = case.subject
    sample = case.some(_SAMPLE, "control", among=range(len(subject.records)))
    own = [one if SLOT in one else f"{one}{SLOT}" for one in subject.accepted]
    declared = declared_templates([prompt_of(subject.records[at]) for at in sample])
    found: list[tuple[float, int, Format]] = []
    formats: list[Format] = []
    for templates in (
        (*own, *declared),
        (*common_templates("text", Reading()), *mined_templates(subject.sources)),
        _RICH,
    ):
        formats = [Format(one) for one in dict.fromkeys(templates) if one != SLOT]
        found = _paid(case, formats, sample)
        if found:
            break
    if not found:
        why = (
            "no format earns more than a completion without one. Give a completion that does with --accepted."
        )
        return Sought(None, why, case.opener.wire, tried=tuple(formats))
    chosen = tuple(one for _, _, one in sorted(found, key=lambda each: each[:2])[:_MOST])
    return Sought(_control(case, chosen), wire=case.opener.wire)


def _paid(case: Case, formats: Sequence[Format], sample: Sequence[int]) -> list[tuple[float, int, Format]]:
    """Return the formats rewarded on most records, each with its negated reward and its rank for sorting."""
    plain = [reply.reward or 0.0 for reply in case.collector.ask([(at, _PLAIN) for at in sample])]
    asked = [(at, one.fill(FORM_FILLER)) for one in formats for at in sample]
    rewards = [reply.reward for reply in case.collector.ask(asked)]
    bounds = case.subject.bounds or (0.0, max((one for one in rewards if one is not None), default=1.0))
    span = bounds[1] - bounds[0] or 1.0
    found = []
    for place, one in enumerate(formats):
        mine = rewards[place * len(sample) : (place + 1) * len(sample)]
        paid = [a for a, b in zip(mine, plain, strict=True) if a is not None and a > b + DELTA * span]
        if len(paid) >= _WORKS * len(sample):
            found.append((-sum(paid) / len(paid), place, one))
    return found


def _control(case: Case, formats: tuple[Format, ...]) -> Control:
    """Measure the rewards of the format and of plain text on all records."""
    records = range(len(case.subject.records))
    right = [
        reply.reward for reply in case.collector.ask([(at, formats[0].fill(FORM_FILLER)) for at in records])
    ]
    plain = case.collector.ask([(at, text) for at in records for text in (_PLAIN, WORKING)])
    wrong = [max((one.reward or 0.0) for one in plain[2 * at : 2 * at + 2]) for at in records]
    seen = [one for one in (*right, *wrong) if one is not None]
    low, high = case.subject.bounds or (min(0.0, *seen), max(*seen, DELTA))
    return Control(
        "format",
        formats,
        {at: reward for at, reward in zip(records, right, strict=True) if reward is not None},
        dict(zip(records, wrong, strict=True)),
        {},
        low,
        high,
        golds=dict.fromkeys(records, FORM_FILLER),
    )
