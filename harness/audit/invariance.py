"""Probe of right answers in other forms, which should earn the same reward (family B)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from harness.audit.answer_forms import FORMS, Form, Right
from harness.audit.audit_finding import Found
from harness.audit.case import DELTA, Case
from harness.audit.declared import prompt_of
from harness.audit.form_use import uses_of
from harness.audit.formats import SLOT
from harness.findings import Rule, Severity

__all__ = ["PROBES"]

_RECORDS = 6
_FEW, _HEAVY_MS = 2, 15.0
"""Reduced number of records, and the time per sample in milliseconds above which it is used."""
_PROMPTS = 20
_ORDER = re.compile(
    r"\b(?:order\w*|sort\w*|rank\w*|chronolog\w*|alphabet\w*|ascend\w*|descend\w*|sequence|steps?|first|path|route)\b",
    re.IGNORECASE,
)
"""Words in prompts that suggest that the order of a list matters."""
_LOST = 0.5
_MOST = 0.5
_USED = 0.02
_LISTED = 5
_ALONE = re.compile(
    r"\b(?:only|nothing else|no other|alone|just the|without any other|and nothing)\b", re.IGNORECASE
)
_ASKED = {
    "B01": r"\b(?:answer|label|letter|number|name)s? (?:comes |goes |stands )?first\b"
    r"|\b(?:then|after(?:wards| that)|followed by|below it)\b.{0,40}"
    r"\b(?:explain|explanation|reason|why|justif)",
    "B02": r"\b(?:step|steps|reason\w*|think\w*|explain\w*|explanation|why|work (?:it|this|through|out))\b"
    r"|\b(?:show|write) (?:\w+ ){0,2}(?:work|working|calculation|steps)\b",
    "B09": r"<(?:think|thinking|reasoning|thoughts?|scratchpad)>",
}
"""Phrases in prompts that ask for the text added by a form. Without them, a refusal may be intended."""
_CONTESTED = ("B07", "B10")
_FIXES = {
    "B01": "Read the answer at its marker and ignore the text after it.",
    "B02": "Look for the answer at its marker or at the end, not for the first number or in the whole text.",
    "B09": "Remove reasoning before you look for the answer, as `Sample.completion` does.",
}
_FIX = "Compare by value: strip markup and punctuation and parse numbers before you compare."


class _Refused(NamedTuple):
    """A form in which right answers lose most of their reward."""

    form: Form
    record: int
    completion: str
    lost: int
    tried: int


class OtherForms:
    """Probe for right answers that lose their reward because of their form."""

    rule = Rule("B01", Severity.WARNING, "right answers in another form are refused", _FIX)
    controlled = True

    def why_not(self, case: Case) -> str | None:
        """The probe applies if completions are text."""
        if case.control is not None and (case.known.kind == "format" or not case.known.formats[0].template):
            return "the completion is not text that contains an answer"
        return None

    def run(self, case: Case) -> Iterator[Found]:
        """Try every form on a few records and report all refused forms as one finding."""
        tried, refused = _try(case)
        _note_profiles(case, tried, refused)
        uses, right = uses_of(case, [one.form for one in refused])
        severities = {one.form.name: _severity(case, one.form, uses, right) for one in refused}
        refused.sort(
            key=lambda one: (-severities[one.form.name].rank, -uses[one.form.name], one.form.id in _CONTESTED)
        )
        if not refused:
            return
        worst = refused[0]
        used = uses[worst.form.name]
        severity = severities[worst.form.name]
        share = f", in {used} of {right} recorded right answers" if used else ""
        others = list(dict.fromkeys(one.form.name for one in refused[1:] if one.form.name != worst.form.name))
        more = f", and with {_listed(others)}" if others else ""
        message = (
            f"a right answer loses its reward on {worst.lost} of {worst.tried} records with"
            f" {worst.form.name}{share} ({worst.form.keeps}){more}: a policy learns to write in one way only"
        )
        gold = case.known.golds[worst.record]
        yield Found(
            worst.form.id,
            severity,
            message,
            fix=_FIXES.get(worst.form.id, _FIX),
            witness=case.witness(
                (worst.record, case.known.formats[0].fill(gold)), (worst.record, worst.completion)
            ),
            records=worst.lost,
            tried=worst.tried,
            text=worst.completion,
            headline=f"right answers lose their reward with {worst.form.name}{share}" if used else "",
        )


def _severity(case: Case, form: Form, uses: Counter[str], right: int) -> Severity:
    """Return a warning if recordings use the form, or if prompts ask for it and there are no recordings."""
    if right:
        return Severity.WARNING if uses[form.name] >= max(2, _USED * right) else Severity.NOTE
    if not form.everyday or (form.id in _ASKED and (_alone(case) or not _asked(case, form.id))):
        return Severity.NOTE
    return Severity.WARNING


def _asked(case: Case, id: str) -> bool:
    """Return True if most prompts ask for the text that a rule's forms add."""
    prompts = [prompt_of(case.subject.records[at]) for at in case.some(_PROMPTS, "asked")]
    found = [re.search(_ASKED[id], prompt, re.IGNORECASE | re.DOTALL) for prompt in prompts]
    return sum(map(bool, found)) > len(prompts) / 2


def _try(case: Case) -> tuple[dict[str, list[float]], list[_Refused]]:
    """Return the share of the reward that each form keeps, and the forms that lose most of it."""
    known = case.known
    first = known.formats[0]
    asked: list[tuple[Form, int, str]] = []
    ordered = any(_ORDER.search(prompt_of(case.subject.records[at])) for at in case.some(_PROMPTS, "order"))
    for at in case.some(_FEW if case.collector.pace > _HEAVY_MS else _RECORDS, "B"):
        wrong = known.golds[known.other.get(at, at)]
        right = Right(first, known.kind, known.golds[at], wrong, ordered)
        for form in FORMS:
            written = form.write(right)
            if written is not None and written != right.text:
                asked.append((form, at, written))
    replies = case.collector.ask([(at, written) for _, at, written in asked])
    kept: dict[str, list[float]] = {}
    lost: dict[str, list[tuple[Form, int, str]]] = {}
    for one, reply in zip(asked, replies, strict=True):
        form, at, _ = one
        mine, floor = known.right[at], max(known.low, min(known.wrong.get(at, known.low), known.right[at]))
        reward = known.low if reply.reward is None else reply.reward
        share = (reward - floor) / (mine - floor) if mine > floor else 1.0
        kept.setdefault(form.name, []).append(share)
        if share < _LOST and mine - reward > DELTA * known.span:
            lost.setdefault(form.name, []).append(one)
    refused = [
        _Refused(*cases[0], len(cases), len(kept[name]))
        for name, cases in lost.items()
        if len(cases) > _MOST * len(kept[name]) or len(cases) >= 2
    ]
    return kept, refused


def _note_profiles(case: Case, kept: dict[str, list[float]], refused: Sequence[_Refused]) -> None:
    """Add a note if one property of the grader explains the refused forms."""
    ids = {one.form.id for one in refused}
    if {"B01", "B02"} <= ids:
        case.notes.append(
            "This grader accepts only the answer in its format: text before or after it costs the reward."
        )
    means = [
        sum(kept[form.name]) / len(kept[form.name])
        for form in FORMS
        if form.id == "B01" and form.name in kept
    ]
    if len(means) == 3 and min(means) > _LOST and abs(means[2] - means[0]) > 0.02:
        how = "falls" if means[2] < means[0] else "grows"
        case.notes.append(
            f"This grader shapes by length: the reward of a right answer {how} with its length"
            f" ({means[0]:.0%} to {means[2]:.0%} of the plain answer's)."
        )


def _alone(case: Case) -> bool:
    """Return True if the format is the bare answer or has a fixed structure without room for other text."""
    template = case.known.formats[0].template.strip()
    return (
        template == SLOT or template[:1] in ("{", "[") or (template[:1] == "<" and template.count("</") > 1)
    )


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_LISTED])
    return f"{shown} and {len(names) - _LISTED} more" if len(names) > _LISTED else shown


PROBES = (OtherForms(),)
"""The only probe of this family."""
