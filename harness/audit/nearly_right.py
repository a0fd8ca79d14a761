"""Probe of nearly right answers that are rewarded as if they were right."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from harness.audit.answers import Answers, answers_in, drawn_evenly, fewer, formats_tried, kind_in
from harness.audit.attempts import full
from harness.audit.audit_finding import Found
from harness.audit.case import Case
from harness.audit.echo import prompt_of
from harness.audit.near_misses import Miss, near_misses
from harness.audit.shaped_rewards import degrees
from harness.audit.wording import listed, quoted
from harness.findings import Rule, Severity

__all__ = ["NearMisses", "may_be_left_out"]

_OPTIONAL = re.compile(r"optional|ignore|not_?required", re.IGNORECASE)
_REQUIRED = re.compile(r"^(?!not)(?:required|mandatory)", re.IGNORECASE)
_RECORDS = 12
_SHAPED = 3


class NearMisses:
    """Probe for nearly right answers that are rewarded, of all kinds except numbers."""

    rule = Rule(
        "C05",
        Severity.ERROR,
        "an answer that is nearly right is paid like the right one",
        "Compare the whole answer by value, including every item and every field.",
    )
    controlled = True

    def why_not(self, case: Case) -> str | None:
        """The probe applies to every kind of answer that has wrong versions, except numbers."""
        if kind_in(case) in ("number", "code", "free", "format"):
            return f"this probe makes no wrong versions of the kind {kind_in(case)}"
        return None

    def run(self, case: Case) -> Iterable[Found]:
        """Grade near misses on a few records.

        A near miss counts if it gets full reward for two right answers.
        """
        worst: Found | None = None
        for one in formats_tried(case):
            answers = answers_in(case, one)
            found = self._in(case, answers) if len(answers.gold) > 1 else None
            if found is not None and (worst is None or found.severity > worst.severity):
                worst = found
        return [worst] if worst else []

    def _in(self, case: Case, answers: Answers) -> Found | None:
        records = drawn_evenly(case, answers, fewer(case, _RECORDS), "C05 near")
        golds = list(answers.gold.values())
        tried = [
            (at, miss)
            for at in records
            for miss in near_misses(answers.kind, answers.gold[at], golds, prompt_of(case, at))
            if not (miss.lacks and may_be_left_out(case.subject.records[at], miss.lacks))
        ]
        replies = case.collector.ask([(at, answers.format.fill(miss.answer)) for at, miss in tried])
        shares: dict[int, list[float]] = {}
        hits: dict[str, list[tuple[int, Miss]]] = {}
        for (at, miss), reply in zip(tried, replies, strict=True):
            shares.setdefault(at, []).append(case.known.share(reply.reward, at))
            if full(case, reply.reward, at):
                hits.setdefault(miss.name, []).append((at, miss))
        by_degrees = sum(degrees(some) >= _SHAPED for some in shares.values()) > len(shares) / 2
        kept = {name: some for name, some in hits.items() if answers.distinct(at for at, _ in some) >= 2}
        kept = {name: some for name, some in kept.items() if _both_orders(name, kept)}
        if not kept:
            return None
        severities = {
            name: Severity.NOTE if by_degrees and some[0][1].slight else some[0][1].severity
            for name, some in kept.items()
        }
        worst = max(severities, key=lambda name: (severities[name].rank, len(kept[name])))
        at, miss = min(kept[worst], key=lambda hit: len(hit[1].answer))
        completion = answers.format.fill(miss.answer)
        names = sorted(kept, key=lambda name: -severities[name].rank)
        return Found(
            self.rule.id,
            severities[worst],
            f"the grader accepts the right answer with {listed(names[:4])}: a policy need not get it right",
            fix=self.rule.fix,
            witness=case.witness((at, completion)),
            records=len({at for at, _ in kept[worst]}),
            tried=len(records),
            text=completion if isinstance(completion, str) else None,
            share=1.0,
            headline=f"{quoted(completion)} is paid when {quoted(answers.gold[at])} is right",
        )


def may_be_left_out(held: Any, key: str) -> bool:
    """Return True if a record marks a key of its answer as optional or omits it from the required keys.

    Args:
        held: The record or part of it. Strings are parsed as JSON.
        key: The key.
    """
    if isinstance(held, str) and held.lstrip()[:1] in ("{", "["):
        try:
            held = json.loads(held)
        except (ValueError, RecursionError):
            return False
    if isinstance(held, list):
        return any(may_be_left_out(one, key) for one in held)
    if not isinstance(held, dict):
        return False
    for name, value in held.items():
        listed_keys = isinstance(value, list) and all(isinstance(one, str) for one in value)
        if listed_keys and _OPTIONAL.search(name) and key in value:
            return True
        if listed_keys and value and _REQUIRED.search(name) and key not in value:
            return True
    return any(may_be_left_out(value, key) for name, value in held.items() if name != "messages")


def _both_orders(name: str, kept: Iterable[str]) -> bool:
    """Return False if a completion with two answers is rewarded in only one of the two orders."""
    pairs = {"another one after it": "another one before it", "another one before it": "another one after it"}
    return name not in pairs or pairs[name] in kept
