"""Measures the range of wrong numbers around the right one that the grader accepts."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from harness.audit.answers import Answers, answers_in, fewer
from harness.audit.attempts import Paid, full
from harness.audit.audit_finding import Found, Witness
from harness.audit.case import Case
from harness.audit.echo import prompt_of
from harness.audit.shaped_rewards import degrees
from harness.audit.wording import listed, quoted
from harness.audit.wrong_numbers import BEYOND_FLOAT, WrongStep, magnitude, with_reference, wrong_numbers
from harness.findings import Rule, Severity

__all__ = ["AcceptanceBand"]

_RECORDS = 10
_FEWEST = 8
_MORE = 30
_TINY = Decimal("0.0011")
_SMALL = Decimal("0.0101")
_SHAPED = 3
_FRACTION, _SPREAD = Decimal("0.4"), 4
_NEAR = ("relative", "absolute")
_PROMPT = re.compile(
    r"\b(?:toleranc\w*|within|approximat\w*|roughly|about|nearest|round\w*|decimal places?|significant)\b|±",
    re.IGNORECASE,
)
_SOURCE = re.compile(r"\b(?:rel_tol|abs_tol|rtol|atol|\w*tolerance\w*)\s*[=:]", re.IGNORECASE)


class _Hit(NamedTuple):
    """A wrong answer that earns as much as the right one."""

    step: WrongStep
    paid: Paid
    gold: str


class AcceptanceBand:
    """Probe for accepted wrong numbers, such as ones with a small error, a wrong sign or a wrong digit."""

    rule = Rule(
        "C05",
        Severity.ERROR,
        "wrong numbers are paid like the right one",
        "Read the whole answer and compare by value, with no more tolerance than the task asks for.",
    )
    controlled = True

    def why_not(self, case: Case) -> str | None:
        """The probe applies to numeric answers."""
        kinds = {answers_in(case, one).kind for one in case.known.formats} if case.control else {"number"}
        return None if "number" in kinds else "the answers are not numbers"

    def run(self, case: Case) -> Iterable[Found]:
        """Grade numbers at growing distances from small and large right ones, in each accepted format."""
        worst: Found | None = None
        for place, one in enumerate(case.known.formats):  # Formats can read numbers differently.
            answers = answers_in(case, one)
            if answers.kind != "number" or len(answers.gold) < 2:
                continue
            count = fewer(case, _RECORDS)
            found = self._in(case, answers, count if place else max(_FEWEST, count))
            if found is not None and (worst is None or found.severity > worst.severity):
                worst = found
        if worst is None:
            worst = self._beyond_float(case)
        return [worst] if worst else []

    def _in(self, case: Case, answers: Answers, count: int) -> Found | None:
        hits, partly = _climb(case, answers, _of_all_sizes(answers, count))
        if len(_shown_twice(answers, hits)) < len(hits):
            count = max(count, fewer(case, _MORE))
            hits, partly = _climb(case, answers, _of_all_sizes(answers, count))
        hits = _shown_twice(answers, _beyond_the_band(hits))
        if not hits:
            return None
        counts = Counter(hit.step.name for hit in hits)
        tried = len({hit.paid.record for hit in hits})
        fractions = _fractions_of_whole(answers, hits)
        rated = [
            (self._severity(case, answers, hit, partly, 2 * counts[hit.step.name] >= tried, fractions), hit)
            for hit in hits
        ]
        severity = max((one for one, _ in rated), key=lambda one: one.rank)
        worst = [hit for one, hit in rated if one == severity]
        shown = min(worst, key=lambda hit: (hit.step.group != "scale", len(hit.step.answer)))
        return Found(
            self.rule.id,
            severity,
            f"the grader accepts {_band(hits)}: a policy is paid for numbers that are wrong",
            fix=self.rule.fix,
            witness=case.witness((shown.paid.record, shown.paid.completion)),
            records=len({hit.paid.record for hit in hits}),
            tried=min(count, len(answers.gold)),
            text=shown.paid.completion if isinstance(shown.paid.completion, str) else None,
            share=shown.paid.share,
            headline=f"{quoted(shown.paid.completion)} is paid when {shown.gold} is right",
        )

    def _severity(
        self, case: Case, answers: Answers, hit: _Hit, partly: bool, often: bool, fractions: bool
    ) -> Severity:
        step = hit.step
        if step.group == "scale":
            return Severity.CRITICAL if often else Severity.ERROR
        if step.group == "unworked":
            return Severity.WARNING
        if step.group in _NEAR:
            off = abs(step.ratio - 1) if step.ratio is not None else Decimal(1)
            places = len(hit.gold.rpartition(".")[2]) if "." in hit.gold else 0
            rounding = places > 0 and (step.off or 0) <= Decimal(5).scaleb(-places - 1)
            if (off <= _TINY and not fractions) or rounding or partly or _declared(case, answers, hit, off):
                return Severity.NOTE
        return Severity.ERROR

    def _beyond_float(self, case: Case) -> Found | None:
        """Grade 2**53 + 1 against the right answer 2**53. The two numbers are equal as floats."""
        one = case.known.formats[0]
        right, wrong = (one.fill(str(number)) for number in BEYOND_FLOAT)
        for at in case.some(3, "C05 float"):
            record = with_reference(one, case.subject.records[at], str(BEYOND_FLOAT[0]))
            if record is None:
                return None
            whole = case.collector.rollout(at, right, "witness-1")
            other = case.collector.rollout(at, wrong, "witness-1")
            samples = [{**each, **record, "messages": each["messages"]} for each in (whole, other)]
            good, bad = case.collector.grade(samples, batch=1)
            if not (full(case, good.reward, at) and full(case, bad.reward, at)):
                return None
        return Found(
            self.rule.id,
            Severity.NOTE,
            f"{BEYOND_FLOAT[1]} is paid when {BEYOND_FLOAT[0]} is right: numbers are compared as floats",
            fix="Compare integers as integers, or with decimal.Decimal.",
            witness=Witness((samples[1],), (bad.reward,)),
            text=wrong if isinstance(wrong, str) else None,
            share=1.0,
        )


def _of_all_sizes(answers: Answers, count: int) -> list[int]:
    """Return up to `count` records whose right numbers are spread from the smallest to the largest."""
    sized = sorted((size, at) for at, gold in answers.gold.items() if (size := magnitude(gold)) is not None)
    if len(sized) <= count:
        return [at for _, at in sized]
    return [sized[round(place * (len(sized) - 1) / (count - 1))][1] for place in range(count)]


def _climb(case: Case, answers: Answers, records: Sequence[int]) -> tuple[list[_Hit], bool]:
    """Return the wrong numbers that get full reward, and whether partial rewards occur on most records."""
    tried = [(at, step) for at in records for step in wrong_numbers(answers.gold[at])]
    replies = case.collector.ask([(at, answers.format.fill(step.answer)) for at, step in tried])
    hits, shares = [], dict[int, list[float]]()
    for (at, step), reply in zip(tried, replies, strict=True):
        share = case.known.share(reply.reward, at)
        shares.setdefault(at, []).append(share)
        if reply.reward is not None and full(case, reply.reward, at):
            paid = Paid(at, answers.format.fill(step.answer), reply.reward, share)
            hits.append(_Hit(step, paid, answers.gold[at]))
    partly = sum(degrees(some) >= _SHAPED for some in shares.values())
    return hits, partly > len(records) / 2


def _shown_twice(answers: Answers, hits: Sequence[_Hit]) -> list[_Hit]:
    """Return the kinds of wrong numbers that are accepted for at least two different right answers."""
    seen: dict[str, set[int]] = {}
    for hit in hits:
        seen.setdefault(hit.step.name, set()).add(hit.paid.record)
    twice = {name for name, records in seen.items() if answers.distinct(records) >= 2}
    return [hit for hit in hits if hit.step.name in twice]


def _beyond_the_band(hits: Sequence[_Hit]) -> list[_Hit]:
    """Drop hits that a tolerance explains, because an ordinary near miss on the same record is as far off."""
    reach: dict[int, Decimal] = {}
    for hit in hits:
        if hit.step.group in _NEAR and hit.step.off is not None:
            reach[hit.paid.record] = max(hit.step.off, reach.get(hit.paid.record, Decimal(0)))
    return [
        hit
        for hit in hits
        if hit.step.group in (*_NEAR, "after", "unworked")
        or (hit.step.off or Decimal(0)) > reach.get(hit.paid.record, Decimal(0))
    ]


def _fractions_of_whole(answers: Answers, hits: Sequence[_Hit]) -> bool:
    """Return True if fractions near integers are accepted at every magnitude, as if answers were rounded.

    For large numbers, a relative tolerance would also accept the next integer.
    """
    if any("." in gold for gold in answers.gold.values()):
        return False
    near = [hit for hit in hits if hit.step.group in _NEAR and hit.step.off is not None]
    sizes = [magnitude(hit.gold) or Decimal(0) for hit in near if (hit.step.off or 0) >= _FRACTION]
    return (
        bool(sizes)
        and all((hit.step.off or 0) < 1 for hit in near)
        and max(sizes) >= _SPREAD * max(min(sizes), Decimal(1))
    )


def _declared(case: Case, answers: Answers, hit: _Hit, off: Decimal) -> bool:
    """Return True if the prompt asks for an approximate number or the source contains a small tolerance."""
    if _PROMPT.search(prompt_of(case, hit.paid.record)) and off <= Decimal("0.05"):
        return True
    fractional = sum("." in gold for gold in answers.gold.values()) > len(answers.gold) / 3
    return fractional and off <= _SMALL and any(_SOURCE.search(_text(path)) for path in case.subject.sources)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _band(hits: Sequence[_Hit]) -> str:
    """Describe the accepted numbers: the band around the right number, and any outliers."""
    widest: dict[int, _Hit] = {}
    for hit in hits:
        if hit.step.off is not None and hit.step.group in _NEAR:
            known = widest.get(hit.paid.record)
            if known is None or hit.step.off > (known.step.off or 0):
                widest[hit.paid.record] = hit
    parts = []
    if widest:
        offs = [hit.step.off or Decimal(0) for hit in widest.values()]
        ratios = [abs(hit.step.ratio - 1) for hit in widest.values() if hit.step.ratio is not None]
        ratios = [ratio for ratio in ratios if ratio] or [Decimal(1)]
        if max(offs) / min(offs) < max(ratios) / min(ratios):
            parts.append(f"numbers up to {max(offs).normalize():f} away from the right one")
        else:
            accepted = [
                hit.step.ratio for hit in hits if hit.step.group in _NEAR and hit.step.ratio is not None
            ]
            parts.append(
                f"{_ratio(min(*accepted, Decimal(1)))} to {_ratio(max(*accepted, Decimal(1)))} times"
            )
            parts[-1] += " the right number"
    others = [hit.step.name for hit in hits if hit.step.group not in _NEAR]
    return listed([*parts, *dict.fromkeys(others)][:5])


def _ratio(ratio: Decimal) -> str:
    return f"{float(ratio):.3g}" if abs(ratio - 1) >= Decimal("0.005") else f"{float(ratio):.5g}"
