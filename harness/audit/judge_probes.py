"""Probes of graders that use a judge: the prompts, and the handling of replies and failures (family D).

No model is called. A stub service returns prepared replies, so that the meaning of each reply is known.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator
from contextlib import closing
from typing import Any

from harness.audit.asked_about import MARK, PLAIN
from harness.audit.audit_finding import Found, Witness
from harness.audit.case import DELTA, Case, NotRun
from harness.audit.collector import Collector
from harness.audit.judge_replies import Verdicts, broken_replies, verdicts_for
from harness.audit.mining import mine
from harness.audit.stub_service import AskedQuestion, StubService
from harness.findings import Rule, Severity

__all__ = ["PROBES", "asks_a_model", "find_verdicts"]

_REFERENCE, _PROMPT, _FORGED = (f"Rftmark{word}" for word in ("reference", "prompt", "forged"))
_PLACE = re.compile(
    r"\{\{?\w{2,30}\}?\}|\[\[?[A-Z_]{3,30}\]?\]|%[A-Z_]{3,30}%|<<\w{2,30}>>|\$\{?[a-z_]{3,30}\}?"
)
"""Placeholders used in prompt templates."""
_MOST_NAMES = 60
_NO_VERDICT = "The reply mentions what was asked."
_MOST_PAIRS = 160
_SEARCH_S = 6.0
_PATIENCE_S = 20.0
_REFUSALS = 3
"""Number of attempts that common clients make. Further attempts are refused permanently to end the waiting.
"""
_NAMES = ("completion", "response", "answer", "output", "prompt", "question", "input")
_GOLDS = ("reference", "reference_answer", "ground_truth", "gold", "expected", "target")


def asks_a_model(case: Case) -> bool:
    """Return True if the grader has called a judge so far."""
    return case.opener.service is not None and case.opener.service.asked > 0


def find_verdicts(case: Case) -> Verdicts | None:
    """Find two replies that the grader understands, such that the favorable one earns more than the other.

    Args:
        case: The audit of a grader that uses a judge.

    Returns:
        The replies, or None if the grader understands no form of reply.
    """
    service = _service(case)
    service.tell("")
    _reward(case)
    if not service.questions:
        return None
    question = service.questions[0]
    span = 1.0 if case.subject.bounds is None else case.subject.bounds[1] - case.subject.bounds[0]
    best: tuple[float, Verdicts] | None = None
    fooled: tuple[float, Verdicts] | None = None
    nothing = _told(case, _NO_VERDICT) or 0.0
    until = time.monotonic() + _SEARCH_S
    for number, pair in enumerate(verdicts_for(question)):
        high = _told(case, pair.high)
        low = None if high is None else _told(case, pair.low)
        if high is None or low is None:
            continue
        if high - low > (best[0] if best else DELTA * span):
            best = (high - low, pair)
        elif high - nothing > (fooled[0] if fooled else DELTA * span):
            fooled = (high - nothing, pair._replace(low=_NO_VERDICT))
        if best is not None and best[0] >= 0.99 * span:
            break
        if number >= _MOST_PAIRS or time.monotonic() > until:
            break
    found = best or fooled
    return None if found is None else found[1]


def _service(case: Case) -> StubService:
    assert case.opener.service is not None
    return case.opener.service


def _completion(case: Case) -> str:
    return PLAIN if case.asked_about is None else case.asked_about[1]


def _sample_of(case: Case, content: Any, name: str | None = None) -> dict[str, Any]:
    return case.collector.rollout(case.asked_about[0] if case.asked_about else 0, content, name)


def _reward(case: Case, collector: Collector | None = None) -> float | None:
    """Return the reward of the completion that reaches the judge, given the stub's current replies."""
    asked = collector or case.collector
    (one,) = asked.grade([_sample_of(case, _completion(case))])
    return one.reward


def _told(case: Case, reply: str, status: int = 200) -> float | None:
    _service(case).tell(reply, status)
    return _reward(case)


def _witness(case: Case, reward: float | None) -> Witness:
    """Build a witness from the completion that reaches the judge and the stub's replies."""
    rollout = _sample_of(case, _completion(case), "witness-1")
    return Witness((rollout,), (reward,), _service(case).recorded())


class _OfAJudge:
    """Base class of this family's probes."""

    controlled = False

    def why_not(self, case: Case) -> str | None:
        """The probe applies to graders that use a judge."""
        if not asks_a_model(case):
            return "the grader asks no model"
        return None

    def verdicts(self, case: Case) -> tuple[Verdicts, float, float]:
        """Return the replies that the grader understands and their rewards.

        Raises:
            NotRun: The grader understands no reply.
        """
        pair = case.verdicts
        if pair is None:
            raise NotRun("no reply of the judge's model was understood")
        high, low = _told(case, pair.high), _told(case, pair.low)
        if high is None or low is None:
            raise NotRun("the same verdict of the judge earns different rewards")
        return pair, high, low


class ReplyParser(_OfAJudge):
    """Probe for completions that are rewarded after an unfavorable reply or one without a verdict."""

    rule = Rule(
        "D01",
        Severity.CRITICAL,
        "a judge's reply without a good verdict is paid",
        "Parse the whole reply as one JSON object of the requested form, and abstain on any other reply.",
    )

    def run(self, case: Case) -> Iterator[Found]:
        """Return each broken reply to the grader and check the completion's reward."""
        pair, high, low = self.verdicts(case)
        paid: list[tuple[float, str, Witness]] = []
        tried = broken_replies(pair)
        for broken in tried:
            reward = _told(case, broken.reply)
            if reward is not None and reward > low + DELTA * (high - low):
                paid.append((reward, broken.what, _witness(case, reward)))
        if paid:
            reward, what, witness = max(paid, key=lambda one: one[0])
            more = f"; {len(paid)} of {len(tried)} such replies are paid" if len(paid) > 1 else ""
            yield Found(
                self.rule.id,
                self.rule.severity,
                f"{what} earns {reward:g}, while a bad verdict earns {low:g}{more}: a policy is "
                "paid for luck",
                fix=self.rule.fix,
                witness=witness,
                records=1,
                tried=1,
                share=(reward - low) / (high - low),
                headline=f"Your judge's parser pays {reward:g} for {what}.",
            )
            return
        fenced = _told(case, f"```json\n{pair.high}\n```")
        if fenced is not None and fenced < high - DELTA * (high - low):
            yield Found(
                self.rule.id,
                Severity.NOTE,
                f"a good verdict in a fence earns {fenced:g} instead of {high:g}: a right answer is refused "
                "whenever the judge's model adds a fence",
                fix="Abstain on an unreadable reply instead of returning the lowest reward.",
                witness=_witness(case, fenced),
                records=1,
                tried=1,
            )


class FailurePays(_OfAJudge):
    """Probe for judge service failures that are rewarded or that a retry would have avoided."""

    rule = Rule(
        "D02",
        Severity.CRITICAL,
        "a failure of the judge's service is paid",
        "Let the error propagate, or return Abstain: a grading failure must not earn a reward.",
    )

    def run(self, case: Case) -> Iterator[Found]:
        """Refuse the judge's requests, throttle them and return server errors."""
        pair, high, low = self.verdicts(case)
        service = _service(case)
        with closing(case.opener.open(seconds=_PATIENCE_S)) as patient:
            for status, what in ((403, "refuses"), (429, "is throttled"), (500, "breaks down")):
                if service.refused:  # the grader retried until a permanent refusal, and would do so again
                    break
                service.tell("", status, most=_REFUSALS)
                reward = _reward(case, patient)
                if reward is not None and reward > low + DELTA * (high - low):
                    yield Found(
                        self.rule.id,
                        self.rule.severity,
                        f"the grader pays {reward:g} when the judge's service {what} (HTTP {status}), "
                        f"while a bad verdict earns {low:g}: an outage pays the policy",
                        fix=self.rule.fix,
                        witness=_witness(case, reward),
                        records=1,
                        tried=1,
                        share=(reward - low) / (high - low),
                        headline=f"Your grader pays {reward:g} when the judge's service {what}.",
                    )
                    return
            service.tell(pair.high, 429, once=True)
            reward = _reward(case, patient)
        if reward is None or reward < high - DELTA * (high - low):
            yield Found(
                self.rule.id,
                Severity.NOTE,
                "one refusal for too many requests (HTTP 429) costs the sample its reward: the grader "
                "does not retry",
                fix="Let the client retry with exponential backoff.",
            )


class QuestionAsked(_OfAJudge):
    """Probe for judge prompts that a completion can change, or that do not contain the completion."""

    rule = Rule(
        "D03",
        Severity.CRITICAL,
        "a completion can rewrite the judge's prompt",
        "Put the completion after the reference, between marks that no text can contain, in one step.",
    )

    def run(self, case: Case) -> Iterator[Found]:
        """Search the judge's prompts for marked text from the completion, the prompt and the reference."""
        pair, high, _ = self.verdicts(case)
        if MARK not in _completion(case):
            raise NotRun("the checks before the judge refuse a completion with another word in it")
        for text, why in (
            (_completion(case), "is asked about a completion that is not in its prompt"),
            ([{"type": "text", "text": _completion(case)}], "does not see a completion given as blocks"),
        ):
            question, reward = self._asked(case, pair, text)
            if question is not None and MARK not in question.text and reward is not None:
                yield self._found(case, text, reward, f"the judge {why}, and {reward:g} is paid")
                return
        found = self._substituted(case, pair) or self._forged(case, pair)
        if found is not None:
            yield found

    def _asked(self, case: Case, pair: Verdicts, content: Any) -> tuple[AskedQuestion | None, float | None]:
        """Return the judge's prompt and the reward for a record and completion that contain marked text."""
        service = _service(case)
        service.tell(pair.high)
        (one,) = case.collector.grade([self._sample(case, content)])
        return (service.questions[0] if service.questions else None), one.reward

    def _sample(self, case: Case, content: Any) -> dict[str, Any]:
        sample = _sample_of(case, content)
        messages = [*sample["messages"][:-2], {"role": "user", "content": f"What is {_PROMPT}?"}]
        reference = sample.get("reference_answer")
        if isinstance(reference, dict):
            reference = {
                key: _REFERENCE if isinstance(part, str) else part for key, part in reference.items()
            }
        elif reference is not None:
            reference = _REFERENCE
        return {**sample, "messages": [*messages, sample["messages"][-1]]} | (
            {} if reference is None else {"reference_answer": reference}
        )

    def _substituted(self, case: Case, pair: Verdicts) -> Found | None:
        """Report a completion whose placeholders the grader replaces with the reference."""
        plain, _ = self._asked(case, pair, _completion(case))
        names = [
            form for name in _GOLDS for form in (f"{{{name}}}", f"{{{{{name}}}}}", f"${name}", f"<{name}>")
        ]
        mined = mine(case.subject.sources).literals
        names += dict.fromkeys(form for text in mined for form in _PLACE.findall(text))
        text = f"{_completion(case)} {' '.join(names[:_MOST_NAMES])}"
        question, reward = self._asked(case, pair, text)
        if question is None or plain is None or reward is None:
            return None
        if question.text.count(_REFERENCE) <= plain.text.count(_REFERENCE):
            return None
        return self._found(
            case,
            text,
            reward,
            "a placeholder of the judge's prompt in a completion is replaced with the reference: a "
            "policy learns to write the placeholder",
        )

    def _forged(self, case: Case, pair: Verdicts) -> Found | None:
        """Report a completion that closes its own section and continues under the reference's heading."""
        plain, _ = self._asked(case, pair, _completion(case))
        said = "" if plain is None else _holding(plain.texts, MARK, _REFERENCE)
        heading = said.partition(_REFERENCE)[0].rstrip("\n\"'` ").rpartition("\n")[2].strip()
        if not re.search(r"[A-Za-z]{3}", heading) or MARK in heading:
            return None
        closing = _next_line(said.partition(_completion(case))[2])
        text = "\n".join(filter(None, (_completion(case), closing, heading, _FORGED)))
        question, reward = self._asked(case, pair, text)
        if question is None or reward is None:
            return None
        forged = _holding(question.texts, text, _REFERENCE)
        # A completion cannot forge its section's end if the end varies or the text is escaped.
        if not forged or _next_line(forged.partition(text)[2]) != closing or forged.count(heading) < 2:
            return None
        return self._found(
            case,
            text,
            reward,
            f"a completion can close its section and write {heading!r} with its own answer: a policy "
            "learns to tell the judge what is right",
        )

    def _found(self, case: Case, content: Any, reward: float, message: str) -> Found:
        rollout = {**self._sample(case, content), "id": "witness-1"}
        witness = Witness((rollout,), (reward,), _service(case).recorded())
        return Found(
            self.rule.id,
            self.rule.severity,
            message,
            fix=self.rule.fix,
            witness=witness,
            records=1,
            tried=1,
            headline=f"In your judge's prompt, {message.partition(':')[0]}.",
        )


def _holding(texts: Iterable[str], *parts: str) -> str:
    """Return the first text that contains all parts, or an empty string."""
    return next((text for text in texts if all(part in text for part in parts)), "")


def _next_line(text: str) -> str:
    return next((line.strip() for line in text.splitlines() if line.strip()), "")


class ScaleUse(_OfAJudge):
    """Probe for verdicts of one point that earn as much reward as the highest verdict."""

    rule = Rule(
        "D10",
        Severity.CRITICAL,
        "a verdict of one point earns the full reward",
        "Divide the verdict by the highest one, and keep the values in between.",
    )

    def run(self, case: Case) -> Iterator[Found]:
        """Return a verdict of one point to the grader."""
        pair, high, low = self.verdicts(case)
        if isinstance(pair.best, bool) or not isinstance(pair.best, int) or pair.best < 4:
            return
        said = _filled_in(pair, 1)
        reward = None if said is None else _told(case, said)
        if reward is not None and reward > low + 0.9 * (high - low):
            yield Found(
                self.rule.id,
                self.rule.severity,
                f"a verdict of 1 of {pair.best} earns {reward:g}, the same as {pair.best}: a policy "
                "learns that little is enough",
                fix=self.rule.fix,
                witness=_witness(case, reward),
                records=1,
                tried=1,
                share=(reward - low) / (high - low),
                headline=f"A verdict of 1 of {pair.best} earns as much as {pair.best}.",
            )


def _filled_in(pair: Verdicts, verdict: int) -> str | None:
    """Return the favorable reply with another verdict, or None if it contains the verdict more than once."""
    best = str(pair.best)
    return pair.high.replace(best, str(verdict)) if pair.high.count(best) == 1 else None


PROBES = (ReplyParser(), FailurePays(), QuestionAsked(), ScaleUse())
"""The probes of this family, in the order in which they run."""
