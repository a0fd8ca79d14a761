"""Probes of completions that are wrong by construction (family C)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any

from harness.audit.answer_kinds import same
from harness.audit.answers import Answers, answers_in, formats_tried, judged
from harness.audit.attempts import AttemptTally, Idea, found_by, severity_of, try_ideas
from harness.audit.audit_finding import Found
from harness.audit.band import AcceptanceBand
from harness.audit.case import Case, NotRun, Probe
from harness.audit.constants import BestConstant
from harness.audit.echo import Echo
from harness.audit.farming import FreeReward, OtherComponents, best_free
from harness.audit.formats import SLOT, Format
from harness.audit.hedges import Hedge
from harness.audit.merged_answers import blanked
from harness.audit.nearly_right import NearMisses
from harness.audit.reference_use import PROBES as REFERENCE
from harness.audit.reference_use import assumed
from harness.audit.wording import amount, quoted
from harness.findings import Rule, Severity

__all__ = ["PROBES", "Fillers", "NoContent"]

_CONTENTLESS = (
    *("", " ", "\n\n", ".", ":", ",", "...", "?", "\u200b", "a"),
    *(
        "I don't know.",
        "I know nothing about this.",
        "I'm sorry, but I can't help with that.",
        "I am unable to answer.",
    ),
    *("Solution", "Thought process:", "Let's solve this problem step by step.", "asdf qwer zxcv"),
    *("解", "かいせつ", "Respuesta", "I am not sure."),
)
_FILLERS = (
    *("", " ", ",", ".", "-", "?", "$", "%", "0", "1", "-1", "00", "nan", "NaN", "inf", "-inf", "1e999"),
    *("None", "null", "{}", "[]", "\u200b", "answer", "N/A", "unknown", "X", "...", "{a}", "a", "()", '""'),
    *(".*", "*", "\\d+", ".", "|", "True", "undefined", "error", "infinity", "-0", "\u00a0"),
    *("I don't know", "cannot be determined", "not enough information", "none of the above"),
)
_NUMBERS = 0.9
"""Minimum share of records on which a numeric filler is rewarded. Another probe covers lower shares."""
_WORD, _WHOLE = 4, 0.9
_BLANK_TEXTS = ("", " ", "\n", "\u200b")
_BLANKS: tuple[Any, ...] = ("", None, 0, [])
_BY_KIND: dict[str, tuple[str, ...]] = {
    "number": ("one", "1/0", "0/0", "٣", "number", "x", "--1", "1.2.3"),
    "choice": ("Z", "(", "none of the above", "letter"),
    "yes-no": ("maybe", "unknown to everybody", "you decide", "nobody can tell"),
    "list": ("[null]", ", ,", '[""]'),
    "json": ('{"error": true}', "{", "[{}]", "true"),
    "tools": ('[{"name": "", "arguments": {}}]', '{"calls": []}'),
    "code": ("pass", "return None"),
}


class NoContent:
    """Probe for rewarded completions without any content."""

    rule = Rule(
        "C01",
        Severity.CRITICAL,
        "a completion without content is paid",
        "Return the lowest reward if the completion has no answer.",
    )
    controlled = False

    def why_not(self, case: Case) -> str | None:
        """The probe applies to every grader that does not use a judge."""
        return judged(case)

    def run(self, case: Case) -> Iterator[Found]:
        """Grade each text on a few records. A text counts if it earns more than an honest wrong answer."""
        case = _with_control(case)
        answers = answers_in(case, case.known.formats[0])
        ideas = [Idea(repr(text), lambda _, text=text: text) for text in _CONTENTLESS]  # type: ignore[misc]
        for tally in try_ideas(case, answers, ideas, "C01")[:1]:
            what = quoted(tally.best.completion)
            yield found_by(
                case,
                self.rule,
                tally,
                f"{what} is paid {amount(tally.best.share)} on {len(tally.paid)} of {tally.tried} records:"
                " a policy learns to say nothing",
                severity_of(tally.best.share),
            )


class Fillers:
    """Probe for rewarded completions with a filler in place of the answer, in an accepted format."""

    rule = Rule(
        "C02",
        Severity.CRITICAL,
        "an accepted format is paid with no answer in it",
        "Read the answer strictly: an unreadable answer is wrong, and two unread answers are never equal.",
    )
    controlled = False

    def why_not(self, case: Case) -> str | None:
        """The probe applies to every grader that does not use a judge."""
        return judged(case)

    def run(self, case: Case) -> Iterator[Found]:
        """Grade each accepted format with fillers, unless a filler equals the right answer."""
        case = _with_control(case)
        found = chain.from_iterable(self._in(case, one) for one in formats_tried(case))
        best = max(found, key=lambda each: round(each.share or 0, 2), default=None)
        if best is not None:
            yield best

    def _in(self, case: Case, one: Format) -> Iterator[Found]:
        answers = answers_in(case, one)
        ideas = list(self._ideas(answers, case.subject.accepted))
        paid = [
            tally
            for tally in try_ideas(case, answers, ideas, f"C02 {one}")
            if not (answers.kind == "number" and any(mark.isdigit() for mark in tally.said or ""))
            or len(tally.paid) > _NUMBERS * tally.tried
        ]
        paid = [tally for tally in paid if not _word_in_part(tally)] or ([] if _free(case, paid) else paid)
        for tally in paid[:1]:
            yield found_by(
                case,
                self.rule,
                tally,
                f"{quoted(tally.best.completion)} is paid {amount(tally.best.share)} on {len(tally.paid)} of"
                f" {tally.tried} records: a policy learns to write that instead of an answer",
                severity_of(tally.best.share),
            )

    def _ideas(self, answers: Answers, whole: Sequence[str]) -> Iterator[Idea]:
        """Yield ideas with fillers for any or for this kind of answer, and right answers without values."""
        # A format made from a whole accepted text is right without a filler, so fillers prove nothing.
        accepted = answers.kind == "format" and answers.format.template in [f"{one}{SLOT}" for one in whole]
        seen = set()
        fillers = _BLANK_TEXTS if answers.kind == "format" else (*_FILLERS, *_BY_KIND.get(answers.kind, ()))
        for filler in () if accepted else fillers:
            completion = answers.format.fill(filler)
            if str(completion) not in seen:
                seen.add(str(completion))
                yield Idea(repr(filler), lambda _, whole=completion: whole, filler)  # type: ignore[misc]
        for blank in _BLANKS if answers.kind in ("json", "tools") else ():
            fill = answers.format.fill

            def make(at: int, blank: Any = blank, fill: Any = fill) -> Any:
                emptied = blanked(answers.gold[at], blank)
                return (
                    None
                    if emptied is None or same(answers.kind, emptied, answers.gold[at])
                    else fill(emptied)
                )

            yield Idea(f"every value {blank!r}", make)


def _word_in_part(tally: AttemptTally) -> bool:
    """Return True if a word earns part of the reward on every record, as rewards for form do."""
    word = (tally.said or "").isalpha() and len(tally.said or "") >= _WORD
    return word and len(tally.paid) == tally.tried and tally.best.share < _WHOLE


def _free(case: Case, tallies: Sequence[AttemptTally]) -> bool:
    """Return True if a text without an answer earns as much as the best of these attempts."""
    free = best_free(case) if case.control is not None and tallies else None
    return free is not None and min(free.shares) >= max(tally.best.share for tally in tallies) - 0.01


def _with_control(case: Case) -> Case:
    """Return the case with a control, which may be assumed.

    Raises:
        NotRun: No format is rewarded.
    """
    known = assumed(case)
    if known is None:
        raise NotRun("no paid format is known")
    return known


PROBES: tuple[Probe, ...] = (
    *REFERENCE,
    NoContent(),
    Fillers(),
    BestConstant(),
    AcceptanceBand(),
    NearMisses(),
    FreeReward(),
    OtherComponents(),
    Hedge(),
    Echo(),
)
"""The probes of this family, in the order in which they run."""
