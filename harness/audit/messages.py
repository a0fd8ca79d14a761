"""Probes of message shapes, earlier turns that are graded by mistake, and samples that cannot be graded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from harness.audit.audit_finding import Found, Witness
from harness.audit.case import Case
from harness.audit.contract import good_completion
from harness.audit.formats import Format
from harness.data.records import ends_with_assistant
from harness.findings import Rule, Severity
from harness.targets.protocol import Graded

__all__ = ["PROBES"]

_RECORDS = 4


class ContentShape:
    """Probe for right answers that are refused when sent as text blocks, as in AWS's samples."""

    rule = Rule(
        "A07",
        Severity.CRITICAL,
        "content given as a list of blocks is not read",
        "Join the `text` of the blocks when the content is a list.",
    )
    controlled = True

    def why_not(self, case: Case) -> str | None:
        """The probe applies if completions are text."""
        return None if _is_text(case) else "completions are tool calls"

    def run(self, case: Case) -> Iterator[Found]:
        """Grade right answers sent as a list of text blocks, which must neither fail nor earn less."""
        records = case.some(_RECORDS, "A07")
        samples = [
            _with_last(one, content=[{"type": "text", "text": str(one["messages"][-1]["content"])}])
            for one in _right(case, records)
        ]
        graded = case.collector.grade(samples, bent=True)
        lost = [one for one in graded if one.error is not None and one.error["kind"] == "call"]
        silent = [
            one
            for at, one in zip(records, graded, strict=True)
            if one.error is None and not case.known.pays(one.reward, at) and not _says_so(case, one, at)
        ]
        if len(lost) * 2 > len(graded):
            severity, how = self.rule.severity, f"loses the rewards of the call ({lost[0].error['message']})"  # type: ignore[index]
        elif len(silent) * 2 > len(graded):
            severity, how = Severity.ERROR, "earns nothing, and no metric says why"
        else:
            return
        message = f"a right answer whose content is a list of text blocks {how}"
        yield _found(self.rule, severity, message, samples[:1], graded[:1], len(records))


class RightMessage:
    """Probe for graders that grade a message other than the completion."""

    rule = Rule(
        "A08",
        Severity.ERROR,
        "a message other than the completion is graded",
        "Grade the final message alone, and fail the sample if that is not the assistant's.",
    )
    controlled = True

    def why_not(self, case: Case) -> str | None:
        """The probe applies if completions are text."""
        return None if _is_text(case) else "completions are tool calls"

    def run(self, case: Case) -> Iterator[Found]:
        """Grade samples with a right answer in an earlier turn and a wrong final answer, and vice versa."""
        records = case.some(_RECORDS, "A08")
        for form in case.known.formats:  # A marker in the format may hide that all turns are graded.
            found = self._look(case, records, _right(case, records, form))
            if found is not None:
                yield found
                return

    def _look(self, case: Case, records: Sequence[int], right: list[dict[str, Any]]) -> Found | None:
        """Check if turns other than the final message are graded, using right answers in one format."""
        wrong = [case.collector.rollout(at, "I do not know.") for at in records]
        shown, example = _shown_before(right, wrong), _shown_before(wrong, right)
        kinds = (
            ("the right answer in an earlier turn is paid", True, shown, wrong),
            (
                "an earlier turn is paid if there is no reply",
                True,
                _without_reply(shown),
                _without_reply(example),
            ),
            ("a right answer is not paid after an example in the prompt", False, example, right),
        )
        for said, is_paid, samples, without in kinds:
            graded, honest = (case.collector.grade(each, bent=True) for each in (samples, without))
            wrongly = [
                number
                for number, (at, one, base) in enumerate(zip(records, graded, honest, strict=True))
                if _is_wrong(case, at, one, base, is_paid)
            ]
            if len(wrongly) * 2 > len(records) or (len(wrongly) >= 2 and is_paid):
                message = f"{said} on {len(wrongly)} of {len(records)} records"
                at = wrongly[0]
                return _found(
                    self.rule,
                    self.rule.severity,
                    message,
                    samples[at : at + 1],
                    graded[at : at + 1],
                    len(records),
                )
        return None


def _is_wrong(case: Case, at: int, one: Graded, base: Graded, is_paid: bool) -> bool:
    """Return True if the earlier turn changes the sample's reward."""
    if not is_paid:
        return one.error is None and case.known.pays(base.reward, at) and not case.known.pays(one.reward, at)
    return case.known.pays(one.reward, at) and not case.known.pays(base.reward, at)


def _shown_before(earlier: Sequence[dict[str, Any]], last: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return samples whose prompts contain an earlier exchange, as few-shot prompts do."""
    bent = []
    for shown, sample in zip(earlier, last, strict=True):
        *prompt, final = sample["messages"]
        system = [one for one in prompt if one.get("role") == "system"]
        asked = [one for one in prompt if one.get("role") != "system"]
        exchange = [{"role": "user", "content": "Here is an example."}, shown["messages"][-1]]
        # A prompt that already has examples gets one more before them and one after them.
        before = [*exchange, *asked[:-1]] if len(asked) > 1 else []
        bent.append({**sample, "messages": [*system, *before, *exchange, *asked[-1:], final]})
    return bent


def _without_reply(samples: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**one, "messages": one["messages"][:-1]} for one in samples]


class PaidFailure:
    """Probe for samples that cannot be graded but are rewarded or look like wrong answers."""

    rule = Rule(
        "A10",
        Severity.CRITICAL,
        "a sample that cannot be graded is paid",
        "Return the lowest reward when grading fails, with a metric that says so.",
    )
    controlled = True

    def why_not(self, case: Case) -> str | None:
        """The probe applies to every grader."""
        return None

    def run(self, case: Case) -> Iterator[Found]:
        """Grade samples with a missing part. None may earn more than an honest wrong answer."""
        records = case.some(_RECORDS, "A10")
        honest = case.collector.grade([case.collector.rollout(at, "I do not know.") for at in records])
        hidden = 0
        kinds = _malformed(case, records)
        for what, samples in kinds.items():
            graded = case.collector.grade(samples, bent=True)
            beats = [
                number
                for number, (at, one, base) in enumerate(zip(records, graded, honest, strict=True))
                if case.known.pays(one.reward, at) and not case.known.pays(base.reward, at)
            ]
            if len(beats) * 2 > len(records) and len({graded[each].reward for each in beats}) == 1:
                reward = graded[beats[0]].reward
                message = f"a sample {what} earns {reward:g}: a policy is paid when grading fails"
                yield _found(
                    self.rule, self.rule.severity, message, samples[:1], graded[:1], len(records), len(beats)
                )
                return
            hidden += all(
                one.error is None and not _says_so(case, one, at)
                for at, one in zip(records, graded, strict=True)
            )
        if hidden == len(kinds):
            message = (
                "samples that cannot be graded earn the same as wrong answers, and no metric tells them apart"
            )
            yield Found(self.rule.id, Severity.NOTE, message, fix=self.rule.fix)


def _malformed(case: Case, records: Sequence[int]) -> dict[str, list[dict[str, Any]]]:
    """Return rollouts that must fail to be graded, keyed by their description."""
    right = _right(case, records)
    kinds = {
        # Tool calls have no content and are a complete completion.
        "without content": [_with_last(one, content=None, tool_calls=None) for one in right],
        "whose content is neither text nor blocks": [
            _with_last(one, content=[{"image": {}}], tool_calls=None) for one in right
        ],
        "without messages": [{**one, "messages": []} for one in right],
    }
    if any("reference_answer" in one for one in right) and _reads_reference(case, records, right):
        kinds["with an unreadable reference"] = [
            {**one, "reference_answer": ["?", {"?": None}]} for one in right
        ]
    return kinds


def _reads_reference(case: Case, records: Sequence[int], right: Sequence[dict[str, Any]]) -> bool:
    """Return True if a right answer is refused when graded against another record's reference.

    A grader of programs may ignore the reference because its tests are elsewhere.
    """
    other = [
        {**one, "reference_answer": case.subject.reference(case.known.other.get(at, at))}
        for at, one in zip(records, right, strict=True)
    ]
    graded = case.collector.grade(other, bent=True)
    return any(
        one.error is None and not case.known.pays(one.reward, at)
        for at, one in zip(records, graded, strict=True)
    )


PROBES = (ContentShape(), RightMessage(), PaidFailure())
"""The probes in this module, in the order in which they run."""


def _right(case: Case, records: Sequence[int], form: Format | None = None) -> list[dict[str, Any]]:
    filled = ((at, case.gold(form, at) if form is not None else None) for at in records)
    return [
        case.collector.rollout(at, form.fill(gold) if form and gold else good_completion(case, at))
        for at, gold in filled
    ]


def _is_text(case: Case) -> bool:
    records = case.some(1, "A07")
    return bool(records) and isinstance(good_completion(case, records[0]), str)


def _with_last(sample: dict[str, Any], **changed: Any) -> dict[str, Any]:
    *before, last = sample["messages"]
    return {**sample, "messages": [*before, {**last, **changed}]}


def _says_so(case: Case, one: Graded, at: int) -> bool:
    """Return True if an entry has an error or if its metrics differ from those of a wrong answer."""
    (wrong,) = case.collector.ask([(at, "I do not know.")])
    return one.error is not None or one.metrics != wrong.metrics


def _found(
    rule: Rule,
    severity: Severity,
    message: str,
    samples: Sequence[dict[str, Any]],
    graded: Sequence[Graded],
    tried: int,
    records: int | None = None,
) -> Found:
    shown = tuple({**one, "id": f"witness-{number}"} for number, one in enumerate(samples, 1))
    usable = all(ends_with_assistant(one) for one in shown)
    witness = Witness(shown, tuple(one.reward for one in graded)) if usable else None
    return Found(
        *(rule.id, severity, message),
        fix=rule.fix,
        witness=witness,
        records=records,
        tried=tried,
        headline=message,
    )
