"""Finds hedges: texts that name several answers but are rewarded like the right answer alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from harness.audit.answer_kinds import value
from harness.audit.answers import Answers, answers_in, formats_tried, kind_in
from harness.audit.attempts import found_by
from harness.audit.audit_finding import Found
from harness.audit.case import Case
from harness.audit.hedge_texts import LABELS, every_answer, naming
from harness.audit.merged_answers import shape_of
from harness.audit.shaped_rewards import shaped
from harness.audit.wording import quoted
from harness.findings import Rule, Severity

__all__ = ["Hedge"]

_MARGIN = 0.15
_WHOLE = 0.9
_GROUPS = 3
_MANY = 5


class _Group(NamedTuple):
    """Records with different right answers, and a list of answers that includes all of them."""

    records: tuple[int, ...]
    named: tuple[str, ...]
    outsider: int | None = None
    """A record whose answer is not named. A reward on this record cannot be for a right answer."""


class _Hedged(NamedTuple):
    """A text and its rewards on the records whose answers it names."""

    completion: Any
    way: str
    paid: tuple[tuple[int, float], ...]
    """Pairs of a record on which the text is rewarded and the share, largest share first."""
    tried: int

    @property
    def share(self) -> float:
        """The largest share that the text earns on at least two records."""
        return self.paid[1][1]


class Hedge:
    """Probe for completions with several answers that are rewarded on two or more records."""

    rule = Rule(
        "C09",
        Severity.ERROR,
        "a completion that names several answers is paid for each of them",
        "Require one answer: pay nothing if the place of the answer contains several.",
    )
    controlled = True

    def why_not(self, case: Case) -> str | None:
        """The probe applies to answers that a text can list."""
        if kind_in(case) in ("code", "free", "format"):
            return f"answers of the kind {kind_in(case)} cannot be listed"
        return None

    def run(self, case: Case) -> Iterator[Found]:
        """Grade texts that name several answers, in one slot or in several, in each accepted format."""
        found: list[_Hedged] = []
        for one in formats_tried(case):
            answers = answers_in(case, one)
            found += _try(case, answers, _groups(case, answers))
            if any(each.share >= _WHOLE for each in found):
                break
        gains = [each for each in found if _gains(case, each)]
        found = gains or found
        best = max(found, key=lambda each: (round(each.share, 2), -len(str(each.completion))), default=None)
        if best is None:
            return
        every = every_answer(case) if gains and best.share >= _WHOLE else None
        if every is None:
            yield self._found(case, best, bool(gains))
            return
        yield found_by(
            case,
            self.rule,
            every,
            f"{quoted(every.best.completion)} names every answer and is paid in full on {len(every.paid)} of"
            f" {every.tried} records: a policy learns to name them all without reading the question",
            Severity.CRITICAL,
        )

    def _found(self, case: Case, best: _Hedged, gains: bool) -> Found:
        whole = "in full" if best.share >= _WHOLE else f"{best.share:.0%} of the reward"
        partly = Severity.WARNING if gains and not shaped(case) else Severity.NOTE
        return Found(
            self.rule.id,
            self.rule.severity if gains and best.share >= _WHOLE else partly,
            f"{quoted(best.completion)} is paid {whole} under {len(best.paid)} different references: a policy"
            " learns to name every candidate",
            fix=self.rule.fix,
            witness=case.witness(*((at, best.completion) for at, _ in best.paid[:2])),
            records=len(best.paid),
            tried=best.tried,
            text=best.completion if isinstance(best.completion, str) else None,
            share=best.share,
        )


def _gains(case: Case, hedged: _Hedged) -> bool:
    """Return True if naming several answers earns more than guessing one of them."""
    if hedged.share >= _WHOLE:
        return not shaped(case) or len(hedged.paid) >= min(3, hedged.tried)
    return hedged.share > 1 / hedged.tried + _MARGIN and len(hedged.paid) == hedged.tried


def _groups(case: Case, answers: Answers) -> list[_Group]:
    """Return groups of records with different answers: pairs, and one group of five."""
    shapes: dict[str, dict[object, int]] = {}
    order = list(answers.gold)
    case.random("C09").shuffle(order)
    for at in order:
        gold = answers.gold[at]
        shapes.setdefault(shape_of(answers.kind, gold), {}).setdefault(value(answers.kind, gold), at)
    records = [*max(shapes.values(), key=len, default={}).values()]
    labels = LABELS.get(answers.kind)
    if labels and len(records) >= 2:
        said = [answers.gold[at] for at in records]
        if answers.kind == "choice":
            said += [label for label in labels if label not in {str(value("choice", each)) for each in said}]
        return [_Group(tuple(records[:_MANY]), tuple(said))]
    parts = [tuple(records[at : at + 2]) for at in range(0, len(records) - 1, 2)][:_GROUPS]
    if len(records) >= _MANY:
        parts.append(tuple(records[-_MANY:]))
    return [
        _Group(
            part,
            tuple(answers.gold[at] for at in part),
            next((at for at in records if at not in part and _apart(answers, at, part)), None),
        )
        for part in parts
    ]


def _apart(answers: Answers, at: int, named: tuple[int, ...]) -> bool:
    """Return True if a record's answer shares no text with the named answers."""
    mine = answers.gold[at].casefold()
    others = [answers.gold[each].casefold() for each in named]
    return not any(mine in other or other in mine for other in others)


def _try(case: Case, answers: Answers, groups: list[_Group]) -> list[_Hedged]:
    """Return the texts rewarded on several records, if their form is rewarded in two groups."""
    texts = [(group, way, text) for group in groups for way, text in naming(answers, group.named)]
    asked = [(at, text) for group, _, text in texts for at in group.records]
    outside = {
        (text_at, group.outsider) for text_at, (group, _, _) in enumerate(texts) if group.outsider is not None
    }
    replies = iter(case.collector.ask(asked))
    elsewhere = _elsewhere(case, texts, outside)
    found: dict[str, list[_Hedged]] = {}
    for text_at, (group, way, text) in enumerate(texts):
        earned = [(at, next(replies).reward) for at in group.records]
        base = elsewhere.get(text_at, 0.0)
        shares = [(at, case.known.share(reward, at)) for at, reward in earned if case.known.pays(reward, at)]
        paid = sorted(((at, one) for at, one in shares if one > base + 0.1), key=lambda each: -each[1])
        if len(paid) >= 2:
            found.setdefault(way, []).append(_Hedged(text, way, tuple(paid), len(group.records)))
    needed = min(2, len(groups))
    return [each for some in found.values() if len(some) >= needed for each in some]


def _elsewhere(
    case: Case, texts: list[tuple[_Group, str, Any]], outside: set[tuple[int, int]]
) -> dict[int, float]:
    """Return the share that each text earns on a record whose answer it does not name."""
    order = sorted(outside)
    replies = case.collector.ask([(record, texts[text_at][2]) for text_at, record in order])
    return {
        text_at: case.known.share(reply.reward, record)
        for (text_at, record), reply in zip(order, replies, strict=True)
    }
