"""Probes for rewards given without a right answer, for form, for certain words or by other components."""

from __future__ import annotations

from collections.abc import Iterator

from harness.audit.answers import Answers, answers_in, drawn_evenly, fewer, form_alone, formats_tried
from harness.audit.attempts import (
    Attempt,
    AttemptTally,
    Idea,
    Paid,
    found_by,
    severity_of,
    try_all,
    with_work,
)
from harness.audit.audit_finding import Found
from harness.audit.case import DELTA, Case
from harness.audit.luck import holds
from harness.audit.wording import quoted
from harness.findings import Rule, Severity

__all__ = ["FreeReward", "OtherComponents", "best_free"]

_RECORDS = 8
_LEAST = 0.1
_DECLARED = 0.3
_WORDS = (
    "First, let us look at what is given, step by step. Then we use it, because it matters. Therefore the"
    " result follows clearly, certainly and definitely. However, wait, let me check this again. Finally, we"
    " verify it, so in conclusion the answer has been found."
)
_STEPS = "Step 1: Read the question.\nStep 2: Work it out.\nStep 3: Verify the result.\nStep 4: Conclude.\n"
_EVERYTHING = """# Solution

## Given

- **First**, we note what is known, for example "this" [1].
- *Second*, we note what is wanted: \\(x = y\\) and $$x = y$$.
- Third, we check it, see https://example.com/source.

1. Think.
2. Compute.
3. Verify.

| Part | Result |
| --- | --- |
| all | ok |

> In my opinion, I am confident, absolutely! 🙂 Is that right? Yes, let me double-check.

```python
print("done")
```

## Summary

In summary, thank you; please note the caveats. The final answer is given above.
"""
_UNDECIDED = ("unknown", "unclear", "neutral", "undecided", "cannot be determined")
"""Undecided answers, which a grader may reward to encourage a model to admit uncertainty."""
_TAGS = ("think", "thinking", "reasoning", "scratchpad", "analysis", "solution", "answer")
_LAYOUT = ("format", "shape", "style", "structure", "tag", "layout", "marker")


class FreeReward:
    """Probe for texts that contain no answer but earn a share of the reward on every record."""

    rule = Rule(
        "C07",
        Severity.CRITICAL,
        "part of the reward needs no right answer",
        "Pay for form only if the answer is right, or make form less than a tenth of the reward.",
    )
    controlled = True

    def why_not(self, case: Case) -> str | None:
        """The probe does not apply to a reward for form alone."""
        return form_alone(case)

    def run(self, case: Case) -> Iterator[Found]:
        """Grade texts that consist of form, words or wrong answers. Each text's lowest reward counts."""
        tally = best_free(case)
        if tally is None:
            return
        share = min(tally.shares)
        if share < _LEAST - 1e-9:
            return
        declared = share <= _DECLARED and _is_declared(case, tally.best)
        severity = Severity.NOTE if declared else severity_of(share)
        yield found_by(
            case,
            self.rule,
            tally,
            f"{quoted(tally.best.completion)} earns {share:.0%} of a right answer's reward on"
            f" {tally.tried} of {tally.tried} records: a policy learns the form before the answer",
            severity,
            share=share,
        )


class OtherComponents:
    """Probe for a combined reward that is high even if the component for the right answer is low."""

    rule = Rule(
        "C17",
        Severity.ERROR,
        "the components that need no right answer are most of the reward",
        "Multiply the other components by the one for the right answer, or give them low weights.",
    )
    controlled = True

    def why_not(self, case: Case) -> str | None:
        """The probe applies if a metric other than the reward separates right answers from wrong ones."""
        if case.control is None or form_alone(case):
            return form_alone(case)
        return None if _deciding(case) else "no metric tells right answers from wrong ones"

    def run(self, case: Case) -> Iterator[Found]:
        """Find metrics that are low for the highest-paid text without an answer."""
        tally, deciding = best_free(case), _deciding(case)
        if tally is None or min(tally.shares) < 0.5:
            return
        (reply,) = case.collector.ask([(tally.best.record, tally.best.completion)])
        lacking = [name for name, high in deciding.items() if reply.metrics.get(name, 0.0) < high / 2]
        if lacking:
            yield found_by(
                case,
                self.rule,
                tally,
                f"{quoted(tally.best.completion)} earns {min(tally.shares):.0%} of a right answer's reward"
                f" although the metric `{lacking[0]}` is low: the other components are enough",
                share=min(tally.shares),
            )


def best_free(case: Case) -> AttemptTally | None:
    """Return the text without an answer that earns the most on every record tried, or None.

    Args:
        case: The audit.
    """
    answers = answers_in(case, case.known.formats[0])
    records = drawn_evenly(case, answers, fewer(case, _RECORDS), "C07")
    attempts = [
        Attempt(idea.name, at, idea.make(at))
        for idea in _free_ideas(case, answers)
        for at in records
        if not holds(answers.kind, answers.gold[at], idea.make(at), idea.said)
    ]
    known = case.known
    base = known.low if known.low >= 0 else min(known.wrong.values(), default=known.low)
    tallies = []
    for tally in try_all(case, attempts, lambda reward, at: reward is not None).values():
        if len(tally.paid) < tally.tried or answers.distinct(one.record for one in tally.paid) < 2:
            continue
        tally.shares = [_over(case, one.reward, one.record, base) for one in tally.paid]
        tally.paid = [one._replace(share=share) for one, share in zip(tally.paid, tally.shares, strict=True)]
        tallies.append(tally)
    return max(
        tallies, key=lambda one: (round(min(one.shares), 2), -len(str(one.paid[0].completion))), default=None
    )


def _over(case: Case, reward: float, record: int, base: float) -> float:
    right = case.known.right[record]
    return max(0.0, (reward - base) / (right - base)) if right > base else 0.0


def _free_ideas(case: Case, answers: Answers) -> Iterator[Idea]:
    """Yield texts that consist only of form or words, and other records' answers in accepted formats."""
    texts = [
        "",
        "...",
        _WORDS,
        _STEPS,
        _STEPS + _WORDS,
        f"{_WORDS}\n\n" * 8,
        "clearly therefore because " * 60,
    ]
    texts += [_EVERYTHING, f"{_EVERYTHING}\n\n" * 4, f"<think>{_WORDS}"]
    texts += [f"<{tag}>{_WORDS}</{tag}>" for tag in _TAGS]
    texts += [f"<{tag}>\n{_WORDS}\n</{tag}>\n<answer>\n\n</answer>" for tag in _TAGS[:4]]
    texts += [
        "# Solution\n\n- **Given**\n- **Wanted**\n\n```\n```\n",
        "####",
        "\\boxed{}",
        "Answer:",
        "Final answer:",
    ]
    texts += ["Thank you for the question! I am happy to help, please see below. I hope this helps you."]
    texts += ['{"reasoning": "", "answer": ""}', f"{_WORDS}\n#### \\boxed{{}} <answer></answer>\nAnswer:"]
    for text in dict.fromkeys(texts):
        yield Idea(repr(text), lambda _, text=text: text)  # type: ignore[misc]
    golds = list(dict.fromkeys(answers.gold.values()))
    said = ["", *_UNDECIDED] + case.random("C07 wrong").sample(golds, min(2, len(golds)))
    for one in formats_tried(case):
        for answer in said:
            for work in ("",) if answer in _UNDECIDED else ("", _WORDS, _STEPS + _WORDS):
                filled = one.fill(answer)
                whole = with_work(filled, work) if work else filled
                yield Idea(repr(whole), lambda _, whole=whole: whole, answer)  # type: ignore[misc]


def _is_declared(case: Case, shown: Paid) -> bool:
    """Return True if a metric with a name such as `format` accounts for the reward."""
    (reply,) = case.collector.ask([(shown.record, shown.completion)])
    return any(
        number > 0 and any(part in name.casefold() for part in _LAYOUT)
        for name, number in reply.metrics.items()
    )


def _deciding(case: Case) -> dict[str, float]:
    """Return the metrics that are higher for all right answers than for wrong ones, and their minimums."""
    known = case.known
    answers = answers_in(case, known.formats[0])
    records = [at for at in case.some(_RECORDS, "C17", among=answers.gold) if at in known.other]
    others = answers_in(case, known.formats[0], [known.other[at] for at in records]).gold
    records = [at for at in records if known.other[at] in others]
    fill = known.formats[0].fill
    rights = case.collector.ask([(at, fill(answers.gold[at])) for at in records])
    wrongs = case.collector.ask([(at, fill(others[known.other[at]])) for at in records])
    names = set[str]().union(*(reply.metrics for reply in rights))
    found = {}
    for name in sorted(names):
        low = max((reply.metrics.get(name, 0.0) for reply in wrongs), default=0.0)
        high = min((reply.metrics.get(name, 0.0) for reply in rights), default=0.0)
        if high > low + DELTA:
            found[name] = high
    return found
