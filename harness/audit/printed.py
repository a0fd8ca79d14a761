"""Probe that searches the grader's output, which Lambda logs, for prompts, references and completions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any

from harness.audit.audit_finding import Found
from harness.audit.case import Case
from harness.audit.contract import good_completion
from harness.audit.opener import Output
from harness.findings import Rule, Severity

__all__ = ["PROBES"]

_SAMPLES = 8
_MUCH = 1_000


class PrintedContent:
    """Probe for graders that print the contents of samples."""

    rule = Rule(
        "G07",
        Severity.ERROR,
        "the grader prints the content of its samples",
        "Print only ids and rewards: everyone who can read the function's log sees the output.",
    )
    controlled = False

    def why_not(self, case: Case) -> str | None:
        """The probe applies if the audit can read the grader's output."""
        return None if _output(case.collector) is not None else "the audit cannot read its output"

    def run(self, case: Case) -> Iterator[Found]:
        """Send samples with marks to a fresh process, and search its output for the marks."""
        printed = _output(case.collector)
        if printed is None or not printed.bytes:
            return
        marks = {"prompt": "Kestrelprompt", "reference": "Kestrelgold", "completion": "Kestrelreply"}
        records = (case.some(_SAMPLES, "G07") or [0])[:_SAMPLES]
        with closing(case.opener.open()) as fresh:
            samples = [
                one
                for at in records
                for one in (
                    fresh.rollout(at, good_completion(case, at)),
                    _marked(fresh.rollout(at, "x"), marks),
                    _marked({**fresh.rollout(at, "x"), "reference_answer": "x"}, marks, "reference"),
                )
            ]
            fresh.grade(samples, bent=True)
        output = _output(fresh)
        assert output is not None
        head = output.head.decode(errors="replace")
        seen = [what for what, mark in marks.items() if mark in head]
        each = output.bytes / len(samples)
        if seen:
            message = (
                f"the grader prints {' and '.join(seen)} of the samples, {each:,.0f} bytes per sample:"
                " the function's log contains the data"
            )
            yield Found(self.rule.id, self.rule.severity, message, fix=self.rule.fix, headline=message)
        elif each > _MUCH:
            message = f"the grader prints {each:,.0f} bytes per sample, which you pay for as logs"
            yield Found(self.rule.id, Severity.NOTE, message, fix=self.rule.fix)


PROBES = (PrintedContent(),)
"""The only probe in this module."""


def _output(collector: Any) -> Output | None:
    """Return the output of the grader's process, or None if the grader is not a child process."""
    found = getattr(collector.target.target, "output", None)
    return found if isinstance(found, Output) else None


def _marked(sample: dict[str, Any], marks: dict[str, str], where: str = "") -> dict[str, Any]:
    """Return a sample with a mark in its prompt and completion, or in its reference."""
    if where == "reference":
        return {**sample, "reference_answer": marks["reference"]}
    *prompt, last = sample["messages"]
    asked = {**prompt[-1], "content": f"{marks['prompt']} {prompt[-1].get('content')}"} if prompt else None
    before = [*prompt[:-1], asked] if asked is not None else []
    return {**sample, "messages": [*before, {**last, "content": f"{marks['completion']} 12 #### 12"}]}
