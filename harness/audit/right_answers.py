"""Probes of right answers that earn nothing (family A)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from graders.wire import PROFILES
from harness.audit.answer_kinds import number
from harness.audit.audit_finding import Found
from harness.audit.case import Case, Probe
from harness.audit.formats import Format, common_templates
from harness.findings import Rule, Severity

__all__ = ["PROBES"]

_MOSTLY = 0.8
_HALF = 0.5
_SHOWN = 3
_ELSEWHERE = 6
_TRAITS: dict[str, Callable[[str], bool]] = {
    "a comma in a number": lambda text: number(text) is not None and "," in text,
    "a minus sign": lambda text: text[:1] in ("-", "\u2212"),
    "a decimal point": lambda text: number(text) is not None and "." in text,
    "a currency sign": lambda text: any(sign in text for sign in "$€£¥"),
    "a percent sign": lambda text: "%" in text,
    "a fraction": lambda text: number(text) is not None and "/" in text,
    "letters beyond ASCII": lambda text: not text.isascii(),
    "several lines": lambda text: "\n" in text,
    "several words": lambda text: " " in text,
    "upper case": lambda text: text != text.lower(),
    "one character": lambda text: len(text) == 1,
    "the value 0": lambda text: number(text) == 0,
    "a value between -1 and 1": lambda text: (read := number(text)) is not None and abs(read) < 1,
}
"""Traits that refused answers may have in common."""


class RightRefused:
    """Probe for records whose right answer earns nothing, and for graders that reward nothing at all."""

    rule = Rule(
        "A04",
        Severity.CRITICAL,
        "right answers are refused",
        "Make the grader read these references, or correct them: `rft validate --check` shows each.",
    )
    controlled = False

    def why_not(self, case: Case) -> str | None:
        """The probe does not apply to a reward for form alone."""
        if case.subject.kind == "format":
            return "the reward is for form alone"
        return None

    def run(self, case: Case) -> Iterator[Found]:
        """Check the reward of every record's right answer."""
        if case.control is not None:
            yield from self._refused(case)
        elif case.sought is not None and case.sought.unpaid:
            shown = case.sought.unpaid
            text = shown[0][1] if isinstance(shown[0][1], str) else None
            yield Found(
                self.rule.id,
                Severity.CRITICAL,
                "the grader pays nothing: completions that should be paid in full earn the lowest reward,"
                " so a policy learns nothing",
                fix="Try the grader on one of them with `rft replay`, and fix how it reads the completion.",
                witness=case.witness(*shown[:1]),
                records=len({at for at, _ in shown}),
                tried=len({at for at, _ in shown}),
                text=text,
                share=0.0,
                headline="the grader pays nothing, right answers included",
            )

    def _refused(self, case: Case) -> Iterator[Found]:
        known = case.known
        tried = [at for at in known.other if at in known.golds]
        refused = [at for at in tried if _earns_little(case, at, known.right.get(at))]
        refused = _in_no_format(case, refused)
        if not refused:
            return
        share = 1 - len(refused) / len(tried)
        trait = _trait(
            [known.golds[at] for at in refused], [known.golds[at] for at in tried if at not in refused]
        )
        lines = ", ".join(str(case.subject.lines[at]) for at in refused[:_SHOWN])
        more = " and more" if len(refused) > _SHOWN else ""
        first = refused[0]
        shown = known.formats[0].fill(known.golds[first])
        (reply,) = case.collector.ask([(first, shown)])
        reason = f": {reply.error['message'][:120]}" if reply.error else ""
        common = f", all with {trait}" if trait else ""
        yield Found(
            self.rule.id,
            Severity.CRITICAL if share < _MOSTLY else Severity.ERROR,
            f"the right answer earns nothing on {len(refused)} of {len(tried)} records{common}"
            f" (lines {lines}{more}){reason}: they can never teach anything",
            case.subject.place(first),
            fix=self.rule.fix,
            witness=case.witness((first, shown)),
            records=len(refused),
            tried=len(tried),
            text=shown if isinstance(shown, str) else None,
            share=0.0,
            headline=f"right answers are refused on {len(refused)} of {len(tried)} records{common}",
        )


def _earns_little(case: Case, at: int, reward: float | None) -> bool:
    """Return True if a right answer earns no more than a wrong one and less than half of the usual reward."""
    known = case.known
    if reward is None:
        return True
    usual = sorted(known.right.values())[len(known.right) // 2]
    return not known.pays(reward, at) and reward < known.low + _HALF * (usual - known.low)


def _in_no_format(case: Case, refused: Sequence[int]) -> list[int]:
    """Return the records whose right answer is not rewarded in any accepted or common format."""
    known = case.known
    rest = list(refused)
    for one in known.formats[1:]:
        rest = _still_refused(case, one, rest)
    common = [
        Format(each, known.formats[0].reading)
        for each in common_templates(known.kind, known.formats[0].reading)
    ]
    few = rest[:_ELSEWHERE]
    for one in common:
        few = _still_refused(case, one, few)
    if rest and not few:
        case.notes.append("Some records need another answer format than most; they were left out.")
        return []
    return rest


def _still_refused(case: Case, one: Format, records: Sequence[int]) -> list[int]:
    answers = [(at, case.gold(one, at)) for at in records]
    replies = case.collector.ask([(at, one.fill(gold)) for at, gold in answers if gold])
    rewards = dict(
        zip((at for at, gold in answers if gold), (reply.reward for reply in replies), strict=True)
    )
    return [at for at in records if _earns_little(case, at, rewards.get(at))]


def _trait(refused: Sequence[str], paid: Sequence[str]) -> str:
    """Return a trait that all refused but hardly any accepted answers have, or an empty string."""
    for name, has in _TRAITS.items():
        if all(map(has, refused)) and sum(map(has, paid)) <= 0.1 * len(paid):
            return name
    return ""


class OtherWire:
    """Probe for right answers that are rewarded on another wire but not on the requested one."""

    rule = Rule(
        "A06",
        Severity.CRITICAL,
        "right answers are paid only if the reference has another shape",
        "Read the reference where the service puts it: in `metadata`, as a string or an object with `text`.",
    )
    controlled = True

    def why_not(self, case: Case) -> str | None:
        """The probe applies if the audit had to use another wire."""
        if case.sought is None or case.sought.unpaid_over is None:
            return "right answers are paid over the requested wire"
        return None

    def run(self, case: Case) -> Iterator[Found]:
        """Report that nothing is rewarded on the requested wire, and which wire the audit used instead."""
        assert case.sought is not None
        asked, used = case.sought.unpaid_over, case.opener.wire
        count = len(case.known.right)
        message = (
            f"right answers earn nothing over `{asked}` and are paid only over `{used}`: a policy learns"
            " nothing from a service that sends the former"
        )
        known = PROFILES[used].evidence != "unverified"  # a service is known to send it
        yield Found(
            self.rule.id,
            Severity.ERROR if known else Severity.CRITICAL,
            message,
            fix=self.rule.fix,
            records=count,
            tried=count,
            share=0.0,
            headline=f"right answers earn nothing over the wire {asked}",
        )


PROBES: tuple[Probe, ...] = (RightRefused(), OtherWire())
"""The probes of this family, in the order in which they run."""
