"""Probe that searches for texts that are rewarded although they contain no answer."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice

from harness.audit.audit_finding import Found
from harness.audit.case import Case
from harness.audit.mining import mine_for
from harness.audit.search_texts import TextPool, composed, pool_of, random_texts
from harness.findings import Rule, Severity
from harness.printable import printable, shortened

__all__ = ["PROBES"]

_BATCH = 64
_SECONDS = 3.0
_CONFIRMED = 4
_SHRINKS = 160
_LONGEST = 6_000
_GAIN = 0.01
_LARGE = 0.3


class Search:
    """Seeded search for rewarded texts: keywords from the source (C11) or other texts (C16)."""

    rule = Rule(
        "C16",
        Severity.CRITICAL,
        "a completion without an answer is paid",
        "Pay only for the answer: remove the rule that this completion meets.",
    )
    keyword = Rule(
        "C11",
        Severity.CRITICAL,
        "text from the grader's own source is paid",
        "Remove the rule that this text meets: a policy that writes it by chance will keep writing it.",
    )
    controlled = True

    def why_not(self, case: Case) -> str | None:
        """The probe applies if rewards depend on an answer and the user did not turn off the search."""
        if case.control is not None and case.control.kind == "format":
            return "a reward for form alone needs no answer"
        return None if case.search > 0 else "no search was requested"

    def run(self, case: Case) -> Iterator[Found]:
        """Grade texts until one is rewarded on records whose answers it does not contain, then shrink it."""
        hunt = _Hunt(case)
        text = hunt.run()
        if text is None:
            case.notes.append(
                f"In {hunt.used:,} gradings, the search found no completion that is paid without an answer."
            )
            return
        text = _smallest(text, hunt.is_paid)
        if not text.strip():
            return  # even an empty text is rewarded, which another probe reports
        records, share = hunt.measured(text)
        rule = self.keyword if hunt.is_of_source(text) else self.rule
        shown = shortened(printable(repr(text)), 60)
        paid = "in full" if share >= 0.99 else f"{share:.0%} of a right answer"
        message = (
            f"{shown} is paid {paid} on {len(records)} of {hunt.asked_last} records and contains none of"
            " their answers: a policy learns to write it"
        )
        severity = rule.severity if share >= _LARGE else Severity.ERROR
        yield Found(
            *(rule.id, severity, message),
            fix=rule.fix,
            witness=case.witness((records[0], text)),
            records=len(records),
            tried=hunt.asked_last,
            text=text,
            share=share,
        )


PROBES = (Search(),)
"""The only probe in this module. Its finding is C16, or C11 if the text is from the source."""


class _Hunt:
    """A search for texts that one grader rewards."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.chance = case.random("search")
        self.pool: TextPool = pool_of(
            mine_for(case.subject.sources, case.opener.grader_name), case.known.formats, self.chance
        )
        self.records = _of_different_golds(case)
        self.used = 0
        self.asked_last = 0
        self.gains: dict[str, float] = {}

    def run(self) -> str | None:
        """Return a text that is rewarded on several records although it lacks their answers, or None."""
        if not self.records:
            return None
        began = time.monotonic()
        texts = _once(chain(composed(self.pool), self._together(), random_texts(self.pool, self.chance)))
        while self.used < self.case.search and time.monotonic() - began < _SECONDS:
            batch = list(islice(texts, min(_BATCH, self.case.search - self.used)))
            found = next((text for text in self._paid_first(batch) if self.is_paid(text)), None)
            if found is not None or not batch:
                return found
        return None

    def _paid_first(self, batch: list[str]) -> list[str]:
        """Return the texts that are rewarded on the first record."""
        first = self.records[0]
        replies = self.case.collector.ask([(first, text) for text in batch])
        self.used += len(batch)
        base = self.case.known.wrong.get(first, self.case.known.low)
        for text, reply in zip(batch, replies, strict=True):
            if reply.reward is not None and reply.reward > base + _GAIN * self.case.known.span:
                self.gains[text] = reply.reward - base
        return [
            text
            for text, reply in zip(batch, replies, strict=True)
            if self.case.known.pays(reply.reward, first)
        ]

    def _together(self) -> Iterator[str]:
        """Combine texts that earn a little, because small rewards may add up to a large one."""
        best = sorted(self.gains, key=lambda text: (-self.gains[text], len(text)))[:12]
        for count in range(2, len(best) + 1):
            yield "\n".join(best[:count])

    def is_paid(self, text: str) -> bool:
        """Return True if a text is rewarded on two or more records whose answers it does not contain."""
        return len(self.measured(text)[0]) >= 2

    def measured(self, text: str) -> tuple[list[int], float]:
        """Return the records on which a text that lacks their answer is rewarded, and the lowest share."""
        known = self.case.known
        free = [at for at in self.records if not _holds(text, known.golds.get(at, ""))][:_CONFIRMED]
        replies = self.case.collector.ask([(at, text) for at in free])
        self.used += len(free)
        self.asked_last = len(free)
        paid = [
            (at, known.share(reply.reward, at))
            for at, reply in zip(free, replies, strict=True)
            if known.pays(reply.reward, at)
        ]
        return [at for at, _ in paid], min((share for _, share in paid), default=0.0)

    def is_of_source(self, text: str) -> bool:
        """Return True if a text is a literal in the source or part of one."""
        return bool(text.strip()) and any(
            text.strip().lower() in literal.lower() for literal in self.pool.literals
        )


def _of_different_golds(case: Case) -> list[int]:
    """Return a sample of records with different answers, or an empty list if all answers are the same."""
    golds: dict[str, int] = {}
    for at in case.some(60, "search"):
        golds.setdefault(case.known.golds.get(at, str(at)).strip().lower(), at)
    found = list(golds.values())
    return found[:12] if len(found) >= 2 else []


def _holds(text: str, gold: str) -> bool:
    """Return True if a text contains an answer as a word."""
    gold = gold.strip().lower()
    return bool(gold) and re.search(rf"(?<!\w){re.escape(gold)}(?!\w)", text.lower()) is not None


def _once(texts: Iterable[str]) -> Iterator[str]:
    seen = set()
    for text in texts:
        if text not in seen and len(text) <= _LONGEST:
            seen.add(text)
            yield text


def _smallest(text: str, is_paid: Callable[[str], bool]) -> str:
    """Shrink a text by removing parts while it is still rewarded."""
    left = _SHRINKS
    for cut in (r"\n", r"(?<=\s)", ""):
        parts = re.split(f"({cut})", text) if cut == r"\n" else re.split(cut, text) if cut else list(text)
        parts = [part for part in parts if part]
        size = max(1, len(parts) // 2)
        while size >= 1 and left > 0:
            at = 0
            while at < len(parts) and left > 0:
                shorter = "".join(parts[:at] + parts[at + size :])
                left -= 1
                if shorter != text and is_paid(shorter):
                    parts = parts[:at] + parts[at + size :]
                else:
                    at += size
            size //= 2
        text = "".join(parts)
    return text
